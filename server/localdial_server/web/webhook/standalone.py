"""The webhook as a process of its own, for a localdial server that runs elsewhere."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from localdial_server.concurrency.stop_signals import handle_signals
from localdial_server.observability.logs import configure_logging
from localdial_server.tls.server_certificates import (
    ServerCertificates,
    reload_of,
    server_certificates,
    watched,
)
from localdial_server.web.webhook.routing_client import Server
from localdial_server.web.webhook.serving import serving

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

_log = logging.getLogger(__name__)


def serve(settings: "Settings", server: Server, listen: str, on_ready: Callable[[str], None]) -> None:
    """Serve the webhook of the localdial server on `listen`, host:port, until SIGTERM or SIGINT.

    SIGHUP reloads the certificate. Calls `on_ready` with the address once it is served, and finishes the
    requests under way before it returns. Raises `StartError`.
    """
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(_serve(settings, server_certificates(settings), server, listen, on_ready))
    _log.info("stopped")


async def _serve(
    settings: "Settings",
    certificates: ServerCertificates | None,
    server: Server,
    listen: str,
    on_ready: Callable[[str], None],
) -> None:
    stop = asyncio.Event()
    handle_signals(stop.set, reload_of(certificates))
    async with watched(certificates), serving(settings, server, listen, certificates) as served:
        on_ready(served.address)
        await stop.wait()
        _log.info("stopping")
        await served.stop()
