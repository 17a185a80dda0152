"""Hostile byte streams: what is no HTTP/2, or no gRPC. Each function is an attack of a scene."""

import random
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from tests.drills.attacks.scene import Report
from tests.drills.attacks.server import ATTACKER, CALLEE, USER
from tests.support import http2

_CALLERS: Final = 8
_ANSWER_SECONDS: Final = 0.05

_BODY: Final = ResolveOutboundCallerIdRequest(
    organization_id=ATTACKER, user_id=USER, callee_number=CALLEE
).SerializeToString()
_GREETING: Final = http2.PREFACE + http2.frame(http2.SETTINGS) + http2.frame(http2.SETTINGS, flags=http2.ACK)
_HEADERS: Final = http2.request_headers()


def hostile(address: str, _seconds: float, number: int, *, count: int = 10_000) -> Report:
    """Send so many streams, each on a connection of its own."""
    report = Report()

    def send(index: int) -> tuple[str, str]:
        chance = random.Random(f"{number}-{index}")
        data = _STREAMS[index % len(_STREAMS)](chance)
        try:
            with http2.Connection(address) as connection:
                connection.send(data)
                closed = connection.closed_within(_ANSWER_SECONDS)
                answer = connection.received.decode("latin-1")
        except OSError as error:
            return type(error).__name__, ""
        return "closed by the server" if closed else "left open", answer

    with ThreadPoolExecutor(_CALLERS) as pool:
        for status, answer in pool.map(send, range(count)):
            report.add(status, answer)
    return report


def _frames(chance: random.Random) -> bytes:
    return b"".join(
        http2.frame(
            chance.randrange(12),
            chance.randbytes(chance.randrange(40)),
            chance.randrange(256),
            chance.randrange(6),
        )
        for _ in range(chance.randrange(1, 40))
    )


def _flipped_call(chance: random.Random) -> bytes:
    data = bytearray(_GREETING + http2.call(1, _BODY))
    for _ in range(chance.randrange(1, 6)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _with_length(length: int) -> bytes:
    """Return a call whose message says that it has another length."""
    headers = http2.frame(http2.HEADERS, _HEADERS, http2.END_HEADERS, 1)
    return headers + http2.frame(http2.DATA, b"\0" + struct.pack(">I", length) + _BODY, http2.END_STREAM, 1)


_STREAMS: Final[Sequence[Callable[[random.Random], bytes]]] = (
    lambda chance: chance.randbytes(chance.randrange(1, 2_000)),
    lambda _: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    lambda _: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508),
    lambda chance: http2.PREFACE[: chance.randrange(len(http2.PREFACE))],
    lambda chance: _GREETING + _frames(chance),
    lambda chance: http2.PREFACE + _frames(chance),
    _flipped_call,
    lambda _: _GREETING + http2.call(1, _BODY, padding="x" * 15_000),
    # The length of a frame of 16 MB, and little of it.
    lambda _: _GREETING + b"\xff\xff\xff" + bytes([http2.DATA, 0]) + struct.pack(">I", 1) + bytes(100),
    lambda _: (
        _GREETING
        + http2.frame(http2.HEADERS, _HEADERS, 0, 1)
        + http2.frame(http2.CONTINUATION, b"\x10\x01a\x01b" * 20, 0, 1) * 300
    ),
    lambda _: _GREETING + http2.call(1, _BODY) + http2.frame(http2.RST_STREAM, http2.CANCEL, stream=1) * 200,
    lambda chance: _GREETING + _with_length(chance.choice((0, 1, 2**31 - 1, 2**32 - 1))),
    lambda _: _GREETING + http2.call(1, b"\xff" * 50),
    lambda _: _GREETING + http2.call(1, _BODY, path="/localdial.v1.CallRouting/\n{forged}"),
    lambda _: _GREETING + http2.call(1, _BODY).replace(b"/localdial", b"/loc\xe1ldial"),
    lambda _: _GREETING + http2.call(1, _BODY, grpc_timeout="99999999999H", grpc_encoding="\x1b[31m"),
    lambda _: _GREETING + http2.frame(http2.PING, bytes(8)) * 300,
    lambda _: _GREETING + http2.frame(http2.SETTINGS, struct.pack(">HI", 1, 2**32 - 1)) * 300,
    lambda _: _GREETING + http2.frame(http2.WINDOW_UPDATE, b"\x7f\xff\xff\xff") * 10,
    lambda _: _GREETING + http2.frame(http2.GOAWAY, bytes(7) + b'\1\n{"event": "forged"}\n' * 300) * 10,
)
