"""Messages of gRPC in the body of an HTTP request: a flag, four bytes of length, and the message."""

import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import grpc

from localdial_server.rpc.asgi import Event, Receive
from localdial_server.rpc.fast_front.refused_call import RefusedCall
from localdial_server.rpc.request_sizes import RequestTooLarge

_PREFIX_BYTES: Final = 5
_COMPRESSED: Final = 1

# zlib's window bits for each encoding that clients may use: they select its format.
_WINDOW_BITS: Final[Mapping[bytes, int]] = {b"gzip": 31, b"deflate": 15}

ACCEPTED_ENCODINGS: Final = b"identity, deflate, gzip"


class CallerGone(Exception):
    """The caller has ended the call before its request was whole."""


async def first_message(receive: Receive, encoding: bytes, most: int) -> bytes:
    """Return the message of a unary call, of at most `most` bytes.

    Raises `RequestTooLarge` once its size is known, `RefusedCall` if it is no message, and `CallerGone`.
    """
    event = await receive()
    body = event.get("body", b"")
    # Nearly every request is a single chunk, without compression.
    if (
        len(body) >= _PREFIX_BYTES
        and not body[0]
        and int.from_bytes(body[1:_PREFIX_BYTES]) == len(body) - _PREFIX_BYTES <= most
    ):
        return body[_PREFIX_BYTES:]  # type: ignore[no-any-return]  # a chunk is bytes
    reader = _Reader(receive, encoding, most)
    reader.take(event)
    message = await reader.next()
    if message is None:
        raise RefusedCall(grpc.StatusCode.INTERNAL, "the call has no request; send one message")
    return message


async def all_messages(receive: Receive, encoding: bytes, most: int) -> AsyncIterator[bytes]:
    """Yield the messages of a call, each of at most `most` bytes. Raises as `first_message` does."""
    reader = _Reader(receive, encoding, most)
    while (message := await reader.next()) is not None:
        yield message


def framed(message: bytes) -> bytes:
    """Return the message as it is sent, without compression."""
    return b"\0" + len(message).to_bytes(4) + message


class _Reader:
    """Puts messages together from the chunks of a body."""

    def __init__(self, receive: Receive, encoding: bytes, most: int) -> None:
        self._receive = receive
        self._encoding = encoding
        self._most = most
        self._buffer = bytearray()
        self._has_more = True

    def take(self, event: Event) -> None:
        """Add the chunk of an ASGI event."""
        if event["type"] == "http.disconnect":
            raise CallerGone
        self._buffer += event.get("body", b"")
        self._has_more = event.get("more_body", False)

    async def next(self) -> bytes | None:
        """Return the next message, or None at the end of the body."""
        if not await self._fill(_PREFIX_BYTES):
            return None
        flag, size = self._buffer[0], int.from_bytes(self._buffer[1:_PREFIX_BYTES])
        if flag > _COMPRESSED:
            raise RefusedCall(grpc.StatusCode.INTERNAL, f"a message begins with {flag} instead of 0 or 1")
        if size > self._most:
            raise RequestTooLarge(size, self._most)
        end = _PREFIX_BYTES + size
        if not await self._fill(end):
            raise RefusedCall(grpc.StatusCode.INTERNAL, "the request ends within a message")
        message = bytes(self._buffer[_PREFIX_BYTES:end])
        del self._buffer[:end]
        return self._decompressed(message) if flag else message

    async def _fill(self, size: int) -> bool:
        """Wait for so many bytes; return whether they came. Raises `RefusedCall` if only a part came."""
        while len(self._buffer) < size and self._has_more:
            self.take(await self._receive())
        if len(self._buffer) >= size:
            return True
        if self._buffer:
            raise RefusedCall(grpc.StatusCode.INTERNAL, "the request ends within a message")
        return False

    def _decompressed(self, message: bytes) -> bytes:
        bits = _WINDOW_BITS.get(self._encoding)
        if bits is None:
            raise RefusedCall(
                grpc.StatusCode.UNIMPLEMENTED,
                f"messages may be compressed by gzip or deflate, not by {self._encoding.decode('latin-1')}",
                ((b"grpc-accept-encoding", ACCEPTED_ENCODINGS),),
            )
        decompressor = zlib.decompressobj(bits)
        try:
            # One byte more than is accepted, so that a small message cannot fill the memory.
            plain = decompressor.decompress(message, self._most + 1)
        except zlib.error:
            raise RefusedCall(grpc.StatusCode.INTERNAL, "a message cannot be decompressed") from None
        if len(plain) > self._most:
            raise RequestTooLarge(len(plain), self._most)
        if not decompressor.eof:
            raise RefusedCall(grpc.StatusCode.INTERNAL, "a compressed message is not whole")
        return plain
