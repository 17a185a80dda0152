"""``localdial webhook``: the voice webhook as a process of its own."""

import json
from typing import Annotated, Final

import typer

from localdial_server.cli.command import JsonOption, ServerOption, errors_shown, root_options
from localdial_server.cli.output import CliError, ExitCode, Output
from localdial_server.cli.serve import ConfigOption, load_settings, require_webhook, tell
from localdial_server.settings.errors import StartError

_DEFAULT_LISTEN: Final = "127.0.0.1:8080"


def webhook(
    context: typer.Context,
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="The address to serve the webhook on; port 0 takes any. Default: "
            f"LOCALDIAL_WEBHOOK_LISTEN, or {_DEFAULT_LISTEN}.",
            show_default=False,
        ),
    ] = None,
    config_file: ConfigOption = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the voice webhook, which Twilio asks about call-backs, until it is told to stop.

    It asks a localdial that runs elsewhere. `localdial serve --webhook` serves both.
    """
    # Only this command needs a web server.
    from localdial_server.web.webhook import standalone  # noqa: PLC0415

    before = root_options(context)
    out = Output(as_json=as_json or before.as_json)

    def ready(address: str) -> None:
        tell(json.dumps({"address": address}) if out.as_json else f"the webhook is ready on {address}")

    with errors_shown(out):
        settings = load_settings(config_file, webhook_listen=listen)
        require_webhook(settings)
        try:
            standalone.serve(
                settings, server or before.server, settings.webhook_listen or _DEFAULT_LISTEN, ready
            )
        except StartError as error:
            raise CliError(str(error), ExitCode.ERROR) from error
