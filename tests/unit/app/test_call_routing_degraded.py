"""Call-backs that may be degraded: they ring the organization number when the database does not answer."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from localdial_server.app.call_routing import CallRouting, Leg
from localdial_server.app.ports.store import InboundCallQuery, Reader, Store
from localdial_server.concurrency.thread_pool import ThreadPool
from localdial_server.domain.callers import NumberReader
from localdial_server.domain.errors import NoDestination, NumberNotFound, StorageUnavailable
from localdial_server.domain.model import DestinationReason, InboundCall, User
from tests.support.waiting import DEADLINE_SECONDS, until
from tests.unit.app.harness import FOREVER, A, B, Harness

T = TypeVar("T")

CALLEE, ORGANIZATION_NUMBER, WORK_PHONE = "+14155550123", "+13125550150", "+13125550160"


class FakeStore:
    """A store that is down, or never answers."""

    def __init__(self) -> None:
        self.hangs = False
        self.cancelled = 0

    async def read(self, _name: str, _work: Callable[[Reader], T]) -> T:
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
    await harness.routing.resolve(Leg(A, "ann", CALLEE))
    await harness.number_index.refresh()
    return ours


class StuckReader:
    """A reader whose method `step` hangs until `released`."""

    def __init__(self, reader: Reader, step: str, released: threading.Event) -> None:
        self._reader = reader
        self._step = step
        self._released = released

    def __getattr__(self, name: str) -> Any:
        if name == self._step:
            self._released.wait(DEADLINE_SECONDS)
        return getattr(self._reader, name)


class StuckStore:
    """A store that hangs at one step of a read: as it waits for a thread, or at a method of the reader."""

    def __init__(self, store: Store, step: str, released: threading.Event) -> None:
        self._store = store
        self._step = step
        self._released = released
        self._threads: ThreadPool[None] = ThreadPool("stuck", 1, contextlib.nullcontext)

    async def read(self, name: str, work: Callable[[Reader], T]) -> T:
        if self._step == "thread":
            self._busy = asyncio.create_task(self._run(lambda: self._released.wait(DEADLINE_SECONDS)))
            # Let it take the only thread.
            await asyncio.sleep(0)
            return await self._run(lambda: pytest.fail("a thread was free"))
        return await self._store.read(
            name,
            lambda reader: work(StuckReader(reader, self._step, self._released)),
        )

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._threads.run(
            lambda _: work(), turn_seconds=DEADLINE_SECONDS, run_seconds=DEADLINE_SECONDS
        )


class StuckLog:
    """A call log whose folder hangs, if `hangs`."""

    def __init__(self, released: threading.Event, *, hangs: bool) -> None:
        self._released = released
        self._hangs = hangs

    def require_complete(self) -> None:
        if self._hangs:
            self._released.wait(DEADLINE_SECONDS)


def routing_on(store: FakeStore, harness: Harness, *, degraded_after: float = FOREVER) -> CallRouting:
    """Return call routing with the harness's index over this store."""
    return CallRouting(
        store=store,  # type: ignore[arg-type]  # only reads
        snapshots=harness.snapshots,
        call_log=None,  # type: ignore[arg-type]  # no call is recorded
        inbound_call_log=harness.inbound_call_log,
        clock=harness.clock,
        new_call_id=str,
        number_index=harness.number_index,
        degraded_after=degraded_after,
        number_reader=NumberReader("US"),
        permissions=harness.permissions,
    )


async def route(harness: Harness, called: str, caller: str = CALLEE) -> InboundCall:
    return await harness.routing.route(called, caller, allow_degraded=True)


async def test_while_the_database_answers_nothing_is_degraded(harness: Harness, ours: str) -> None:
    found = await route(harness, ours)
    assert (found.destination_number, found.reason) == (WORK_PHONE, DestinationReason.LAST_CALLER)
    assert not found.degraded
    again = await harness.routing.route(ours, CALLEE)
    assert again == replace(found, call_id=again.call_id, call_time=again.call_time)
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
    listed = await harness.routing.list_inbound_calls(InboundCallQuery(A), None, 9)
    assert found in listed
    harness.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await harness.routing.route(ours, caller)


async def test_a_number_that_is_unknown_or_would_loop_stays_unavailable(harness: Harness, ours: str) -> None:
    routing = routing_on(FakeStore(), harness)
    assert (await routing.route(ours, CALLEE, allow_degraded=True)).degraded
    for called, caller in (
        ("+12125559999", CALLEE),
        (ours, ORGANIZATION_NUMBER),
        (ORGANIZATION_NUMBER, CALLEE),
        (ORGANIZATION_NUMBER, ""),
    ):
        with pytest.raises(StorageUnavailable):
            await routing.route(called, caller, allow_degraded=True)


async def test_a_call_back_to_the_caller_id_of_users_rings_their_organization_number(
    harness: Harness, ours: str
) -> None:
    await harness.add_organization(B, "+13125550151")
    own, shared = "+12125550170", "+12125550171"
    await harness.directory.set_users(A, [User(A, "ann", caller_id=own), User(A, "bob", caller_id=own)])
    await harness.directory.set_users(A, [User(A, "cid", caller_id=shared)])
    await harness.directory.set_users(B, [User(B, "eve", caller_id=shared), User(B, "dan", caller_id=ours)])
    await harness.number_index.refresh()
    routing = routing_on(FakeStore(), harness)
    for called in own, ours:
        found = await routing.route(called, CALLEE, allow_degraded=True)
        assert (found.organization_id, found.destination_number) == (A, ORGANIZATION_NUMBER)
        assert (found.degraded, found.user_id) == (True, None)
    with pytest.raises(StorageUnavailable):
        await routing.route(shared, CALLEE, allow_degraded=True)


async def test_without_an_organization_number_a_call_back_stays_unavailable(harness: Harness) -> None:
    (ours,) = await harness.bought(organization_id=B)
    await harness.number_index.refresh()
    with pytest.raises(StorageUnavailable):
        await routing_on(FakeStore(), harness).route(ours, CALLEE, allow_degraded=True)


async def test_a_database_that_hangs_is_waited_for_no_longer_than_the_setting(
    harness: Harness, ours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FakeStore()
    store.hangs = True
    loop = asyncio.get_running_loop()
    offset = 0.0
    real_time = loop.time
    monkeypatch.setattr(loop, "time", lambda: real_time() + offset)
    # Only the time that the test adds can end a wait of an hour.
    routing = routing_on(store, harness)
    answer = asyncio.create_task(routing.route(ours, CALLEE, allow_degraded=True))
    await asyncio.sleep(0.01)
    assert not answer.done()
    offset = FOREVER + 1
    async with asyncio.timeout(2 * FOREVER):
        found = await answer
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
    assert store.cancelled == 1


async def test_a_call_that_waits_in_a_spool_degrades_the_call_back(harness: Harness, ours: str) -> None:
    class IncompleteLog:
        def require_complete(self) -> None:
            raise StorageUnavailable

    server = harness.another_server(IncompleteLog())  # type: ignore[arg-type]  # no call is recorded
    found = await server.routing.route(ours, CALLEE, allow_degraded=True)
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
    with pytest.raises(StorageUnavailable):
        await server.routing.route(ours, CALLEE)
    # Nobody can have called a caller without a number.
    assert not (await server.routing.route(ours, "", allow_degraded=True)).degraded


@pytest.mark.parametrize(("seconds_left", "waits"), [(0.5, 0.25), (0.2, 0.1), (0.0, 0.0)])
async def test_a_caller_that_is_in_a_hurry_gets_its_degraded_answer_before_its_deadline(
    harness: Harness, ours: str, seconds_left: float, waits: float
) -> None:
    store = FakeStore()
    store.hangs = True
    begun = time.monotonic()
    found = await routing_on(store, harness).route(
        ours, CALLEE, allow_degraded=True, seconds_left=seconds_left
    )
    assert waits <= time.monotonic() - begun < DEADLINE_SECONDS / 2
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)


async def test_a_long_deadline_makes_nobody_wait_longer_than_the_setting(harness: Harness, ours: str) -> None:
    store = FakeStore()
    store.hangs = True
    routing = routing_on(store, harness, degraded_after=0.05)
    async with asyncio.timeout(DEADLINE_SECONDS):
        found = await routing.route(ours, CALLEE, allow_degraded=True, seconds_left=FOREVER)
    assert found.degraded


@pytest.mark.parametrize(
    "step", ["thread", "require_complete", "owner_of", "organization", "last_call_to", "user"]
)
async def test_whatever_hangs_a_call_back_is_degraded_after_the_setting(
    harness: Harness, ours: str, step: str
) -> None:
    released = threading.Event()
    routing = CallRouting(
        store=StuckStore(harness.store, step, released),  # type: ignore[arg-type]  # only reads
        snapshots=harness.snapshots,
        call_log=StuckLog(released, hangs=step == "require_complete"),  # type: ignore[arg-type]  # records none
        inbound_call_log=harness.inbound_call_log,
        clock=harness.clock,
        new_call_id=str,
        number_index=harness.number_index,
        degraded_after=0.2,
        number_reader=NumberReader("US"),
        permissions=harness.permissions,
    )
    begun = time.monotonic()
    try:
        found = await routing.route(ours, CALLEE, allow_degraded=True)
        took = time.monotonic() - begun
    finally:
        released.set()
    assert (found.destination_number, found.degraded) == (ORGANIZATION_NUMBER, True)
    # Much less than a hanging step takes, on a busy machine too.
    assert 0.2 <= took < DEADLINE_SECONDS / 2
