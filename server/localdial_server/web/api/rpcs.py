"""The methods of the contract as ASGI applications, which `connectrpc` speaks HTTP for."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final, NamedTuple

import grpc
from connectrpc.code import Code
from connectrpc.codec import Codec
from connectrpc.compression.gzip import GzipCompression
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from typing_extensions import override

from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.asgi import Event, Receive, Scope
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract
from localdial_server.rpc.encoded_request import EncodedRequest
from localdial_server.rpc.request_sizes import RequestTooLarge
from localdial_server.web.api.bounded_body import BoundedBody
from localdial_server.web.api.call import Call
from localdial_server.web.api.connect_errors import error_before_the_handler, error_of, retry_seconds_of
from localdial_server.web.api.json_encoding import JsonRequest, response_as_json
from localdial_server.web.api.responses import Responder, error_response

_log = LimitedLog(logging.getLogger(__name__))

Handle = Callable[[bytes | EncodedRequest, Call], Awaitable[bytes]]
"""The handler of a method, from `rpc.handlers`."""

# JSON spells out the names of fields, and escapes characters, so it may be larger than protobuf's bytes.
_JSON_FACTOR: Final = 3

_CONTENT_TYPES: Final = frozenset(
    {
        b"application/json",
        b"application/proto",
        b"application/grpc-web",
        b"application/grpc-web+json",
        b"application/grpc-web+proto",
    }
)
_WRONG_TYPE: Final = error_response(
    415,
    "invalid_argument",
    "the content-type of the request must be application/json, application/proto or application/grpc-web",
    (b"accept-post", b"application/json, application/proto, application/grpc-web"),
)

# The scope of the request that this task serves, which `connectrpc` does not hand on.
_SCOPE: ContextVar[Scope] = ContextVar("scope")

# The headers that `connectrpc` reads. It would end a request with others that are not UTF-8.
_READ_HEADERS: Final = frozenset(
    {
        b"accept-encoding",
        b"connect-accept-encoding",
        b"connect-content-encoding",
        b"connect-protocol-version",
        b"connect-timeout-ms",
        b"content-encoding",
        b"content-type",
        b"grpc-accept-encoding",
        b"grpc-encoding",
        b"grpc-timeout",
    }
)


class _Types(NamedTuple):
    request: type[Message]
    response: type[Message]


class _JsonCodec(Codec[bytes, Any]):
    @override
    def name(self) -> str:
        return "json"

    @override
    def decode(self, data: bytes | bytearray, message_class: Any) -> JsonRequest:
        return JsonRequest(bytes(data), message_class.request)

    @override
    def encode(self, message: bytes) -> bytes:
        return message


class _BinaryCodec(Codec[bytes, Any]):
    @override
    def name(self) -> str:
        return "proto"

    @override
    def decode(self, data: bytes | bytearray, message_class: Any) -> bytes:
        return bytes(data)

    @override
    def encode(self, message: bytes) -> bytes:
        return message


_CODECS: Final = (_JsonCodec(), _BinaryCodec())


class _Gzip(GzipCompression):
    @override
    def decompress(self, data: bytes | bytearray | memoryview, read_max_bytes: int | None = None) -> bytes:
        assert read_max_bytes is not None
        try:
            return super().decompress(data, read_max_bytes)
        except ConnectError:
            raise error_before_the_handler(RequestTooLarge(read_max_bytes + 1, read_max_bytes)) from None


_COMPRESSIONS: Final = (_Gzip(level=1),)


class Rpc:
    """One method as an ASGI application."""

    def __init__(self, path: str, types: _Types, handle: Handle, most: int) -> None:
        """`most`: how many bytes a request may have."""
        self._scope = {"type": "http", "path": path, "root_path": "", "method": "POST"}
        self._most = _JSON_FACTOR * most
        self._serve = _Method(path, types, handle, self._most)

    async def __call__(self, scope: Scope, receive: Receive, responder: Responder) -> None:
        """Serve a POST request."""
        content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if content_type.partition(b";")[0].strip().lower() not in _CONTENT_TYPES:
            responder.ends_connection = True
            await responder.respond(_WRONG_TYPE)
            return
        _SCOPE.set(scope)
        body = BoundedBody(receive, self._most)

        async def send(event: Event) -> None:
            responder.ends_connection |= not body.is_whole
            await responder.send(event)

        headers = [
            header for header in scope["headers"] if header[0] in _READ_HEADERS and header[1].isascii()
        ]
        inner: Any = {**self._scope, "headers": headers}
        await self._serve(inner, body.receive, send)


class _Method(ConnectASGIApplication[None]):
    def __init__(self, path: str, types: _Types, handle: Handle, most: int) -> None:
        _, service, name = path.split("/")
        method: MethodInfo[Any, Any] = MethodInfo(
            name=name,
            service_name=service,
            input=types,  # type: ignore[arg-type]  # only our codecs see it
            output=types,  # type: ignore[arg-type]
            # With NO_SIDE_EFFECTS there would be GET, which puts phone numbers into the logs of proxies.
            idempotency_level=IdempotencyLevel.UNKNOWN,
            stream_type=StreamType.UNARY,
        )
        endpoint = Endpoint.unary(method=method, function=_function(types, handle))
        super().__init__(
            service=None,
            endpoints=lambda _: {path: endpoint},
            read_max_bytes=most,
            compressions=_COMPRESSIONS,
            codecs=_CODECS,
        )
        self._path = path

    @property
    @override
    def path(self) -> str:
        return self._path


def _function(types: _Types, handle: Handle) -> Callable[[Any, RequestContext[Any, Any]], Awaitable[bytes]]:
    async def function(request: bytes | JsonRequest, context: RequestContext[Any, Any]) -> bytes:
        def seconds_left() -> float | None:
            left = context.timeout_ms
            return None if left is None else max(left / 1000, 0)

        call = Call(_SCOPE.get(), seconds_left)
        try:
            response = await handle(request, call)
            if call.failure is None:
                return (
                    response
                    if isinstance(request, bytes)
                    else await response_as_json(types.response, response)
                )
        except Exception as error:  # noqa: BLE001 - the text of no exception may leave the server
            _log.exception("a call over HTTP failed", error=error)
            raise ConnectError(Code.INTERNAL, "internal error") from None
        failed = error_of(call.failure)
        retry_seconds = retry_seconds_of(failed)
        if retry_seconds is not None:
            context.response_headers["retry-after"] = str(retry_seconds)
        raise failed

    return function


def rpcs(
    contract: Contract, handlers: Iterable[grpc.GenericRpcHandler], largest_requests: Mapping[str, int]
) -> Mapping[str, Rpc]:
    """Return the methods of the contract by their paths.

    `handlers` are those of `rpc.handlers`, and `largest_requests` says how many bytes a request may have, by
    the path of its method.
    """
    by_path = {
        path: handler.unary_unary
        for each in handlers
        for path, handler in each._method_handlers.items()  # type: ignore[attr-defined]  # noqa: SLF001
    }
    return {
        path: Rpc(path, _types(contract, method), by_path[path], largest_requests[path])
        for name in SERVICES
        for method in contract.service(name).methods
        for path in [f"/{PACKAGE}.{name}/{method.name}"]
    }


def _types(contract: Contract, method: MethodDescriptor) -> _Types:
    return _Types(
        *(contract.message_class(each.full_name) for each in (method.input_type, method.output_type))
    )
