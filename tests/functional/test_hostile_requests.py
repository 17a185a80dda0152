"""Requests that no client sends: the server lives, says nothing of itself, and gives everything back."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial_client import Client
from tests.drills.attacks import messages, streams
from tests.drills.attacks.scene import Report, leaks
from tests.drills.attacks.server import CALLEE, USER, VICTIM, ServerUnderTest
from tests.functional.server_process import ServerProcess
from tests.support import http2
from tests.support.waiting import wait_until

RESOLVE = ResolveOutboundCallerIdRequest(organization_id=VICTIM, user_id=USER, callee_number=CALLEE)

# Room for the files of the database, which are opened when they are needed.
_FILES_OF_ITS_OWN = 10

FLOODS: dict[str, Callable[[str, float, int], Report]] = {
    "mutated messages": partial(messages.mutated, count=1_500),
    "bad fields": partial(messages.bad_fields, each=13),
    "hostile streams": partial(streams.hostile, count=400),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    with ServerUnderTest() as server:
        yield server


@pytest.mark.parametrize("flood", FLOODS)
def test_hostile_requests_end_in_no_internal_error_and_leave_nothing_behind(
    server: ServerUnderTest, flood: str
) -> None:
    files, log = server.open_files(), server.log_bytes()
    report = FLOODS[flood](server.address, 0, 1)
    assert report.sent > 300
    assert not report.statuses.keys() & {"INTERNAL", "UNKNOWN", "CANCELLED", "DEADLINE_EXCEEDED"}
    assert leaks(report) == []
    assert server.log_bytes() - log < 10_000
    # A server may live and yet accept no more connections.
    with Client(server.address) as client:
        client.call_routing.resolve_outbound_caller_id(RESOLVE)
    wait_until(lambda: server.open_files() <= files + _FILES_OF_ITS_OWN or None)


def test_an_error_comes_without_a_message(server: ServerUnderTest) -> None:
    with http2.Connection(server.address) as connection:
        connection.greet()
        connection.send(http2.call(1, b""))
        wait_until(lambda: http2.HEADERS in _kinds(connection, 1))
        connection.send(http2.call(3, RESOLVE.SerializeToString()))
        wait_until(lambda: http2.DATA in _kinds(connection, 3))
        assert http2.DATA not in _kinds(connection, 1)


def _kinds(connection: http2.Connection, stream: int) -> list[int]:
    """Return the kinds of the frames that came for the stream."""
    connection.drain()
    return [kind for kind, number in http2.frames(connection.received) if number == stream]


FORGED = b'\n{"event": "forged"}\x1b[31m\x7f\x85\xe2\x80\xa8'

HTTP = [
    b"GET /" + FORGED + b" HTTP/1.1\r\n\r\n",
    b"POST /voice HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: " + FORGED + b"\r\n\r\n",
    (
        b"POST /voice?a=%0A%1B HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"X-Twilio-Signature: x\r\nContent-Length: 6\r\n\r\na=%0A%"
    ),
    b"\0\xff\n" * 100,
    http2.PREFACE,
]


def test_bytes_sent_to_the_webhook_and_the_metrics_neither_forge_a_line_nor_fill_the_log(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server(
        LOCALDIAL_METRICS_LISTEN="127.0.0.1:0",
        LOCALDIAL_WEBHOOK_LISTEN="127.0.0.1:0",
        LOCALDIAL_WEBHOOK_PUBLIC_URL="https://voice.example.com",
        LOCALDIAL_TWILIO_AUTH_TOKEN="token",
    )
    addresses = [
        str(event["address"])
        for event in server.logged()
        if event["event"] in {"serving metrics", "serving the webhook"}
    ]
    assert len(addresses) == 2
    for address in addresses:
        for data in HTTP * 20:
            with http2.Connection(address) as connection:
                connection.send(data)
                connection.closed_within(0.01)
    lines = server.log.read_text("utf-8").splitlines()
    assert all(line.isprintable() and json.loads(line)["event"] != "forged" for line in lines)
    assert len(lines) < 20
