"""Buying numbers, when the carrier does not say what became of an order.

It is never ordered elsewhere before that is known, and known it is only when the
order shows at the carrier, or had the time to and does not.
"""

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending, StorageUnavailable
from localdial_server.domain.model import NumberState
from tests.unit.app.house import READ_LAG_SECONDS, A, B, House

FIRST, SECOND, THIRD = "+14155550100", "+14155550101", "+14155550102"

LOOK_UP_FAULTS = pytest.mark.parametrize("look_up_fault", [Fault.NOT_SEEN, Fault.UNAVAILABLE])


async def _pending(house: House, order_fault: Fault, look_up_fault: Fault = Fault.NOT_SEEN) -> None:
    """Begin a purchase of one number whose outcome stays unknown as long as look-ups fail."""
    house.faults.add(Operation.ORDER, order_fault)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = look_up_fault
    with pytest.raises(PurchasePending):
        await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_an_order_that_went_through_unseen_is_looked_up_and_adopted(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    answer = await house.purchase()
    (number,) = answer.numbers
    assert (number.phone_number, number.state, number.region) == (FIRST, NumberState.ACTIVE, "CA")
    assert answer.unfilled_count == 0
    assert house.carrier.calls[Operation.ORDER] == 1
    assert await house.shown() == {FIRST}


async def test_an_order_that_shows_at_the_last_look_up_is_adopted(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN, Fault.UNAVAILABLE)
    (number,) = (await house.purchase()).numbers
    assert number.state is NumberState.ACTIVE
    assert house.carrier.calls[Operation.ORDER] == 1


@LOOK_UP_FAULTS
async def test_while_the_outcome_is_unknown_the_number_is_the_organizations_and_on_no_call(
    house: House, look_up_fault: Fault
) -> None:
    await _pending(house, Fault.ANSWER_LOST, look_up_fault)
    (number,) = await house.numbers()
    assert number.state is NumberState.PURCHASING
    assert await house.owner_of(FIRST) == A
    assert await house.shown() == set()


@LOOK_UP_FAULTS
async def test_a_repeat_gets_the_number_when_the_outcome_is_known(house: House, look_up_fault: Fault) -> None:
    await _pending(house, Fault.ANSWER_LOST, look_up_fault)
    house.faults.lasting.clear()
    answer = await house.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert answer.unfilled_count == 0
    assert house.carrier.calls[Operation.ORDER] == 1
    assert await house.shown() == {FIRST}
    assert await house.purchase() == answer


@LOOK_UP_FAULTS
async def test_repeats_order_nothing_while_the_outcome_is_unknown(house: House, look_up_fault: Fault) -> None:
    await _pending(house, Fault.ANSWER_LOST, look_up_fault)
    for _ in range(3):
        house.clock.advance(10)
        with pytest.raises(PurchasePending):
            await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]


async def test_a_look_up_that_fails_is_never_taken_for_a_failed_order(house: House) -> None:
    await _pending(house, Fault.ANSWER_LOST, Fault.UNAVAILABLE)
    house.clock.advance(10 * READ_LAG_SECONDS)
    with pytest.raises(PurchasePending):
        await house.purchase()
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_an_order_that_never_went_through_is_replaced_only_after_the_read_lag(house: House) -> None:
    await _pending(house, Fault.REQUEST_LOST)
    house.faults.lasting.clear()
    house.clock.advance(READ_LAG_SECONDS - 2)
    with pytest.raises(PurchasePending):
        await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1
    house.clock.advance(2)
    answer = await house.purchase()
    assert (len(answer.numbers), answer.unfilled_count) == (1, 0)
    references = [reference for _, reference in house.carrier.ordered]
    assert len(references) == len(set(references)) == 2
    assert len(await house.paid_for()) == 1


async def test_what_was_never_bought_is_free_for_others_after_the_read_lag(house: House) -> None:
    await _pending(house, Fault.REQUEST_LOST)
    assert await house.bought(organization_id=B) == [SECOND]
    await house.sweep_later()
    assert await house.numbers() == []
    assert await house.owner_of(FIRST) is None
    assert await house.bought(organization_id=B) == [FIRST]


async def test_the_sweep_adopts_an_order_that_shows_late_and_a_repeat_is_told(house: House) -> None:
    await _pending(house, Fault.ANSWER_LOST)
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    revision = await house.revision()
    house.faults.lasting.clear()
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.ACTIVE]
    assert await house.revision() == revision + 1
    assert await house.shown() == {FIRST}
    answer = await house.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_repeat_buys_what_the_sweep_found_never_bought(house: House) -> None:
    await _pending(house, Fault.REQUEST_LOST)
    house.faults.lasting.clear()
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    await house.sweep_later()
    assert await house.numbers() == []
    answer = await house.purchase()
    assert (len(answer.numbers), answer.unfilled_count) == (1, 0)
    assert len(await house.paid_for()) == 1


async def test_the_sweep_goes_on_to_the_next_number_when_one_cannot_be_looked_up(house: House) -> None:
    house.faults.add(Operation.ORDER, *[Fault.ANSWER_LOST] * 3)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase(3)
    house.faults.lasting.clear()
    house.faults.add(Operation.FIND_BY_REFERENCE, None, Fault.UNAVAILABLE, None)
    await house.sweep.sweep()
    states = [number.state for number in await house.numbers()]
    assert sorted(state.value for state in states) == ["active", "active", "purchasing"]


async def test_of_several_orders_the_known_ones_are_used_while_one_is_unknown(house: House) -> None:
    house.faults.add(Operation.ORDER, None, Fault.ANSWER_LOST, None)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase(3)
    assert await house.shown() == {FIRST, THIRD}
    house.faults.lasting.clear()
    answer = await house.purchase(3)
    assert [number.phone_number for number in answer.numbers] == [FIRST, SECOND, THIRD]
    assert house.carrier.calls[Operation.ORDER] == 3


async def test_the_read_lag_counts_from_the_order_and_not_from_its_intent(house: House) -> None:
    # The order is slow: by the time its connection breaks, the intent is old. But
    # what the carrier shows now says nothing yet about what it did just now.
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    gate.open()
    with pytest.raises(PurchasePending):
        await purchasing
    assert house.carrier.calls[Operation.ORDER] == 1
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]


async def test_an_order_that_waited_for_others_of_its_purchase_has_its_read_lag_too(house: House) -> None:
    # Eight at a time: the ninth is ordered when one of the first is answered.
    slow = [house.carrier.hold(Operation.ORDER) for _ in range(8)]
    house.faults.add(Operation.ORDER, *[None] * 8, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    purchasing = house.purchase(9)
    for gate in slow:
        await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    for gate in slow:
        gate.open()
    with pytest.raises(PurchasePending):
        await purchasing
    assert house.carrier.calls[Operation.ORDER] == 9
    assert len(await house.paid_for()) == 9


async def test_an_order_that_waited_for_others_has_its_read_lag_after_a_crash_too(house: House) -> None:
    slow = [house.carrier.hold(Operation.ORDER) for _ in range(8)]
    purchasing = house.purchase(9)
    for gate in slow:
        await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    ninth = house.carrier.hold_answer(Operation.ORDER)
    for gate in slow:
        gate.open()
    await ninth.reached()
    while len(await house.numbers(state=NumberState.ACTIVE)) < 8:
        assert not purchasing.done()
    await house.restart()
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase(9)
    house.faults.lasting.clear()
    assert len((await house.purchase(9)).numbers) == len(await house.paid_for()) == 9


@pytest.mark.parametrize("answer", [None, Fault.ANSWER_LOST], ids=["answered", "answer lost"])
async def test_a_slow_order_has_its_read_lag_though_its_end_could_not_be_committed(
    house: House, answer: Fault | None
) -> None:
    house.faults.add(Operation.ORDER, answer)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    house.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    with pytest.raises(PurchasePending):
        await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
