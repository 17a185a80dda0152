"""`localdial webhook`: the voice webhook as a process of its own."""

from typing import Annotated, Final

import typer

from localdial_server.cli.command import (
    ConfigOption,
    JsonOption,
    ServerOption,
    errors_shown,
    output_of,
    root_options,
    settings_from,
)

_DEFAULT_LISTEN: Final = "127.0.0.1:8080"


def webhook(
    context: typer.Context,
    *,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="The address to listen on; port 0 takes any free port. Default: "
            f"LOCALDIAL_WEBHOOK_LISTEN, or {_DEFAULT_LISTEN}.",
        ),
    ] = None,
    config_file: ConfigOption = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the voice webhook, which Twilio calls for each call-back, until SIGTERM or Ctrl-C.

    It calls a localdial server that runs elsewhere. `localdial serve --webhook` runs both in one process.
    """
    from localdial_server.web.webhook import standalone  # noqa: PLC0415 - slow to load
    from localdial_server.web.webhook.routing_client import Server  # noqa: PLC0415 - slow to load

    out = output_of(context, as_json=as_json)

    def on_ready(address: str) -> None:
        out.announce({"address": address}, f"the webhook is ready on {address}")

    with errors_shown(out):
        settings = settings_from(out, config_file, webhook_listen=listen)
        settings.require_webhook()
        standalone.serve(
            settings,
            Server(server or root_options(context).server),
            settings.webhook_listen or _DEFAULT_LISTEN,
            on_ready,
        )
