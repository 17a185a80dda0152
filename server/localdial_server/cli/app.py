"""The command `localdial`: its subcommands, and the options that are given before their names."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from localdial_server.cli.connection import ConnectionOptions, takes_connection
from localdial_server.cli.exit_codes import EXIT_CODE_HELP
from localdial_server.cli.lazy_commands import LazyCommand, LazyCommands
from localdial_server.cli.light_parameters import convert_only_where_needed
from localdial_server.cli.options import CommonOptions, JsonOption, TimeoutOption

_SERVER_PANEL = "Server"
_CALLS_PANEL = "Calls"
_INVENTORY_PANEL = "Numbers, organizations and users"

_EPILOG = "Exit codes, for scripts:\n\n" + "\n".join(
    f"{code.value}  {meaning}" for code, meaning in EXIT_CODE_HELP.items()
)

_COMMANDS: Final[Mapping[str, LazyCommand]] = {
    "version": LazyCommand(_SERVER_PANEL, "version", "version"),
    "serve": LazyCommand(_SERVER_PANEL, "serve", "serve", "ServeCommand"),
    "webhook": LazyCommand(_SERVER_PANEL, "webhook", "webhook"),
    "doctor": LazyCommand(_SERVER_PANEL, "doctor", "doctor"),
    "status": LazyCommand(_SERVER_PANEL, "status", "status"),
    "keys": LazyCommand(_SERVER_PANEL, "keys", "keys"),
    "audit": LazyCommand(_SERVER_PANEL, "audit", "audit"),
    "simulator": LazyCommand(_SERVER_PANEL, "simulator", "simulator"),
    "migrate": LazyCommand(_SERVER_PANEL, "maintenance", "migrate"),
    "export": LazyCommand(_SERVER_PANEL, "maintenance", "export"),
    "import": LazyCommand(_SERVER_PANEL, "maintenance", "import_"),
    "demo": LazyCommand(_SERVER_PANEL, "demo", "demo"),
    "resolve": LazyCommand(_CALLS_PANEL, "routing", "resolve"),
    "explain": LazyCommand(_CALLS_PANEL, "explain", "explain"),
    "route": LazyCommand(_CALLS_PANEL, "routing", "route"),
    "calls": LazyCommand(_CALLS_PANEL, "calls", "calls"),
    "numbers": LazyCommand(_INVENTORY_PANEL, "numbers", "app"),
    "reconcile": LazyCommand(_INVENTORY_PANEL, "reconcile", "reconcile"),
    "orgs": LazyCommand(_INVENTORY_PANEL, "directory", "orgs"),
    "users": LazyCommand(_INVENTORY_PANEL, "directory", "users"),
}

convert_only_where_needed()


class _Commands(TyperGroup):
    """All commands of localdial."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": LazyCommands(_COMMANDS)})


app = typer.Typer(
    name="localdial",
    cls=_Commands,
    help="Local presence: show callees a number with their own area code, and connect their call-backs.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    # A traceback with variables would show secrets and phone numbers.
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the value
    if wanted:
        from localdial_server.cli.installed_version import installed_version  # noqa: PLC0415 - slow to load

        print(f"localdial {installed_version()}")
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
    # `localdial --version` needs no client, which is slow to load.
    from localdial_server.cli.command import errors_shown  # noqa: PLC0415
    from localdial_server.cli.output import Output  # noqa: PLC0415

    with errors_shown(Output(as_json=as_json)):
        connection = ConnectionOptions.of_environment().overridden_by(given)
    context.obj = CommonOptions(connection, as_json=as_json, timeout=timeout)
