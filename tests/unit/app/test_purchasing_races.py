"""Buying numbers while the sweep, repeats and others look at the same orders."""

import asyncio

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import LocaldialError, PurchasePending, StorageUnavailable
from localdial_server.domain.model import NumberState
from tests.unit.app.house import READ_LAG_SECONDS, A, B, House

FIRST, SECOND, THIRD = "+14155550100", "+14155550101", "+14155550102"


async def _leave_pending(house: House) -> None:
    """Leave FIRST bought, shown by the carrier from now on, and not adopted yet."""
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.lasting.clear()


async def test_the_sweep_does_not_touch_an_order_that_is_under_way(house: House) -> None:
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    await house.sweep_later()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    assert house.carrier.calls[Operation.FIND_BY_REFERENCE] == 0
    gate.open()
    assert [number.phone_number for number in (await purchasing).numbers] == [FIRST]


async def test_the_sweep_does_not_touch_an_order_that_waits_for_its_turn(house: House) -> None:
    gates = [house.carrier.hold(Operation.ORDER) for _ in range(8)]
    purchasing = house.purchase(12)
    for gate in gates:
        await gate.reached()
    before = await house.numbers()
    await house.sweep_later()
    assert await house.numbers() == before
    for gate in gates:
        gate.open()
    assert len((await purchasing).numbers) == 12


async def test_the_sweep_does_not_touch_an_intent_that_is_about_to_be_ordered(house: House) -> None:
    # The intent is committed, and the purchase goes on when the snapshot is loaded.
    await house.shown()
    gate = house.carrier.hold_answer(Operation.SEARCH)
    purchasing = house.purchase()
    await gate.reached()
    committed = house.database.hold_committed()
    gate.open()
    await committed.reached()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    await house.sweep_later()
    committed.open()
    answer = await purchasing
    assert [number.phone_number for number in answer.numbers] == [FIRST]


async def test_the_sweep_does_not_touch_orders_under_way_when_another_of_the_purchase_failed(
    house: House,
) -> None:
    first, second = (house.carrier.hold(Operation.ORDER) for _ in range(2))
    purchasing = house.purchase(2)
    await first.reached()
    await second.reached()
    house.database.fail_write()
    first.open()
    # Whether or not the purchase waits for the other order, that one is under way.
    await asyncio.wait({purchasing}, timeout=0.05)
    await house.sweep_later()
    assert {number.phone_number for number in await house.numbers()} == {FIRST, SECOND}
    second.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    answer = await house.purchase(2)
    assert {number.phone_number for number in answer.numbers} == {FIRST, SECOND}
    assert house.carrier.calls[Operation.ORDER] == 2


async def test_the_sweep_drops_nothing_by_what_it_read_before_the_order_ended(house: House) -> None:
    await _leave_pending(house)
    order = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase(organization_id=B)
    await order.reached()
    # The sweep has read of both numbers, and is busy with the first.
    look_up = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await look_up.reached()
    house.clock.advance(READ_LAG_SECONDS)
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    order.open()
    with pytest.raises(PurchasePending):
        await purchasing
    look_up.open()
    await sweeping
    assert [number.state for number in await house.numbers(B)] == [NumberState.PURCHASING]


async def test_a_look_up_counts_as_of_when_it_was_asked(house: House) -> None:
    await _leave_pending(house)
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    # What the carrier did not show within the read lag is no news after it.
    house.clock.advance(READ_LAG_SECONDS)
    gate.open()
    await sweeping
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]


async def test_a_number_that_was_adopted_during_a_look_up_is_not_dropped_by_it(house: House) -> None:
    await _leave_pending(house)
    house.clock.advance(READ_LAG_SECONDS)
    # The sweep looked a moment too early; while its answer is on its way the order
    # shows, and a repeat adopts it.
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    answer = await house.purchase()
    assert [number.state for number in answer.numbers] == [NumberState.ACTIVE]
    gate.open()
    await sweeping
    assert await house.numbers() == list(answer.numbers)
    assert await house.shown() == {FIRST}


async def test_a_number_that_was_adopted_twice_at_once_counts_once(house: House) -> None:
    await _leave_pending(house)
    revision = await house.revision()
    await asyncio.gather(*(house.sweep.sweep() for _ in range(3)), house.purchase())
    assert await house.revision() == revision + 1
    assert [number.state for number in await house.numbers()] == [NumberState.ACTIVE]


async def test_a_number_that_was_adopted_during_a_look_up_of_a_repeat_is_counted_once(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST, Fault.UNAVAILABLE)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase(2)
    house.faults.lasting.clear()
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    repeating = house.purchase(2)
    await gate.reached()
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.ACTIVE]
    gate.open()
    answer = await repeating
    assert (len(answer.numbers), answer.unfilled_count) == (2, 0)


async def test_a_number_that_was_adopted_deleted_and_released_is_not_adopted_again(house: House) -> None:
    await _leave_pending(house)
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    await house.purchase()
    await house.delete(FIRST)
    gate.open()
    await sweeping
    assert await house.numbers() == []
    assert await house.owner_of(FIRST) is None


async def test_an_order_given_up_for_failed_that_went_through_late_is_recorded(house: House) -> None:
    await _leave_pending(house)
    # Two servers sweep: the one gives the order up just before it shows, the other
    # sees it, and is slower.
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    slower = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    await house.sweep_later()
    assert await house.numbers() == []
    gate.open()
    await slower
    (number,) = await house.numbers()
    assert (number.phone_number, number.state) == (FIRST, NumberState.ACTIVE)
    assert await house.shown() == {FIRST}


async def test_a_drop_of_an_old_intent_spares_a_new_one_for_the_same_number(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.REQUEST_LOST)
    with pytest.raises(PurchasePending):
        await house.purchase()
    (old,) = await house.numbers()
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    await house.sweep_later()
    answer = await house.purchase()
    (new,) = answer.numbers
    assert new.reference != old.reference
    gate.open()
    await sweeping
    assert await house.numbers() == [new]


async def test_a_number_under_purchase_by_one_organization_is_not_sold_to_another(house: House) -> None:
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    assert await house.bought(2, organization_id=B) == [SECOND, THIRD]
    gate.open()
    (number,) = (await purchasing).numbers
    assert (number.phone_number, number.organization_id) == (FIRST, A)


async def test_an_organization_with_an_order_under_way_cannot_be_deleted(house: House) -> None:
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    with pytest.raises(LocaldialError) as refused:
        await house.directory.delete_organization(A)
    assert refused.value.reason == "ORGANIZATION_HAS_NUMBERS"
    gate.open()
    assert (await purchasing).unfilled_count == 0


async def test_a_search_that_answers_late_claims_nothing_that_was_claimed_meanwhile(house: House) -> None:
    gate = house.carrier.hold_answer(Operation.SEARCH)
    purchasing = house.purchase()
    await gate.reached()
    await house.add_organization(B, FIRST)
    gate.open()
    (number,) = (await purchasing).numbers
    assert number.phone_number == SECOND
    assert await house.owner_of(FIRST) == B
