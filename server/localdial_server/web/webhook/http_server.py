"""The webhook's HTTP server, which runs in the caller's event loop."""

import asyncio
import contextlib
import logging
import math
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import uvicorn
from starlette.applications import Starlette

from localdial_server.domain.callers import NumberReader
from localdial_server.settings.addresses import opened
from localdial_server.settings.validators import secret_pairs
from localdial_server.settings.variables import env_name
from localdial_server.tls.server_certificates import ServerCertificates, for_http
from localdial_server.web.webhook.endpoints import Webhook
from localdial_server.web.webhook.routing_client import RoutingClient, Server, connected
from localdial_server.web.webhook.signed_requests import Signatures
from localdial_server.web.webhook.twiml import TwimlWriter

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

_log = logging.getLogger(__name__)

# More than one process can serve, but few enough to fit in memory.
_MAX_CONNECTIONS: Final = 1_000

# Longer than proxies keep an idle connection (nginx: 60 s), so that no proxy sends a
# request on a connection that this server is about to close.
_IDLE_SECONDS: Final = 75


class Served(NamedTuple):
    """A running webhook."""

    address: str
    """Host and port; port 0 is replaced by the real one."""
    stop: Callable[[], Awaitable[None]]
    """Stops the webhook after the lame-duck period, the requests under way and their reports."""


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
    reader = NumberReader(settings.default_country)
    with _listening(listen, shared_port=shared_port) as (address, sockets):
        async with connected(
            server,
            screening=settings.webhook_screening,
            degraded_after=settings.degraded_after_seconds,
            reader=reader,
        ) as localdial:
            http = _HttpServer(
                application(settings, localdial),
                settings.drain_seconds,
                None if tls is None else tls.following_context(),
            )

            async def stop() -> None:
                seconds = settings.lame_duck_seconds + settings.drain_seconds
                ends = asyncio.get_running_loop().time() + seconds
                await http.stop_after(settings.lame_duck_seconds)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(ends):
                        await localdial.finish_reports()

            async with http.running(sockets):
                if settings.webhook_caveat:
                    _log.warning("the webhook may refuse every call: %s", settings.webhook_caveat)
                _log.info(
                    "serving the webhook",
                    extra={"address": address, "server": server.target, "tls": tls is not None},
                )
                yield Served(address, stop)


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


class _HttpServer(uvicorn.Server):
    """uvicorn, but it leaves signals alone, `running` waits until it has started, and it is given its TLS."""

    def __init__(self, app: Starlette, drain_seconds: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                # The access log would contain phone numbers.
                access_log=False,
                log_config=None,
                server_header=False,
                # Nothing depends on the client address that a proxy reports.
                proxy_headers=False,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=math.ceil(drain_seconds),
            )
        )
        # We log start and stop ourselves.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._tls = tls
        self._application = app
        self._is_started = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def running(self, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Serve on the listening sockets."""
        self._serving = asyncio.create_task(self.serve(list(sockets)))
        started = asyncio.create_task(self._is_started.wait())
        await asyncio.wait({self._serving, started}, return_when=asyncio.FIRST_COMPLETED)
        try:
            yield
        finally:
            started.cancel()
            await self.stop()

    async def stop_after(self, seconds: float) -> None:
        """Serve for `seconds` more, closing each connection after its response, then stop.

        Proxies that keep connections then open new ones, to another server once this one refuses them. On a
        kept connection they would send a request that this server no longer reads.
        """
        self._application.state.is_stopping = True
        close = b"connection", b"close"
        self.server_state.default_headers.append(close)
        # uvicorn makes the list anew once a second.
        self.config.encoded_headers.append(close)
        await asyncio.sleep(seconds)
        await self.stop()

    async def stop(self) -> None:
        """Refuse new requests and wait for those under way. May be called again."""
        assert self._serving is not None
        self.should_exit = True
        await self._serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then set the event."""
        self.config.ssl = self._tls
        await super().startup(sockets)
        self._is_started.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the process handles its signals itself."""
        yield


def _listening(
    listen: str, *, shared_port: bool
) -> contextlib.AbstractContextManager[tuple[str, Sequence[socket.socket]]]:
    def listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
        return socket.create_server((host, port), family=family, reuse_port=shared_port)

    return opened(listen, env_name("webhook_listen"), listening)
