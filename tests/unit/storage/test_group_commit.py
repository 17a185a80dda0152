"""How long the call log collects records before it commits them."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.domain.errors import StorageUnavailable
from tests.conformance.store_records import call
from tests.conformance.watched_database import WatchedDatabase
from tests.support.databases import open_sqlite
from tests.support.full_disk import full_disk
from tests.support.stores import call_log_on
from tests.support.waiting import DEADLINE_SECONDS, until

_MAX_DELAY = 2.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    database = open_sqlite(tmp_path / "localdial.db")
    yield WatchedDatabase(database)
    await database.close()


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_lone_call_is_committed_at_once(database: WatchedDatabase) -> None:
    call_log = call_log_on(database, _MAX_DELAY)
    append = call_log.append([call("1")])
    await _turns(3)
    assert database.writes == 1
    await append


async def test_calls_of_successive_turns_are_committed_together(database: WatchedDatabase) -> None:
    call_log = call_log_on(database, _MAX_DELAY)
    appends = []
    for number in range(10):
        appends.append(call_log.append([call(f"{number}")]))
        await _turns(1)
    await asyncio.gather(*appends)
    assert database.writes == 1


async def test_calls_that_wait_for_a_commit_are_committed_together(database: WatchedDatabase) -> None:
    call_log = call_log_on(database, _MAX_DELAY)
    gate = database.hold_write()
    appends = [call_log.append([call("1")])]
    await gate.reached()
    for number in range(2, 5):
        appends.append(call_log.append([call(f"{number}")]))
        await _turns(5)
    gate.open()
    await asyncio.gather(*appends)
    assert database.writes == 2


async def test_the_log_collects_no_longer_than_the_maximum(database: WatchedDatabase) -> None:
    call_log = call_log_on(database, 0.01)
    appends: list[asyncio.Future[Sequence[RecordedCall]]] = []
    begun = time.monotonic()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not database.writes:
            appends.append(call_log.append([call(f"{len(appends)}")]))
            await _turns(1)
    assert time.monotonic() - begun >= 0.01
    await asyncio.gather(*appends)


async def test_each_caller_gets_the_records_of_its_own_calls(database: WatchedDatabase) -> None:
    call_log = call_log_on(database, _MAX_DELAY)
    groups = [[call("a"), call("b")], [], [call("b", 2)], [call("c")]]
    recorded = await asyncio.gather(*map(call_log.append, groups))
    assert [[each.call for each in group] for group in recorded] == [
        [call("a"), call("b")],
        [],
        [call("b")],
        [call("c")],
    ]


async def test_a_log_that_failed_finds_out_by_itself_when_calls_can_be_recorded_again(
    database: WatchedDatabase,
) -> None:
    call_log = call_log_on(database, try_seconds=0.001)
    await call_log.append([call("1")])
    trying = asyncio.create_task(call_log.keep_trying())
    with full_disk():
        with pytest.raises(StorageUnavailable):
            await call_log.append([call("2")])
        await asyncio.sleep(0.05)
        assert call_log.is_failing
    await until(lambda: not call_log.is_failing, trying)
    trying.cancel()
