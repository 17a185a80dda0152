"""The webhook as a process of its own, for a localdial server that runs elsewhere."""

import asyncio
import logging
from collections.abc import Callable

from localdial_server.concurrency.stop_signals import stop_signals
from localdial_server.observability.logs import configure_logging
from localdial_server.settings.settings import Settings
from localdial_server.web.webhook.http_server import serving

_log = logging.getLogger(__name__)


def serve(settings: Settings, server: str, listen: str, on_ready: Callable[[str], None]) -> None:
    """Serve the webhook on `listen`, for the localdial server at `server`, until SIGTERM, SIGINT or SIGHUP.

    Addresses are host:port. Calls `on_ready` with the address once it is served, and finishes the requests
    under way before it returns. Raises `StartError`.
    """
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(_serve(settings, server, listen, on_ready))
    _log.info("stopped")


async def _serve(settings: Settings, server: str, listen: str, on_ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in stop_signals():
        loop.add_signal_handler(signal_number, stop.set)
    async with serving(settings, server, listen) as served:
        on_ready(served.address)
        await stop.wait()
        _log.info("stopping")
