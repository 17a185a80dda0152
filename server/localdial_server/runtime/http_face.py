"""The HTTP face of a server: the API over HTTP and the console, on its own address and on gRPC's."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import grpc
from grpc_health.v1 import health_pb2

from localdial_server.rpc.contract import Contract
from localdial_server.rpc.health import HealthServicer
from localdial_server.rpc.request_sizes import limits_by_path
from localdial_server.runtime.front import Front
from localdial_server.settings.addresses import reachable
from localdial_server.settings.validators import is_loopback
from localdial_server.tls.server_certificates import ServerCertificates, for_http

# They take 8 MB and 0.1 s, which no server without HTTP needs.
if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings
    from localdial_server.web.api.application import HttpFace

_log = logging.getLogger(__name__)


class ServedHttp(NamedTuple):
    """The HTTP face on an address of its own."""

    address: str
    """Host and port; port 0 is replaced by the real one."""
    stop: Callable[[], Awaitable[None]]
    """Stops it after the lame-duck period and the requests under way."""


def http_face(
    settings: "Settings",
    contract: Contract,
    handlers: Sequence[grpc.GenericRpcHandler],
    health: HealthServicer,
) -> "HttpFace":
    """Return the ASGI application. `handlers` are those of the contract's methods."""
    from localdial_server.web.api.application import HttpFace  # noqa: PLC0415 - see above
    from localdial_server.web.api.files import Files  # noqa: PLC0415 - see above
    from localdial_server.web.api.origins import Origins  # noqa: PLC0415 - see above
    from localdial_server.web.api.rpcs import rpcs  # noqa: PLC0415 - see above

    async def is_healthy() -> bool:
        # The context is for unknown names.
        response = await health.Check(health_pb2.HealthCheckRequest(), cast("Any", None))
        return bool(response.status == health_pb2.HealthCheckResponse.SERVING)

    names = {each.rpartition(":")[0].strip("[]").lower() for each in (settings.listen, settings.http_listen)}
    return HttpFace(
        rpcs(contract, handlers, limits_by_path(contract)),
        Origins(settings.http_origins, names, is_open=not settings.credentials_required),
        Files.of_the_package(),
        is_healthy,
    )


@contextlib.asynccontextmanager
async def http_served(
    front: Front,
    face: "HttpFace",
    settings: "Settings",
    certificates: ServerCertificates | None,
    *,
    shared_port: bool,
) -> AsyncIterator[ServedHttp]:
    """Serve the HTTP face on the address that the settings name. The front must not be started yet.

    Raises `StartError` if the address cannot be bound.
    """
    listen = settings.http_listen
    tls = for_http(listen, certificates)
    if front.speaks_http:
        address = front.add_address("http_listen", listen, tls, clients=settings.tls_client_certificates)
        yield ServedHttp(address, functools.partial(stop_on_front, face, settings))
        return
    from localdial_server.web.http_server.uvicorn_server import (  # noqa: PLC0415 - see above
        HttpServer,
        listening,
    )

    context = None if tls is None else tls.following_context(settings.tls_client_certificates)
    http = HttpServer(face, settings.drain_seconds, context, connections=front.limits.connections)

    with listening("http_listen", listen, shared_port=shared_port) as (address, sockets):
        async with http.running(sockets):
            yield ServedHttp(address, functools.partial(http.stop_after, settings.lame_duck_seconds))


async def stop_on_front(face: "HttpFace", settings: "Settings") -> None:
    """Let clients over HTTP go elsewhere, before the front refuses calls and stops."""
    face.ends_connections = True
    await asyncio.sleep(settings.lame_duck_seconds)


def page_url(settings: "Settings", address: str, http_address: str) -> str:
    """Return the URL of the console; empty without HTTP.

    `address` is that of gRPC, and `http_address` that of HTTP, empty if it has none of its own.
    """
    if http_address:
        uses_tls = settings.uses_tls and not is_loopback(http_address)
        return f"http{'s' if uses_tls else ''}://{reachable(http_address)}/"
    return (
        f"http{'s' if settings.uses_tls else ''}://{reachable(address)}/" if settings.front == "fast" else ""
    )
