"""``localdial serve`` and ``localdial migrate``: the server's side."""

import contextlib
import json
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from localdial_client import Client, FieldViolation, LocaldialError
from localdial_server.cli import demo_setup
from localdial_server.cli.command import JsonOption, command_line, errors_shown, root_options
from localdial_server.cli.demo_setup import DEMO, MAPPED
from localdial_server.cli.output import CliError, ExitCode, Output
from localdial_server.runtime.supervisor import WorkersFailed
from localdial_server.settings.addresses import reachable
from localdial_server.settings.errors import SettingsError, StartError
from localdial_server.settings.settings import (
    CONFIG_ENV,
    ENV_PREFIX,
    Settings,
    describe_settings,
    read_settings,
    require_webhook_settings,
)

# How long the demo may take to notice that the server is gone.
_DEMO_PATIENCE_SECONDS: Final = 5.0

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=f"A TOML file with settings. Environment: {CONFIG_ENV}.",
        show_default=False,
    ),
]


def settings_help() -> str:
    """List all settings, for the end of ``localdial serve --help``."""
    listed = "\n".join(
        f"{setting.env} (default: {setting.default})\n    {setting.description}"
        for setting in describe_settings()
    )
    return escape(
        "Settings. Each is an environment variable, or a key of the file: there in lower case and without "
        f"{ENV_PREFIX}. The environment goes before the file.\n\n{listed}"
    )


def serve(
    context: typer.Context,
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="The address to serve on; port 0 takes any.", show_default=False
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Server processes on the one port; needs PostgreSQL.", show_default=False
        ),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Also serve the voice webhook, on this address; port 0 takes any.",
            show_default=False,
        ),
    ] = None,
    config_file: ConfigOption = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Also load the demo organization, and print three calls to paste.")
    ] = False,
    as_json: JsonOption = False,
    worker: Annotated[bool, typer.Option("--worker", hidden=True)] = False,
) -> None:
    """Run the server until it is told to stop (SIGTERM, Ctrl-C)."""
    out = Output(as_json=as_json or root_options(context).as_json)
    demo_loading: list[threading.Thread] = []

    def ready(address: str) -> None:
        # This runs in the server's event loop, where nothing may wait for the server.
        tell(json.dumps({"address": address}) if out.as_json else f"localdial is ready on {address}")
        if demo:
            thread = threading.Thread(target=_load_demo, args=(address, out), name="demo", daemon=True)
            demo_loading.append(thread)
            thread.start()

    with errors_shown(out):
        settings = load_settings(config_file, listen=listen, workers=workers, webhook_listen=webhook)
        if settings.webhook_listen:
            require_webhook(settings)
        if worker:
            _serve_as_worker(settings)
        elif settings.workers > 1:
            _serve_by_workers(settings, ready)
        else:
            _serve(settings, ready)
        for thread in demo_loading:
            thread.join(_DEMO_PATIENCE_SECONDS)


def _serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    # Only the server needs all that it is made of; the other commands start faster without.
    from localdial_server.runtime import serve as server_process  # noqa: PLC0415

    try:
        server_process.serve(settings, on_ready)
    except StartError as error:
        raise CliError(str(error), ExitCode.ERROR) from error


def _serve_by_workers(settings: Settings, on_ready: Callable[[str], None]) -> None:
    # See _serve.
    from localdial_server.runtime import workers  # noqa: PLC0415

    try:
        workers.serve(settings, on_ready)
    except WorkersFailed as error:
        raise CliError(str(error), ExitCode.ERROR) from error


def _serve_as_worker(settings: Settings) -> None:
    """Serve for a supervisor, in the manner that ``Supervisor`` asks of a worker."""
    # See _serve.
    from localdial_server.runtime import serve as server_process  # noqa: PLC0415

    try:
        server_process.serve(
            settings,
            lambda address: tell(json.dumps({"address": address})),
            shared_port=True,
            stop_when=sys.stdin.fileno(),
        )
    except StartError as error:
        # The supervisor says it, once for all workers.
        tell(json.dumps({"error": str(error)}))
        raise typer.Exit(ExitCode.ERROR) from error


def migrate(context: typer.Context, *, config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring the schema of the database up to date."""
    # See _serve.
    from localdial_server.runtime import bootstrap  # noqa: PLC0415

    out = Output(as_json=as_json or root_options(context).as_json)
    with errors_shown(out):
        settings = load_settings(config_file)
        try:
            done = bootstrap.migrate(settings)
        except StartError as error:
            raise CliError(str(error), ExitCode.ERROR) from error
        out.answer({"done": done}, done)


def load_settings(config_file: Path | None, **flags: object) -> Settings:
    """Read the settings, as ``read_settings`` does; what is wrong with them is the command's error."""
    try:
        return read_settings(config_file, **flags)
    except SettingsError as error:
        raise _unusable(error) from None


def require_webhook(settings: Settings) -> None:
    """Make sure that the settings say what the webhook needs; what is missing is the command's error."""
    try:
        require_webhook_settings(settings)
    except SettingsError as error:
        raise _unusable(error) from None


def _unusable(error: SettingsError) -> CliError:
    problems = [FieldViolation(problem.setting, problem.message) for problem in error.problems]
    return CliError("the settings cannot be used", ExitCode.USAGE, problems)


def _load_demo(address: str, out: Output) -> None:
    """Load the demo through the API, as any client would, and print what to try."""
    server = reachable(address)
    try:
        with Client(server) as client:
            demo = demo_setup.load(client)
    except (LocaldialError, CliError) as error:
        out.error(error)
        out.note("The demo organization is not loaded; the server runs on without it.")
        return
    if not out.as_json:
        calls = "\n  ".join(_calls_to_paste(server, demo.local_number))
        tell(
            f"\nThe organization `{DEMO}` is loaded. Three calls to try from another terminal:\n\n  {calls}\n"
        )


def tell(text: str) -> None:
    """Say something on standard output, while the server runs."""
    # The server serves on when nobody listens to what it says.
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


def _calls_to_paste(server: str, local_number: str) -> tuple[str, ...]:
    borrower = f"+1{MAPPED}5550155"
    request = json.dumps({"organization_id": DEMO, "user_id": "bob", "callee_number": borrower})
    method = "localdial.v1.CallRouting/ResolveOutboundCallerId"
    return (
        command_line(server, "resolve", DEMO, "bob", borrower),
        command_line(server, "route", local_number, borrower),
        shlex.join(("grpcurl", "-plaintext", "-d", request, server, method)),
    )
