"""Buying numbers while the sweep, repeats and others settle the same orders."""

import asyncio

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending, ServiceError, StorageUnavailable
from localdial_server.domain.model import NumberState
from tests.unit.app.harness import FIRST, READ_LAG_SECONDS, SECOND, THIRD, A, B, Harness


async def _leave_pending(harness: Harness) -> None:
    """Leave FIRST bought and visible at the carrier, but not adopted yet."""
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.lasting.clear()


async def test_the_sweep_does_not_touch_an_order_in_flight(harness: Harness) -> None:
    purchasing, gate = await harness.purchase_until_ordered()
    await harness.sweep_later()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    assert harness.carrier.calls[Operation.FIND_BY_REFERENCE] == 0
    gate.open()
    assert [number.phone_number for number in (await purchasing).numbers] == [FIRST]


async def test_the_sweep_does_not_touch_an_order_that_waits_for_its_turn(harness: Harness) -> None:
    gates = [harness.carrier.hold(Operation.ORDER) for _ in range(8)]
    purchasing = harness.purchase(12)
    for gate in gates:
        await gate.reached()
    before = await harness.numbers()
    await harness.sweep_later()
    assert await harness.numbers() == before
    for gate in gates:
        gate.open()
    assert len((await purchasing).numbers) == 12


async def test_the_sweep_does_not_touch_an_order_that_is_about_to_be_sent(
    harness: Harness,
) -> None:
    # The pending order is committed, but the purchase does not know that yet.
    await harness.shown()
    gate = harness.carrier.hold_answer(Operation.SEARCH)
    purchasing = harness.purchase()
    await gate.reached()
    committed = harness.database.hold_committed()
    gate.open()
    await committed.reached()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    await harness.sweep_later()
    committed.open()
    answer = await purchasing
    assert [number.phone_number for number in answer.numbers] == [FIRST]


async def test_the_sweep_does_not_touch_orders_in_flight_when_another_of_the_purchase_failed(
    harness: Harness,
) -> None:
    first, second = (harness.carrier.hold(Operation.ORDER) for _ in range(2))
    purchasing = harness.purchase(2)
    await first.reached()
    await second.reached()
    harness.database.fail_write()
    first.open()
    # Whether or not the purchase waits for the other order, that order is in flight.
    await asyncio.wait({purchasing}, timeout=0.05)
    await harness.sweep_later()
    assert {number.phone_number for number in await harness.numbers()} == {FIRST, SECOND}
    second.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    answer = await harness.purchase(2)
    assert {number.phone_number for number in answer.numbers} == {FIRST, SECOND}
    assert harness.carrier.calls[Operation.ORDER] == 2


async def test_a_slow_sweep_does_not_abandon_an_order_that_ended_after_its_read(
    harness: Harness,
) -> None:
    await _leave_pending(harness)
    order = harness.carrier.hold(Operation.ORDER)
    purchasing = harness.purchase(organization_id=B)
    await order.reached()
    # The sweep has read both numbers, and looks up the first.
    look_up = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await look_up.reached()
    harness.clock.advance(READ_LAG_SECONDS)
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    order.open()
    with pytest.raises(PurchasePending):
        await purchasing
    look_up.open()
    await sweeping
    assert [number.state for number in await harness.numbers(B)] == [NumberState.PURCHASING]


async def test_a_look_up_counts_from_when_the_carrier_was_asked(harness: Harness) -> None:
    await _leave_pending(harness)
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await gate.reached()
    # The look-up was within the read lag, so what it did not find proves nothing after it.
    harness.clock.advance(READ_LAG_SECONDS)
    gate.open()
    await sweeping
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]


async def test_a_look_up_does_not_abandon_a_number_that_was_adopted_meanwhile(
    harness: Harness,
) -> None:
    await _leave_pending(harness)
    harness.clock.advance(READ_LAG_SECONDS)
    # The sweep looks the order up a moment too early. Before the response arrives, the order
    # appears and a repeat adopts it.
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await gate.reached()
    answer = await harness.purchase()
    assert [number.state for number in answer.numbers] == [NumberState.ACTIVE]
    gate.open()
    await sweeping
    assert await harness.numbers() == list(answer.numbers)
    assert await harness.shown() == {FIRST}


async def test_a_number_that_is_adopted_twice_at_once_counts_once(harness: Harness) -> None:
    await _leave_pending(harness)
    revision = await harness.revision()
    await asyncio.gather(*(harness.sweep.sweep() for _ in range(3)), harness.purchase())
    assert await harness.revision() == revision + 1
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]


async def test_a_number_that_is_adopted_during_the_look_up_of_a_repeat_counts_once(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER, Fault.UNAVAILABLE)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase(2)
    harness.faults.lasting.clear()
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    repeating = harness.purchase(2)
    await gate.reached()
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]
    gate.open()
    answer = await repeating
    assert (len(answer.numbers), answer.unfilled_count) == (2, 0)


async def test_a_number_that_was_adopted_deleted_and_released_is_not_adopted_again(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    await _leave_pending(harness)
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await gate.reached()
    await harness.purchase()
    await harness.delete(FIRST)
    gate.open()
    await sweeping
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None
    assert "a number could not be settled" not in caplog.text
    # It counts as bought, although it was released since.
    assert await harness.store.read("test", lambda reader: reader.purchases_since(A, 0)[0]) == 1


async def test_an_abandoned_order_that_went_through_late_is_adopted(
    harness: Harness,
) -> None:
    await _leave_pending(harness)
    # Two servers sweep: one abandons the order just before it appears; the other sees it, and is slower.
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    slower = asyncio.ensure_future(harness.sweep.sweep())
    await gate.reached()
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    await harness.sweep_later()
    assert await harness.numbers() == []
    gate.open()
    await slower
    (number,) = await harness.numbers()
    assert (number.phone_number, number.state) == (FIRST, NumberState.ACTIVE)
    assert await harness.shown() == {FIRST}


async def test_abandoning_an_old_order_does_not_affect_a_new_one_for_the_same_number(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_BEFORE)
    with pytest.raises(PurchasePending):
        await harness.purchase()
    (old,) = await harness.numbers()
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await gate.reached()
    await harness.sweep_later()
    answer = await harness.purchase()
    (new,) = answer.numbers
    assert new.reference != old.reference
    gate.open()
    await sweeping
    assert await harness.numbers() == [new]


async def test_a_number_that_one_organization_is_buying_is_not_sold_to_another(
    harness: Harness,
) -> None:
    purchasing, gate = await harness.purchase_until_ordered()
    assert await harness.bought(2, organization_id=B) == [SECOND, THIRD]
    gate.open()
    (number,) = (await purchasing).numbers
    assert (number.phone_number, number.organization_id) == (FIRST, A)


async def test_an_organization_with_an_order_in_flight_cannot_be_deleted(harness: Harness) -> None:
    purchasing, gate = await harness.purchase_until_ordered()
    with pytest.raises(ServiceError) as refused:
        await harness.directory.delete_organization(A)
    assert refused.value.reason == "ORGANIZATION_HAS_NUMBERS"
    gate.open()
    assert (await purchasing).unfilled_count == 0


async def test_numbers_from_a_slow_search_that_were_claimed_meanwhile_are_skipped(
    harness: Harness,
) -> None:
    gate = harness.carrier.hold_answer(Operation.SEARCH)
    purchasing = harness.purchase()
    await gate.reached()
    await harness.add_organization(B, FIRST)
    gate.open()
    (number,) = (await purchasing).numbers
    assert number.phone_number == SECOND
    assert await harness.owner_of(FIRST) == B
