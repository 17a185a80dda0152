"""The optional listeners of a server besides gRPC: metrics and the voice webhook."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY

from localdial_server.observability import metrics_server
from localdial_server.runtime.http_face import ServedHttp
from localdial_server.settings.addresses import cannot_listen
from localdial_server.settings.variables import env_name
from localdial_server.tls.server_certificates import ServerCertificates, for_http

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings
    from localdial_server.web.api.application import HttpFace

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def metrics_served(
    settings: "Settings", certificates: ServerCertificates | None
) -> AsyncIterator[None]:
    """Serve metrics if the settings name an address. Raises `StartError` if it cannot be bound."""
    if not settings.metrics_listen:
        yield
        return
    listen = settings.metrics_listen
    try:
        stop = metrics_server.serve(listen, REGISTRY, metrics_context(settings, certificates))
    except OSError as error:
        raise cannot_listen(listen, env_name("metrics_listen"), error) from None
    try:
        yield
    finally:
        await asyncio.to_thread(stop)


def metrics_context(
    settings: "Settings", certificates: ServerCertificates | None
) -> metrics_server.NewContext | None:
    """Return the function that returns the context for a new connection to the metrics; None: plain HTTP."""
    tls = for_http(settings.metrics_listen, certificates)
    required = settings.tls_client_certificates == "required"
    return None if tls is None else lambda: tls.context(require_client=required)


@contextlib.asynccontextmanager
async def webhook_served(
    settings: "Settings", server: str, certificates: ServerCertificates | None, *, shared_port: bool
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Serve the webhook of the server at the gRPC target `server`, on the address that the settings name.

    Yields a function that stops the webhook after the lame-duck period and the requests under way. Raises
    `StartError` if its address cannot be bound.
    """
    from localdial_server.web.webhook.routing_client import Server  # noqa: PLC0415 - slow to load
    from localdial_server.web.webhook.serving import serving  # noqa: PLC0415 - slow to load

    listen = settings.webhook_listen
    async with serving(settings, Server(server), listen, certificates, shared_port=shared_port) as served:
        yield served.stop


@contextlib.asynccontextmanager
async def webhook_mounted(
    settings: "Settings", server: str, face: "HttpFace", http: ServedHttp
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Serve the webhook of the server at the gRPC target `server` on the address of the HTTP face.

    Yields a function that stops both.
    """
    from localdial_server.web.webhook.routing_client import Server  # noqa: PLC0415 - slow to load
    from localdial_server.web.webhook.serving import running  # noqa: PLC0415 - slow to load

    async with running(settings, Server(server)) as webhook:
        face.others = dict.fromkeys(webhook.paths, webhook.application)
        _log.info("serving the webhook", extra={"address": http.address})
        yield functools.partial(webhook.stop, http.stop)
