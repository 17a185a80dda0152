"""Buying from a carrier that takes an order first and fills it later."""

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending
from localdial_server.domain.model import NumberState
from tests.unit.app.house import READ_LAG_SECONDS, House

FIRST, SECOND = "+14155550100", "+14155550101"


@pytest.fixture
async def house(house: House) -> House:
    """A house whose carrier fills orders later."""
    house.orders_are_asynchronous = True
    await house.restart()
    return house


async def test_a_purchase_waits_until_its_orders_are_filled(house: House) -> None:
    answer = await house.purchase(3)
    assert [number.state for number in answer.numbers] == [NumberState.ACTIVE] * 3
    assert len(await house.paid_for()) == 3


async def test_an_order_that_takes_long_is_pending_and_adopted_by_a_repeat(house: House) -> None:
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.clear()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    # The look of this repeat is what the simulator fills the order after.
    with pytest.raises(PurchasePending):
        await house.purchase()
    answer = await house.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert await house.paid_for() == {FIRST}


async def test_a_pending_order_is_not_dropped_however_old_it_is(house: House) -> None:
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.clear()
    house.clock.advance(100 * READ_LAG_SECONDS)
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.ACTIVE]


async def test_for_an_order_that_failed_another_number_is_ordered(house: House) -> None:
    gate = house.carrier.hold_answer(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    (intent,) = await house.numbers()
    await house.simulator.fail_order(intent.reference)
    gate.open()
    answer = await purchasing
    assert [number.phone_number for number in answer.numbers] == [SECOND]
    assert await house.owner_of(FIRST) is None


async def test_an_order_whose_answer_was_lost_is_waited_for_too(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    answer = await house.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert await house.paid_for() == {FIRST}
