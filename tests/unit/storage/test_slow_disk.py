"""A slow disk under the spool holds up only the calls that need it, never the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from localdial_server.app.outbound_calls import Leg
from localdial_server.app.use_cases import UseCases
from localdial_server.domain.errors import NoDestination
from localdial_server.domain.model import User
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.recorders import DatabaseRecorder, SpoolingRecorder
from localdial_server.storage.call_log.spool import Disk, Spool
from localdial_server.storage.call_log.spool_check import SpoolCheck
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from tests.conformance.store_records import call
from tests.support.waiting import DEADLINE_SECONDS, until
from tests.unit.app.harness import A, Harness

_MANY_BYTES = 100_000_000
_CALLEE = "+14155550123"
_OURS = "+13125550150"


class StuckDisk(Disk):
    """A disk that the test can stop: its operations wait until the test lets them go on.

    The test does so on the event loop. An operation that blocks the loop is
    therefore never let go on, and fails at the deadline.
    """

    def __init__(self) -> None:
        self.reached: list[str] = []
        self._goes_on = threading.Event()
        self._goes_on.set()

    def stop(self) -> None:
        self._goes_on.clear()

    def go_on(self) -> None:
        self._goes_on.set()

    async def until_stopped(self, operation: str) -> None:
        """Wait until the operation is held up."""
        await until(lambda: operation in self.reached)

    def create(self, path: Path) -> None:
        self._wait("create")
        super().create(path)

    def exists(self, path: Path) -> bool:
        self._wait("exists")
        return super().exists(path)

    def remove(self, path: Path) -> None:
        self._wait("remove")
        super().remove(path)

    def inode(self, path: Path) -> int:
        self._wait("inode")
        return super().inode(path)

    def names(self, folder: Path) -> Sequence[str]:
        self._wait("names")
        return super().names(folder)

    def _wait(self, operation: str) -> None:
        if not self._goes_on.is_set():
            self.reached.append(operation)
            assert self._goes_on.wait(DEADLINE_SECONDS), f"{operation} blocks the event loop"


@pytest.fixture
def disk() -> StuckDisk:
    return StuckDisk()


@pytest.fixture
def folder(tmp_path: Path, disk: StuckDisk) -> SpoolFolder:
    return SpoolFolder(tmp_path / "spool", _MANY_BYTES, disk)


@pytest.fixture
async def spool(folder: SpoolFolder) -> AsyncIterator[Spool]:
    spool = folder.take()
    yield spool
    await spool.close()


@pytest.fixture
async def server(tmp_path: Path, folder: SpoolFolder, spool: Spool) -> AsyncIterator[UseCases]:
    """A server with a snapshot in memory, whose first call goes to the spool."""
    harness = Harness(tmp_path / "localdial.db")
    harness.open()
    await harness.add_organization(A, _OURS)
    await harness.directory.set_users(A, [User(A, "ann")])
    database = DatabaseRecorder(harness.database)
    recorder = SpoolingRecorder(database.record, database.record_earlier, folder, spool)
    call_log = GroupCommitLog(recorder.record, 0, is_complete=SpoolCheck(folder, DEADLINE_SECONDS).is_empty)
    server = harness.another_server(call_log)
    await _resolve(server)
    harness.database.fail_write()
    yield server
    await harness.crash()


async def _resolve(server: UseCases) -> None:
    answer = await server.outbound.resolve(Leg(A, "ann", _CALLEE, validate_only=True))
    assert answer.call.caller_id == _OURS


async def test_resolves_go_on_while_a_call_is_spooled(server: UseCases, disk: StuckDisk) -> None:
    disk.stop()
    recorded = asyncio.create_task(server.outbound.resolve(Leg(A, "ann", _CALLEE)))
    await disk.until_stopped("exists")
    await _resolve(server)
    assert not recorded.done()
    disk.go_on()
    assert (await recorded).later


async def test_resolves_go_on_while_a_call_back_waits_for_the_disk(server: UseCases, disk: StuckDisk) -> None:
    disk.stop()
    call_back = asyncio.create_task(server.inbound.route(_OURS, _CALLEE))
    await disk.until_stopped("names")
    await _resolve(server)
    disk.go_on()
    with pytest.raises(NoDestination):
        await call_back


async def test_resolves_go_on_while_the_spool_is_emptied(
    server: UseCases, disk: StuckDisk, spool: Spool
) -> None:
    await spool.add([call("1")])
    disk.stop()
    removed = asyncio.create_task(spool.remove_first(1))
    await disk.until_stopped("remove")
    await _resolve(server)
    disk.go_on()
    await removed
    assert spool.count == 0
