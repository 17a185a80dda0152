"""A gRPC server that takes new calls from gRPC's core several at a time, and survives any call.

grpc.aio takes one, and asks for the next at a later turn of the event loop, after a round trip between two
threads. Calls that arrive meanwhile wait in core's queue, which knows no fairness.

Besides, the loop of grpc.aio that takes calls decodes the path of each, and ends for good when a path is not
UTF-8: one packet of a caller without credentials would stop the server. So methods are registered in core,
which knows them by their bytes, and this module takes the calls and refuses those of other paths unread.

And grpc.aio wakes the event loop once for each event of core, of which a call has several, although the loop
works off all of them at its first turn. This module spares it the other turns.

It reaches into private parts of grpcio. If a release lacks them, the server is an ordinary one.
"""

# ruff: noqa: SLF001 - see above

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import grpc
from grpc._cython import cygrpc
from grpc.aio import _server
from typing_extensions import override

# The most calls of a method that core may hand over in one round trip between its threads and the loop: of a
# method that phone calls wait for, and of any other. Each takes 2.5 KB from then on. So a method begins with
# one, and each call adds one: the number doubles with each round trip of a burst.
_PHONE_CALLS_AT_ONCE: Final = 128
_AT_ONCE: Final = 16
_PHONE_CALLS: Final = b"/localdial.v1.CallRouting/"

# How many events core may have at one turn of the event loop; further ones take another turn.
_WAKE_UPS_AT_ONCE: Final = 4_096

IS_POSSIBLE: Final = all(
    hasattr(cygrpc.AioServer, part)
    for part in ("_make_request_call_future", "_request_call", "_request_registered_call", "is_running")
) and all(
    hasattr(cygrpc, part)
    for part in (
        "_RequestCallError",
        "_ServicerContext",
        "_handle_stream_stream_rpc",
        "_handle_stream_unary_rpc",
        "_handle_unary_stream_rpc",
        "_handle_unary_unary_rpc",
        "_schedule_rpc_coro",
    )
)


def eager_server(options: Sequence[tuple[str, Any]]) -> grpc.aio.Server:
    """Return a server without services. It belongs to the running event loop."""
    if IS_POSSIBLE:
        with woken_once(asyncio.get_running_loop()):
            server: Any = _Server(options)
    else:
        server = grpc.aio.server(options=options)
    return cast("grpc.aio.Server", server)


@contextlib.contextmanager
def woken_once(loop: Any) -> Iterator[None]:
    """Let each reader that is added to the loop meanwhile run once for all bytes in its socket.

    The reader reads one byte and works off all events, as that of grpc.aio does, which gets a byte for each
    event after the event itself.
    """
    add_reader = loop.add_reader

    def add_reader_that_drains(readable: socket.socket, work_off: Callable[[], None]) -> None:
        def drain_and_work_off() -> None:
            # Before the events: a byte that is read after them may be of an event that came too late.
            count = len(readable.recv(_WAKE_UPS_AT_ONCE, socket.MSG_PEEK))
            if count > 1:
                readable.recv(count - 1)
            work_off()

        add_reader(readable, drain_and_work_off)

    loop.add_reader = add_reader_that_drains
    try:
        yield
    finally:
        del loop.add_reader


class _EagerServer(cygrpc.AioServer):  # type: ignore[misc] # a compiled class
    """Has up to 128 requests for a new call of a method under way, where the base class has one."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._handlers: dict[str, Any] = {}
        # The event loop itself holds only weak references to tasks.
        self._tasks: set[asyncio.Task[Any]] = set()

    @override
    def add_registered_method_handlers(self, handlers: Mapping[str, Any]) -> None:
        """Serve these methods, by their paths, unless they are served already."""
        new = {path: handler for path, handler in handlers.items() if path not in self._handlers}
        self._handlers.update(new)
        super().add_registered_method_handlers(new)

    @override
    def _make_request_call_future(self, method: bytes | None) -> "asyncio.Future[Any]":
        """Take the calls of a method from now on; None: those of no method.

        The loop of the base class waits for the future, which gets no call, and fails when the server stops.
        """
        stopped = asyncio.get_running_loop().create_future()
        is_phone_call = method is not None and method.startswith(_PHONE_CALLS)
        more = iter(range(1, _PHONE_CALLS_AT_ONCE if is_phone_call else _AT_ONCE))
        self._keep(self._take_calls(method, stopped, more))
        return stopped

    async def _take_calls(
        self, method: bytes | None, stopped: "asyncio.Future[Any]", more: Iterator[object]
    ) -> None:
        """Take calls until the server stops, and start another task like this one for each item of `more`."""
        loop = asyncio.get_running_loop()
        name = "" if method is None else method.decode()
        handler = self._handlers.get(name)
        handle = None if handler is None else _handle_of(handler)
        while self.is_running():
            try:
                if handle is None:
                    call = await self._request_call()
                    answer = _refuse(call, loop)
                else:
                    call = await self._request_registered_call(method)
                    answer = handle(handler, call, loop)
            except cygrpc._RequestCallError:
                # The server stops, or the call has ended already.
                continue
            for _ in itertools.islice(more, 1):
                self._keep(self._take_calls(method, stopped, more))
            self._keep(cygrpc._schedule_rpc_coro(answer, call, loop, name))
        if not stopped.done():
            stopped.set_exception(cygrpc._RequestCallError())

    def _keep(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _handle_of(handler: Any) -> Any:
    """Return the function of grpc.aio that handles the calls of such a handler.

    Its own way there, `_handle_rpc`, looks for the handler anew, and each time leaves a cycle of seven
    objects behind: the garbage collector took 6 % of the time of an overloaded server, in pauses of 25 ms.
    """
    if handler.request_streaming:
        streams = cygrpc._handle_stream_stream_rpc, cygrpc._handle_stream_unary_rpc
    else:
        streams = cygrpc._handle_unary_stream_rpc, cygrpc._handle_unary_unary_rpc
    return streams[0] if handler.response_streaming else streams[1]


async def _refuse(call: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Refuse the call of an unknown method."""
    context = cygrpc._ServicerContext(call, None, None, loop)
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


class _Server(_server.Server):
    """grpc.aio's server over `_EagerServer`."""

    def __init__(self, options: Sequence[tuple[str, Any]]) -> None:
        self._loop = cygrpc.get_working_loop()
        self._server = _EagerServer(self._loop, None, (), (), tuple(options), None)

    @override
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Serve the methods of these handlers, which `grpc.method_handlers_generic_handler` has made."""
        for handler in generic_rpc_handlers:
            self._server.add_registered_method_handlers(handler._method_handlers)  # type: ignore[attr-defined]
