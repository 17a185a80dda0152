"""The spooling recorder while the database comes and goes: every call is recorded, once, in order."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from typing_extensions import override

from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.recorders import SpoolingRecorder
from localdial_server.storage.call_log.spool import Disk, SpoolFolder
from tests.conformance.store_records import append, call
from tests.support.waiting import until

_DEADLINE_SECONDS = 60
_MANY_BYTES = 100_000_000


class FailingDisk(Disk):
    """A disk whose operations fail while `fails` is set."""

    fails = False

    @override
    def remove(self, path: Path) -> None:
        self._check()
        super().remove(path)

    @override
    def file_number(self, path: Path) -> int:
        self._check()
        return super().file_number(path)

    def _check(self) -> None:
        if self.fails:
            raise OSError


class FakeRecorder:
    """Keeps calls in the order in which they are committed, each call_id once.

    `fail` decides for each group whether it fails before the commit ("before"), after it ("after")
    or not at all (""). While `is_down`, every group fails before.
    """

    def __init__(self) -> None:
        self.calls: dict[str, OutboundCall] = {}
        self.is_down = False
        self.fail: Callable[[], str] = lambda: ""
        self.groups = 0

    async def record(self, calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
        self.groups += 1
        fails = "before" if self.is_down else self.fail()
        await asyncio.sleep(0)
        if fails == "before":
            raise StorageUnavailable
        standing = [self.calls.setdefault(each.call_id, each) for each in calls]
        if fails == "after":
            raise StorageUnavailable
        return [RecordedCall(each) for each in standing]


class World:
    """A spooling recorder over a fake one, with its spool in a folder."""

    def __init__(self, path: Path, max_bytes: int = _MANY_BYTES, batch_size: int = 500) -> None:
        self.database = FakeRecorder()
        self.path = path
        self.disk = FailingDisk()
        self.folder = SpoolFolder(path, max_bytes, self.disk)
        self.spool = self.folder.take()
        self.recorder = SpoolingRecorder(
            self.database.record, self.folder, self.spool, batch_size=batch_size, retry_seconds=0.005
        )
        self.log = GroupCommitLog(self.recorder.record, 0, is_complete=self.folder.is_empty)
        self._emptying: asyncio.Task[None] | None = None

    def empty(self) -> "asyncio.Task[None]":
        """Start to empty the spools in the background."""
        self._emptying = asyncio.create_task(self.recorder.empty_spools())
        return self._emptying

    async def until_complete(self) -> None:
        """Wait until the spools are empty."""
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while True:
                with contextlib.suppress(StorageUnavailable):
                    self.log.require_complete()
                    return
                assert self._emptying is None or not self._emptying.done(), self._emptying
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        if self._emptying is not None:
            self._emptying.cancel()
            await asyncio.wait({self._emptying})
        await self.recorder.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path / "spool")
    yield world
    await world.close()


def _shown(metric: str) -> float:
    value = REGISTRY.get_sample_value(metric)
    assert value is not None
    return value


async def test_while_the_database_is_up_no_call_goes_to_the_spool(world: World) -> None:
    recorded = await world.recorder.record([call("1"), call("2")])
    assert recorded == [RecordedCall(call("1")), RecordedCall(call("2"))]
    world.log.require_complete()
    assert world.spool.count == 0


async def test_calls_that_the_database_refuses_wait_in_the_spool_and_say_so(
    world: World,
) -> None:
    world.database.is_down = True
    assert await world.recorder.record([call("1")]) == [RecordedCall(call("1"), later=True)]
    assert _shown("localdial_spool_calls") == 1
    with pytest.raises(StorageUnavailable):
        world.log.require_complete()
    world.database.is_down = False
    world.empty()
    await world.until_complete()
    assert list(world.database.calls) == ["1"]
    assert await world.recorder.record([call("2")]) == [RecordedCall(call("2"))]
    await until(lambda: not _shown("localdial_spool_calls"))


async def test_new_calls_do_not_overtake_calls_in_the_spool(world: World) -> None:
    world.database.is_down = True
    await world.recorder.record([call("1")])
    world.database.is_down = False
    groups = world.database.groups
    assert await world.recorder.record([call("2")]) == [RecordedCall(call("2"), later=True)]
    assert world.database.groups == groups
    world.empty()
    await world.until_complete()
    assert list(world.database.calls) == ["1", "2"]


async def test_a_call_whose_commit_was_not_confirmed_is_recorded_once(world: World) -> None:
    world.database.fail = lambda: "after"
    assert await world.recorder.record([call("1")]) == [RecordedCall(call("1"), later=True)]
    assert list(world.database.calls) == ["1"]
    world.database.fail = lambda: ""
    world.empty()
    await world.until_complete()
    assert list(world.database.calls) == ["1"]


async def test_a_repeat_of_a_call_in_the_spool_gets_the_first_record(world: World) -> None:
    world.database.is_down = True
    first = call("1", 1)
    await world.recorder.record([first])
    recorded = await world.recorder.record([replace(first, call_time=2, user_id="other"), call("2")])
    assert recorded == [RecordedCall(first, later=True), RecordedCall(call("2"), later=True)]


async def test_when_the_spool_is_full_calls_are_refused_and_counted(tmp_path: Path) -> None:
    world = World(tmp_path / "spool", max_bytes=300_000)
    world.database.is_down = True
    before = _shown("localdial_spool_refusals_total")
    kept: list[str] = []

    async def fill() -> None:
        for group in range(1000):
            await world.recorder.record([call(f"{group:04}-{index:02}") for index in range(50)])
            kept.extend(f"{group:04}-{index:02}" for index in range(50))

    with pytest.raises(StorageUnavailable):
        await fill()
    assert kept
    assert _shown("localdial_spool_refusals_total") - before == 50
    world.database.is_down = False
    world.empty()
    await world.until_complete()
    assert list(world.database.calls) == kept
    assert await world.recorder.record([call("after")]) == [RecordedCall(call("after"))]
    await world.close()


async def test_the_spool_becomes_empty_under_constant_load(world: World) -> None:
    world.database.is_down = True
    for group in range(30):
        await world.recorder.record([call(f"before-{group}-{index}") for index in range(100)])
    world.database.is_down = False
    stop = asyncio.Event()

    async def load(worker: int) -> None:
        number = 0
        while not stop.is_set():
            await world.recorder.record([call(f"{worker}-{number}-{index}") for index in range(20)])
            number += 1

    async with asyncio.timeout(_DEADLINE_SECONDS):
        workers = [asyncio.create_task(load(worker)) for worker in range(4)]
        world.empty()
        await world.until_complete()
        stop.set()
        await asyncio.gather(*workers)


@pytest.mark.parametrize("seed", range(6))
async def test_every_acknowledged_call_reaches_the_database_once_and_in_order(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    world = World(tmp_path / "spool", batch_size=chance.choice([3, 10, 500]))
    failures = ["", "", "", "before", "after"]
    world.database.fail = lambda: chance.choice(failures)
    log = GroupCommitLog(world.recorder.record, chance.choice([0, 0.001]))
    acknowledged: list[str] = []
    # Of each call the last one that had been acknowledged before it was begun.
    later_than: dict[str, int] = {}
    world.empty()

    async def load(worker: int) -> None:
        for number in range(40):
            calls = [call(f"{worker}-{number}-{index}") for index in range(chance.randint(1, 4))]
            begun = len(acknowledged)
            await append(log, calls)
            for each in calls:
                later_than[each.call_id] = begun
                acknowledged.append(each.call_id)
            await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01]))

    async def come_and_go() -> None:
        while True:
            world.database.is_down = chance.random() < 0.5
            await asyncio.sleep(chance.random() * 0.05)

    coming_and_going = asyncio.create_task(come_and_go())
    async with asyncio.timeout(_DEADLINE_SECONDS):
        await asyncio.gather(*(load(worker) for worker in range(5)))
    coming_and_going.cancel()
    world.database.is_down, failures[:] = False, [""]
    await world.until_complete()
    committed = list(world.database.calls)
    assert sorted(committed) == sorted(acknowledged)
    # Whoever began after another one was acknowledged is committed after it.
    place = {call_id: index for index, call_id in enumerate(committed)}
    latest_so_far = [-1]
    for call_id in acknowledged:
        latest_so_far.append(max(latest_so_far[-1], place[call_id]))
    for call_id, begun in later_than.items():
        assert place[call_id] > latest_so_far[begun]
    await world.close()


async def test_calls_in_the_spool_of_a_dead_process_are_recorded_too(world: World) -> None:
    other = SpoolFolder(world.path, _MANY_BYTES).take()
    await other.add([call("left")])
    with pytest.raises(StorageUnavailable):
        world.log.require_complete()
    world.empty()
    await asyncio.sleep(0.02)
    # It is not touched while its process lives.
    assert world.database.calls == {}
    await other.close()
    await world.until_complete()
    assert list(world.database.calls) == ["left"]


async def test_an_unreadable_file_does_not_keep_other_spools_from_being_emptied(world: World) -> None:
    (world.path / "9.db").write_bytes(b"this is no database" * 1000)
    (world.path / "9.waiting").touch()
    emptying = world.empty()
    await asyncio.sleep(0.1)
    assert not emptying.done()
    world.database.is_down = True
    await world.recorder.record([call("1")])
    world.database.is_down = False
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while world.spool.count:
            assert not emptying.done(), emptying
            await asyncio.sleep(0.005)
    assert list(world.database.calls) == ["1"]
    # What it holds, nobody knows.
    with pytest.raises(StorageUnavailable):
        world.log.require_complete()


async def test_an_unexpected_error_loses_no_call_and_does_not_stop_the_emptying(world: World) -> None:
    def fail() -> str:
        raise ArithmeticError

    world.database.is_down = True
    await world.recorder.record([call("1")])
    world.database.is_down, world.database.fail = False, fail
    emptying = world.empty()
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while world.database.groups < 4:
            assert not emptying.done()
            await asyncio.sleep(0.005)
    world.database.fail = lambda: ""
    await world.until_complete()
    assert list(world.database.calls) == ["1"]


@pytest.mark.parametrize("turns", range(40))
async def test_emptying_that_is_cancelled_anywhere_loses_and_repeats_no_call(
    tmp_path: Path, turns: int
) -> None:
    world = World(tmp_path / "spool")
    world.database.is_down = True
    await world.recorder.record([call("1"), call("2")])
    world.database.is_down = False
    emptying = asyncio.create_task(world.recorder.empty_spools())
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    emptying.cancel()
    await asyncio.wait({emptying})
    await world.recorder.close()
    again = World(tmp_path / "spool")
    again.database.calls = world.database.calls
    again.empty()
    await again.until_complete()
    assert list(again.database.calls) == ["1", "2"]
    assert again.spool.count == 0
    await again.close()


async def test_calls_in_the_spool_wait_for_the_next_server(tmp_path: Path) -> None:
    world = World(tmp_path / "spool")
    world.database.is_down = True
    await world.recorder.record([call("1")])
    await world.close()
    again = World(tmp_path / "spool")
    assert again.spool.count == 1
    # Neither it nor anything newer passes by it.
    assert await again.recorder.record([call("2")]) == [RecordedCall(call("2"), later=True)]
    again.empty()
    await again.until_complete()
    assert list(again.database.calls) == ["1", "2"]
    await again.close()


async def test_a_disk_that_fails_for_a_while_refuses_calls_and_loses_none(world: World) -> None:
    world.database.is_down = True
    await world.recorder.record([call("1")])
    world.disk.fails = True
    with pytest.raises(StorageUnavailable):
        await world.recorder.record([call("2")])
    world.database.is_down = False
    emptying = world.empty()
    await asyncio.sleep(0.05)
    assert not emptying.done()
    with pytest.raises(StorageUnavailable):
        world.log.require_complete()
    world.disk.fails = False
    await world.until_complete()
    # The refused call may be recorded all the same.
    assert list(world.database.calls) == ["1", "2"]
