"""The ASGI application that serves gRPC's calls by the handlers of gRPC for Python."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError

from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.fast_front.call import Call, Send
from localdial_server.rpc.fast_front.messages import CallerGone, Receive, all_messages, first_message
from localdial_server.rpc.fast_front.metadata import error_headers
from localdial_server.rpc.fast_front.refused_call import NotGrpc, RefusedCall

_log = LimitedLog(logging.getLogger(__name__))

Scope = Mapping[str, Any]
_Serve = Callable[[Scope, Receive, Send], Awaitable[None]]
_Work = Callable[[Call, Receive], Awaitable[None]]

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
    """Serves methods by their paths. Each of their requests has at most `max_message_bytes`."""

    def __init__(self, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        # By the bytes of the path, which need not be text.
        self._methods: dict[bytes, _Serve] = {}

    def add(self, handlers: Mapping[str, Any]) -> None:
        """Serve the methods of these paths: each a `grpc.RpcMethodHandler`."""
        for path, handler in handlers.items():
            self._methods[path.encode()] = _served(self._work(handler))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request, as ASGI says."""
        return self._methods.get(scope["raw_path"], _serve_unknown)(scope, receive, send)

    def _work(self, handler: Any) -> _Work:
        """Return the function that carries a call out."""
        if handler.request_streaming:
            return self._both_ways(handler)
        if handler.response_streaming:
            return self._responses(handler)
        if handler.request_deserializer is None and handler.response_serializer is None:
            return self._bytes_to_bytes(handler)
        most, serialize = self._max_message_bytes, handler.response_serializer

        async def work(call: Call, receive: Receive) -> None:
            request = _parsed(handler, await first_message(receive, call.encoding, most))
            response = await handler.unary_unary(request, call)
            await call.send_response(serialize(response))

        return work

    def _bytes_to_bytes(self, handler: Any) -> _Work:
        most, handle = self._max_message_bytes, handler.unary_unary

        async def work(call: Call, receive: Receive) -> None:
            response = await handle(await first_message(receive, call.encoding, most), call)
            if not call.has_ended:
                await call.send_response(response)

        return work

    def _responses(self, handler: Any) -> _Work:
        most = self._max_message_bytes

        async def work(call: Call, receive: Receive) -> None:
            request = _parsed(handler, await first_message(receive, call.encoding, most))
            await handler.unary_stream(request, ResponseStream(call, handler.response_serializer))
            await call.end()

        return work

    def _both_ways(self, handler: Any) -> _Work:
        most = self._max_message_bytes

        async def requests(call: Call, receive: Receive) -> AsyncIterator[Any]:
            async for message in all_messages(receive, call.encoding, most):
                yield _parsed(handler, message)

        async def work(call: Call, receive: Receive) -> None:
            async for response in handler.stream_stream(requests(call, receive), call):
                await call.write(handler.response_serializer(response))
            await call.end()

        return work


class ResponseStream:
    """The context of a method that writes its responses."""

    def __init__(self, call: Call, serialize: Callable[[Any], bytes]) -> None:
        self._call = call
        self._serialize = serialize
        self.abort = call.abort

    async def write(self, message: Any) -> None:
        """Send one response."""
        await self._call.write(self._serialize(message))


def _served(work: _Work) -> _Serve:
    """Return the function that serves a method: it ends every call, whatever happens."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, send)
        try:
            call.begin()
            await work(call, receive)
        except NotGrpc:
            await _refuse_other(send)
        except RefusedCall as refusal:
            headers = error_headers(refusal.code, refusal.message)
            await call.send_error([*headers, *refusal.headers])
        except asyncio.CancelledError:
            if not call.is_expired:
                raise
            await call.send_error(error_headers(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))
        except (CallerGone, grpc.aio.AbortError, ConnectionError):
            pass
        except Exception as error:  # noqa: BLE001 - the text of no exception may leave the server
            _log.exception("a call failed", kind=scope["raw_path"].decode(), error=error)
            await call.send_error(error_headers(grpc.StatusCode.INTERNAL, "internal error"))
        finally:
            call.release()

    return serve


async def _serve_unknown(scope: Scope, _: Receive, send: Send) -> None:
    """Refuse a request of an unknown path without reading it."""
    call = Call(scope, send)
    try:
        call.begin()
    except (NotGrpc, RefusedCall):
        await _refuse_other(send)
    else:
        await call.send_error(error_headers(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))
    finally:
        call.release()


async def _refuse_other(send: Send) -> None:
    await send(_NOT_GRPC)
    await send(_NOT_GRPC_BODY)


def _parsed(handler: Any, message: bytes) -> Any:
    try:
        return handler.request_deserializer(message)
    except DecodeError:
        raise RefusedCall(grpc.StatusCode.INTERNAL, "a request cannot be parsed") from None
