"""Call-backs are recorded once, in whatever order calls and outcomes come."""

import asyncio
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from localdial_server.app.ports.store import InboundCallQuery
from localdial_server.domain.errors import NoDestination, StorageUnavailable
from localdial_server.domain.model import (
    DestinationReason,
    InboundCall,
    InboundCallOutcome,
    User,
)
from localdial_server.storage.call_log.inbound import (
    InboundDatabaseRecorder,
    InboundSpoolingRecorder,
    QueuedInboundCallLog,
)
from localdial_server.storage.call_log.spool import INBOUND_CALLS
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from tests.conformance.store_records import recorded_call_back
from tests.support.databases import open_sqlite
from tests.support.stores import store_on
from tests.support.waiting import until
from tests.unit.app.harness import A, Harness

CALLER, OURS, MAIN = "+14155550172", "+13125550140", "+18005550150"
DAY = 24 * 3_600_000_000
CALL = InboundCall(A, "c1", 5, OURS, CALLER, MAIN, DestinationReason.ORGANIZATION_NUMBER)


async def _listed(harness: Harness, *, missed: bool = False) -> Sequence[InboundCall]:
    # The queue is committed by a task; it is done when nothing is queued.
    await until(lambda: not harness.inbound_call_log.queued("c1"))
    return await harness.inbound.list_inbound_calls(InboundCallQuery(A, missed=missed), None, 10)


@pytest.fixture
async def acme(harness: Harness) -> Harness:
    await harness.add_organization(A, MAIN)
    await harness.directory.set_users(A, [User(A, "ann", caller_id=OURS)])
    return harness


async def test_call_backs_are_listed_by_any_number_of_the_phone(acme: Harness) -> None:
    callers = "+5215512345678", "+525512345678", "+14155550172"
    calls = [
        await acme.inbound.route(OURS, caller, call_id=f"c{index}") for index, caller in enumerate(callers)
    ]
    await until(lambda: not any(acme.inbound_call_log.queued(call.call_id) for call in calls))
    for number in callers[:2]:
        query = InboundCallQuery(A, caller_number=number)
        found = await acme.inbound.list_inbound_calls(query, None, 10)
        assert {call.call_id for call in found} == {"c0", "c1"}
        assert len(await acme.inbound.list_inbound_calls(query, None, 1)) == 1
    query = InboundCallQuery(A, caller_number=callers[0], called_number=OURS, missed=True)
    assert await acme.inbound.list_inbound_calls(query, None, 10) == []


async def test_a_call_back_is_recorded_once_and_a_repeat_gets_the_first_answer(acme: Harness) -> None:
    first = await acme.inbound.route(OURS, CALLER, call_id="c1")
    assert (first.destination_number, first.reason) == (MAIN, DestinationReason.ORGANIZATION_NUMBER)
    assert await _listed(acme) == [first]
    await acme.directory.set_users(A, [User(A, "ann", caller_id=OURS, work_phone="+13125550151")])
    assert await acme.inbound.route(OURS, CALLER, call_id="c1") == first
    assert (await acme.inbound.route(OURS, CALLER, call_id="c2")).user_id == "ann"
    # Another caller's call is not refused for its call_id.
    other = await acme.inbound.route(OURS, "anonymous", call_id="c1")
    assert (other.user_id, other.caller_number) == ("ann", None)
    assert other.call_id != "c1"
    await until(lambda: not acme.inbound_call_log.queued(other.call_id))
    assert {call.call_id for call in await _listed(acme)} == {"c1", "c2", other.call_id}


async def test_a_call_back_without_a_destination_is_missed(acme: Harness) -> None:
    await acme.add_organization(A)
    for _ in range(2):
        with pytest.raises(NoDestination):
            await acme.inbound.route(OURS, CALLER, call_id="c1")
        (call,) = await _listed(acme, missed=True)
        assert (call.destination_number, call.outcome) == (None, InboundCallOutcome.MISSED)


async def test_an_outcome_may_come_before_its_call(acme: Harness) -> None:
    await acme.inbound.report_outcome(A, "c1", InboundCallOutcome.SCREENED_OUT)
    assert await _listed(acme) == []
    await acme.inbound.route(OURS, CALLER, call_id="c1")
    (call,) = await _listed(acme, missed=True)
    assert (call.outcome, call.caller_number) == (InboundCallOutcome.SCREENED_OUT, CALLER)
    await acme.inbound.report_outcome(A, "c1", InboundCallOutcome.ANSWERED_BY_FALLBACK)
    assert await _listed(acme, missed=True) == []
    await acme.inbound.report_outcome(A, "c1", InboundCallOutcome.MISSED)
    (call,) = await _listed(acme)
    assert call.outcome is InboundCallOutcome.ANSWERED_BY_FALLBACK


def test_parts_of_a_call_give_the_same_record_in_any_order() -> None:
    reports = [
        InboundCall(A, "c1", time, outcome=outcome, outcome_time=time)
        for time, outcome in ((6, InboundCallOutcome.MISSED), (7, InboundCallOutcome.ANSWERED_BY_FALLBACK))
    ]
    merged = {a.merged_with(b).merged_with(c) for a, b, c in permutations([CALL, *reports])}
    assert len(merged) == 1
    (record,) = merged
    assert (record.called_number, record.outcome_time) == (OURS, 7)


async def test_a_record_does_not_overtake_those_in_the_spool(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "localdial.db")
    folder = SpoolFolder(tmp_path / "spool", 10_000_000, spooled=INBOUND_CALLS)
    spool = folder.take()
    is_down = True
    recorder = InboundDatabaseRecorder(database)

    async def record(calls: Sequence[InboundCall]) -> None:
        if is_down:
            raise StorageUnavailable
        await recorder.record(calls)

    spooling = InboundSpoolingRecorder(record, folder, spool, retry_seconds=0.01)
    await spooling.record([CALL])
    is_down = False
    # The database is up again, and gave this repeat another answer.
    await spooling.record([CALL._replace(destination_number=OURS, degraded=True)])
    emptying = asyncio.create_task(spooling.empty_spools())
    await until(lambda: spool.count == 0, emptying)
    emptying.cancel()
    recorded = await store_on(database).read("test", lambda reader: recorded_call_back(reader, A, "c1"))
    assert recorded == CALL
    await spooling.close()
    await database.close()


async def test_a_call_during_an_outage_is_spooled_and_recorded_later(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "localdial.db")
    folder = SpoolFolder(tmp_path / "spool", 10_000_000, spooled=INBOUND_CALLS)
    spool = folder.take()
    is_down = True
    recorder = InboundDatabaseRecorder(database)

    async def record(calls: Sequence[InboundCall]) -> None:
        if is_down:
            raise StorageUnavailable
        await recorder.record(calls)

    spooling = InboundSpoolingRecorder(record, folder, spool, retry_seconds=0.01)
    log = QueuedInboundCallLog(spooling.record)
    log.record(CALL)
    await log.close()
    assert spool.count == 1
    emptying = asyncio.create_task(spooling.empty_spools())
    report = InboundCall(A, "c1", 9, outcome=InboundCallOutcome.ANSWERED, outcome_time=9)
    await spooling.record([report])
    assert spool.count == 1
    is_down = False
    await until(lambda: spool.count == 0, emptying)
    emptying.cancel()
    recorded = await store_on(database).read("test", lambda reader: recorded_call_back(reader, A, "c1"))
    assert recorded == CALL.merged_with(report)
    await spooling.close()
    await database.close()


async def test_a_full_queue_drops_new_calls_and_keeps_the_first() -> None:
    recorded: list[InboundCall] = []
    is_down = True

    async def record(calls: Sequence[InboundCall]) -> None:
        if is_down:
            raise StorageUnavailable
        recorded.extend(calls)

    log = QueuedInboundCallLog(record, max_calls=1, retry_seconds=0.01)
    log.record(CALL)
    log.record(InboundCall(A, "c2", 6))
    await asyncio.sleep(0.03)
    is_down = False
    await log.close()
    assert recorded == [CALL]
