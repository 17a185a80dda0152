"""Explanations of recorded calls, and of numbers that the routing state lacks."""

import time

import pytest
from sqlalchemy import delete

from localdial_server.app.explanations import ExplainedCall, RecordedCallHistory
from localdial_server.app.outbound_calls import Leg
from localdial_server.app.ports.store import CallQuery, InboundCallQuery
from localdial_server.carriers.simulator.faults import Operation
from localdial_server.domain.audit import AuditEventKind
from localdial_server.domain.call_back import Destination
from localdial_server.domain.costly_numbers import CostlyKind
from localdial_server.domain.dialing_permissions import DialingPermission, DialingPermissions
from localdial_server.domain.errors import (
    CallNotFound,
    NoDestination,
    NumberNotFound,
    OrganizationNotFound,
    RevisionNotReached,
    StorageUnavailable,
    UserNotFound,
)
from localdial_server.domain.explanation import CandidateVerdict
from localdial_server.domain.model import (
    CallerIdReason,
    DestinationReason,
    NumberState,
    OutboundCall,
    User,
)
from localdial_server.storage.sql.schema import audit_events
from tests.unit.app.harness import FIRST, SECOND, A, B, Harness

CALLEE, MAIN, WORK_PHONE = "+14155550172", "+18005550150", "+13125550151"


def set_time(harness: Harness) -> int:
    """Set the clock of the calls to that of the record of changes, and return the time."""
    harness.clock.advance((time.time_ns() // 1000 - harness.clock.now()) / 1_000_000)
    return harness.clock.now()


async def call(harness: Harness, callee: str = CALLEE) -> OutboundCall:
    set_time(harness)
    return (await harness.outbound.resolve(Leg(A, "ann", callee))).call


async def explained(harness: Harness, recorded: OutboundCall) -> tuple[ExplainedCall, RecordedCallHistory]:
    found = await harness.explanations.explain_call(A, recorded.call_id)
    assert found.recorded is not None
    assert found.recorded.call == recorded
    return found, found.recorded


@pytest.fixture(autouse=True)
async def _ann(harness: Harness) -> None:
    set_time(harness)
    await harness.add_organization(A, MAIN)
    await harness.directory.set_user(User(A, "ann", work_phone=WORK_PHONE))


# The candidates that are not active.


async def test_a_number_that_is_being_bought_is_a_candidate_that_is_not_active(harness: Harness) -> None:
    purchasing, gate = await harness.purchase_until_ordered()
    found = await harness.explanations.explain(A, "ann", CALLEE)
    assert found.explanation is not None
    assert found.explanation.decision == (MAIN, CallerIdReason.ORGANIZATION_NUMBER)
    (candidate,) = found.explanation.candidates
    assert (candidate.phone_number, candidate.rank) == (FIRST, 0)
    assert (candidate.verdict, candidate.state) == (CandidateVerdict.NOT_ACTIVE, NumberState.PURCHASING)
    gate.open()
    await purchasing


async def test_a_number_that_is_being_released_is_a_candidate_that_is_not_active(harness: Harness) -> None:
    await harness.bought()
    gate = harness.carrier.hold(Operation.RELEASE)
    deleting = harness.delete(FIRST)
    await gate.reached()
    found = await harness.explanations.explain(A, "ann", CALLEE)
    assert found.explanation is not None
    (candidate,) = found.explanation.candidates
    assert (candidate.verdict, candidate.state) == (CandidateVerdict.NOT_ACTIVE, NumberState.RELEASING)
    gate.open()
    await deleting


async def test_the_decision_is_of_the_state_in_memory_as_that_of_a_resolve(harness: Harness) -> None:
    other = harness.another_server()
    assert (await other.explanations.explain(A, "ann", CALLEE)).explanation is not None
    await harness.bought()
    # The other server has not heard of the purchase yet: its resolve and its explanation agree.
    resolved = await other.outbound.resolve(Leg(A, "ann", CALLEE, validate_only=True))
    found = await other.explanations.explain(A, "ann", CALLEE)
    assert found.explanation is not None
    assert found.explanation.decision == (resolved.call.caller_id, resolved.call.reason)
    assert found.explanation.revision == resolved.call.revision
    assert found.explanation.candidates == []
    newest = await other.explanations.explain(A, "ann", CALLEE, await harness.revision())
    assert newest.explanation is not None
    assert newest.explanation.decision == (FIRST, CallerIdReason.LOCAL_PRESENCE)


# What is not there.


async def test_what_is_not_there_cannot_be_explained(harness: Harness) -> None:
    explanations = harness.explanations
    with pytest.raises(OrganizationNotFound):
        await explanations.explain("nobody", "ann", CALLEE)
    with pytest.raises(UserNotFound):
        await explanations.explain(A, "bob", CALLEE)
    with pytest.raises(RevisionNotReached):
        await explanations.explain(A, "ann", CALLEE, 1000)
    with pytest.raises(OrganizationNotFound):
        await explanations.explain_call("nobody", "call")
    with pytest.raises(CallNotFound) as raised:
        await explanations.explain_call(A, "call")
    assert raised.value.metadata == {"call_id": "call"}


async def test_a_call_of_another_organization_is_not_found(harness: Harness) -> None:
    recorded = await call(harness)
    with pytest.raises(CallNotFound):
        await harness.explanations.explain_call(B, recorded.call_id)


async def test_nothing_is_recorded(harness: Harness) -> None:
    recorded = await call(harness)
    await harness.explanations.explain(A, "ann", CALLEE)
    await harness.explanations.explain_call(A, recorded.call_id)
    assert await harness.outbound.list_calls(CallQuery(A), None, 10) == [recorded]
    assert await harness.inbound.list_inbound_calls(InboundCallQuery(A), None, 10) == []


async def test_while_the_database_is_down_a_call_is_not_said_to_be_missing(harness: Harness) -> None:
    await harness.explanations.explain(A, "ann", "+18005550172")
    harness.database.fail_read()
    with pytest.raises(StorageUnavailable):
        await harness.explanations.explain_call(A, "call")


# The recorded call.


async def test_a_recorded_call_is_explained_as_of_now(harness: Harness) -> None:
    recorded = await call(harness)
    assert recorded.caller_id == MAIN
    await harness.bought()
    found, history = await explained(harness, recorded)
    assert found.callee.region == "US-CA"
    assert found.explanation is not None
    assert found.explanation.decision == (FIRST, CallerIdReason.LOCAL_PRESENCE)
    assert history.call_back == Destination(
        A, WORK_PHONE, DestinationReason.LAST_CALLER, CALLEE, None, "ann", recorded
    )


async def test_the_changes_since_are_those_of_both_caller_ids_the_user_and_the_organization(
    harness: Harness,
) -> None:
    await harness.bought()
    recorded = await call(harness)
    await harness.inventory.map_area_codes(A, FIRST, ["628"])
    await harness.directory.set_user(User(A, "bob"))
    await harness.bought(area_code="212")
    await harness.directory.set_user(User(A, "ann", "Ann"))
    await harness.add_organization(A, "+18005550151")
    await harness.delete(FIRST)
    await harness.external.import_numbers(A, [SECOND])
    _, history = await explained(harness, recorded)
    assert [(event.kind, event.subject) for event in history.changes] == [
        (AuditEventKind.NUMBER_ADDED, SECOND),
        (AuditEventKind.NUMBER_REMOVED, FIRST),
        (AuditEventKind.NUMBER_CHANGED, FIRST),
        (AuditEventKind.AREA_CODES_UNMAPPED, FIRST),
        (AuditEventKind.ORGANIZATION_SET, ""),
        (AuditEventKind.USER_SET, "ann"),
        (AuditEventKind.AREA_CODES_MAPPED, FIRST),
    ]


async def test_a_call_of_a_deleted_user_has_no_decision_now(harness: Harness) -> None:
    recorded = await call(harness)
    await harness.directory.delete_user(A, "ann")
    found, history = await explained(harness, recorded)
    assert found.explanation is None
    assert found.callee.area_code == "415"
    assert [event.kind for event in history.changes] == [AuditEventKind.USER_DELETED]


# The call-back.


async def test_a_call_back_to_a_number_that_is_gone_goes_nowhere(harness: Harness) -> None:
    await harness.bought()
    recorded = await call(harness)
    await harness.delete(FIRST)
    _, history = await explained(harness, recorded)
    assert isinstance(history.call_back, NumberNotFound)


async def test_a_call_back_to_a_number_that_another_organization_has_now_goes_nowhere(
    harness: Harness,
) -> None:
    recorded = await call(harness)
    await harness.add_organization(A)
    await harness.add_organization(B, MAIN)
    _, history = await explained(harness, recorded)
    assert isinstance(history.call_back, NumberNotFound)


async def test_a_call_back_that_nobody_takes_goes_nowhere(harness: Harness) -> None:
    recorded = await call(harness)
    await harness.directory.delete_user(A, "ann")
    _, history = await explained(harness, recorded)
    # The organization number was called, so the call would loop.
    assert isinstance(history.call_back, NoDestination)


async def test_a_call_back_never_goes_to_a_phone_that_may_not_be_dialed(harness: Harness) -> None:
    harness.permissions = DialingPermissions(DialingPermission(frozenset(CostlyKind)))
    await harness.restart()
    await harness.directory.set_user(User(A, "ann", work_phone="+19005550199"))
    await harness.bought()
    recorded = await call(harness)
    _, history = await explained(harness, recorded)
    assert isinstance(history.call_back, Destination)
    assert history.call_back.destination_number == "+19005550199"

    harness.permissions = DialingPermissions()
    await harness.restart()
    _, history = await explained(harness, recorded)
    assert isinstance(history.call_back, Destination)
    assert history.call_back.destination_number == MAIN


# Whether the number was in the inventory.


async def membership(harness: Harness, recorded: OutboundCall) -> bool | None:
    _, history = await explained(harness, recorded)
    return history.was_in_inventory


async def test_a_number_that_was_there_and_still_is_was_in_the_inventory(harness: Harness) -> None:
    await harness.bought()
    assert await membership(harness, await call(harness)) is True


async def test_a_number_that_was_there_and_left_since_was_in_the_inventory(harness: Harness) -> None:
    await harness.bought()
    recorded = await call(harness)
    await harness.delete(FIRST)
    assert await membership(harness, recorded) is True


async def test_a_number_that_left_and_came_back_was_in_the_inventory(harness: Harness) -> None:
    await harness.external.import_numbers(A, [FIRST])
    recorded = await call(harness)
    for _ in range(2):
        await harness.delete(FIRST, request_id=str(time.time_ns()))
        set_time(harness)
        await harness.external.import_numbers(A, [FIRST])
    assert await membership(harness, recorded) is True


async def test_a_number_that_was_never_there_was_not_in_the_inventory(harness: Harness) -> None:
    recorded = await call(harness)
    assert recorded.caller_id == MAIN
    assert await membership(harness, recorded) is False


async def test_a_number_that_came_after_the_call_was_not_in_the_inventory(harness: Harness) -> None:
    recorded = await call(harness)
    set_time(harness)
    await harness.external.import_numbers(A, [MAIN])
    assert await membership(harness, recorded) is False
    await harness.delete(MAIN)
    assert await membership(harness, recorded) is False


async def test_where_the_record_of_changes_does_not_reach_back_it_is_unknown(harness: Harness) -> None:
    recorded = await call(harness)
    await prune(harness)
    assert await membership(harness, recorded) is None


async def test_a_number_that_is_still_there_needs_no_record_of_changes(harness: Harness) -> None:
    await harness.bought()
    recorded = await call(harness)
    await prune(harness)
    assert await membership(harness, recorded) is True


async def prune(harness: Harness) -> None:
    """Delete the whole record of changes."""
    await harness.database.write("test", lambda connection: connection.execute(delete(audit_events)))
