"""uvicorn as an HTTP server that runs in the caller's event loop."""

import asyncio
import contextlib
import functools
import logging
import math
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

import uvicorn

from localdial_server.settings.addresses import opened
from localdial_server.settings.variables import env_name
from localdial_server.web.http_server.connection import Connection

# The headers of a request, and likewise the trailers of a body, have at most so many bytes.
_HEAD_BYTES: Final = 32 * 1024

# As on gRPC's addresses. uvicorn would wait for a minute.
_HANDSHAKE_SECONDS: Final = 5.0

# Longer than proxies keep an idle connection (nginx: 60 s), so that no proxy sends a
# request on a connection that this server is about to close.
_IDLE_SECONDS: Final = 75


class HttpServer(uvicorn.Server):
    """uvicorn, but it leaves signals alone, `running` waits until it has started, and it is given its TLS."""

    def __init__(
        self, app: Any, drain_seconds: float, tls: ssl.SSLContext | None, *, connections: int
    ) -> None:
        """Serve at most so many connections at a time."""
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                h11_max_incomplete_event_size=_HEAD_BYTES,
                ws="none",
                lifespan="off",
                # The access log would contain phone numbers.
                access_log=False,
                log_config=None,
                server_header=False,
                # Nothing depends on the client address that a proxy reports.
                proxy_headers=False,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=math.ceil(drain_seconds),
            )
        )
        # We log start and stop ourselves.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._connection = functools.partial(Connection, most=connections)
        self._tls = tls
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
        """Start as uvicorn does, but with a time limit for TLS handshakes; then set the event."""
        connection = functools.partial(self._connection, self.config, self.server_state, self.lifespan.state)
        self.servers = [
            await asyncio.get_running_loop().create_server(
                connection,
                sock=each,
                backlog=self.config.backlog,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else _HANDSHAKE_SECONDS,
            )
            for each in sockets or []
        ]
        self.started = True
        self._is_started.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the process handles its signals itself."""
        yield


def listening(
    setting: str, listen: str, *, shared_port: bool
) -> contextlib.AbstractContextManager[tuple[str, Sequence[socket.socket]]]:
    """Open the listening sockets of `listen`, host:port, which `setting` names, inside the context.

    Yields the address with port 0 replaced, and the sockets. `shared_port`: other processes may listen on the
    same port. Raises `StartError`.
    """

    def open_socket(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
        return socket.create_server((host, port), family=family, reuse_port=shared_port)

    return opened(listen, env_name(setting), open_socket)
