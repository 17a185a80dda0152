"""HTTP/2 as bytes, to send what no library sends."""

import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1

CANCEL: Final = struct.pack(">I", 8)
RESOLVE: Final = "/localdial.v1.CallRouting/ResolveOutboundCallerId"


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    """Return a frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def frames(received: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield the kind and the stream of each whole frame."""
    at = 0
    while at + 9 <= len(received):
        length = int.from_bytes(received[at : at + 3])
        yield received[at + 3], int.from_bytes(received[at + 5 : at + 9]) & 0x7FFF_FFFF
        at += 9 + length


def header_block(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the fields in HPACK, as literals that are never indexed."""
    return b"".join(b"\x10" + _text(name) + _text(value) for name, value in fields)


def _text(text: str) -> bytes:
    data = text.encode()
    length = len(data)
    if length < 127:
        return bytes([length]) + data
    length -= 127
    encoded = bytearray([127])
    while length >= 128:
        encoded.append(length % 128 + 128)
        length //= 128
    return bytes([*encoded, length]) + data


def request_headers(path: str = RESOLVE, **others: str) -> bytes:
    """Return the header block of a gRPC call. `others` are further fields, with `_` for `-`."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
        **{name.replace("_", "-"): value for name, value in others.items()},
    }
    return header_block(fields.items())


def message(data: bytes) -> bytes:
    """Return a gRPC message, not compressed."""
    return b"\0" + struct.pack(">I", len(data)) + data


def call(stream: int, body: bytes, path: str = RESOLVE, **headers: str) -> bytes:
    """Return the frames of a whole unary call."""
    return frame(HEADERS, request_headers(path, **headers), END_HEADERS, stream) + frame(
        DATA, message(body), END_STREAM, stream
    )


_MOST_KEPT: Final = 64 * 1024


class Connection:
    """A connection that sends any bytes, and keeps the first 64 KiB that come back."""

    def __init__(self, address: str, timeout: float = 5.0) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout)
        self.is_open = True
        self.received = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def greet(self, settings: Mapping[int, int] | None = None) -> None:
        """Begin HTTP/2 as a client does."""
        values = b"".join(struct.pack(">HI", *pair) for pair in (settings or {}).items())
        self.send(PREFACE + frame(SETTINGS, values) + frame(SETTINGS, flags=ACK))

    def send(self, data: bytes) -> None:
        """Send everything, and read meanwhile, so that neither side waits for the other.

        Sets `is_open` to False when the server has closed the connection, and sends no more then.
        """
        left = memoryview(data)
        deadline = time.monotonic() + 30
        self.socket.settimeout(0)
        while left and self.is_open and time.monotonic() < deadline:
            self.drain()
            try:
                left = left[self.socket.send(left) :]
            except BlockingIOError:
                time.sleep(0.0005)
            except OSError:
                self.is_open = False

    def drain(self) -> None:
        """Read what has arrived."""
        self.socket.settimeout(0)
        while self.is_open:
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self.is_open = bool(data)
            self.received += data[: max(0, _MOST_KEPT - len(self.received))]

    def closed_within(self, seconds: float) -> bool:
        """Return whether the server closes the connection in this time."""
        deadline = time.monotonic() + seconds
        while self.is_open and time.monotonic() < deadline:
            self.drain()
            time.sleep(0.02)
        return not self.is_open
