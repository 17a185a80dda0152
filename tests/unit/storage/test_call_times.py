"""The times of calls that several servers record in one database, whose clocks may differ."""

from collections.abc import AsyncIterator

import pytest

from localdial_server.app.ports.store import CallQuery
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.sql.newest_call import newest_call_time
from tests.conformance.store_records import A, B, X, call
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.stores import store_on

_MEXICAN, _SAME_PHONE = "+525512345678", "+5215512345678"


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    url = create_postgres(postgres)
    database = PostgresDatabase.open(url, timeout=10, short_timeout=10)
    yield database
    await database.close()
    postgres.drop_database(url)


@pytest.fixture
def recorder(database: PostgresDatabase) -> DatabaseRecorder:
    return DatabaseRecorder(database)


async def _times(database: PostgresDatabase, organization_id: str = A) -> dict[str, int]:
    def all_calls(reader: object) -> list[OutboundCall]:
        return list(reader.calls(CallQuery(organization_id), None, 100))  # type: ignore[attr-defined]

    found = await store_on(database).read("test", all_calls)
    return {each.call_id: each.call_time for each in found}


async def test_a_call_is_recorded_after_the_newest_one_to_its_callee(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    await recorder.record([call("ahead", 5000)])
    await recorder.record([call("late", 100)])
    await recorder.record([call("later", 101)])
    await recorder.record([call("in time", 9000)])
    assert await _times(database) == {"ahead": 5000, "late": 5001, "later": 5002, "in time": 9000}


async def test_the_calls_of_a_group_keep_their_order(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    await recorder.record([call("ahead", 5000)])
    # Calls are inserted in the order of their identifiers.
    await recorder.record([call("z", 100), call("b", 200), call("a", 300), call("x", 7000)])
    assert await _times(database) == {"ahead": 5000, "z": 5001, "b": 5002, "a": 5003, "x": 7000}


async def test_other_callees_and_organizations_keep_their_times(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    await recorder.record([call("ahead", 5000)])
    await recorder.record([call("callee", 100, callee_number=X), call("foreign", 100, organization_id=B)])
    assert await _times(database) == {"ahead": 5000, "callee": 100}
    assert await _times(database, B) == {"foreign": 100}


async def test_the_numbers_of_one_phone_are_one_callee(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    await recorder.record([call("ahead", 5000, callee_number=_MEXICAN)])
    await recorder.record([call("late", 100, callee_number=_SAME_PHONE)])
    assert await _times(database) == {"ahead": 5000, "late": 5001}


async def test_a_repeat_does_not_change_a_record(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    first = call("c", 100)
    await recorder.record([first])
    await recorder.record([call("ahead", 5000)])
    (answer,) = await recorder.record([first._replace(call_time=200)])
    assert answer.call == first
    assert await _times(database) == {"c": 100, "ahead": 5000}


async def test_calls_that_waited_in_a_spool_keep_their_times(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    await recorder.record([call("newer", 5000)])
    await recorder.record_earlier([call("spooled", 100)])
    assert await _times(database) == {"newer": 5000, "spooled": 100}


async def test_the_newest_call_of_all_organizations_is_found(
    database: PostgresDatabase, recorder: DatabaseRecorder
) -> None:
    assert await database.read("test", newest_call_time) == 0
    for organization_id in A, B:
        await store_on(database).write("test", lambda tx, id_=organization_id: tx.bump_revision(id_))
    await recorder.record([call("c", 5000), call("d", 7000, organization_id=B)])
    assert await database.read("test", newest_call_time) == 7000
