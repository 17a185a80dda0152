"""Resolving, also in batches, and routing while the database is down."""

import asyncio

import pytest

from localdial_server.app.outbound_calls import Leg, OutboundCalls
from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.app.ports.store import CallQuery
from localdial_server.concurrency import time_slices
from localdial_server.domain.errors import (
    CallIdReused,
    OrganizationNotFound,
    RevisionNotReached,
    StorageUnavailable,
    UserNotFound,
)
from localdial_server.domain.model import User
from tests.unit.app.harness import A, B, Harness

CALLEE = "+14155550123"


@pytest.fixture
async def outbound(harness: Harness) -> OutboundCalls:
    await harness.add_organization(A, "+13125550150")
    await harness.directory.set_users(A, [User(A, "ann", work_phone="+13125550160")])
    return harness.outbound


async def test_a_storage_failure_never_looks_like_nobody_called(
    harness: Harness, outbound: OutboundCalls
) -> None:
    await outbound.resolve(Leg(A, "ann", CALLEE))
    harness.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await harness.inbound.route("+13125550150", CALLEE)
    assert (await harness.inbound.route("+13125550150", CALLEE)).user_id == "ann"


async def test_a_call_that_cannot_be_recorded_is_an_error(harness: Harness, outbound: OutboundCalls) -> None:
    await harness.snapshots.get(A)
    harness.database.fail_write()
    with pytest.raises(StorageUnavailable):
        await outbound.resolve(Leg(A, "ann", CALLEE, "call"))
    assert (await outbound.resolve(Leg(A, "ann", CALLEE, "call"))).call.call_id == "call"


async def test_the_organizations_of_a_batch_are_loaded_at_the_same_time(
    harness: Harness, outbound: OutboundCalls
) -> None:
    await harness.add_organization(B, "+12125550150")
    await harness.directory.set_users(B, [User(B, "bob")])
    first, second = harness.database.hold_read(), harness.database.hold_read()
    batch = asyncio.create_task(
        outbound.resolve_batch([Leg(A, "ann", CALLEE), Leg(B, "bob", CALLEE), Leg("none", "x", CALLEE)])
    )
    # Both loads run before either has ended.
    await first.reached()
    await second.reached()
    first.open()
    second.open()
    ann, bob, nobody = await batch
    assert isinstance(ann, RecordedCall)
    assert isinstance(bob, RecordedCall)
    assert (ann.call.caller_id, bob.call.caller_id) == ("+13125550150", "+12125550150")
    assert isinstance(nobody, OrganizationNotFound)


async def test_a_batch_is_recorded_in_few_transactions(harness: Harness, outbound: OutboundCalls) -> None:
    await harness.snapshots.get(A)
    before = harness.database.writes
    answers = await outbound.resolve_batch([Leg(A, "ann", f"+1415555{line:04}") for line in range(500)])
    assert [isinstance(answer, RecordedCall) for answer in answers] == [True] * 500
    assert harness.database.writes <= before + 3


async def test_a_batch_lets_the_loop_go_when_its_time_is_over(
    harness: Harness, outbound: OutboundCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_slices, "SECONDS", 0)
    await harness.snapshots.get(A)
    batch = asyncio.create_task(
        outbound.resolve_batch([Leg(A, "ann", f"+1415555{line:04}") for line in range(500)])
    )
    await asyncio.sleep(0)
    lone = await outbound.resolve(Leg(A, "ann", CALLEE))
    last = (await batch)[-1]
    assert isinstance(last, RecordedCall)
    assert lone.call.call_time < last.call.call_time


async def test_a_leg_that_fails_does_so_alone_and_in_its_place(
    harness: Harness, outbound: OutboundCalls
) -> None:
    await harness.snapshots.get(A)
    first, unknown, reused, late, last = await outbound.resolve_batch(
        [
            Leg(A, "ann", CALLEE, "call"),
            Leg(A, "nobody", CALLEE),
            Leg(A, "ann", "+12125550123", "call"),
            Leg(A, "ann", CALLEE, min_revision=99),
            Leg(A, "ann", CALLEE, "last"),
        ]
    )
    assert isinstance(first, RecordedCall)
    assert isinstance(unknown, UserNotFound)
    assert isinstance(reused, CallIdReused)
    assert isinstance(late, RevisionNotReached)
    assert isinstance(last, RecordedCall)
    assert (first.call.call_id, last.call.call_id) == ("call", "last")


async def test_when_a_batch_cannot_be_recorded_each_of_its_calls_fails(
    harness: Harness, outbound: OutboundCalls
) -> None:
    await harness.snapshots.get(A)
    harness.database.fail_write()
    *calls, tried = await outbound.resolve_batch(
        [Leg(A, "ann", CALLEE), Leg(A, "ann", CALLEE), Leg(A, "ann", CALLEE, validate_only=True)]
    )
    assert [type(call) for call in calls] == [StorageUnavailable] * 2
    assert isinstance(tried, RecordedCall)


async def test_a_caller_that_gives_up_on_a_batch_leaves_its_records_and_no_leg_that_waits(
    harness: Harness, outbound: OutboundCalls
) -> None:
    await harness.add_organization(B)
    await harness.snapshots.get(A)
    tasks = asyncio.all_tasks()
    commit, load = harness.database.hold_write(), harness.database.hold_read()
    batch = asyncio.create_task(
        outbound.resolve_batch([Leg(A, "ann", CALLEE, "call"), Leg(B, "bob", CALLEE), Leg(B, "bob", CALLEE)])
    )
    await commit.reached()
    await load.reached()
    batch.cancel()
    await asyncio.wait({batch})
    # A leg that is cancelled takes a turn of the event loop to end.
    await asyncio.sleep(0)
    # The commit and the load continue, because other callers may wait for them.
    assert len(asyncio.all_tasks() - tasks) == 2
    commit.open()
    load.open()
    await asyncio.wait(asyncio.all_tasks() - tasks, timeout=5)
    assert batch.cancelled()
    assert [call.call_id for call in await outbound.list_calls(CallQuery(A), None, 9)] == ["call"]
