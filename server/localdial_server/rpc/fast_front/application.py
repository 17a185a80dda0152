"""The ASGI application that serves gRPC's calls by the handlers of gRPC for Python."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError

from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.asgi import AsgiApplication, Receive, Scope, Send
from localdial_server.rpc.fast_front.call import Call
from localdial_server.rpc.fast_front.messages import CallerGone, all_messages, first_message
from localdial_server.rpc.fast_front.metadata import error_headers
from localdial_server.rpc.fast_front.refused_call import NotGrpc, RefusedCall
from localdial_server.rpc.request_sizes import RequestTooLarge
from localdial_server.rpc.status import status_of, trailing_metadata

_log = LimitedLog(logging.getLogger(__name__))

_Serve = Callable[[Scope, Receive, Send], Awaitable[None]]
_Work = Callable[[Call, Receive], Awaitable[None]]

# A request for health or reflection.
_LARGEST_REQUEST: Final = 16 * 1024

_NOT_GRPC: Final = {
    "type": "http.response.start",
    "status": 415,
    "headers": [(b"content-type", b"text/plain")],
}
_NOT_GRPC_BODY: Final = {
    "type": "http.response.body",
    "body": b"this address serves gRPC: POST a request of the type application/grpc\n",
}


class Application:
    """Serves methods by their paths."""

    def __init__(self, largest_requests: Mapping[str, int]) -> None:
        """`largest_requests`: how many bytes a request may have, by the path of its method."""
        self._largest_requests = largest_requests
        # By the bytes of the path, which need not be text.
        self._methods: dict[bytes, _Serve] = {}
        self.others: AsgiApplication = _refuse
        """Serves the requests that are not gRPC's."""

    def add(self, handlers: Mapping[str, Any]) -> None:
        """Serve the methods of these paths: each a `grpc.RpcMethodHandler`."""
        for path, handler in handlers.items():
            most = self._largest_requests.get(path, _LARGEST_REQUEST)
            self._methods[path.encode()] = _served(_work(handler, most), self._serve_other)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request, as ASGI says."""
        return self._methods.get(scope["raw_path"], self._serve_unknown)(scope, receive, send)

    async def _serve_unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a call of an unknown path without reading it."""
        call = Call(scope, send)
        with contextlib.suppress(RefusedCall):
            try:
                call.begin()
            except NotGrpc:
                await self._serve_other(scope, receive, send)
                return
        await call.send_error(error_headers(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.others(scope, receive, send)


class ResponseStream:
    """The context of a method that writes its responses."""

    def __init__(self, call: Call, serialize: Callable[[Any], bytes]) -> None:
        self._call = call
        self._serialize = serialize
        self.abort = call.abort

    async def write(self, message: Any) -> None:
        """Send one response."""
        await self._call.write(self._serialize(message))


def _work(handler: Any, most: int) -> _Work:
    """Return the function that carries a call out, with requests of at most `most` bytes."""
    if handler.request_streaming:
        return _both_ways(handler, most)
    if handler.response_streaming:
        return _responses(handler, most)
    if handler.request_deserializer is None and handler.response_serializer is None:
        return _bytes_to_bytes(handler.unary_unary, most)

    async def work(call: Call, receive: Receive) -> None:
        request = _parsed(handler, await first_message(receive, call.encoding, most))
        response = await handler.unary_unary(request, call)
        await call.send_response(handler.response_serializer(response))

    return work


def _bytes_to_bytes(handle: Callable[[bytes, Call], Awaitable[bytes]], most: int) -> _Work:
    async def work(call: Call, receive: Receive) -> None:
        response = await handle(await first_message(receive, call.encoding, most), call)
        if not call.has_ended:
            await call.send_response(response)

    return work


def _responses(handler: Any, most: int) -> _Work:
    async def work(call: Call, receive: Receive) -> None:
        request = _parsed(handler, await first_message(receive, call.encoding, most))
        await handler.unary_stream(request, ResponseStream(call, handler.response_serializer))
        await call.end()

    return work


def _both_ways(handler: Any, most: int) -> _Work:
    async def requests(call: Call, receive: Receive) -> AsyncIterator[Any]:
        async for message in all_messages(receive, call.encoding, most):
            yield _parsed(handler, message)

    async def work(call: Call, receive: Receive) -> None:
        async for response in handler.stream_stream(requests(call, receive), call):
            await call.write(handler.response_serializer(response))
        await call.end()

    return work


def _served(work: _Work, serve_other: _Serve) -> _Serve:
    """Return the function that serves a method: it ends every call, whatever happens.

    `serve_other` serves a request of its path that is not gRPC's.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, send)
        try:
            call.begin()
            await work(call, receive)
        except NotGrpc:
            await serve_other(scope, receive, send)
        except RefusedCall as refusal:
            headers = error_headers(refusal.code, refusal.message)
            await call.send_error([*headers, *refusal.headers])
        except RequestTooLarge as error:
            status = status_of(error)
            metadata = trailing_metadata(status)
            await call.send_error(error_headers(grpc.StatusCode.RESOURCE_EXHAUSTED, status.message, metadata))
        except asyncio.CancelledError:
            if not call.is_expired:
                raise
            await call.send_error(error_headers(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))
        except (CallerGone, grpc.aio.AbortError, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - the text of no exception may leave the server
            _log.exception("a call failed", kind=scope["raw_path"].decode(), error=error)
            await call.send_error(error_headers(grpc.StatusCode.INTERNAL, "internal error"))
        finally:
            call.release()

    return serve


async def _refuse(_: Scope, __: Receive, send: Send) -> None:
    await send(_NOT_GRPC)
    await send(_NOT_GRPC_BODY)


def _parsed(handler: Any, message: bytes) -> Any:
    try:
        return handler.request_deserializer(message)
    except DecodeError:
        raise RefusedCall(grpc.StatusCode.INTERNAL, "a request cannot be parsed") from None
