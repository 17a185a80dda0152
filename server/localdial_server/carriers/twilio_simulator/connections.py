"""Answers that break off: what a network does to a connection, and no framework offers."""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT: Final = "localdial.transport"
# Closing sends a reset rather than an end: linger, for no time.
_RESET: Final = struct.pack("ii", 1, 0)


class BreakableProtocol(H11Protocol):
    """uvicorn's HTTP, which lets the application get at the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served: ASGIApp = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await served({**scope, _TRANSPORT: self.transport}, receive, send)

        self.app = app


def reset(request: Request) -> Response:
    """Reset the connection; answer what is then to be returned."""
    transport = _transport(request.scope)
    # One who no longer waits has closed it by now.
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
    return _Nothing()


def cut(response: Response) -> Response:
    """Answer with half of what the response has, and then close."""
    return _Half(response)


class _Nothing(Response):
    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        await _closed(receive)


class _Half(Response):
    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self._whole.body)
        await send(
            {
                "type": "http.response.start",
                "status": self._whole.status_code,
                "headers": self._whole.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        _transport(scope).close()
        await _closed(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope[_TRANSPORT]
    return transport


async def _closed(receive: Receive) -> None:
    # Before that the server would miss the rest of the answer, and say so.
    while (await receive())["type"] != "http.disconnect":
        pass
