"""One purchase on two servers at once, as after a retry through a load balancer."""

import asyncio

import pytest

from localdial_server.app.numbers.purchase import PurchaseAnswer
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import CarrierNotAvailable, PurchasePending
from tests.support.waiting import DEADLINE_SECONDS, until
from tests.unit.app.harness import A, Harness


class Other:
    """Another server on the harness's database, with the same carrier account."""

    def __init__(self, harness: Harness) -> None:
        self._purchasing = harness.another_server().purchasing

    async def purchase(self, quantity: int) -> PurchaseAnswer:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self._purchasing.purchase(A, "415", quantity, "request")


@pytest.fixture
async def other(harness: Harness) -> Other:
    await harness.add_organization(A)
    return Other(harness)


@pytest.mark.parametrize("quantity", [1, 3])
async def test_a_server_orders_nothing_for_a_request_that_another_is_ordering_for(
    harness: Harness, other: Other, quantity: int
) -> None:
    gates = [harness.carrier.hold(Operation.ORDER) for _ in range(quantity)]
    first = harness.purchase(quantity)
    for gate in gates:
        await gate.reached()
    with pytest.raises(PurchasePending):
        await other.purchase(quantity)
    for gate in gates:
        gate.open()
    answer = await first
    assert answer.unfilled_count == 0
    assert await other.purchase(quantity) == answer
    assert len(harness.carrier.ordered) == quantity == len(await harness.paid_for())


async def test_two_servers_share_the_orders_of_one_request(harness: Harness, other: Other) -> None:
    gate = harness.carrier.hold(Operation.SEARCH)
    first = harness.purchase(4)
    await gate.reached()
    # The first server has searched for four numbers when the second has bought them already.
    answer = await other.purchase(4)
    gate.open()
    assert await first == answer
    assert len(harness.carrier.ordered) == 4 == len(await harness.paid_for())


async def test_a_slow_server_answers_pending_when_another_ended_the_request_with_nothing(
    harness: Harness, other: Other
) -> None:
    gate = harness.carrier.hold_answer(Operation.SEARCH)
    first = harness.purchase(1)
    await gate.reached()
    harness.faults.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await other.purchase(1)
    gate.open()
    # The first server found numbers, but the request has ended, and only a repeat starts it again.
    with pytest.raises(PurchasePending):
        await first
    assert harness.carrier.ordered == []
    assert len((await harness.purchase(1)).numbers) == 1 == len(await harness.paid_for())


async def test_a_server_opens_no_more_orders_at_once_than_the_request_still_needs(
    harness: Harness, other: Other
) -> None:
    slow_search = harness.carrier.hold(Operation.SEARCH)
    first = harness.purchase(12)
    await slow_search.reached()
    answers = [harness.carrier.hold_answer(Operation.ORDER) for _ in range(8)]
    second = asyncio.create_task(other.purchase(12))
    for answer in answers:
        await answer.reached()
    # The other server has opened eight orders, and this one finds numbers for twelve.
    slow_search.open()
    await until(lambda: len(harness.carrier.ordered) >= 12)
    for answer in answers:
        answer.open()
    assert await first == await second
    assert len(harness.carrier.ordered) == 12 == len(await harness.paid_for())
