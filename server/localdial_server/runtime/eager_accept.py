"""A gRPC server that takes new calls from gRPC's core several at a time.

grpc.aio takes one, and asks for the next at a later turn of the event loop, after a round trip between two
threads. Under load that is slower than calls arrive, so they wait in core's queue, which knows no fairness,
while the loop is idle. This module reaches into private parts of grpcio. If a release lacks them, the server
is an ordinary one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any, Final, cast

import grpc
from grpc._cython import cygrpc
from grpc.aio import _server
from typing_extensions import override

# How many calls core may hand over in one round trip between its threads and the loop, which takes 10 ms on a
# machine that is very busy. To take so many at once takes about as long.
_AT_ONCE: Final = 128

IS_POSSIBLE: Final = all(
    hasattr(cygrpc.AioServer, part) for part in ("_make_request_call_future", "_request_call", "is_running")
)


def eager_server(options: Sequence[tuple[str, Any]]) -> grpc.aio.Server:
    """Return a server without services. It belongs to the running event loop."""
    server: Any = _Server(options) if IS_POSSIBLE else grpc.aio.server(options=options)
    return cast("grpc.aio.Server", server)


class _Call(asyncio.Future[Any]):
    """A new call. If it is there already, the server's loop takes it in the same turn of the event loop.

    `asyncio.wait`, which the server's loop waits with, would take two turns to notice.
    """

    @override
    def add_done_callback(self, fn: Callable[["_Call"], object], *, context: Context | None = None) -> None:
        if self.done():
            fn(self)
        else:
            super().add_done_callback(fn, context=context)


class _EagerServer(cygrpc.AioServer):  # type: ignore[misc] # a compiled class
    """Has `_AT_ONCE` requests for a new call under way, where the base class has one."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._handed_over: deque[asyncio.Task[Any]] = deque()
        self._next: _Call | None = None

    def _make_request_call_future(self, method: bytes | None) -> "asyncio.Future[Any]":
        """Return the future of the next call. The server's loop calls this when it has taken the last one."""
        if method is not None:
            registered: asyncio.Future[Any] = super()._make_request_call_future(method)
            return registered
        for _ in range(_AT_ONCE if self._next is None else 1):
            asyncio.get_running_loop().create_task(self._request_call()).add_done_callback(self._hand_over)
        self._next = _Call(loop=asyncio.get_running_loop())
        self._resolve_next()
        return self._next

    def _hand_over(self, request: "asyncio.Task[Any]") -> None:
        self._handed_over.append(request)
        self._resolve_next()
        if not self.is_running():
            # The server's loop takes no more; gRPC cancels calls that are let go.
            for each in self._handed_over:
                each.exception()
            self._handed_over.clear()

    def _resolve_next(self) -> None:
        if not self._handed_over or self._next is None or self._next.done():
            return
        request = self._handed_over.popleft()
        error = request.exception()
        if error is not None:
            self._next.set_exception(error)
        else:
            self._next.set_result(request.result())


class _Server(_server.Server):
    """grpc.aio's server over `_EagerServer`."""

    def __init__(self, options: Sequence[tuple[str, Any]]) -> None:
        self._loop = cygrpc.get_working_loop()
        self._server = _EagerServer(self._loop, None, (), (), tuple(options), None)
