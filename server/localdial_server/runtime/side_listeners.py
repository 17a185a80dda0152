"""The optional listeners of a server besides gRPC: metrics and the voice webhook."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from localdial_server.observability import metrics
from localdial_server.settings.addresses import reachable
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings


@contextlib.asynccontextmanager
async def metrics_served(settings: Settings) -> AsyncIterator[None]:
    """Serve metrics if the settings name an address. Raises `StartError` if it cannot be bound."""
    if not settings.metrics_listen:
        yield
        return
    try:
        stop = metrics.serve(settings.metrics_listen)
    except metrics.CannotServe as error:
        raise StartError(str(error)) from None
    try:
        yield
    finally:
        await asyncio.to_thread(stop)


@contextlib.asynccontextmanager
async def webhook_served(
    settings: Settings, address: str, *, shared_port: bool
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Serve the webhook of the server at `address`, if the settings name an address for it.

    Yields a function that stops the webhook after the requests under way. Raises `StartError` if its address
    cannot be bound.
    """
    if not settings.webhook_listen:
        yield _nothing
        return
    from localdial_server.web.webhook.http_server import serving  # noqa: PLC0415 - slow to load

    server, listen = reachable(address), settings.webhook_listen
    async with serving(settings, server, listen, shared_port=shared_port) as served:
        yield served.stop


async def _nothing() -> None:
    pass
