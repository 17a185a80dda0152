"""A connection of uvicorn that is bounded in time, and that knows its client certificate."""

import asyncio
import functools
import ssl
from typing import Any, Final

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

# The head of a request, from its first byte to its last header, arrives within so many seconds. A new
# connection without any request is closed after the same time.
_HEAD_SECONDS: Final = 10.0

# A client that takes no byte of its response for so long is cut off.
_STALL_SECONDS: Final = 20.0


class Connection(H11Protocol):
    """uvicorn's own does not bound how long a client takes to send headers and to read responses.

    It uses h11, although httptools takes 0.1 ms less for a request: with httptools, uvicorn loses the body of
    a request that offers to upgrade to HTTP/2, as those of Java's client do.
    """

    def __init__(self, *arguments: Any, most: int, **more: Any) -> None:
        """Close it at once if there are more than `most` connections."""
        super().__init__(*arguments, **more)
        self._most = most
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.abort()
            return
        self._await_head()
        tls = transport.get_extra_info("ssl_object")
        certificate = None if tls is None else tls.getpeercert(binary_form=True)
        if certificate is not None:
            self.app = _with_certificate(self.app, _pem(certificate))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head_timer)
        _cancel(self._stall_timer)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_in_head = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
        if not is_in_head:
            _cancel(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._await_head()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(_STALL_SECONDS, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._stall_timer)

    @override
    def _unsupported_upgrade_warning(self) -> None:
        # Java's client offers HTTP/2 with each request, and is content with HTTP/1.1.
        pass

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self.transport.close)


def _with_certificate(app: Any, certificate: str) -> Any:
    """Return the application with the client certificate, in PEM format, in each of its requests."""
    extensions = {"tls": {"client_cert_chain": (certificate,)}}

    async def certified(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": extensions}, receive, send)

    return certified


@functools.lru_cache(1_000)
def _pem(certificate: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(certificate)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
