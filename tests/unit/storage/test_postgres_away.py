"""PostgreSQL when it does not answer: no caller waits longer than the timeout, and it recovers.

A frozen server stands for a machine that hangs, and a silent network for one that is gone:
nothing tells the client that a connection is dead.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, text

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.postgres import PostgresDatabase
from tests.support.network import Network
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, until_available

T = TypeVar("T")

# Long enough to connect on a busy machine.
_TIMEOUT_SECONDS = 2.0


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase.open(url, timeout=DEADLINE_SECONDS)
    yield database
    await _in_time(database.close())


@pytest.fixture
async def impatient(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase.open(url, timeout=_TIMEOUT_SECONDS)
    yield database
    await _in_time(database.close())


@pytest.fixture
async def network(postgres: PostgresServer) -> AsyncIterator[Network]:
    network = Network(postgres.port)
    yield network
    await network.close()


@pytest.fixture
async def distant(postgres: PostgresServer, url: str, network: Network) -> AsyncIterator[PostgresDatabase]:
    """Return the database, reached through the network."""
    port = await network.open()
    database = PostgresDatabase(url.replace(f":{postgres.port}/", f":{port}/"), timeout=_TIMEOUT_SECONDS)
    yield database
    await _in_time(database.close())


async def _in_time(call: Awaitable[T]) -> T:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await call


def _sleep(connection: Connection) -> None:
    connection.execute(text("SELECT pg_sleep(0.05)"))


def _one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


def _insert(connection: Connection, key: str = "a") -> None:
    connection.execute(text("INSERT INTO items VALUES (:key) ON CONFLICT DO NOTHING"), {"key": key})


def _pid(connection: Connection) -> int:
    return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _keys(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT key FROM items ORDER BY key")))


def _end_backend(postgres: PostgresServer, pid: int) -> None:
    """End the server's side of a connection, as a fail-over or an idle time-out does."""
    # This waits until the process has ended.
    assert postgres.execute(f"SELECT pg_terminate_backend({pid}, 10000)") == [(True,)]


async def _until_back(database: PostgresDatabase) -> None:
    await until_available(lambda: database.probe("test", _one))


async def _found_down(database: PostgresDatabase) -> None:
    """Probe after a failure, as the poller does, and find the database down."""
    await _in_time(database.wait_for_failure())
    with pytest.raises(StorageUnavailable):
        await database.probe("test", _one)
    assert database.is_down


async def _refused_at_once(database: PostgresDatabase) -> None:
    """Check that every kind of call is refused before its work begins."""
    runs: list[None] = []
    for run in database.read, database.write, database.append:
        with pytest.raises(StorageUnavailable):
            await run("test", lambda _connection: runs.append(None))
    assert runs == []


@pytest.mark.parametrize("kind", ["read", "write", "append", "probe"])
async def test_a_connection_that_was_closed_while_idle_causes_no_failure(
    database: PostgresDatabase, postgres: PostgresServer, kind: str
) -> None:
    run = getattr(database, kind)
    for _ in range(3):
        _end_backend(postgres, await run("test", _pid))
        assert await run("test", _one) == 1
    assert not database.is_down


async def test_an_error_that_the_work_raises_does_not_count_as_a_failure_of_the_database(
    database: PostgresDatabase,
) -> None:
    def give_up(_connection: Connection) -> None:
        raise StorageUnavailable

    with pytest.raises(StorageUnavailable):
        await database.read("test", give_up)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(database.wait_for_failure(), 0.05)


async def test_a_restart_of_an_idle_server_causes_no_failure(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    await asyncio.gather(*(database.read("test", _sleep) for _ in range(4)))
    for run in database.write, database.append, database.probe:
        await run("test", _one)
    postgres.stop()
    postgres.start()
    for run in [database.read] * 4 + [database.write, database.append, database.probe]:
        assert await run("test", _one) == 1
    assert not database.is_down


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_after_a_lost_connection_the_work_runs_again_once(
    database: PostgresDatabase, postgres: PostgresServer, kind: str
) -> None:
    runs: list[int] = []

    def lose(connection: Connection) -> None:
        runs.append(_pid(connection))
        _end_backend(postgres, runs[-1])
        _one(connection)

    with pytest.raises(StorageUnavailable):
        await getattr(database, kind)("test", lose)
    assert len(set(runs)) == len(runs) == 2
    assert await getattr(database, kind)("test", _one) == 1


async def test_a_change_whose_commit_was_not_confirmed_does_not_run_again(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    # It may have been committed, and would count twice if it ran again.
    runs: list[None] = []

    def lose_before_commit(connection: Connection) -> None:
        runs.append(None)
        _insert(connection)
        _end_backend(postgres, _pid(connection))

    with pytest.raises(StorageUnavailable):
        await database.write("test", lose_before_commit)
    assert len(runs) == 1
    assert await database.read("test", _keys) == []


async def test_an_insert_that_was_not_confirmed_runs_again(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    runs: list[None] = []

    def insert_and_lose(connection: Connection) -> None:
        runs.append(None)
        _insert(connection)
        if len(runs) == 1:
            _end_backend(postgres, _pid(connection))
            _one(connection)

    await database.append("test", insert_and_lose)
    assert len(runs) == 2
    assert await database.read("test", _keys) == ["a"]
    assert not database.is_down


async def test_a_hanging_server_costs_one_caller_a_timeout_and_the_others_nothing(
    impatient: PostgresDatabase, postgres: PostgresServer
) -> None:
    await impatient.read("test", _one)
    postgres.freeze()
    begun = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await impatient.read("test", _one)
    assert _TIMEOUT_SECONDS * 0.9 < time.monotonic() - begun < _TIMEOUT_SECONDS + 10
    await _found_down(impatient)
    await _refused_at_once(impatient)


async def test_waiting_callers_fail_as_soon_as_the_probe_fails(url: str, postgres: PostgresServer) -> None:
    database = PostgresDatabase.open(url, timeout=600)
    kinds = database.read, database.write, database.append
    for run in kinds:
        await run("test", _one)
    postgres.freeze()
    waiting = [
        asyncio.ensure_future(run("test", _one)) for run in [*kinds, database.read, database.write] * 3
    ]
    with pytest.raises(StorageUnavailable):
        await database.probe("test", _one)
    async with asyncio.timeout(DEADLINE_SECONDS):
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    await _in_time(database.close())


async def test_a_hanging_server_does_not_keep_the_pools_from_closing(
    impatient: PostgresDatabase, postgres: PostgresServer
) -> None:
    kinds = [impatient.read] * 4 + [impatient.write] * 2 + [impatient.append, impatient.probe]
    await asyncio.gather(*(run("test", _sleep) for run in kinds))
    postgres.freeze()
    calls = [asyncio.ensure_future(run("test", _one)) for run in kinds]
    # Half of the callers are cancelled before the timeout.
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await _in_time(impatient.close())


async def test_only_the_probe_finds_that_a_hanging_server_answers_again(
    impatient: PostgresDatabase, postgres: PostgresServer
) -> None:
    await impatient.read("test", _one)
    postgres.freeze()
    with pytest.raises(StorageUnavailable):
        await impatient.read("test", _one)
    await _found_down(impatient)
    postgres.thaw()
    await _refused_at_once(impatient)
    await _until_back(impatient)
    assert not impatient.is_down
    for run in impatient.read, impatient.write, impatient.append:
        assert await run("test", _one) == 1


async def test_a_stopped_server_is_down_until_it_is_started(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    await database.read("test", _one)
    postgres.stop()
    try:
        with pytest.raises(StorageUnavailable):
            await database.read("test", _one)
        await _found_down(database)
        await _refused_at_once(database)
    finally:
        postgres.start()
    await _until_back(database)
    assert await database.read("test", _one) == 1


async def test_calls_that_got_no_thread_do_not_make_the_database_count_as_down(
    impatient: PostgresDatabase,
) -> None:
    hold = threading.Event()
    runs: list[None] = []
    threads = impatient._reads.threads
    busy = [
        asyncio.create_task(
            threads.run(
                lambda _: hold.wait(DEADLINE_SECONDS),
                turn_seconds=DEADLINE_SECONDS,
                run_seconds=DEADLINE_SECONDS,
            )
        )
        for _ in range(4)
    ]
    await asyncio.sleep(0)
    try:
        with pytest.raises(StorageUnavailable):
            await _in_time(impatient.read("test", lambda _connection: runs.append(None)))
        assert await impatient.probe("test", _one) == 1
        assert not impatient.is_down
    finally:
        hold.set()
        await asyncio.gather(*busy)
    assert await impatient.read("test", _one) == 1
    assert runs == []


async def test_after_the_network_goes_silent_new_connections_are_used(
    distant: PostgresDatabase, network: Network
) -> None:
    for run in distant.read, distant.write, distant.append, distant.probe:
        assert await run("test", _one) == 1
    network.go_silent()
    failures = 0
    async with asyncio.timeout(DEADLINE_SECONDS):
        for kind in "read", "write", "append":
            while True:
                try:
                    await getattr(distant, kind)("test", _one)
                    break
                except StorageUnavailable:
                    failures += 1
                    await _until_back(distant)
    # Each kind of transaction has its own connections, and fails at most once.
    assert failures <= 3


async def test_threads_of_cancelled_callers_do_not_wait_for_a_silent_network(
    distant: PostgresDatabase, network: Network
) -> None:
    await asyncio.gather(
        *(distant.read("test", lambda c: c.execute(text("SELECT pg_sleep(0.05)"))) for _ in range(4))
    )
    network.go_silent()
    calls = [asyncio.ensure_future(distant.read("test", _one)) for _ in range(4)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            try:
                assert await distant.read("test", _one) == 1
                break
            except StorageUnavailable:
                await _until_back(distant)


async def test_after_a_server_was_read_only_changes_use_new_connections(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    name = sql.Identifier(url.rpartition("/")[2])
    # The server itself refuses changes, as a standby does, and some services during maintenance.
    pid = await database.append("test", _pid)
    postgres.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    _end_backend(postgres, pid)
    with pytest.raises(StorageUnavailable):
        await database.append("test", _insert)
    postgres.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    await database.append("test", _insert)
    assert await database.read("test", _keys) == ["a"]


async def test_the_password_is_in_no_error_and_in_no_line_of_the_log(
    impatient: PostgresDatabase, postgres: PostgresServer, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[object] = []

    def note(error: BaseException | None) -> None:
        while error is not None:
            said.extend((error, repr(error), error.args))
            error = error.__cause__ or error.__context__

    await impatient.read("test", _one)
    with pytest.raises(StorageUnavailable) as refused:
        await impatient.read("test", lambda connection: connection.execute(text("SELECT pg_sleep(60)")))
    note(refused.value)
    postgres.stop()
    try:
        for run in impatient.read, impatient.write, impatient.append, impatient.probe, impatient.read:
            with pytest.raises(StorageUnavailable) as refused:
                await run("test", _one)
            note(refused.value)
        with pytest.raises(psycopg.OperationalError) as unreachable:
            PostgresDatabase.open(url, timeout=1)
        note(unreachable.value)
    finally:
        postgres.start()
    wrong = url.replace(postgres.password, "wr0ng-secret")
    with pytest.raises(psycopg.OperationalError) as unreachable:
        PostgresDatabase.open(wrong, timeout=1)
    note(unreachable.value)
    logged = [logging.Formatter().format(record) + str(vars(record)) for record in caplog.records]
    assert any("the database is down" in line for line in logged)
    for line in [*logged, *map(str, said)]:
        assert postgres.password not in line
        assert "wr0ng-secret" not in line
