"""One call: what its handler may know of it, and how its response is sent."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn

import grpc
from typing_extensions import override

from localdial_server.rpc.asgi import Scope, Send
from localdial_server.rpc.call_context import CallContext
from localdial_server.rpc.fast_front.certificates import client_names
from localdial_server.rpc.fast_front.messages import framed
from localdial_server.rpc.fast_front.metadata import CONTENT_TYPE, Headers, decoded, error_headers, seconds_of
from localdial_server.rpc.fast_front.refused_call import NotGrpc, RefusedCall
from localdial_server.rpc.peers import peer_of

# Headers of the protocol itself. All others are the caller's metadata.
_OF_THE_PROTOCOL: Final = frozenset(
    {b"content-length", b"grpc-accept-encoding", b"host", b"te", b"user-agent"}
)

# The most bytes of metadata. Clients send about 300 bytes, and a token up to 4 KiB.
_METADATA_BYTES: Final = 8 * 1024

_GRPC: Final = b"application/grpc"
_AFTER_GRPC: Final = (b"+", b";")

# The same for every successful call, so they are made once.
_START: Final = {
    "type": "http.response.start",
    "status": 200,
    "headers": [CONTENT_TYPE],
    "trailers": True,
}
_OK: Final = {"type": "http.response.trailers", "headers": [(b"grpc-status", b"0")]}
_END_OF_BODY: Final = {"type": "http.response.body"}


class Call(CallContext):
    """A call that came as an ASGI scope."""

    __slots__ = (
        "_deadline",
        "_is_started",
        "_metadata",
        "_scope",
        "_send",
        "_timer",
        "encoding",
        "has_ended",
        "is_expired",
    )

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._is_started = False
        self._metadata: list[tuple[bytes, bytes]] = []
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.encoding = b"identity"
        """How messages are compressed that are marked as compressed."""
        self.has_ended = False
        """Whether the status was sent."""
        self.is_expired = False
        """Whether the caller's deadline has passed before the response was there."""

    def begin(self) -> None:
        """Read the headers, and watch the deadline. Raises `NotGrpc` and `RefusedCall`."""
        is_grpc, timeout, metadata_bytes = False, None, 0
        for header in self._scope["headers"]:
            name = header[0]
            if name in _OF_THE_PROTOCOL:
                continue
            if name == b"content-type":
                is_grpc = _is_grpc(header[1])
            elif name == b"grpc-timeout":
                timeout = header[1]
            elif name == b"grpc-encoding":
                self.encoding = header[1]
            else:
                self._metadata.append(header)
                metadata_bytes += len(name) + len(header[1])
        # HTTP/1.1 has no trailers that gRPC could use.
        if not is_grpc or self._scope["method"] != "POST" or self._scope["http_version"] != "2":
            raise NotGrpc
        if timeout is not None:
            self._expire_after(timeout)
        if metadata_bytes > _METADATA_BYTES:
            raise RefusedCall(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the metadata has {metadata_bytes} bytes, and the server accepts {_METADATA_BYTES}",
            )

    @override
    def time_remaining(self) -> float | None:
        if self._deadline is None:
            return None
        return max(self._deadline - asyncio.get_running_loop().time(), 0)

    @override
    def peer(self) -> str:
        client = self._scope.get("client")
        if client is None:
            return "unix:"
        return peer_of(*client)

    @override
    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]]:
        return [decoded(name, value) for name, value in self._metadata]

    @override
    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        return client_names(self._scope)

    @override
    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> NoReturn:
        await self.send_error(error_headers(code, details, trailing_metadata))
        raise grpc.aio.AbortError

    async def write(self, message: bytes) -> None:
        """Send one message of a stream."""
        if not self._is_started:
            self._is_started = True
            await self._send(_START)
        await self._send({"type": "http.response.body", "body": framed(message), "more_body": True})

    async def send_response(self, message: bytes) -> None:
        """Send the only message, and end the call with success."""
        self.release()
        send = self._send
        self._is_started = self.has_ended = True
        await send(_START)
        await send({"type": "http.response.body", "body": framed(message)})
        await send(_OK)

    async def end(self) -> None:
        """End a stream with success."""
        self.release()
        self.has_ended = True
        if not self._is_started:
            self._is_started = True
            await self._send(_START)
        await self._send(_END_OF_BODY)
        await self._send(_OK)

    async def send_error(self, headers: Headers) -> None:
        """End the call with an error, whose headers these are, unless it has ended."""
        self.release()
        if self.has_ended:
            return
        self.has_ended = True
        if self._is_started:
            await self._send(_END_OF_BODY)
            await self._send({"type": "http.response.trailers", "headers": headers})
            return
        # A call without a response ends with its headers: clients retry only such calls.
        self._is_started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": [CONTENT_TYPE, *headers]})
        await self._send(_END_OF_BODY)

    def release(self) -> None:
        """Forget the deadline: the call ends now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire_after(self, timeout: bytes) -> None:
        seconds = seconds_of(timeout)
        if seconds is None:
            raise RefusedCall(grpc.StatusCode.INTERNAL, "the grpc-timeout of the call cannot be read")
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + seconds
        self._timer = loop.call_at(self._deadline, self._expire, asyncio.current_task())

    def _expire(self, task: "asyncio.Task[Any] | None") -> None:
        assert task is not None, "a call runs in a task"
        self.is_expired = True
        task.cancel()


def _is_grpc(content_type: bytes) -> bool:
    return content_type == _GRPC or (
        content_type.startswith(_GRPC) and content_type[len(_GRPC) :].startswith(_AFTER_GRPC)
    )
