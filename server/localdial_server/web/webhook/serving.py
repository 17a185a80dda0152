"""The webhook as a server that runs in the caller's event loop."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.applications import Starlette
from starlette.routing import Route

from localdial_server.domain.callers import NumberReader
from localdial_server.settings.validators import secret_pairs
from localdial_server.tls.server_certificates import ServerCertificates, for_http
from localdial_server.web.http_server.uvicorn_server import HttpServer, listening
from localdial_server.web.webhook.endpoints import Webhook
from localdial_server.web.webhook.routing_client import RoutingClient, Server, connected
from localdial_server.web.webhook.signed_requests import Signatures
from localdial_server.web.webhook.twiml import TwimlWriter

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

_log = logging.getLogger(__name__)


# More than one process can serve, but few enough to fit in memory.
_MAX_CONNECTIONS: Final = 1_000


class Served(NamedTuple):
    """A running webhook."""

    address: str
    """Host and port; port 0 is replaced by the real one."""
    stop: Callable[[], Awaitable[None]]
    """Stops the webhook after the lame-duck period, the requests under way and their reports."""


class RunningWebhook:
    """A webhook that an HTTP server serves."""

    def __init__(self, application: Starlette, localdial: RoutingClient, settings: "Settings") -> None:
        self.application = application
        self._localdial = localdial
        self._stop_seconds = settings.lame_duck_seconds + settings.drain_seconds

    @property
    def paths(self) -> Sequence[str]:
        """The paths that the application serves."""
        return [route.path for route in self.application.routes if isinstance(route, Route)]

    async def stop(self, stop_server: Callable[[], Awaitable[None]]) -> None:
        """Stop the HTTP server, and finish the reports of its requests.

        `stop_server` waits for the requests under way.
        """
        ends = asyncio.get_running_loop().time() + self._stop_seconds
        self.application.state.is_stopping = True
        await stop_server()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(ends):
                await self._localdial.finish_reports()


@contextlib.asynccontextmanager
async def running(settings: "Settings", server: Server) -> AsyncIterator[RunningWebhook]:
    """Run the webhook of a localdial server, for an HTTP server to serve."""
    async with connected(
        server,
        screening=settings.webhook_screening,
        degraded_after=settings.degraded_after_seconds,
        reader=NumberReader(settings.default_country),
    ) as localdial:
        if settings.webhook_caveat:
            _log.warning("the webhook may refuse every call: %s", settings.webhook_caveat)
        yield RunningWebhook(application(settings, localdial), localdial, settings)


@contextlib.asynccontextmanager
async def serving(
    settings: "Settings",
    server: Server,
    listen: str,
    certificates: ServerCertificates | None,
    *,
    shared_port: bool = False,
) -> AsyncIterator[Served]:
    """Serve the webhook of a localdial server on `listen`, host:port.

    With `certificates` it uses TLS unless `listen` is a loopback address. `shared_port`: other processes may
    serve on the same port. Raises `StartError`.
    """
    tls = for_http(listen, certificates)
    with listening("webhook_listen", listen, shared_port=shared_port) as (address, sockets):
        async with running(settings, server) as webhook:
            http = HttpServer(
                webhook.application,
                settings.drain_seconds,
                None if tls is None else tls.following_context(),
                connections=_MAX_CONNECTIONS,
            )
            async with http.running(sockets):
                fields = {"address": address, "server": server.target, "tls": tls is not None}
                _log.info("serving the webhook", extra=fields)
                stop_server = functools.partial(http.stop_after, settings.lame_duck_seconds)
                yield Served(address, functools.partial(webhook.stop, stop_server))


def application(settings: "Settings", localdial: RoutingClient) -> Starlette:
    """Return the webhook as an ASGI application that calls `localdial`."""
    public_url = settings.webhook_public_url
    webhook = Webhook(
        localdial,
        Signatures(
            public_url,
            settings.twilio_auth_token.get_secret_value(),
            secret_pairs(settings.webhook_account_tokens),
            secret_pairs(settings.webhook_shared_keys),
        ),
        TwimlWriter(public_url, settings.webhook_dial_seconds, NumberReader(settings.default_country)),
    )
    return webhook.application(public_url)
