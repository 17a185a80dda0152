"""`localdial webhook`: the voice webhook as a process of its own."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from localdial_server.cli.command import errors_shown, lasting_settings_from, output_of
from localdial_server.cli.connection import ConnectionOptions, takes_connection
from localdial_server.cli.options import ConfigOption, JsonOption, root_options
from localdial_server.settings.errors import raise_if_any

if TYPE_CHECKING:
    from localdial_server.web.webhook.routing_client import Server

_DEFAULT_LISTEN: Final = "127.0.0.1:8080"


@takes_connection
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
    given: ConnectionOptions,
    as_json: JsonOption = False,
) -> None:
    """Serve the voice webhook, which Twilio calls for each call-back, until SIGTERM or Ctrl-C.

    It calls a localdial server that runs elsewhere. `localdial serve --webhook` runs both in one process.
    """
    from localdial_server.web.webhook import standalone  # noqa: PLC0415 - slow to load

    out = output_of(context, as_json=as_json)

    def on_ready(address: str) -> None:
        out.announce({"address": address}, f"the webhook is ready on {address}")

    with errors_shown(out):
        settings = lasting_settings_from(out, config_file, webhook_listen=listen)
        raise_if_any(settings.webhook_problems)
        standalone.serve(
            settings,
            _server(root_options(context).connection.overridden_by(given)),
            settings.webhook_listen or _DEFAULT_LISTEN,
            on_ready,
        )


def _server(connection: ConnectionOptions) -> "Server":
    from localdial_server.web.webhook.routing_client import Server  # noqa: PLC0415 - slow to load

    return Server(connection.address, **connection.client_arguments())
