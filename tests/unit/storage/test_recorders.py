"""The spooling recorder while the database comes and goes: every call is recorded, once, in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from typing_extensions import override

from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.recorders import SpoolingRecorder
from localdial_server.storage.call_log.spool import Disk
from localdial_server.storage.call_log.spool_check import SpoolCheck
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from tests.conformance.store_records import append, call
from tests.support.full_disk import full_disk
from tests.support.waiting import DEADLINE_SECONDS, until, until_available

_MANY_BYTES = 100_000_000


class FailingDisk(Disk):
    """A disk whose operations fail while `fails` is set."""

    fails = False

    @override
    def remove(self, path: Path) -> None:
        self._check()
        super().remove(path)

    @override
    def inode(self, path: Path) -> int:
        self._check()
        return super().inode(path)

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


class Server:
    """A spooling recorder over a fake one, with its spool in a folder."""

    def __init__(self, path: Path, max_bytes: int = _MANY_BYTES, batch_size: int = 500) -> None:
        self.database = FakeRecorder()
        self.path = path
        self.disk = FailingDisk()
        self.folder = SpoolFolder(path, max_bytes, self.disk)
        self.spool = self.folder.take()
        self.recorder = SpoolingRecorder(
            self.database.record,
            self.database.record,
            self.folder,
            self.spool,
            batch_size=batch_size,
            retry_seconds=0.005,
        )
        self.log = GroupCommitLog(
            self.recorder.record, 0, is_complete=SpoolCheck(self.folder, DEADLINE_SECONDS).is_empty
        )
        self._emptying: asyncio.Task[None] | None = None

    def empty(self) -> "asyncio.Task[None]":
        """Start to empty the spools in the background."""
        self._emptying = asyncio.create_task(self.recorder.empty_spools())
        return self._emptying

    async def until_complete(self) -> None:
        """Wait until the spools are empty."""
        await until_available(self.log.require_complete, self._emptying)

    async def close(self) -> None:
        if self._emptying is not None:
            self._emptying.cancel()
            await asyncio.wait({self._emptying})
        await self.recorder.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "spool")
    yield server
    await server.close()


def _shown(metric: str) -> float:
    value = REGISTRY.get_sample_value(metric)
    assert value is not None
    return value


async def test_while_the_database_is_up_no_call_goes_to_the_spool(server: Server) -> None:
    recorded = await server.recorder.record([call("1"), call("2")])
    assert recorded == [RecordedCall(call("1")), RecordedCall(call("2"))]
    await server.log.require_complete()
    assert server.spool.count == 0


async def test_calls_that_the_database_refuses_wait_in_the_spool_and_say_so(
    server: Server,
) -> None:
    server.database.is_down = True
    assert await server.recorder.record([call("1")]) == [RecordedCall(call("1"), later=True)]
    assert _shown("localdial_spool_calls") == 1
    with pytest.raises(StorageUnavailable):
        await server.log.require_complete()
    server.database.is_down = False
    server.empty()
    await server.until_complete()
    assert list(server.database.calls) == ["1"]
    assert await server.recorder.record([call("2")]) == [RecordedCall(call("2"))]
    await until(lambda: not _shown("localdial_spool_calls"))


async def test_new_calls_do_not_overtake_calls_in_the_spool(server: Server) -> None:
    server.database.is_down = True
    await server.recorder.record([call("1")])
    server.database.is_down = False
    groups = server.database.groups
    assert await server.recorder.record([call("2")]) == [RecordedCall(call("2"), later=True)]
    assert server.database.groups == groups
    server.empty()
    await server.until_complete()
    assert list(server.database.calls) == ["1", "2"]


async def test_a_call_whose_commit_was_not_confirmed_is_recorded_once(server: Server) -> None:
    server.database.fail = lambda: "after"
    assert await server.recorder.record([call("1")]) == [RecordedCall(call("1"), later=True)]
    assert list(server.database.calls) == ["1"]
    server.database.fail = lambda: ""
    server.empty()
    await server.until_complete()
    assert list(server.database.calls) == ["1"]


async def test_a_repeat_of_a_call_in_the_spool_gets_the_first_record(server: Server) -> None:
    server.database.is_down = True
    first = call("1", 1)
    await server.recorder.record([first])
    recorded = await server.recorder.record([first._replace(call_time=2, user_id="other"), call("2")])
    assert recorded == [RecordedCall(first, later=True), RecordedCall(call("2"), later=True)]


async def test_when_the_spool_is_full_calls_are_refused_and_counted(tmp_path: Path) -> None:
    server = Server(tmp_path / "spool", max_bytes=300_000)
    server.database.is_down = True
    before = _shown("localdial_spool_refusals_total")
    kept: list[str] = []

    async def fill() -> None:
        for group in range(1000):
            await server.recorder.record([call(f"{group:04}-{index:02}") for index in range(50)])
            kept.extend(f"{group:04}-{index:02}" for index in range(50))

    with pytest.raises(StorageUnavailable):
        await fill()
    assert kept
    assert _shown("localdial_spool_refusals_total") - before == 50
    server.database.is_down = False
    server.empty()
    await server.until_complete()
    assert list(server.database.calls) == kept
    assert await server.recorder.record([call("after")]) == [RecordedCall(call("after"))]
    await server.close()


async def test_the_spool_becomes_empty_under_constant_load(server: Server) -> None:
    server.database.is_down = True
    for group in range(30):
        await server.recorder.record([call(f"before-{group}-{index}") for index in range(100)])
    server.database.is_down = False
    stop = asyncio.Event()

    async def load(worker: int) -> None:
        number = 0
        while not stop.is_set():
            await server.recorder.record([call(f"{worker}-{number}-{index}") for index in range(20)])
            number += 1

    async with asyncio.timeout(DEADLINE_SECONDS):
        workers = [asyncio.create_task(load(worker)) for worker in range(4)]
        server.empty()
        await server.until_complete()
        stop.set()
        await asyncio.gather(*workers)


@pytest.mark.parametrize("seed", range(6))
async def test_every_acknowledged_call_reaches_the_database_once_and_in_order(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    server = Server(tmp_path / "spool", batch_size=chance.choice([3, 10, 500]))
    failures = ["", "", "", "before", "after"]
    server.database.fail = lambda: chance.choice(failures)
    log = GroupCommitLog(server.recorder.record, chance.choice([0, 0.001]))
    acknowledged: list[str] = []
    # Of each call the last one that had been acknowledged before it was begun.
    later_than: dict[str, int] = {}
    server.empty()

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
            server.database.is_down = chance.random() < 0.5
            await asyncio.sleep(chance.random() * 0.05)

    coming_and_going = asyncio.create_task(come_and_go())
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*(load(worker) for worker in range(5)))
    coming_and_going.cancel()
    server.database.is_down, failures[:] = False, [""]
    await server.until_complete()
    committed = list(server.database.calls)
    assert sorted(committed) == sorted(acknowledged)
    # A call that began after another was acknowledged is committed after it.
    place = {call_id: index for index, call_id in enumerate(committed)}
    latest_so_far = [-1]
    for call_id in acknowledged:
        latest_so_far.append(max(latest_so_far[-1], place[call_id]))
    for call_id, begun in later_than.items():
        assert place[call_id] > latest_so_far[begun]
    await server.close()


async def test_a_full_disk_refuses_calls_only_until_the_database_has_those_of_the_spool(
    server: Server,
) -> None:
    server.database.is_down = True
    await server.recorder.record([call("1"), call("2")])
    with full_disk():
        with pytest.raises(StorageUnavailable):
            await server.recorder.record([call("3")])
        server.database.is_down = False
        server.empty()
        await server.until_complete()
        assert await server.recorder.record([call("4")]) == [RecordedCall(call("4"))]
    assert list(server.database.calls) == ["1", "2", "4"]


async def test_calls_in_the_spool_of_a_dead_process_are_recorded_too(server: Server) -> None:
    other = SpoolFolder(server.path, _MANY_BYTES).take()
    await other.add([call("left")])
    with pytest.raises(StorageUnavailable):
        await server.log.require_complete()
    server.empty()
    await asyncio.sleep(0.02)
    # It is not touched while its process lives.
    assert server.database.calls == {}
    await other.close()
    await server.until_complete()
    assert list(server.database.calls) == ["left"]


async def test_an_unreadable_file_does_not_keep_other_spools_from_being_emptied(server: Server) -> None:
    (server.path / "9.db").write_bytes(b"this is no database" * 1000)
    (server.path / "9.waiting").touch()
    emptying = server.empty()
    await asyncio.sleep(0.1)
    assert not emptying.done()
    server.database.is_down = True
    await server.recorder.record([call("1")])
    server.database.is_down = False
    await until(lambda: not server.spool.count, emptying)
    assert list(server.database.calls) == ["1"]
    # The unreadable file may hold calls.
    with pytest.raises(StorageUnavailable):
        await server.log.require_complete()


async def test_an_unexpected_error_loses_no_call_and_does_not_stop_the_emptying(server: Server) -> None:
    def fail() -> str:
        raise ArithmeticError

    server.database.is_down = True
    await server.recorder.record([call("1")])
    server.database.is_down, server.database.fail = False, fail
    emptying = server.empty()
    await until(lambda: server.database.groups >= 4, emptying)
    server.database.fail = lambda: ""
    await server.until_complete()
    assert list(server.database.calls) == ["1"]


@pytest.mark.parametrize("turns", range(40))
async def test_emptying_that_is_cancelled_anywhere_loses_and_repeats_no_call(
    tmp_path: Path, turns: int
) -> None:
    server = Server(tmp_path / "spool")
    server.database.is_down = True
    await server.recorder.record([call("1"), call("2")])
    server.database.is_down = False
    emptying = asyncio.create_task(server.recorder.empty_spools())
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    emptying.cancel()
    await asyncio.wait({emptying})
    await server.recorder.close()
    again = Server(tmp_path / "spool")
    again.database.calls = server.database.calls
    again.empty()
    await again.until_complete()
    assert list(again.database.calls) == ["1", "2"]
    assert again.spool.count == 0
    await again.close()


async def test_calls_in_the_spool_wait_for_the_next_server(tmp_path: Path) -> None:
    server = Server(tmp_path / "spool")
    server.database.is_down = True
    await server.recorder.record([call("1")])
    await server.close()
    again = Server(tmp_path / "spool")
    assert again.spool.count == 1
    # Neither it nor anything newer passes by it.
    assert await again.recorder.record([call("2")]) == [RecordedCall(call("2"), later=True)]
    again.empty()
    await again.until_complete()
    assert list(again.database.calls) == ["1", "2"]
    await again.close()


async def test_a_disk_that_fails_for_a_while_refuses_calls_and_loses_none(server: Server) -> None:
    server.database.is_down = True
    await server.recorder.record([call("1")])
    server.disk.fails = True
    with pytest.raises(StorageUnavailable):
        await server.recorder.record([call("2")])
    server.database.is_down = False
    emptying = server.empty()
    await asyncio.sleep(0.05)
    assert not emptying.done()
    with pytest.raises(StorageUnavailable):
        await server.log.require_complete()
    server.disk.fails = False
    await server.until_complete()
    # The refused call may be recorded all the same.
    assert list(server.database.calls) == ["1", "2"]
