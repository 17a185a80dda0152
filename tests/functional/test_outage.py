"""PostgreSQL goes down and comes back: what a server answers meanwhile, and records afterwards."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial_client import LocaldialError
from tests.functional.caller import Caller, is_refused, recorded
from tests.functional.server_process import ServerProcess
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, wait_until

AWAY_SECONDS = 3.0

TRANSACTION_SECONDS = 25.0


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
