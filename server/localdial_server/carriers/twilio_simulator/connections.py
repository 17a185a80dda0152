"""Responses that break off as on a failing network, which no web framework offers."""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

# The key in the ASGI scope.
TRANSPORT: Final = "localdial.transport"
# SO_LINGER with a time of 0: closing sends a reset (RST) instead of a FIN.
_LINGER_0: Final = struct.pack("ii", 1, 0)


class BreakableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, with the connection's transport in the ASGI scope."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inner: ASGIApp = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await inner({**scope, TRANSPORT: self.transport}, receive, send)

        self.app = app


def reset(request: Request) -> Response:
    """Reset the connection; return a response that sends nothing, for the framework."""
    transport: asyncio.Transport = request.scope[TRANSPORT]
    # A client that gave up has closed the socket already.
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    transport.abort()
    return _NoResponse()


class _NoResponse(Response):
    @override
    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        await disconnected(receive)


class HalfResponse(Response):
    """A response that sends half of the body and then closes the connection."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    @override
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
        scope[TRANSPORT].close()
        await disconnected(receive)


async def disconnected(receive: Receive) -> None:
    """Wait until the connection is closed.

    uvicorn logs an error if the application returns earlier without a response.
    """
    while (await receive())["type"] != "http.disconnect":
        pass
