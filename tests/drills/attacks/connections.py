"""Floods of connections. Each function is an attack of a scene."""

import time
from collections.abc import Callable

from tests.drills.attacks.scene import Report
from tests.support import http2

# At most so many connections at a time, so that the attacker's own files suffice.
CONNECTIONS = 2_000

_HANDSHAKE = http2.PREFACE + http2.frame(http2.SETTINGS)


def half_open(address: str, seconds: float, _number: int) -> Report:
    """Open connections that do not finish HTTP/2's handshake: nothing sent, half of it, all but SETTINGS."""
    return _hold(address, seconds, [b"", http2.PREFACE[:12], http2.PREFACE])


def half_calls(address: str, seconds: float, _number: int) -> Report:
    """Open connections that stop within a call: half of the headers, or headers without a message."""
    headers = http2.request_headers()
    half = http2.frame(http2.HEADERS, headers[: len(headers) // 2], 0, 1)
    whole = http2.frame(http2.HEADERS, headers, http2.END_HEADERS, 1)
    return _hold(address, seconds, [_HANDSHAKE + half, _HANDSHAKE + whole])


def idle(address: str, seconds: float, _number: int) -> Report:
    """Open connections that are in order and make no call."""
    acknowledged = http2.frame(http2.SETTINGS, flags=http2.ACK)
    return _hold(address, seconds, [_HANDSHAKE + acknowledged])


def _hold(address: str, seconds: float, beginnings: list[bytes]) -> Report:
    """Open connections, send the beginnings in turn, hold them, and count those that the server closed."""
    report = Report()
    opened: list[http2.Connection] = []
    until = time.monotonic() + seconds
    try:
        for number in range(CONNECTIONS):
            if time.monotonic() > until:
                break
            try:
                connection = http2.Connection(address)
            except OSError as error:
                report.statuses[type(error).__name__] += 1
                continue
            report.sent += 1
            opened.append(connection)
            connection.send(beginnings[number % len(beginnings)])
        _wait(until, lambda: None)
        for connection in opened:
            connection.drain()
        closed = sum(not connection.is_open for connection in opened)
        report.statuses.update({"closed by the server": closed, "still open": len(opened) - closed})
    finally:
        for connection in opened:
            connection.socket.close()
    return report


def _wait(until: float, meanwhile: Callable[[], None]) -> None:
    while time.monotonic() < until:
        meanwhile()
        time.sleep(0.05)
