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


async def test_a_slow_order_is_pending_and_a_repeat_adopts_its_number(harness: Harness) -> None:
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


async def test_an_order_that_the_carrier_reports_pending_is_never_abandoned(harness: Harness) -> None:
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.clear()
    harness.clock.advance(100 * READ_LAG_SECONDS)
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]


async def test_another_number_is_ordered_in_place_of_a_failed_order(harness: Harness) -> None:
    gate = harness.carrier.hold_answer(Operation.ORDER)
    purchasing = harness.purchase()
    await gate.reached()
    (order,) = await harness.numbers()
    await harness.simulator.fail_order(order.reference)
    gate.open()
    answer = await purchasing
    assert [number.phone_number for number in answer.numbers] == [SECOND]
    assert await harness.owner_of(FIRST) is None


async def test_the_purchase_also_waits_for_an_order_whose_response_was_lost(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert await harness.paid_for() == {FIRST}
