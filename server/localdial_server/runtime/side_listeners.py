"""The optional listeners of a server besides gRPC: metrics and the voice webhook."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from prometheus_client import REGISTRY, CollectorRegistry

from localdial_server.observability import metrics
from localdial_server.settings.addresses import cannot_listen, reachable
from localdial_server.settings.settings import Settings, env_name


@contextlib.asynccontextmanager
async def metrics_served(settings: Settings) -> AsyncIterator[None]:
    """Serve metrics if the settings name an address. Raises `StartError` if it cannot be bound."""
    if not settings.metrics_listen:
        yield
        return
    stop = serve_metrics(settings.metrics_listen)
    try:
        yield
    finally:
        await asyncio.to_thread(stop)


def serve_metrics(listen: str, registry: CollectorRegistry = REGISTRY) -> Callable[[], None]:
    """Serve metrics on `listen`, host:port; return the function that stops serving them.

    Raises `StartError` if `listen` cannot be bound.
    """
    try:
        return metrics.serve(listen, registry)
    except OSError as error:
        raise cannot_listen(listen, env_name("metrics_listen"), error) from None


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
