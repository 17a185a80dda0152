"""Resolving and routing when the database is away: never an answer that looks like another."""

import asyncio

import pytest

from localdial_server.app.call_routing import CallRouting, Leg, ResolvedCallerId
from localdial_server.domain.errors import OrganizationNotFound, StorageUnavailable
from localdial_server.domain.model import User
from tests.unit.app.harness import A, B, Harness

CALLEE = "+14155550123"


@pytest.fixture
async def routing(harness: Harness) -> CallRouting:
    await harness.add_organization(A, "+13125550150")
    await harness.directory.set_users(A, [User(A, "ann", work_phone="+13125550160")])
    return harness.routing


async def test_a_call_back_while_the_database_is_away_is_not_answered_as_if_nobody_had_called(
    harness: Harness, routing: CallRouting
) -> None:
    await routing.resolve(Leg(A, "ann", CALLEE))
    harness.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await routing.route("+13125550150", CALLEE)
    assert (await routing.route("+13125550150", CALLEE)).user_id == "ann"


async def test_a_call_that_could_not_be_recorded_is_not_answered(
    harness: Harness, routing: CallRouting
) -> None:
    await harness.snapshots.get(A)
    harness.database.fail_write()
    with pytest.raises(StorageUnavailable):
        await routing.resolve(Leg(A, "ann", CALLEE, "call"))
    assert (await routing.resolve(Leg(A, "ann", CALLEE, "call"))).call_id == "call"


async def test_a_leg_does_not_wait_for_the_organization_of_another_to_be_loaded_first(
    harness: Harness, routing: CallRouting
) -> None:
    await harness.add_organization(B, "+12125550150")
    await harness.directory.set_users(B, [User(B, "bob")])
    first, second = harness.database.hold_read(), harness.database.hold_read()
    batch = asyncio.create_task(
        routing.resolve_batch([Leg(A, "ann", CALLEE), Leg(B, "bob", CALLEE), Leg("none", "x", CALLEE)])
    )
    # Both loads are under way before either has ended.
    await first.reached()
    await second.reached()
    first.open()
    second.open()
    ann, bob, nobody = await batch
    assert isinstance(ann, ResolvedCallerId)
    assert isinstance(bob, ResolvedCallerId)
    assert (ann.caller_id, bob.caller_id) == ("+13125550150", "+12125550150")
    assert isinstance(nobody, OrganizationNotFound)
