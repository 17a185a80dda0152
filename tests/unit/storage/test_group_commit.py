"""How long the call log collects records before it commits them."""

import asyncio
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
from tests.support.waiting import until

_MAX_DELAY = 2.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    database = open_sqlite(tmp_path / "localdial.db")
    yield WatchedDatabase(database)
    await database.close()


async def _delays(database: WatchedDatabase, *sizes: int) -> list[float]:
    """Append groups of calls, each while the previous one is being committed.

    Return how long the log waited before commits, in seconds. Nothing really sleeps.
    """
    delays: list[float] = []

    async def note(delay: float) -> None:
        delays.append(delay)

    call_log = call_log_on(database, _MAX_DELAY, note)
    appends: list[asyncio.Future[Sequence[RecordedCall]]] = []
    gate = None
    for group, size in enumerate(sizes):
        next_gate = database.hold_write()
        appends += [call_log.append([call(f"{group}-{index}")]) for index in range(size)]
        await asyncio.sleep(0)
        if gate is not None:
            gate.open()
        gate = next_gate
        await gate.reached()
    assert gate is not None
    gate.open()
    await asyncio.gather(*appends)
    assert database.writes == len(sizes)
    return delays


async def test_a_lone_call_is_committed_at_once(database: WatchedDatabase) -> None:
    delays = await _delays(database, 1, 1, 1, 1, 1)
    assert delays == []


async def test_the_log_waits_longer_the_more_calls_there_are(database: WatchedDatabase) -> None:
    delays = await _delays(database, 1, 3, 6, 12, 1)
    assert len(delays) == 3
    assert delays == sorted(delays)
    assert 0 < delays[0] < delays[1] < _MAX_DELAY


async def test_the_log_never_waits_longer_than_the_maximum(database: WatchedDatabase) -> None:
    delays = await _delays(database, 100, 100, 100, 1)
    assert delays == [_MAX_DELAY] * 3


async def test_the_log_does_not_wait_for_more_callers_because_one_has_many_calls(
    database: WatchedDatabase,
) -> None:
    delays: list[float] = []

    async def note(delay: float) -> None:
        delays.append(delay)

    call_log = call_log_on(database, _MAX_DELAY, note)
    gate = database.hold_write()
    appends = [call_log.append([call(f"{leg}") for leg in range(100)])]
    await gate.reached()
    appends.append(call_log.append([call(f"later-{leg}") for leg in range(100)]))
    gate.open()
    await asyncio.gather(*appends)
    assert delays == []


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


async def test_the_log_waits_less_as_the_load_falls(database: WatchedDatabase) -> None:
    delays = await _delays(database, 16, *[1] * 12)
    assert delays[0] == _MAX_DELAY
    assert delays == sorted(delays, reverse=True)
    assert delays[-1] < _MAX_DELAY / 2


async def test_a_log_that_failed_finds_out_by_itself_when_calls_can_be_recorded_again(
    database: WatchedDatabase,
) -> None:
    call_log = call_log_on(database, 0, lambda _: asyncio.sleep(0.001))
    await call_log.append([call("1")])
    trying = asyncio.create_task(call_log.keep_trying())
    with full_disk():
        with pytest.raises(StorageUnavailable):
            await call_log.append([call("2")])
        await asyncio.sleep(0.05)
        assert call_log.is_failing
    await until(lambda: not call_log.is_failing, trying)
    trying.cancel()
