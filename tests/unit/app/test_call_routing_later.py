"""Calls whose records are not in the database yet: resolves report that, and call-backs do not guess."""

import asyncio
from collections.abc import Sequence

import pytest

from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.app.outbound_calls import Leg, OutboundCalls
from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.app.use_cases import UseCases
from localdial_server.domain.errors import (
    CallNotFound,
    NoDestination,
    NumberNotFound,
    StorageUnavailable,
    UserNotFound,
)
from localdial_server.domain.model import OutboundCall, User
from tests.unit.app.harness import A, Harness

CALLEE = "+14155550123"
OURS = "+13125550150"


class WaitingLog:
    """A call log that never writes to the database."""

    def __init__(self) -> None:
        self.calls: dict[str, OutboundCall] = {}
        self.later = True

    def append(self, calls: Sequence[OutboundCall]) -> asyncio.Future[Sequence[RecordedCall]]:
        recorded: asyncio.Future[Sequence[RecordedCall]] = asyncio.get_running_loop().create_future()
        first = [self.calls.setdefault(each.call_id, each) for each in calls]
        recorded.set_result([RecordedCall(each, later=self.later) for each in first])
        return recorded

    async def require_complete(self) -> None:
        if self.calls and self.later:
            raise StorageUnavailable


@pytest.fixture
def log() -> WaitingLog:
    return WaitingLog()


@pytest.fixture
async def server(harness: Harness, log: WaitingLog) -> UseCases:
    """Return a server whose call log is `log`."""
    server = harness.another_server(log)
    await harness.add_organization(A, OURS)
    await server.directory.set_users(A, [User(A, "ann", work_phone="+13125550160")])
    return server


@pytest.fixture
def outbound(server: UseCases) -> OutboundCalls:
    return server.outbound


@pytest.fixture
def inbound(server: UseCases) -> InboundCalls:
    return server.inbound


@pytest.mark.parametrize("later", [True, False])
async def test_a_resolve_says_whether_its_record_is_in_the_database(
    outbound: OutboundCalls, log: WaitingLog, *, later: bool
) -> None:
    log.later = later
    answer = await outbound.resolve(Leg(A, "ann", CALLEE))
    assert (answer.call.call_id, answer.later) == ("call-0", later)


async def test_each_leg_of_a_batch_says_whether_its_record_is_in_the_database(
    outbound: OutboundCalls,
) -> None:
    recorded, tried, unknown = await outbound.resolve_batch(
        [
            Leg(A, "ann", CALLEE, "call"),
            Leg(A, "ann", CALLEE, "other", validate_only=True),
            Leg(A, "nobody", CALLEE),
        ]
    )
    assert isinstance(recorded, RecordedCall)
    assert isinstance(tried, RecordedCall)
    assert (recorded.later, tried.later) == (True, False)
    assert isinstance(unknown, UserNotFound)


async def test_a_repeat_of_a_waiting_call_has_the_same_answer(outbound: OutboundCalls) -> None:
    first = await outbound.resolve(Leg(A, "ann", CALLEE, "call"))
    assert await outbound.resolve(Leg(A, "ann", CALLEE, "call")) == first


async def test_a_call_back_is_not_routed_while_a_call_waits(
    outbound: OutboundCalls, inbound: InboundCalls, log: WaitingLog
) -> None:
    await outbound.resolve(Leg(A, "ann", CALLEE))
    with pytest.raises(StorageUnavailable):
        await inbound.route(OURS, CALLEE)
    log.later = False
    # The called number is the organization number, so there is nowhere else to go.
    with pytest.raises(NoDestination):
        await inbound.route(OURS, CALLEE)


async def test_a_caller_who_withholds_the_number_is_routed_while_a_call_waits(
    harness: Harness, outbound: OutboundCalls, inbound: InboundCalls
) -> None:
    (ours,) = await harness.bought()
    await outbound.resolve(Leg(A, "ann", CALLEE))
    assert (await inbound.route(ours, "")).destination_number == OURS
    with pytest.raises(NumberNotFound):
        await inbound.route("+12125559999", "")


async def test_a_repeat_that_can_no_longer_be_decided_is_unavailable_while_calls_wait(
    server: UseCases, outbound: OutboundCalls
) -> None:
    # The first answer is only in the spool.
    await outbound.resolve(Leg(A, "ann", CALLEE, "call"))
    await server.directory.delete_user(A, "ann")
    with pytest.raises(StorageUnavailable):
        await outbound.resolve(Leg(A, "ann", CALLEE, "call"))


async def test_a_call_whose_record_may_wait_is_not_said_to_be_missing(
    server: UseCases, log: WaitingLog
) -> None:
    call = (await server.outbound.resolve(Leg(A, "ann", CALLEE))).call
    with pytest.raises(StorageUnavailable):
        await server.explanations.explain_call(A, call.call_id)
    log.later = False
    with pytest.raises(CallNotFound):
        await server.explanations.explain_call(A, call.call_id)
