"""How long the call log collects records before it commits them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from tests.conformance.store_records import call
from tests.conformance.watched_database import WatchedDatabase
from tests.support.databases import open_sqlite

_MAX_DELAY = 2.0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    database = open_sqlite(tmp_path / "localdial.db")
    yield WatchedDatabase(database)
    await database.close()


@pytest.fixture
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note how long the log would sleep, and let it not."""
    delays: list[float] = []
    sleep = asyncio.sleep

    async def note(delay: float) -> None:
        if delay:
            delays.append(delay)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    return delays


async def _append_in_groups(database: WatchedDatabase, *sizes: int) -> None:
    """Append groups of calls, each while the one before is being committed."""
    call_log = GroupCommitLog(DatabaseRecorder(database), _MAX_DELAY)
    appends: list[asyncio.Future[RecordedCall]] = []
    gate = None
    for group, size in enumerate(sizes):
        next_gate = database.hold_write()
        appends += [call_log.append(call(f"{group}-{index}")) for index in range(size)]
        await asyncio.sleep(0)
        if gate is not None:
            gate.open()
        gate = next_gate
        await gate.reached()
    assert gate is not None
    gate.open()
    await asyncio.gather(*appends)
    assert database.writes == len(sizes)


async def test_lone_calls_are_never_collected(database: WatchedDatabase, delays: list[float]) -> None:
    await _append_in_groups(database, 1, 1, 1, 1, 1)
    assert delays == []


async def test_the_collecting_time_grows_with_the_load(
    database: WatchedDatabase, delays: list[float]
) -> None:
    await _append_in_groups(database, 1, 3, 6, 12, 1)
    assert len(delays) == 3
    assert delays == sorted(delays)
    assert 0 < delays[0] < delays[1] < _MAX_DELAY


async def test_the_collecting_time_is_bounded(database: WatchedDatabase, delays: list[float]) -> None:
    await _append_in_groups(database, 100, 100, 100, 1)
    assert delays == [_MAX_DELAY] * 3


async def test_the_collecting_time_shrinks_when_the_load_goes(
    database: WatchedDatabase, delays: list[float]
) -> None:
    await _append_in_groups(database, 16, *[1] * 12)
    assert delays[0] == _MAX_DELAY
    assert delays == sorted(delays, reverse=True)
    assert delays[-1] < _MAX_DELAY / 2
