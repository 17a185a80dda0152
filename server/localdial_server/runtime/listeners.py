"""All addresses on which one server process serves calls."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from localdial_server.runtime.front import Front
from localdial_server.runtime.http_face import http_served, page_url, stop_on_front
from localdial_server.runtime.ports import bind, own_socket
from localdial_server.runtime.side_listeners import webhook_mounted, webhook_served
from localdial_server.tls.server_certificates import ServerCertificates

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings
    from localdial_server.web.api.application import HttpFace

_Stop = Callable[[], Awaitable[None]]


class Listeners(NamedTuple):
    """The addresses of a server that serves on them."""

    address: str
    """That of gRPC, host:port, with port 0 replaced by the real one."""
    http_address: str
    """That of HTTP; empty without one of its own."""
    page_url: str
    """The URL of the console; empty without HTTP."""
    stop_others: _Stop
    """Stops whatever is not gRPC, after the requests under way."""

    @property
    def of_the_api(self) -> Sequence[str]:
        """The addresses on which the API is served."""
        return [each for each in (self.address, self.http_address) if each]


@contextlib.asynccontextmanager
async def served(
    front: Front,
    face: "HttpFace | None",
    settings: "Settings",
    certificates: ServerCertificates | None,
    *,
    shared_port: bool,
) -> AsyncIterator[Listeners]:
    """Start the front, the HTTP face if there is one, and the webhook if the settings name an address for it.

    `shared_port`: other processes may serve on the same ports. Raises `StartError`.
    """
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(front.stop, 0)
        address = bind(front, settings, certificates)
        target = stack.enter_context(own_socket(front)) if settings.webhook_listen else ""
        if front.speaks_http and face is not None:
            front.serve_others(face)
        http = None
        if face is not None and settings.http_listen:
            http = await stack.enter_async_context(
                http_served(front, face, settings, certificates, shared_port=shared_port)
            )
        await front.start()
        stops = []
        if (
            target
            and http is not None
            and face is not None
            and settings.webhook_listen == settings.http_listen
        ):
            stops.append(await stack.enter_async_context(webhook_mounted(settings, target, face, http)))
        else:
            if target:
                webhook = webhook_served(settings, target, certificates, shared_port=shared_port)
                stops.append(await stack.enter_async_context(webhook))
            if http is not None:
                stops.append(http.stop)
            elif face is not None:
                stops.append(functools.partial(stop_on_front, face, settings))

        async def stop_others() -> None:
            await asyncio.gather(*(stop() for stop in stops))

        http_address = "" if http is None else http.address
        yield Listeners(address, http_address, page_url(settings, address, http_address), stop_others)
