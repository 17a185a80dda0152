"""PostgreSQL goes down and comes back: what a server answers meanwhile, and records afterwards."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial_client import Client, LocaldialError, Unavailable
from tests.functional.server_process import ServerProcess
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, wait_until

AWAY_SECONDS = 3.0

# A call-back or a change must be refused within this time even on a busy machine, and long
# before a transaction would time out.
AT_ONCE_SECONDS = 8.0
TRANSACTION_SECONDS = 25.0

NUMBER = "+13125550150"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server that tests may stop."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def url(postgresql: PostgresServer) -> Iterator[str]:
    """Yield the URL of a migrated database, and make sure that PostgreSQL runs after the test."""
    url = create_postgres(postgresql)
    yield url
    if not postgresql.is_running:
        postgresql.start()
    postgresql.thaw()


@pytest.fixture
def start(start_server: Callable[..., ServerProcess], url: str, tmp_path: Path) -> Callable[..., "Caller"]:
    """Return a function that starts a server with the shared spool folder, and returns its caller."""

    def start(**settings: str) -> Caller:
        return Caller(
            start_server(
                LOCALDIAL_DATABASE_URL=url,
                LOCALDIAL_SPOOL_DIRECTORY=str(tmp_path / "spool"),
                LOCALDIAL_SNAPSHOT_POLL_SECONDS="0.1",
                LOCALDIAL_DATABASE_TIMEOUT_SECONDS=str(TRANSACTION_SECONDS),
                **settings,
            )
        )

    return start


class Caller:
    """Calls one server, without retries."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self._client = self._connect()
        self._numbers = itertools.count()

    def restart(self) -> None:
        """Start the server again after it was killed."""
        self.server.start()
        self._client = self._connect()

    def set_up(self) -> None:
        """Create the organization."""
        organization = directory.Organization(organization_id="acme", organization_number=NUMBER)
        self._client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
        self.change("ann")

    def change(self, user_id: str) -> None:
        """Set a user."""
        user = directory.User(organization_id="acme", user_id=user_id, work_phone="+13125550160")
        self._client.directory.set_user(directory.SetUserRequest(user=user))

    def resolve(self) -> calls.ResolveOutboundCallerIdResponse:
        """Resolve a call to a number that was not called before."""
        return self._client.call_routing.resolve_outbound_caller_id(_leg(next(self._numbers)))

    def resolve_many(self, count: int) -> list[calls.BatchResolveOutboundCallerIdsResult]:
        """Resolve this many calls in one batch."""
        legs = [_leg(next(self._numbers)) for _ in range(count)]
        request = calls.BatchResolveOutboundCallerIdsRequest(requests=legs)
        return list(self._client.call_routing.batch_resolve_outbound_caller_ids(request).results)

    def route(self, call_id: str) -> calls.RouteInboundCallResponse:
        """Route a call-back from the callee of that call."""
        caller = _leg(int(call_id)).callee_number
        request = calls.RouteInboundCallRequest(called_number=NUMBER, caller_number=caller)
        return self._client.call_routing.route_inbound_call(request)

    def _connect(self) -> Client:
        return Client(self.server.address, timeout=DEADLINE_SECONDS, options=[("grpc.enable_retries", 0)])


def _leg(number: int) -> calls.ResolveOutboundCallerIdRequest:
    return calls.ResolveOutboundCallerIdRequest(
        organization_id="acme",
        user_id="ann",
        callee_number=f"+1415555{number:04}",
        call_id=f"{number:04}",
    )


def recorded(postgresql: PostgresServer, url: str) -> list[str]:
    """Return the calls in the database, in the order in which they were made."""
    query = "SELECT call_id FROM outbound_calls ORDER BY call_time, call_id"
    return [call_id for (call_id,) in postgresql.execute(query, url.rpartition("/")[2])]


def is_refused(ask: Callable[[], object]) -> bool:
    """Return whether the server refuses at once, with the right error, because the database is down."""
    begun = time.monotonic()
    try:
        ask()
    except Unavailable as error:
        refusal = error
    else:
        return False
    assert refusal.reason == "STORAGE_UNAVAILABLE"
    assert refusal.retry_delay is not None
    assert time.monotonic() - begun < AT_ONCE_SECONDS
    return True


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_resolves_go_on_while_postgresql_is_down_and_are_recorded_in_order_afterwards(
    how: str, start: Callable[..., Caller], postgresql: PostgresServer, url: str
) -> None:
    caller = start()
    caller.set_up()
    first = caller.resolve().call_id
    answered = [first]
    later: list[str] = []
    failures: list[LocaldialError] = []
    stop = threading.Event()

    def resolve_on_and_on() -> None:
        while not stop.wait(0.005):
            try:
                answer = caller.resolve()
            except LocaldialError as error:
                failures.append(error)
            else:
                answered.append(answer.call_id)
                if answer.recorded_later:
                    later.append(answer.call_id)

    resolving = threading.Thread(target=resolve_on_and_on)
    resolving.start()
    try:
        wait_until(lambda: len(answered) > 50)
        gone = time.monotonic()
        (postgresql.stop if how == "stopped" else postgresql.freeze)()
        # A busy machine may need longer to answer enough calls.
        while time.monotonic() < gone + AWAY_SECONDS or len(later) <= 50:
            assert time.monotonic() < gone + DEADLINE_SECONDS
            assert is_refused(lambda: caller.route(first))
            assert is_refused(lambda: caller.change("bob"))
            time.sleep(0.1)
        (postgresql.start if how == "stopped" else postgresql.thaw)()
        looks = []
        wait_until(lambda: looks.append(recorded(postgresql, url)) or later[-1] in looks[-1])
        wait_until(lambda: not is_refused(lambda: caller.change("bob")))
        wait_until(lambda: not is_refused(lambda: caller.route(first)))
    finally:
        stop.set()
        resolving.join(DEADLINE_SECONDS)
    assert not failures
    assert len(later) > 50
    assert recorded(postgresql, url) == answered
    for look in looks:
        assert look == answered[: len(look)]
    assert caller.route(later[-1]).last_call_id == later[-1]


def test_a_full_spool_refuses_calls_and_keeps_its_records(
    start: Callable[..., Caller], postgresql: PostgresServer, url: str
) -> None:
    caller = start(LOCALDIAL_SPOOL_MAX_MB="1")
    caller.set_up()
    caller.resolve()
    postgresql.stop()
    answered = ["0000"]
    full = False
    for _ in range(20):
        results = caller.resolve_many(250)
        answered += [each.response.call_id for each in results if each.HasField("response")]
        full = any(each.HasField("status") for each in results)
        if full:
            break
    assert full
    assert len(answered) > 250
    # The spool may still have room for single calls when it has none for a batch.
    wait_until(lambda: is_refused(caller.resolve))
    postgresql.start()
    wait_until(lambda: set(answered) <= set(recorded(postgresql, url)))
    wait_until(lambda: not caller.resolve().recorded_later)


def test_a_resolve_is_refused_when_the_snapshot_is_too_old(
    start: Callable[..., Caller], postgresql: PostgresServer
) -> None:
    caller = start(LOCALDIAL_SNAPSHOT_MAX_AGE_SECONDS="1")
    caller.set_up()
    caller.resolve()
    postgresql.stop()
    assert caller.resolve().recorded_later
    wait_until(lambda: is_refused(caller.resolve))
    assert is_refused(caller.resolve)
    postgresql.start()
    wait_until(lambda: not is_refused(caller.resolve))


def test_calls_in_the_spool_of_a_killed_server_are_recorded_after_a_restart(
    start: Callable[..., Caller], postgresql: PostgresServer, url: str
) -> None:
    caller = start()
    caller.set_up()
    caller.resolve()
    postgresql.stop()
    answers = [caller.resolve() for _ in range(10)]
    assert all(answer.recorded_later for answer in answers)
    caller.server.kill()
    postgresql.start()
    caller.restart()
    wait_until(lambda: len(recorded(postgresql, url)) == 11)
    wait_until(lambda: not is_refused(lambda: caller.route("0010")))
    assert caller.route("0010").last_call_id == "0010"


def test_call_backs_are_refused_while_another_server_has_calls_in_its_spool(
    start: Callable[..., Caller], postgresql: PostgresServer
) -> None:
    caller, other = start(), start()
    caller.set_up()
    caller.resolve()
    other.route("0000")
    postgresql.stop()
    assert caller.resolve().recorded_later
    os.kill(caller.server.pid, signal.SIGSTOP)
    try:
        postgresql.start()
        wait_until(lambda: not is_refused(lambda: other.change("bob")))
        assert is_refused(lambda: other.route("0001"))
    finally:
        os.kill(caller.server.pid, signal.SIGCONT)
    wait_until(lambda: not is_refused(lambda: other.route("0001")))
    assert other.route("0001").last_call_id == "0001"


def test_calls_in_the_spool_of_a_killed_server_are_recorded_by_another_server(
    start: Callable[..., Caller], postgresql: PostgresServer
) -> None:
    caller, other = start(), start()
    caller.set_up()
    caller.resolve()
    postgresql.stop()
    assert caller.resolve().recorded_later
    caller.server.kill()
    postgresql.start()
    wait_until(lambda: not is_refused(lambda: other.route("0001")))
    assert other.route("0001").last_call_id == "0001"
