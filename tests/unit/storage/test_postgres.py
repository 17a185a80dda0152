"""Transactions on PostgreSQL: what runs again, what does not, and what is left behind.

The conformance suites test what all stores have in common, and `test_postgres_away` what
happens when the database does not answer.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.postgres import PostgresDatabase
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, until


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Return the URL of a database with one table."""
    url = postgres.create_database()
    name = url.rpartition("/")[2]
    postgres.execute("CREATE TABLE items (key text PRIMARY KEY, value bigint NOT NULL DEFAULT 0)", name)
    postgres.execute("GRANT ALL ON items TO localdial", name)
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase.open(url, timeout=DEADLINE_SECONDS)
    yield database
    await database.close()


def _put(connection: Connection, key: str, value: int) -> None:
    connection.execute(
        text("INSERT INTO items VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value"),
        {"key": key, "value": value},
    )


def _items(connection: Connection) -> dict[str, int]:
    rows = connection.execute(text("SELECT key, value FROM items"))
    return {row.key: row.value for row in rows}


class Meeting:
    """A point where two units of work wait for each other, in their first run."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)
        self._met = threading.local()
        self.runs = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.runs += 1
        if not getattr(self._met, "already", False):
            self._met.already = True
            self._barrier.wait(DEADLINE_SECONDS)


async def test_a_read_sees_one_moment(database: PostgresDatabase) -> None:
    begun, changed = threading.Event(), threading.Event()

    def look_twice(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
        first = _items(connection)
        begun.set()
        assert changed.wait(DEADLINE_SECONDS)
        return first, _items(connection)

    reading = asyncio.ensure_future(database.read("test", look_twice))
    assert await asyncio.to_thread(begun.wait, DEADLINE_SECONDS)
    await database.write("test", lambda connection: _put(connection, "a", 1))
    changed.set()
    assert await reading == ({}, {})
    assert await database.read("test", _items) == {"a": 1}


async def test_a_read_changes_nothing(database: PostgresDatabase) -> None:
    with pytest.raises((StorageUnavailable, DBAPIError)):
        await database.read("test", lambda connection: _put(connection, "a", 1))
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await database.probe("test", _items) == {}


async def test_two_changes_of_the_same_row_are_both_applied_and_one_runs_again(
    database: PostgresDatabase,
) -> None:
    await database.write("test", lambda connection: _put(connection, "a", 0))
    meeting = Meeting()

    def add_one(connection: Connection) -> None:
        value = _items(connection)["a"]
        meeting()
        _put(connection, "a", value + 1)

    await asyncio.gather(database.write("test", add_one), database.write("test", add_one))
    assert await database.read("test", _items) == {"a": 2}
    assert meeting.runs > 2


async def test_two_changes_that_each_write_what_the_other_read_are_serialized(
    database: PostgresDatabase,
) -> None:
    # Neither changes a row that the other changes: only SERIALIZABLE finds that no order of the
    # two gives this outcome.
    await database.write("test", lambda connection: (_put(connection, "a", 1), _put(connection, "b", 1)))
    meeting = Meeting()

    def take_unless_last(key: str, connection: Connection) -> None:
        left = sum(_items(connection).values())
        meeting()
        if left > 1:
            _put(connection, key, 0)

    await asyncio.gather(
        *(database.write("test", lambda c, key=key: take_unless_last(key, c)) for key in "ab")
    )
    assert sum((await database.read("test", _items)).values()) == 1
    assert meeting.runs > 2


async def test_after_a_deadlock_one_of_the_two_runs_again(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    name = url.rpartition("/")[2]
    postgres.execute("INSERT INTO items VALUES ('a', 0), ('b', 0)", name)
    meeting = Meeting()
    lock = text("SELECT value FROM items WHERE key = :key FOR UPDATE")

    def lock_both(first: str, second: str, connection: Connection) -> None:
        connection.execute(lock, {"key": first})
        meeting()
        connection.execute(lock, {"key": second})

    await asyncio.gather(
        database.write("test", lambda connection: lock_both("a", "b", connection)),
        database.write("test", lambda connection: lock_both("b", "a", connection)),
    )
    assert meeting.runs > 2
    assert not database.is_down


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_change_that_keeps_losing_fails_at_its_timeout(url: str, state: str) -> None:
    runs: list[None] = []

    def lose(connection: Connection) -> None:
        runs.append(None)
        connection.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))

    database = PostgresDatabase.open(url, timeout=2.0)
    try:
        with pytest.raises(StorageUnavailable):
            await database.write("test", lose)
        assert len(runs) > 5
        assert not database.is_down
        await database.write("test", lambda connection: _put(connection, "a", 1))
    finally:
        await database.close()


async def test_the_loser_of_two_inserts_of_a_key_runs_again_and_finds_the_row(
    database: PostgresDatabase,
) -> None:
    meeting = Meeting()

    def add_if_missing(connection: Connection) -> bool:
        is_new = "a" not in _items(connection)
        meeting()
        if is_new:
            connection.execute(text("INSERT INTO items VALUES ('a', 1)"))
        return is_new

    added = await asyncio.gather(
        database.write("test", add_if_missing), database.write("test", add_if_missing)
    )
    assert sorted(added) == [False, True]


async def test_a_key_that_is_a_duplicate_in_every_run_is_raised_as_a_bug(database: PostgresDatabase) -> None:
    await database.write("test", lambda connection: _put(connection, "a", 1))
    runs: list[None] = []

    def insert_again(connection: Connection) -> None:
        runs.append(None)
        connection.execute(text("INSERT INTO items VALUES ('a', 2)"))

    with pytest.raises(IntegrityError):
        await database.write("test", insert_again)
    assert 1 < len(runs) < 10
    assert not database.is_down
    assert await database.read("test", _items) == {"a": 1}


async def test_a_bug_in_the_work_is_raised_unchanged_after_one_run(database: PostgresDatabase) -> None:
    runs: list[None] = []

    def misspell(connection: Connection) -> None:
        runs.append(None)
        connection.execute(text("SELECT vaule FROM items"))

    for run in database.read, database.write, database.append:
        with pytest.raises(ProgrammingError):
            await run("test", misspell)
    assert len(runs) == 3
    assert not database.is_down


@pytest.mark.parametrize("state", ["42501", "42P01"])
async def test_a_missing_privilege_or_table_is_a_failure_of_the_database(
    database: PostgresDatabase, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))

    with pytest.raises(StorageUnavailable):
        await database.append("test", fail)
    assert [record.message for record in caplog.records] == ["the database failed"]


async def test_refused_connections_are_logged_now_and_then(
    database: PostgresDatabase,
    postgres: PostgresServer,
    url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    name = url.rpartition("/")[2]
    # The probe still has its connection.
    await database.probe("test", _items)
    postgres.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await database.read("test", _items)
    [told] = [record for record in caplog.records if record.message == "the database did not answer"]
    assert "too many connections" in told.cause  # type: ignore[attr-defined]  # from `extra`
    assert not database.is_down
    postgres.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    assert await database.read("test", _items) == {}


async def test_work_that_raises_changes_nothing(database: PostgresDatabase) -> None:
    class RefusedError(Exception):
        pass

    def change_and_refuse(connection: Connection) -> None:
        _put(connection, "a", 1)
        raise RefusedError

    with pytest.raises(RefusedError):
        await database.write("test", change_and_refuse)
    assert await database.read("test", _items) == {}


async def test_a_change_whose_caller_is_cancelled_is_still_committed(database: PostgresDatabase) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def put_both(connection: Connection) -> None:
        _put(connection, "a", 1)
        begun.set()
        assert go_on.wait(DEADLINE_SECONDS)
        _put(connection, "b", 1)

    writing = asyncio.ensure_future(database.write("test", put_both))
    assert await asyncio.to_thread(begun.wait, DEADLINE_SECONDS)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go_on.set()
    await database.close()
    reopened = PostgresDatabase(database._url, DEADLINE_SECONDS)
    assert await reopened.read("test", _items) == {"a": 1, "b": 1}
    await reopened.close()


async def test_an_insert_waits_for_neither_changes_nor_reads(database: PostgresDatabase) -> None:
    hold = threading.Event()
    busy = [
        asyncio.ensure_future(run("test", lambda _connection: hold.wait(DEADLINE_SECONDS)))
        for run in [database.read] * 8 + [database.write] * 8
    ]
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await database.append("test", lambda connection: _put(connection, "a", 1))
            assert await database.probe("test", _items) == {"a": 1}
        assert not any(each.done() for each in busy)
    finally:
        hold.set()
        await asyncio.gather(*busy)


async def test_sessions_keep_no_prepared_statements_and_no_settings(database: PostgresDatabase) -> None:
    # With pgbouncer, the next transaction of this client may run in another session.
    kept = text(
        "SELECT 'prepared ' || name FROM pg_prepared_statements"
        " UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE is_holdable"
        " UNION ALL SELECT 'channel ' || channel FROM pg_listening_channels() AS channel"
        " UNION ALL SELECT 'setting ' || name FROM pg_settings"
        # Set for this transaction only.
        "  WHERE source = 'session' AND name NOT LIKE 'transaction\\_%' AND name <> 'enable_seqscan'"
        " UNION ALL SELECT 'lock' FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    )
    for run in database.read, database.write, database.append, database.probe:
        for _ in range(20):
            await run("test", _items)
        assert await run("test", lambda connection: connection.scalars(kept).all()) == []


async def test_the_isolation_is_set_for_each_transaction_and_not_for_the_session(
    database: PostgresDatabase,
) -> None:
    show = text(
        "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only'),"
        " current_setting('default_transaction_isolation'), current_setting('default_transaction_read_only')"
    )
    shown = {
        run.__name__: tuple((await run("test", lambda connection: connection.execute(show))).one())
        for run in (database.write, database.append)
    }
    assert shown["write"] == ("serializable", "off", "read committed", "off")
    assert shown["append"] == ("read committed", "off", "read committed", "off")
    settings = await database.read("test", lambda connection: tuple(connection.execute(show).one()))
    assert settings == ("repeatable read", "on", "read committed", "off")


async def test_closing_waits_for_writes_and_ends_every_thread_and_connection(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        begun.set()
        assert go_on.wait(DEADLINE_SECONDS)
        _put(connection, "a", 1)

    for run in database.read, database.append, database.probe:
        await run("test", _items)
    writing = asyncio.ensure_future(database.write("test", slowly))
    assert await asyncio.to_thread(begun.wait, DEADLINE_SECONDS)
    closing = asyncio.ensure_future(database.close())
    go_on.set()
    await asyncio.gather(closing, writing)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("postgres-")]
    name = url.rpartition("/")[2]
    assert postgres.execute("SELECT key FROM items", name) == [("a",)]
    connected = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
    # The server notices it a little later.
    await until(lambda: postgres.execute(connected) == [(0,)])
