"""Buying from a carrier that takes an order first and fills it later."""

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending
from localdial_server.domain.model import NumberState
from tests.unit.app.harness import FIRST, READ_LAG_SECONDS, SECOND, Harness


@pytest.fixture
async def harness(harness: Harness) -> Harness:
    """A harness whose carrier fills orders later."""
    harness.orders_are_asynchronous = True
    await harness.restart()
    return harness


async def test_a_purchase_waits_until_its_orders_are_filled(harness: Harness) -> None:
    answer = await harness.purchase(3)
    assert [number.state for number in answer.numbers] == [NumberState.ACTIVE] * 3
    assert len(await harness.paid_for()) == 3


async def test_an_order_that_takes_long_is_pending_and_adopted_by_a_repeat(harness: Harness) -> None:
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.clear()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    # The simulator fills the order after the look-up of this repeat.
    with pytest.raises(PurchasePending):
        await harness.purchase()
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert await harness.paid_for() == {FIRST}


async def test_a_pending_order_is_not_abandoned_however_old_it_is(harness: Harness) -> None:
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.clear()
    harness.clock.advance(100 * READ_LAG_SECONDS)
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]


async def test_for_an_order_that_failed_another_number_is_ordered(harness: Harness) -> None:
    gate = harness.carrier.hold_answer(Operation.ORDER)
    purchasing = harness.purchase()
    await gate.reached()
    (order,) = await harness.numbers()
    await harness.simulator.fail_order(order.reference)
    gate.open()
    answer = await purchasing
    assert [number.phone_number for number in answer.numbers] == [SECOND]
    assert await harness.owner_of(FIRST) is None


async def test_an_order_whose_answer_was_lost_is_waited_for_too(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert await harness.paid_for() == {FIRST}
