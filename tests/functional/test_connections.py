"""What one caller can take of the server's connections."""

import resource
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client
from tests.functional.server_process import FRONT, ServerProcess
from tests.support import http2
from tests.support.waiting import wait_until

REQUEST = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550123")

# A connection that is in order and makes no call.
GREETING = http2.PREFACE + http2.frame(http2.SETTINGS) + http2.frame(http2.SETTINGS, flags=http2.ACK)

Start = Callable[..., ServerProcess]


def set_up(server: ServerProcess) -> ServerProcess:
    with Client(server.address) as client:
        organization = Organization(organization_id="acme")
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        user = User(organization_id="acme", user_id="ann", caller_id="+13125550142")
        client.directory.set_user(SetUserRequest(user=user))
    return server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        yield set_up(server)


def open_files(server: ServerProcess) -> int:
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())


def resolve(server: ServerProcess, *metadata: tuple[str, str]) -> str:
    """Resolve on a new connection, without retries; return the status."""
    options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(server.address, options) as channel:
        call = CallRoutingStub(channel).ResolveOutboundCallerId.future(REQUEST, timeout=20, metadata=metadata)
        return call.code().name


BEGINNINGS = {
    "nothing": b"",
    "half a preface": http2.PREFACE[:12],
    "no settings": http2.PREFACE,
    "half the headers": http2.PREFACE
    + http2.frame(http2.SETTINGS)
    + http2.frame(http2.HEADERS, b"\x10", 0, 1),
}
if FRONT == "fast":
    # Such a connection is closed like any other without calls, after 15 minutes.
    del BEGINNINGS["no settings"]


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_connections_that_do_not_finish_the_handshake_are_closed_and_given_back(
    server: ServerProcess, beginning: bytes
) -> None:
    before = open_files(server)
    with ExitStack() as stack:
        opened = [stack.enter_context(http2.Connection(server.address)) for _ in range(100)]
        for connection in opened:
            connection.send(beginning)
        assert resolve(server) == "OK"
        assert all(connection.closed_within(30) for connection in opened)
        wait_until(lambda: open_files(server) <= before or None)


def is_turned_away(connection: http2.Connection) -> bool:
    is_closed = connection.closed_within(0.01)
    # On the fast front it waits until another one closes.
    return is_closed if FRONT == "grpc" else not connection.received


def test_connections_beyond_the_limit_are_turned_away_and_others_stay(start_server: Start) -> None:
    server = set_up(start_server(LOCALDIAL_MAX_CONNECTIONS="20"))
    with ExitStack() as stack:
        with Client(server.address) as early:
            early.call_routing.resolve_outbound_caller_id(REQUEST)
            opened = [stack.enter_context(http2.Connection(server.address)) for _ in range(60)]
            for connection in opened:
                connection.send(GREETING)
            wait_until(lambda: sum(map(is_turned_away, opened)) in range(40, 46))
            assert sum(one.is_open for one in opened) >= 15
            early.call_routing.resolve_outbound_caller_id(REQUEST)
        for connection in opened:
            connection.socket.close()
        wait_until(lambda: resolve(server) == "OK" or None)


def test_connections_of_an_age_are_replaced_and_no_call_fails(start_server: Start) -> None:
    server = set_up(start_server(LOCALDIAL_CONNECTION_AGE_SECONDS="1"))
    # gRPC itself repeats a call that the server did not take; it makes no other retries without a policy.
    with grpc.insecure_channel(server.address) as channel:
        stub = CallRoutingStub(channel)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            stub.ResolveOutboundCallerId(REQUEST, timeout=20)
    with http2.Connection(server.address) as connection:
        connection.send(GREETING)
        assert connection.closed_within(30)
        assert http2.GOAWAY in {kind for kind, _ in http2.frames(connection.received)}


@pytest.mark.parametrize(("size", "status"), [(7_000, "OK"), (9_000, "RESOURCE_EXHAUSTED")])
def test_metadata_of_more_than_8_kib_is_refused(server: ServerProcess, size: int, status: str) -> None:
    # gRPC refuses at random near a limit, if it has a softer one.
    assert {resolve(server, ("padding", "x" * size)) for _ in range(20)} == {status}


def test_calls_that_are_reset_at_once_take_no_more_than_others(server: ServerProcess) -> None:
    body, answers = REQUEST.SerializeToString(), []
    with http2.Connection(server.address) as connection:
        connection.greet()
        until = time.monotonic() + 3
        number = 0
        while time.monotonic() < until and connection.is_open:
            streams = range(2 * number + 1, 2 * number + 401, 2)
            connection.send(
                b"".join(
                    http2.call(stream, body) + http2.frame(http2.RST_STREAM, http2.CANCEL, stream=stream)
                    for stream in streams
                )
            )
            number += 200
            if number % 2_000 == 0:
                answers.append(resolve(server))
    # A server may also close the connection of a caller that does so.
    answers.append(resolve(server))
    assert set(answers) == {"OK"}


@pytest.mark.parametrize(
    "flood",
    [
        http2.frame(http2.GOAWAY, bytes(7) + b'\1\n{"event": "forged"}\n' * 500),
        http2.frame(http2.PING, bytes(8)),
        http2.frame(http2.SETTINGS, struct.pack(">HI", 4, 65_535)),
        http2.frame(http2.RST_STREAM, http2.CANCEL, stream=1),
        http2.frame(http2.HEADERS, b"\xff" * 100, http2.END_HEADERS, 1),
    ],
    ids=["goaway", "ping", "settings", "reset", "broken headers"],
)
def test_a_flood_of_frames_writes_nothing_into_the_log(server: ServerProcess, flood: bytes) -> None:
    before = server.log.stat().st_size
    until = time.monotonic() + 2
    while time.monotonic() < until:
        with http2.Connection(server.address) as connection:
            connection.greet()
            while connection.is_open and time.monotonic() < until:
                connection.send(flood * 100)
    assert resolve(server) == "OK"
    assert server.log.stat().st_size == before


def test_the_soft_limit_on_open_files_is_raised(start_server: Start) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
    try:
        server = start_server()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = Path(f"/proc/{server.pid}/limits").read_text("ascii")
    (line,) = (line for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(line.split()[3]) > 400
