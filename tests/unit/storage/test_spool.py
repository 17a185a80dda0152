"""The spool: durable, in order, with each call once, and of bounded size."""

import asyncio
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from typing_extensions import override

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.spool import Disk, Spool
from localdial_server.storage.call_log.spool_folder import ForeignSpool, SpoolFolder
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from tests.conformance.store_records import A, B, call
from tests.support.full_disk import full_disk
from tests.support.waiting import DEADLINE_SECONDS

_MANY_BYTES = 100_000_000

# Opens a spool, adds a call and claims the folder (each if named), prints the file's number and
# waits to be killed.
_PROCESS = """
import asyncio, sys, time
from pathlib import Path
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from tests.conformance.store_records import call

async def main() -> None:
    folder = SpoolFolder(Path(sys.argv[1]), 100_000_000)
    spool = folder.take()
    if sys.argv[2]:
        await spool.add([call(sys.argv[2])])
    if sys.argv[3]:
        folder.claim(sys.argv[3], spool)
    print(spool.path.stem, flush=True)
    time.sleep(600)

asyncio.run(main())
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Start a process with a spool: with a call of that id in it, and claimed for `database`, if named."""
    with ExitStack() as started:

        def start(call_id: str, database: str = "") -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-c", _PROCESS, str(path), call_id, database],
                stdout=subprocess.PIPE,
                text=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield start


def _spool_number(process: "subprocess.Popen[str]") -> str:
    """Wait for the process to print the number of its spool, and return it."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "it died"
    return line.strip()


def _kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(DEADLINE_SECONDS)


def _markers(path: Path) -> list[str]:
    return sorted(file.name for file in path.glob("*.waiting"))


def _modes(path: Path) -> set[int]:
    return {stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}


def _ids(calls: Sequence[OutboundCall]) -> list[str]:
    return [each.call_id for each in calls]


async def test_calls_come_out_in_the_order_in_which_they_were_added(path: Path) -> None:
    spool = SpoolFolder(path, _MANY_BYTES).take()
    # Neither the ids nor the times are in that order.
    ids = [str(number) for number in range(30)]
    random.Random(1).shuffle(ids)
    for time, call_id in enumerate(ids):
        await spool.add([call(call_id, 1000 - time)])
    assert _ids(await spool.first(100)) == ids
    assert _ids(await spool.first(7)) == ids[:7]
    await spool.close()


async def test_calls_that_were_added_together_come_out_in_their_order_too(path: Path) -> None:
    spool = SpoolFolder(path, _MANY_BYTES).take()
    calls = [call("b", 1), call("a", 2, organization_id=B), call("c", 3), call("a", 4, organization_id=A)]
    await spool.add(calls)
    assert await spool.first(10) == calls
    await spool.close()


async def test_a_call_comes_out_unchanged(path: Path) -> None:
    spool = SpoolFolder(path, _MANY_BYTES).take()
    calls = [call("1", 2**60), call("x" * 128)._replace(revision=2**62, user_id="~!")]
    assert await spool.add(calls) == calls
    assert await spool.first(2) == calls
    await spool.close()


async def test_a_repeat_returns_the_first_call_which_is_kept_once(path: Path) -> None:
    spool = SpoolFolder(path, _MANY_BYTES).take()
    first, other = call("1", 1), call("1", 1, organization_id=B)
    await spool.add([first])
    repeat = first._replace(call_time=2, user_id="someone else")
    new = call("2")
    assert await spool.add([repeat, new, other]) == [first, new, other]
    assert spool.count == 3
    assert sorted(_ids(await spool.first(9))) == ["1", "1", "2"]
    # Within one group, too.
    third = call("3", 3)
    assert await spool.add([third, third._replace(call_time=4)]) == [third, third]
    assert spool.count == 4
    await spool.close()


async def test_any_sequence_of_operations_leaves_the_right_count_and_order(path: Path) -> None:
    chance = random.Random(2)
    spool = SpoolFolder(path, _MANY_BYTES).take()
    kept: list[str] = []
    operations = ["add", "add", "repeat", "remove", "remove on a full disk", "remove more", "reopen"]
    for step in range(150):
        match chance.choice(operations):
            case "add":
                ids = [f"{step:05}-{index}" for index in range(chance.randint(1, 9))]
                await spool.add([call(call_id) for call_id in ids])
                kept += ids
            case "repeat" if kept:
                await spool.add([call(chance.choice(kept)), call(f"{step:05}")])
                kept.append(f"{step:05}")
            case "remove":
                number = min(chance.randint(0, 12), len(kept))
                await spool.remove_first(number)
                del kept[:number]
            case "remove more" if chance.random() < 0.3:
                await spool.remove_first(len(kept) + 5)
                kept.clear()
            case "remove on a full disk":
                number = min(chance.randint(0, 12), len(kept))
                with full_disk():
                    await spool.remove_first(number)
                del kept[:number]
            case "reopen":
                await spool.remove_recorded()
                await spool.close()
                spool = SpoolFolder(path, _MANY_BYTES).take()
        assert spool.count == len(kept)
        assert _ids(await spool.first(10_000)) == kept
        assert _markers(path) == (["0.waiting"] if kept else [])
    await spool.close()


async def test_a_full_spool_refuses_calls_until_some_are_removed(path: Path) -> None:
    spool = SpoolFolder(path, 400_000).take()
    acknowledged: list[str] = []

    async def fill() -> None:
        for group in range(1000):
            calls = [call(f"{group:04}-{index:02}") for index in range(50)]
            await spool.add(calls)
            acknowledged.extend(_ids(calls))

    with pytest.raises(StorageUnavailable):
        await fill()
    assert len(acknowledged) > 100
    assert spool.count == len(acknowledged)
    assert _ids(await spool.first(10_000)) == acknowledged
    size = (path / "0.db").stat().st_size
    assert size <= 400_000
    while spool.count:
        await spool.remove_first(100)
    for group in range(3):
        await spool.add([call(f"again-{group}-{index}") for index in range(30)])
    assert len(await spool.first(1000)) == 90
    await spool.close()


async def test_a_call_is_refused_if_no_marker_can_be_set_for_it(path: Path) -> None:
    class ReadOnlyDisk(Disk):
        is_read_only = True

        @override
        def create(self, path: Path) -> None:
            if self.is_read_only:
                raise OSError
            super().create(path)

    disk = ReadOnlyDisk()
    folder = SpoolFolder(path, _MANY_BYTES, disk)
    spool = folder.take()
    with pytest.raises(StorageUnavailable):
        await spool.add([call("1")])
    disk.is_read_only = False
    await spool.add([call("2")])
    assert not folder.is_empty()
    await spool.close()


@pytest.mark.parametrize("replaced", [True, False])
async def test_a_spool_whose_folder_was_moved_away_refuses_calls(path: Path, *, replaced: bool) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    await spool.add([call("1")])
    await asyncio.to_thread(path.rename, path.with_name("elsewhere"))
    if replaced:
        again = folder.take()
        with pytest.raises(StorageUnavailable):
            await spool.add([call("2")])
        await again.close()
    else:
        with pytest.raises(StorageUnavailable):
            await spool.add([call("2")])
        with pytest.raises(StorageUnavailable):
            folder.is_empty()
    await spool.close()


async def test_only_the_owner_may_read_a_marker(path: Path) -> None:
    spool = SpoolFolder(path, _MANY_BYTES).take()
    await spool.add([call("c1")])
    assert _markers(path)
    assert _modes(path) == {0o600}
    await spool.close()


async def test_there_is_a_marker_if_and_only_if_calls_wait(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    assert folder.is_empty()
    await spool.add([call("1"), call("2")])
    assert not folder.is_empty()
    await spool.remove_first(1)
    assert not folder.is_empty()
    await spool.remove_first(1)
    assert folder.is_empty()
    await spool.close()


@pytest.mark.parametrize("waits", [True, False])
async def test_opening_corrects_a_marker_that_a_crash_left_wrong(path: Path, *, waits: bool) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    if waits:
        await spool.add([call("1")])
        (path / "0.waiting").unlink()
    else:
        (path / "0.waiting").touch()
    await spool.close()
    again = folder.take()
    assert again.count == int(waits)
    assert folder.is_empty() is not waits
    await again.close()


async def test_a_folder_belongs_to_one_database_while_its_calls_wait(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    folder.claim("one", spool)
    await spool.add([call("1")])
    folder.claim("one", spool)
    with pytest.raises(ForeignSpool):
        folder.claim("another", spool)
    await spool.close()
    # The same holds for calls in another process's file.
    second = Spool.open(path / "1.db", _MANY_BYTES)
    with pytest.raises(ForeignSpool):
        folder.claim("another", second)
    await second.close()
    spool = folder.take()
    await spool.remove_first(1)
    folder.claim("another", spool)
    await spool.add([call("2")])
    with pytest.raises(ForeignSpool):
        folder.claim("one", spool)
    await spool.close()


async def test_calls_of_an_older_release_belong_to_the_database_that_is_served(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    await spool.add([call("1")])
    folder.claim("one", spool)
    await spool.close()


@pytest.mark.parametrize("served", ["one", ""])
def test_a_folder_belongs_to_one_database_while_it_is_served(path: Path, start: Start, served: str) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    before = folder.take()
    folder.claim("before", before)
    before.close_now()
    process = start("", served)
    assert _spool_number(process) == "0"
    spool = folder.take()
    # A process that has not claimed the folder yet will check it later.
    folder.claim(served or "another", spool)
    if served:
        with pytest.raises(ForeignSpool):
            folder.claim("another", spool)
        _kill(process)
        folder.claim("another", spool)
    spool.close_now()


async def test_an_acknowledged_call_survives_kill_9(path: Path, start: Start) -> None:
    process = start("acknowledged")
    assert _spool_number(process) == "0"
    assert not SpoolFolder(path, _MANY_BYTES).is_empty()
    _kill(process)
    (spool,) = SpoolFolder(path, _MANY_BYTES).take_abandoned()
    assert _ids(await spool.first(9)) == ["acknowledged"]
    await spool.close()


async def test_the_next_process_opens_the_file_of_a_dead_one(path: Path, start: Start) -> None:
    process = start("left")
    assert _spool_number(process) == "0"
    _kill(process)
    spool = SpoolFolder(path, _MANY_BYTES).take()
    assert spool.count == 1
    await spool.add([call("new")])
    assert _ids(await spool.first(9)) == ["left", "new"]
    await spool.close()


async def test_two_processes_never_hold_the_same_file(path: Path, start: Start) -> None:
    processes = [start("") for _ in range(4)]
    numbers = [_spool_number(process) for process in processes]
    assert sorted(numbers) == ["0", "1", "2", "3"]
    _kill(processes[numbers.index("1")])
    spool = SpoolFolder(path, _MANY_BYTES).take()
    assert spool.path.stem == "1"
    with pytest.raises(DatabaseInUse):
        Spool.open(path / "0.db", _MANY_BYTES)
    await spool.close()


async def test_only_files_that_no_process_holds_are_abandoned(path: Path, start: Start) -> None:
    living, dead = start("living"), start("dead")
    numbers = {_spool_number(living): "living", _spool_number(dead): "dead"}
    _kill(dead)
    mine = SpoolFolder(path, _MANY_BYTES).take()
    # The first free file is that of the dead process.
    assert mine.count == 1
    await mine.close()
    folder = SpoolFolder(path, _MANY_BYTES)
    (spool,) = folder.take_abandoned()
    assert numbers[spool.path.stem] == "dead"
    assert folder.take_abandoned() == []
    await spool.remove_first(1)
    await spool.close()
    assert folder.take_abandoned() == []
    assert not folder.is_empty()


async def test_an_unreadable_file_does_not_hide_the_others(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    first, second = folder.take(), folder.take()
    await second.add([call("1")])
    await second.close()
    for name in "00", "zz":
        (path / f"{name}.db").write_bytes(b"this is no database" * 1000)
        (path / f"{name}.waiting").touch()
    (spool,) = folder.take_abandoned()
    assert _ids(await spool.first(9)) == ["1"]
    assert (path / "zz.db").read_bytes().startswith(b"this is")
    await spool.close()
    await first.close()


async def test_calls_are_found_even_if_a_loss_of_power_took_their_marker(path: Path) -> None:
    # A file's name is durable only once its folder is on the disk.
    folder = SpoolFolder(path, _MANY_BYTES)
    first, second = folder.take(), folder.take()
    for spool in first, second:
        await spool.add([call(spool.path.stem)])
        await spool.close()
    for marker in path.glob("*.waiting"):  # noqa: ASYNC240 - a few files, in a test
        marker.unlink()
    # This time there is one process, where there were two.
    mine = folder.take()
    assert mine.count == 1
    (spool,) = SpoolFolder(path, _MANY_BYTES).take_abandoned()
    assert spool.count == 1
    await spool.close()
    await mine.close()


async def test_calls_that_were_recorded_do_not_wait_on_a_full_disk(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    await spool.add([call(str(number)) for number in range(5)])
    with full_disk():
        with pytest.raises(StorageUnavailable):
            await spool.add([call("refused")])
        await spool.remove_first(3)
        assert (spool.count, _ids(await spool.first(9))) == (2, ["3", "4"])
        assert not folder.is_empty()
        await spool.remove_first(2)
        assert (spool.count, await spool.first(9)) == (0, [])
        assert folder.is_empty()
        with pytest.raises(StorageUnavailable):
            await spool.add([])
    # A call with the identifier of a recorded one waits like any other.
    await spool.add([call("4"), call("5")])
    assert (spool.count, _ids(await spool.first(9))) == (2, ["4", "5"])
    await spool.close()
    again = folder.take()
    assert _ids(await again.first(9)) == ["4", "5"]
    await again.close()


async def test_the_rows_of_recorded_calls_are_removed_once_there_is_room(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    await spool.add([call("1")])
    with full_disk():
        await spool.remove_first(1)
    await spool.remove_recorded()
    await spool.close()
    again = folder.take()
    assert again.count == 0
    await again.close()


async def test_a_crash_on_a_full_disk_only_repeats_recorded_calls(path: Path) -> None:
    folder = SpoolFolder(path, _MANY_BYTES)
    spool = folder.take()
    await spool.add([call("1"), call("2")])
    with full_disk():
        await spool.remove_first(1)
        await spool.close()
    again = folder.take()
    assert _ids(await again.first(9)) == ["1", "2"]
    await again.close()
