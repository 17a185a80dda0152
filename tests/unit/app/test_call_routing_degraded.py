"""Call-backs that may be degraded: they ring the organization number when the database does not answer."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection
from typing_extensions import override

from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.app.outbound_calls import Leg
from localdial_server.app.ports.call_backs import CallBack, CallBackFacts, CallBacks
from localdial_server.app.ports.store import InboundCallQuery
from localdial_server.concurrency.thread_pool import ThreadPool
from localdial_server.domain.callers import NumberReader
from localdial_server.domain.errors import NoDestination, NumberNotFound, StorageUnavailable
from localdial_server.domain.model import DestinationReason, InboundCall, User
from localdial_server.storage.engines.database import Readable
from localdial_server.storage.sql.call_back_groups import GroupedCallBacks
from tests.support.waiting import DEADLINE_SECONDS, until
from tests.unit.app.harness import FOREVER, A, B, Harness

T = TypeVar("T")

CALLEE, ORGANIZATION_NUMBER, WORK_PHONE = "+14155550123", "+13125550150", "+13125550160"


class FakeCallBacks(CallBacks):
    """A database that is down, or never answers."""

    def __init__(self) -> None:
        self.hangs = False
        self.cancelled = 0

    @override
    async def look_up(self, call_back: CallBack) -> CallBackFacts | None:
        if not self.hangs:
            raise StorageUnavailable
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled += 1
        raise AssertionError


@pytest.fixture
async def ours(harness: Harness) -> str:
    """Return a number of an organization whose last caller has called `CALLEE`."""
    await harness.add_organization(A, ORGANIZATION_NUMBER)
    await harness.directory.set_users(A, [User(A, "ann", work_phone=WORK_PHONE)])
    (ours,) = await harness.bought()
    await harness.outbound.resolve(Leg(A, "ann", CALLEE))
    await harness.number_index.refresh()
    return ours


class StuckDatabase(Readable):
    """A database whose reads hang at one step until `released`: as they wait for a thread, or in it."""

    def __init__(self, database: Readable, step: str, released: threading.Event) -> None:
        self._database = database
        self._step = step
        self._released = released
        self._threads: ThreadPool[None] = ThreadPool("stuck", 1, contextlib.nullcontext)

    @override
    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        if self._step == "thread":
            self._busy = asyncio.create_task(self._run(lambda: self._released.wait(DEADLINE_SECONDS)))
            # Let it take the only thread.
            await asyncio.sleep(0)
            return await self._run(lambda: pytest.fail("a thread was free"))

        def read(connection: Connection) -> T:
            if self._step == "query":
                self._released.wait(DEADLINE_SECONDS)
            return work(connection)

        return await self._database.read(name, read)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._threads.run(
            lambda _: work(), turn_seconds=DEADLINE_SECONDS, run_seconds=DEADLINE_SECONDS
        )


def inbound_on(call_backs: CallBacks, harness: Harness, *, degraded_after: float = FOREVER) -> InboundCalls:
    """Return inbound calls with the harness's index over this database."""
    return InboundCalls(
        store=harness.store,
        snapshots=harness.snapshots,
        inbound_call_log=harness.inbound_call_log,
        clock=harness.clock,
        new_call_id=str,
        number_index=harness.number_index,
        call_backs=call_backs,
        degraded_after=degraded_after,
        number_reader=NumberReader("US"),
        permissions=harness.permissions,
    )


async def route(harness: Harness, called: str, caller: str = CALLEE) -> InboundCall:
    return await harness.inbound.route(called, caller, allow_degraded=True)


async def test_while_the_database_answers_nothing_is_degraded(harness: Harness, ours: str) -> None:
    found = await route(harness, ours)
    assert (found.destination_number, found.reason) == (WORK_PHONE, DestinationReason.LAST_CALLER)
    assert not found.degraded
    again = await harness.inbound.route(ours, CALLEE)
    assert again == found._replace(call_id=again.call_id, call_time=again.call_time)
    with pytest.raises(NumberNotFound):
        await route(harness, "+12125559999")
    with pytest.raises(NoDestination):
        await route(harness, ORGANIZATION_NUMBER, "+12125550124")


@pytest.mark.parametrize("caller", [CALLEE, ""])
async def test_while_the_database_is_down_the_organization_number_rings(
    harness: Harness, ours: str, caller: str
) -> None:
    harness.database.fail_read()
    found = await route(harness, ours, caller)
    assert found == InboundCall(
        A,
        found.call_id,
        found.call_time,
        ours,
        caller or None,
        ORGANIZATION_NUMBER,
        DestinationReason.ORGANIZATION_NUMBER,
        degraded=True,
    )
    await until(lambda: not harness.inbound_call_log.queued(found.call_id))
    listed = await harness.inbound.list_inbound_calls(InboundCallQuery(A), None, 9)
    assert found in listed
    harness.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await harness.inbound.route(ours, caller)


async def test_a_number_that_is_unknown_or_would_loop_stays_unavailable(harness: Harness, ours: str) -> None:
    inbound = inbound_on(FakeCallBacks(), harness)
    assert (await inbound.route(ours, CALLEE, allow_degraded=True)).degraded
    for called, caller in (
        ("+12125559999", CALLEE),
        (ours, ORGANIZATION_NUMBER),
        (ORGANIZATION_NUMBER, CALLEE),
        (ORGANIZATION_NUMBER, ""),
    ):
        with pytest.raises(StorageUnavailable):
            await inbound.route(called, caller, allow_degraded=True)


async def test_a_call_back_to_the_caller_id_of_users_rings_their_organization_number(
    harness: Harness, ours: str
) -> None:
    await harness.add_organization(B, "+13125550151")
    own, shared = "+12125550170", "+12125550171"
    await harness.directory.set_users(A, [User(A, "ann", caller_id=own), User(A, "bob", caller_id=own)])
    await harness.directory.set_users(A, [User(A, "cid", caller_id=shared)])
    await harness.directory.set_users(B, [User(B, "eve", caller_id=shared), User(B, "dan", caller_id=ours)])
    await harness.number_index.refresh()
    inbound = inbound_on(FakeCallBacks(), harness)
    for called in own, ours:
        found = await inbound.route(called, CALLEE, allow_degraded=True)
        assert (found.organization_id, found.destination_number) == (A, ORGANIZATION_NUMBER)
        assert (found.degraded, found.user_id) == (True, None)
    with pytest.raises(StorageUnavailable):
        await inbound.route(shared, CALLEE, allow_degraded=True)


async def test_without_an_organization_number_a_call_back_stays_unavailable(harness: Harness) -> None:
    (ours,) = await harness.bought(organization_id=B)
    await harness.number_index.refresh()
    with pytest.raises(StorageUnavailable):
        await inbound_on(FakeCallBacks(), harness).route(ours, CALLEE, allow_degraded=True)


async def test_a_database_that_hangs_is_waited_for_no_longer_than_the_setting(
    harness: Harness, ours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_backs = FakeCallBacks()
    call_backs.hangs = True
    loop = asyncio.get_running_loop()
    offset = 0.0
    real_time = loop.time
    monkeypatch.setattr(loop, "time", lambda: real_time() + offset)
    # Only the time that the test adds can end a wait of an hour.
    inbound = inbound_on(call_backs, harness)
    answer = asyncio.create_task(inbound.route(ours, CALLEE, allow_degraded=True))
    await asyncio.sleep(0.01)
    assert not answer.done()
    offset = FOREVER + 1
    async with asyncio.timeout(2 * FOREVER):
        found = await answer
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
    assert call_backs.cancelled == 1


async def test_a_call_that_waits_in_a_spool_degrades_the_call_back(harness: Harness, ours: str) -> None:
    class IncompleteLog:
        async def require_complete(self) -> None:
            raise StorageUnavailable

    server = harness.another_server(IncompleteLog())  # type: ignore[arg-type]  # no call is recorded
    found = await server.inbound.route(ours, CALLEE, allow_degraded=True)
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
    with pytest.raises(StorageUnavailable):
        await server.inbound.route(ours, CALLEE)
    # Nobody can have called a caller without a number.
    assert not (await server.inbound.route(ours, "", allow_degraded=True)).degraded


@pytest.mark.parametrize(("seconds_left", "waits"), [(0.5, 0.25), (0.2, 0.1), (0.0, 0.0)])
async def test_a_caller_that_is_in_a_hurry_gets_its_degraded_answer_before_its_deadline(
    harness: Harness, ours: str, seconds_left: float, waits: float
) -> None:
    call_backs = FakeCallBacks()
    call_backs.hangs = True
    begun = time.monotonic()
    found = await inbound_on(call_backs, harness).route(
        ours, CALLEE, allow_degraded=True, seconds_left=seconds_left
    )
    assert waits <= time.monotonic() - begun < DEADLINE_SECONDS / 2
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)


async def test_a_long_deadline_makes_nobody_wait_longer_than_the_setting(harness: Harness, ours: str) -> None:
    call_backs = FakeCallBacks()
    call_backs.hangs = True
    inbound = inbound_on(call_backs, harness, degraded_after=0.05)
    async with asyncio.timeout(DEADLINE_SECONDS):
        found = await inbound.route(ours, CALLEE, allow_degraded=True, seconds_left=FOREVER)
    assert found.degraded


@pytest.mark.parametrize("step", ["thread", "query", "require_complete"])
async def test_whatever_hangs_a_call_back_is_degraded_after_the_setting(
    harness: Harness, ours: str, step: str
) -> None:
    released = threading.Event()

    async def require_complete() -> None:
        if step == "require_complete":
            await asyncio.to_thread(released.wait, DEADLINE_SECONDS)

    call_backs = GroupedCallBacks(StuckDatabase(harness.database, step, released), require_complete)
    inbound = inbound_on(call_backs, harness, degraded_after=0.2)
    begun = time.monotonic()
    try:
        found = await inbound.route(ours, CALLEE, allow_degraded=True)
        took = time.monotonic() - begun
    finally:
        released.set()
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
    # Much less than a hanging step takes, on a busy machine too.
    assert 0.2 <= took < DEADLINE_SECONDS / 2
