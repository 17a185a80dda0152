"""`localdial serve`: run the server, as one process or with several workers."""

import itertools
import json
import shlex
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand
from typing_extensions import override

from localdial_client import Client, LocaldialError
from localdial_server.cli import demo_setup
from localdial_server.cli.command import command_line, lasting_settings_from, local_command
from localdial_server.cli.connection import ConnectionOptions
from localdial_server.cli.demo_setup import DEMO, MAPPED
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.options import ConfigOption
from localdial_server.cli.output import Output
from localdial_server.settings.addresses import reachable
from localdial_server.settings.errors import StartError, raise_if_any
from localdial_server.settings.values import read_values
from localdial_server.settings.variables import ENV_PREFIX

# -P keeps modules in the working directory from being imported.
_PYTHON: Final = (sys.executable, "-P", "-m")

# Any free port, so that a demo starts beside any other program.
_DEMO_HTTP: Final = "127.0.0.1:0"

# How long the thread that loads the demo may take to notice that the server has stopped.
_DEMO_JOIN_SECONDS: Final = 5.0


class ServeCommand(TyperCommand):
    """`localdial serve`, whose help ends with the list of all settings."""

    @override
    def format_help(self, *context: Any, **more: Any) -> None:
        self.epilog = _settings_help()
        super().format_help(*context, **more)


def _settings_help() -> str:
    from rich.markup import escape  # noqa: PLC0415 - slow to load

    from localdial_server.settings.settings import describe_settings  # noqa: PLC0415 - slow to load

    text = (
        "Settings. Each is an environment variable, or a key of the TOML file in lower case and without "
        f"{ENV_PREFIX}. The environment wins over the file."
    )
    for group, settings in itertools.groupby(describe_settings(), lambda setting: setting.group):
        listed = (f"{each.env} (default: {each.default})\n    {each.description}" for each in settings)
        text += "\n".join(["\n", f"{group}:", *listed])
    return escape(text)


@local_command
def serve(
    out: Output,
    *,
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="The address to listen on; port 0 takes any free port."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Server processes that share the port; more than 1 needs PostgreSQL."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Also serve the API as JSON, and the console, over HTTP on this address; port 0 takes any "
            "free port.",
        ),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Also serve the voice webhook on this address; port 0 takes any free port.",
        ),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure",
            help="Allow an address that other machines can reach without TLS, and calls without "
            "credentials there.",
        ),
    ] = False,
    config_file: ConfigOption = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Also load the demo organization, print three calls to paste, and serve HTTP on a free "
            "port.",
        ),
    ] = False,
    worker: Annotated[bool, typer.Option("--worker", hidden=True)] = False,
    load_demo: Annotated[str, typer.Option("--load-demo", hidden=True)] = "",
) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    demo_threads: list[threading.Thread] = []

    def on_ready(address: str, page: str) -> None:
        # This runs in the server's event loop, so it must not wait for the server.
        out.announce(*_ready(address, page))
        if demo:
            thread = threading.Thread(target=_load_demo, args=(address, out), name="demo", daemon=True)
            demo_threads.append(thread)
            thread.start()

    if worker:
        _serve_as_worker()
        return
    if load_demo:
        _load_demo(load_demo, out)
        return
    options: dict[str, object] = {
        "listen": listen,
        "workers": workers,
        "http_listen": http,
        "webhook_listen": webhook,
        "allow_insecure": insecure or None,
    }
    settings = lasting_settings_from(out, config_file, **options)
    if demo and not settings.http_listen:
        # Not before, because the option would win over the environment and the file.
        settings = read_values(config_file, (), **{**options, "http_listen": _DEMO_HTTP}).settings()
    if settings.webhook_listen:
        raise_if_any(settings.webhook_problems)
    if demo and (settings.uses_tls or settings.credentials_required):
        raise CliError(
            "--demo needs a server without TLS and without credentials; start the server without it, and "
            "load the demo with `localdial demo`",
            ExitCode.USAGE,
        )
    if settings.workers > 1:
        from localdial_server.runtime import workers as supervised  # noqa: PLC0415 - slow to load

        supervised.become_supervisor(
            settings,
            (*_PYTHON, "localdial_server.cli.supervise"),
            ready_line=lambda address, page: out.announcement(*_ready(address, page)),
            demo=(lambda address: _demo_command(address, out)) if demo else None,
            as_json=out.as_json,
        )
    else:
        from localdial_server.runtime import serve as server_process  # noqa: PLC0415 - slow to load

        server_process.serve(settings, on_ready)
    for thread in demo_threads:
        thread.join(_DEMO_JOIN_SECONDS)


def _ready(address: str, page: str) -> tuple[Mapping[str, str], str]:
    """Return the line, as JSON and as text. `page` is the URL of the console; empty without HTTP."""
    text = f"localdial is ready on {address}"
    if not page:
        return {"address": address}, text
    return {"address": address, "page": page}, f"{text}; its page is {page}"


def _demo_command(address: str, out: Output) -> Sequence[str]:
    """Return the command that loads the demo into the server at the address."""
    return (
        *_PYTHON,
        "localdial_server",
        *(["--json"] if out.as_json else []),
        *("serve", "--load-demo", address),
    )


def _serve_as_worker() -> None:
    """Serve as one of several workers, reporting to the supervisor as `Supervisor` expects."""
    from localdial_server.runtime import serve as server_process  # noqa: PLC0415 - slow to load

    to_supervisor = Output(as_json=True)
    try:
        server_process.serve(
            read_values().settings(),
            lambda address, _: to_supervisor.announce({"address": address}),
            shared_port=True,
            stop_when=sys.stdin.fileno(),
        )
    except StartError as error:
        # The supervisor shows the error once, for all workers.
        to_supervisor.announce({"error": str(error)})
        raise typer.Exit(ExitCode.ERROR) from error


def _load_demo(address: str, out: Output) -> None:
    """Load the demo through the API, as any client would, and print calls to try."""
    server = reachable(address)
    try:
        with Client(server) as client:
            demo = demo_setup.load(client)
    except (LocaldialError, CliError) as error:
        out.error(error)
        out.note("The demo organization is not loaded; the server keeps running without it.")
        return
    calls = "\n  ".join(_calls_to_paste(server, demo.local_number))
    out.announce(
        {},
        f"\nThe organization `{DEMO}` is loaded. Three calls to try from another terminal "
        f"(the last one needs grpcurl):\n\n  {calls}\n",
    )


def _calls_to_paste(server: str, local_number: str) -> tuple[str, ...]:
    borrower = f"+1{MAPPED}5550155"
    request = json.dumps({"organization_id": DEMO, "user_id": "bob", "callee_number": borrower})
    connection = ConnectionOptions(server)
    method = "localdial.v1.CallRouting/ResolveOutboundCallerId"
    return (
        command_line(connection, "resolve", DEMO, "bob", borrower),
        command_line(connection, "route", local_number, borrower),
        shlex.join(("grpcurl", "-plaintext", "-d", request, server, method)),
    )
