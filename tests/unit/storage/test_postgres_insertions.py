"""Insertions into PostgreSQL on the event loop: without a thread, and as robust as a transaction in one.

`test_postgres_away` explains the frozen server and the silent network.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import psycopg
import pytest
import uuid_utils
from psycopg import sql
from sqlalchemy import Connection, NullPool, create_engine, select, text
from sqlalchemy.exc import ProgrammingError

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import CallerIdReason, OutboundCall
from localdial_server.storage.call_log.insert import insertion
from localdial_server.storage.engines.database import Insertion, Statement
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.sql.migrate import migrate
from localdial_server.storage.sql.rows import to_call
from localdial_server.storage.sql.schema import outbound_calls
from tests.support.network import Network
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, until, until_available

T = TypeVar("T")

# Long enough to connect on a busy machine.
_TIMEOUT_SECONDS = 2.0

_CALL = OutboundCall(
    organization_id="a",
    call_id="1",
    user_id="ann",
    callee_number="+14155550123",
    caller_id="+14155550100",
    reason=CallerIdReason.LOCAL_PRESENCE,
    call_time=1,
    revision=1,
)

_INSERT = b"INSERT INTO items SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url, DEADLINE_SECONDS, DEADLINE_SECONDS)
    yield database
    await _in_time(database.close())


@pytest.fixture
async def impatient(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url, _TIMEOUT_SECONDS, _TIMEOUT_SECONDS)
    yield database
    await _in_time(database.close())


async def _in_time(call: Awaitable[T]) -> T:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await call


def _unneeded(_connection: Connection) -> str:
    raise AssertionError("the statement inserted every row")


def _unneeded_calls(_connection: Connection) -> Sequence[OutboundCall]:
    raise AssertionError("the statement inserted every row")


def _insertion(
    *keys: str,
    statement: bytes = _INSERT,
    count: int | None = None,
    work: Callable[[Connection], str] = _unneeded,
) -> Insertion[str]:
    parameters = [] if b"$1" not in statement else [f"{{{','.join(keys)}}}".encode()]
    return Insertion(
        work, lambda: Statement(statement, parameters), len(keys) if count is None else count, "inserted"
    )


async def _insert(database: PostgresDatabase, *keys: str) -> None:
    assert await _in_time(database.append("test", _insertion(*keys))) == "inserted"


def _keys(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT key FROM items ORDER BY key")))


def _one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


def _sessions(postgres: PostgresServer, url: str, condition: str = "true") -> list[tuple[int]]:
    """Return the process IDs of the database's sessions that meet a condition."""
    name = url.rpartition("/")[2]
    return postgres.execute(f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND {condition}")


def _end_sessions(postgres: PostgresServer, url: str) -> None:
    for (pid,) in _sessions(postgres, url):
        assert postgres.execute(f"SELECT pg_terminate_backend({pid}, 10000)") == [(True,)]


async def test_new_rows_are_inserted_without_the_work(database: PostgresDatabase) -> None:
    await _insert(database, "a", "b")
    assert await database.read("test", _keys) == ["a", "b"]


async def test_the_work_runs_if_a_row_is_there_already(database: PostgresDatabase) -> None:
    await _insert(database, "a")
    insertion = _insertion("a", "b", work=lambda connection: ",".join(_keys(connection)))
    assert await database.append("test", insertion) == "a,b"


async def test_calls_with_any_text_are_recorded_without_the_work(postgres: PostgresServer) -> None:
    database = PostgresDatabase(postgres.create_database(), DEADLINE_SECONDS, DEADLINE_SECONDS)
    await asyncio.to_thread(migrate, database.engine)
    texts = ['"', "\\", '\\"', "{a,b}", "NULL", "", " a ", "a\nb", "é", "'", "$1"]
    calls = [
        _CALL._replace(call_id=f"{index}", user_id=text, call_time=1 + index)
        for index, text in enumerate(texts)
    ]
    recorded = await database.append("test", replace(insertion(calls, in_order=True), work=_unneeded_calls))
    assert recorded == calls
    rows = await database.read("test", lambda c: c.execute(select(outbound_calls)).all())
    assert sorted(map(to_call, rows), key=lambda call: call.call_time) == calls
    await database.close()
    postgres.drop_database(database._url)


async def test_a_statement_larger_than_the_socket_takes_is_sent_whole(database: PostgresDatabase) -> None:
    keys = [f"{index:0500}" for index in range(20_000)]
    await _insert(database, *keys)
    count = await database.read("test", lambda c: c.scalar(text("SELECT count(*) FROM items")))
    assert count == 20_000


async def test_insertions_at_once_run_one_after_the_other(database: PostgresDatabase) -> None:
    await asyncio.gather(*(_insert(database, f"{index}") for index in range(50)))
    assert len(await database.read("test", _keys)) == 50


async def _kept_by_the_session(database: PostgresDatabase, statements: int) -> list[str]:
    """Return what the session of insertions keeps after so many of them."""
    kept = (
        b"INSERT INTO items SELECT 'prepared ' || statement FROM pg_prepared_statements"
        b" UNION ALL SELECT 'setting ' || name FROM pg_settings"
        # pgbouncer sets the name itself.
        b"  WHERE source = 'session' AND name NOT LIKE 'transaction\\_%' AND name <> 'application_name'"
        b" EXCEPT SELECT 'prepared ' || statement FROM pg_prepared_statements WHERE statement LIKE '%EXCEPT%'"
    )
    for index in range(statements):
        await _insert(database, f"{index}")
    inserted = await database.append("test", _insertion(statement=kept, count=1, work=lambda _: "none"))
    assert inserted in {"inserted", "none"}
    return [key for key in await database.read("test", _keys) if not key.isdigit()]


async def test_a_session_keeps_the_statements_prepared(database: PostgresDatabase) -> None:
    kept = await _kept_by_the_session(database, 20)
    assert sorted(kept) == [
        f"prepared {_INSERT.decode()}",
        "setting enable_seqscan",
        "setting plan_cache_mode",
    ]


async def test_a_session_never_plans_the_statement_of_a_lone_call_again(postgres: PostgresServer) -> None:
    database = PostgresDatabase(postgres.create_database(), DEADLINE_SECONDS, DEADLINE_SECONDS)
    await asyncio.to_thread(migrate, database.engine)
    for index in range(20):
        calls = [_CALL._replace(call_id=f"{index}")]
        await database.append("test", replace(insertion(calls, in_order=True), work=_unneeded_calls))
    # The session itself is asked, which tells in a call_id.
    told = b"""
        INSERT INTO outbound_calls (organization_id, call_id, user_id, callee_number, caller_id, reason,
          call_time, revision)
        SELECT 'plans', custom_plans || ' of ' || custom_plans + generic_plans, '', '', '', '', 0, 0
        FROM pg_prepared_statements WHERE statement NOT LIKE '%custom_plans%'
    """
    await database.append("test", _insertion(statement=told, count=1, work=_unneeded))
    plans = select(outbound_calls.c.call_id).filter_by(organization_id="plans")
    assert await database.read("test", lambda connection: connection.scalars(plans).all()) == ["0 of 20"]
    await database.close()
    postgres.drop_database(database._url)


async def test_no_plan_that_reads_the_whole_table_is_kept_from_when_it_was_small(
    postgres: PostgresServer,
) -> None:
    url = postgres.create_database()
    name = url.rpartition("/")[2]
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    await asyncio.to_thread(migrate, engine)
    # The table is known to be empty, and not only new.
    postgres.execute("VACUUM ANALYZE outbound_calls", name)

    def scans(kind: str) -> int:
        query = f"SELECT {kind}_scan FROM pg_stat_user_tables WHERE relname = 'outbound_calls'"
        return int(postgres.execute(query, name)[0][0])

    # The migration read the table to make its indexes.
    before = scans("seq")
    database = PostgresDatabase(url, DEADLINE_SECONDS, DEADLINE_SECONDS)

    async def are_indexes_used() -> bool:
        # PostgreSQL publishes its counts about once a second.
        calls = [_CALL._replace(call_id=str(uuid_utils.uuid7()))]
        await _in_time(database.append("test", insertion(calls, in_order=True)))
        return scans("idx") > 20 or scans("seq") > before

    await until(are_indexes_used)
    await _in_time(database.close())
    assert scans("seq") == before
    postgres.drop_database(url)


async def test_a_session_behind_a_pooler_keeps_nothing(pgbouncer: PgBouncer, url: str) -> None:
    database = PostgresDatabase(pgbouncer.url_of(url), DEADLINE_SECONDS, DEADLINE_SECONDS)
    assert await _kept_by_the_session(database, 20) == []
    await _in_time(database.close())


async def test_a_bug_in_the_statement_is_raised_by_the_work(database: PostgresDatabase) -> None:
    def misspell(connection: Connection) -> str:
        return str(connection.scalar(text("SELECT vaule FROM items")))

    with pytest.raises(ProgrammingError):
        await database.append("test", _insertion(statement=b"INSERT INTO items SELECT vaule", work=misspell))
    await _insert(database, "a")


async def test_a_missing_privilege_is_a_failure_of_the_database(
    database: PostgresDatabase, postgres: PostgresServer, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = url.rpartition("/")[2]
    postgres.execute("REVOKE INSERT ON items FROM localdial", name)
    with pytest.raises(StorageUnavailable):
        await _insert(database, "a")
    assert [record.message for record in caplog.records] == ["the database failed"]
    postgres.execute("GRANT INSERT ON items TO localdial", name)
    await _insert(database, "a")


async def test_a_statement_that_was_rolled_back_for_a_deadlock_runs_again(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    name = url.rpartition("/")[2]
    postgres.execute("CREATE SEQUENCE runs; GRANT ALL ON runs TO localdial", name)
    postgres.execute(
        "CREATE FUNCTION third_time() RETURNS text LANGUAGE plpgsql AS $$ DECLARE run bigint; BEGIN"
        " run := nextval('runs'); IF run < 3 THEN RAISE SQLSTATE '40P01'; END IF; RETURN run; END $$",
        name,
    )
    insertion = _insertion(statement=b"INSERT INTO items SELECT third_time()", count=1)
    assert await database.append("test", insertion) == "inserted"
    assert await database.read("test", _keys) == ["3"]


async def test_a_connection_that_was_closed_while_idle_causes_no_failure(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    for key in "abc":
        await _insert(database, key)
        _end_sessions(postgres, url)
    await _insert(database, "d")
    assert not database.is_down


async def test_a_connection_that_is_lost_during_the_statement_costs_no_failure(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    name = url.rpartition("/")[2]
    with psycopg.connect(postgres.url(name)) as other:
        other.execute("INSERT INTO items VALUES ('a')")
        insertion = asyncio.create_task(_insert(database, "a"))
        await until(lambda: bool(_sessions(postgres, url, "wait_event_type = 'Lock'")))
        ((waiting,),) = _sessions(postgres, url, "wait_event_type = 'Lock'")
        postgres.execute(f"SELECT pg_terminate_backend({waiting}, 10000)")
        other.rollback()
        await insertion
    assert await database.read("test", _keys) == ["a"]


async def test_a_restart_of_an_idle_server_causes_no_failure(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    await _insert(database, "a")
    postgres.stop()
    postgres.start()
    await _insert(database, "b")
    assert not database.is_down


async def test_a_hanging_server_costs_one_timeout_until_the_probe_finds_it_back(
    impatient: PostgresDatabase, postgres: PostgresServer
) -> None:
    await _insert(impatient, "a")
    postgres.freeze()
    begun = time.monotonic()
    with pytest.raises(StorageUnavailable) as failure:
        await _insert(impatient, "b")
    assert str(failure.value.__cause__) == f"no answer within {_TIMEOUT_SECONDS:g} s"
    assert _TIMEOUT_SECONDS * 0.9 < time.monotonic() - begun < _TIMEOUT_SECONDS + 10
    await _in_time(impatient.wait_for_failure())
    with pytest.raises(StorageUnavailable):
        await impatient.probe("test", _one)
    begun = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await _insert(impatient, "c")
    assert time.monotonic() - begun < _TIMEOUT_SECONDS / 2
    postgres.thaw()
    await until_available(lambda: impatient.probe("test", _one))
    await _insert(impatient, "d")


async def test_waiting_callers_fail_as_soon_as_the_probe_fails(url: str, postgres: PostgresServer) -> None:
    database = PostgresDatabase(url, timeout=600, short_timeout=600)
    database._probes._timeout = _TIMEOUT_SECONDS
    await _insert(database, "a")
    await database.probe("test", _one)
    postgres.freeze()
    waiting = [asyncio.create_task(_insert(database, f"{index}")) for index in range(3)]
    with pytest.raises(StorageUnavailable):
        await database.probe("test", _one)
    outcomes = await _in_time(asyncio.gather(*waiting, return_exceptions=True))
    assert {type(outcome) for outcome in outcomes} == {StorageUnavailable}
    await _in_time(database.close())


async def test_a_hanging_server_does_not_keep_the_database_from_closing(
    impatient: PostgresDatabase, postgres: PostgresServer
) -> None:
    await _insert(impatient, "a")
    postgres.freeze()
    calls = [asyncio.create_task(_insert(impatient, key)) for key in "bcd"]
    await asyncio.sleep(0)
    calls[0].cancel()
    await _in_time(impatient.close())
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_cancelled_caller_stops_only_its_own_statement(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    name = url.rpartition("/")[2]
    with psycopg.connect(postgres.url(name)) as other:
        other.execute("INSERT INTO items VALUES ('a')")
        held_up = asyncio.create_task(_insert(database, "a"))
        await until(lambda: bool(_sessions(postgres, url, "wait_event_type = 'Lock'")))
        after = asyncio.create_task(_insert(database, "b"))
        await asyncio.sleep(0)
        held_up.cancel()
        await after
        # Nothing waits for the lock any more on the server either.
        await until(lambda: not _sessions(postgres, url, "wait_event_type = 'Lock'"))
    assert held_up.cancelled()


async def test_a_statement_that_took_too_long_does_not_go_on_on_the_server(
    url: str, postgres: PostgresServer
) -> None:
    database = PostgresDatabase(url, DEADLINE_SECONDS, 0.5)
    with psycopg.connect(postgres.url(url.rpartition("/")[2])) as other:
        other.execute("INSERT INTO items VALUES ('a')")
        with pytest.raises(StorageUnavailable):
            await _insert(database, "a")
        await until(lambda: not _sessions(postgres, url, "wait_event_type = 'Lock'"))
    await database.close()


async def test_after_the_network_goes_silent_a_new_connection_is_used(
    postgres: PostgresServer, url: str
) -> None:
    network = Network(postgres.port)
    port = await network.open()
    distant = PostgresDatabase(url.replace(f":{postgres.port}/", f":{port}/"), timeout=_TIMEOUT_SECONDS)
    await _insert(distant, "a")
    network.go_silent()
    with pytest.raises(StorageUnavailable):
        await _insert(distant, "b")
    await until_available(lambda: distant.probe("test", _one))
    await _insert(distant, "c")
    await _in_time(distant.close())
    await network.close()


async def test_after_a_server_was_read_only_insertions_use_a_new_connection(
    database: PostgresDatabase, postgres: PostgresServer, url: str
) -> None:
    name = sql.Identifier(url.rpartition("/")[2])
    postgres.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    with pytest.raises(StorageUnavailable):
        await _insert(database, "a")
    postgres.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    await _insert(database, "a")


async def test_the_password_is_in_no_error_and_in_no_line_of_the_log(
    impatient: PostgresDatabase, postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await _insert(impatient, "a")
    postgres.stop()
    try:
        with pytest.raises(StorageUnavailable) as refused:
            await _insert(impatient, "b")
    finally:
        postgres.start()
    said = [repr(refused.value), repr(refused.value.__cause__)]
    logged = [logging.Formatter().format(record) + str(vars(record)) for record in caplog.records]
    assert any("the database did not answer" in line for line in logged)
    for line in said + logged:
        assert postgres.password not in line


async def test_no_connection_is_left_when_the_database_is_closed(url: str, postgres: PostgresServer) -> None:
    database = PostgresDatabase(url, DEADLINE_SECONDS)
    await _insert(database, "a")
    await database.close()
    await until(lambda: not _sessions(postgres, url))
    with pytest.raises(StorageUnavailable):
        await _insert(database, "b")
