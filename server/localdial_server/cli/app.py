"""The command `localdial`: its subcommands, and the options that are given before their names."""

from typing import Annotated

import typer

from localdial_server.cli import (
    audit,
    demo,
    directory,
    doctor,
    keys,
    maintenance,
    numbers,
    reconcile,
    routing,
    serve,
    simulator,
    webhook,
)
from localdial_server.cli.command import (
    CommonOptions,
    JsonOption,
    TimeoutOption,
    errors_shown,
    local_command,
)
from localdial_server.cli.connection import ConnectionOptions, takes_connection
from localdial_server.cli.output import EXIT_CODE_HELP, Output

_SERVER_PANEL = "Server"
_CALLS_PANEL = "Calls"
_INVENTORY_PANEL = "Numbers, organizations and users"

_EPILOG = "Exit codes, for scripts:\n\n" + "\n".join(
    f"{code.value}  {meaning}" for code, meaning in EXIT_CODE_HELP.items()
)

app = typer.Typer(
    name="localdial",
    help="Local presence: show callees a number with their own area code, and connect their call-backs.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    # A traceback with variables would show secrets and phone numbers.
    pretty_exceptions_enable=False,
)


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - slow to load

    try:
        return metadata.version("localdial")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the value
    if wanted:
        print(f"localdial {_version()}")
        raise typer.Exit


@app.callback()
@takes_connection
def root(
    context: typer.Context,
    *,
    given: ConnectionOptions,
    as_json: JsonOption = False,
    timeout: TimeoutOption = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep the options that are given before the command's name."""
    with errors_shown(Output(as_json=as_json)):
        connection = ConnectionOptions.of_environment().overridden_by(given)
    context.obj = CommonOptions(connection, as_json=as_json, timeout=timeout)


@app.command(rich_help_panel=_SERVER_PANEL)
@local_command
def version(out: Output) -> None:
    """Print the version."""
    out.result({"version": _version()}, f"localdial {_version()}")


app.command("serve", cls=serve.ServeCommand, rich_help_panel=_SERVER_PANEL)(serve.serve)
app.command("webhook", rich_help_panel=_SERVER_PANEL)(webhook.webhook)
app.command("doctor", rich_help_panel=_SERVER_PANEL)(doctor.doctor)
app.add_typer(keys.keys, name="keys", rich_help_panel=_SERVER_PANEL)
audit.audit.command("prune")(maintenance.prune_changes)
app.add_typer(audit.audit, name="audit", rich_help_panel=_SERVER_PANEL)
app.add_typer(simulator.simulator, name="simulator", rich_help_panel=_SERVER_PANEL)
app.command("migrate", rich_help_panel=_SERVER_PANEL)(maintenance.migrate)
app.command("export", rich_help_panel=_SERVER_PANEL)(maintenance.export)
app.command("import", rich_help_panel=_SERVER_PANEL)(maintenance.import_)
app.command("demo", rich_help_panel=_SERVER_PANEL)(demo.demo)
app.command("resolve", rich_help_panel=_CALLS_PANEL)(routing.resolve)
app.command("route", rich_help_panel=_CALLS_PANEL)(routing.route)
routing.calls.command("prune")(maintenance.prune_calls)
app.add_typer(routing.calls, name="calls", rich_help_panel=_CALLS_PANEL)
app.add_typer(numbers.app, name="numbers", rich_help_panel=_INVENTORY_PANEL)
app.command("reconcile", rich_help_panel=_INVENTORY_PANEL)(reconcile.reconcile)
app.add_typer(directory.orgs, name="orgs", rich_help_panel=_INVENTORY_PANEL)
app.add_typer(directory.users, name="users", rich_help_panel=_INVENTORY_PANEL)
