"""Buying numbers when the outcome of an order is unknown.

No other number is ordered in its place until the outcome is known. It is known when
the carrier shows the order, or does not show it after the read lag.
"""

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending, StorageUnavailable
from localdial_server.domain.model import NumberState
from tests.unit.app.harness import FIRST, FOREVER, READ_LAG_SECONDS, SECOND, THIRD, A, B, Harness

LOOK_UP_FAULTS = pytest.mark.parametrize("look_up_fault", [Fault.NOT_SEEN, Fault.UNAVAILABLE])


async def _pending(harness: Harness, order_fault: Fault, look_up_fault: Fault = Fault.NOT_SEEN) -> None:
    """Purchase one number, whose outcome stays unknown as long as look-ups fail."""
    harness.faults.add(Operation.ORDER, order_fault)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = look_up_fault
    with pytest.raises(PurchasePending):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_an_order_whose_response_was_lost_is_looked_up_and_adopted(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    answer = await harness.purchase()
    (number,) = answer.numbers
    assert (number.phone_number, number.state, number.region) == (FIRST, NumberState.ACTIVE, "CA")
    assert answer.unfilled_count == 0
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert await harness.shown() == {FIRST}


async def test_an_order_that_shows_at_the_last_look_up_is_adopted(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN, Fault.UNAVAILABLE)
    (number,) = (await harness.purchase()).numbers
    assert number.state is NumberState.ACTIVE
    assert harness.carrier.calls[Operation.ORDER] == 1


@LOOK_UP_FAULTS
async def test_while_the_outcome_is_unknown_the_number_is_claimed_and_not_shown(
    harness: Harness, look_up_fault: Fault
) -> None:
    await _pending(harness, Fault.RESET_AFTER, look_up_fault)
    (number,) = await harness.numbers()
    assert number.state is NumberState.PURCHASING
    assert await harness.owner_of(FIRST) == A
    assert await harness.shown() == set()


@LOOK_UP_FAULTS
async def test_a_repeat_gets_the_number_when_the_outcome_is_known(
    harness: Harness, look_up_fault: Fault
) -> None:
    await _pending(harness, Fault.RESET_AFTER, look_up_fault)
    harness.faults.lasting.clear()
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert answer.unfilled_count == 0
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert await harness.shown() == {FIRST}
    assert await harness.purchase() == answer


@LOOK_UP_FAULTS
async def test_repeats_order_nothing_while_the_outcome_is_unknown(
    harness: Harness, look_up_fault: Fault
) -> None:
    await _pending(harness, Fault.RESET_AFTER, look_up_fault)
    for _ in range(3):
        harness.clock.advance(10)
        with pytest.raises(PurchasePending):
            await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]


async def test_a_failed_look_up_does_not_count_as_a_failed_order(harness: Harness) -> None:
    await _pending(harness, Fault.RESET_AFTER, Fault.UNAVAILABLE)
    harness.clock.advance(10 * READ_LAG_SECONDS)
    with pytest.raises(PurchasePending):
        await harness.purchase()
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_an_order_that_never_went_through_is_replaced_only_after_the_read_lag(
    harness: Harness,
) -> None:
    await _pending(harness, Fault.RESET_BEFORE)
    harness.faults.lasting.clear()
    harness.clock.advance(READ_LAG_SECONDS - 2)
    with pytest.raises(PurchasePending):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1
    harness.clock.advance(2)
    answer = await harness.purchase()
    assert (len(answer.numbers), answer.unfilled_count) == (1, 0)
    references = [reference for _, reference in harness.carrier.ordered]
    assert len(references) == len(set(references)) == 2
    assert len(await harness.paid_for()) == 1


async def test_the_read_lag_counts_from_the_end_of_the_order_and_the_purchase_time_stays(
    harness: Harness,
) -> None:
    gate = harness.carrier.hold(Operation.ORDER)
    harness.faults.add(Operation.ORDER, Fault.RESET_BEFORE)
    purchasing = harness.purchase()
    await gate.reached()
    (opened,) = await harness.numbers()
    harness.clock.advance(READ_LAG_SECONDS)
    end = harness.clock.now()
    gate.open()
    with pytest.raises(PurchasePending):
        await purchasing
    (extended,) = await harness.numbers()
    assert extended.purchase_time == opened.purchase_time == opened.carrier_busy_until
    assert extended.carrier_busy_until > end


async def test_a_number_that_was_never_bought_is_free_for_others_after_the_read_lag(harness: Harness) -> None:
    await _pending(harness, Fault.RESET_BEFORE)
    assert await harness.bought(organization_id=B) == [SECOND]
    await harness.sweep_later()
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None
    assert await harness.bought(organization_id=B) == [FIRST]


async def test_the_sweep_adopts_a_late_number_and_a_repeat_returns_it(
    harness: Harness,
) -> None:
    await _pending(harness, Fault.RESET_AFTER)
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    revision = await harness.revision()
    harness.faults.lasting.clear()
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]
    assert await harness.revision() == revision + 1
    assert await harness.shown() == {FIRST}
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_repeat_buys_a_number_for_an_order_that_the_sweep_abandoned(harness: Harness) -> None:
    await _pending(harness, Fault.RESET_BEFORE)
    harness.faults.lasting.clear()
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    await harness.sweep_later()
    assert await harness.numbers() == []
    answer = await harness.purchase()
    assert (len(answer.numbers), answer.unfilled_count) == (1, 0)
    assert len(await harness.paid_for()) == 1


async def test_the_sweep_settles_the_next_number_when_one_look_up_fails(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, *[Fault.RESET_AFTER] * 3)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase(3)
    harness.faults.lasting.clear()
    harness.faults.add(Operation.FIND_BY_REFERENCE, None, Fault.UNAVAILABLE, None)
    await harness.sweep.sweep()
    states = [number.state for number in await harness.numbers()]
    assert sorted(state.value for state in states) == ["active", "active", "purchasing"]


async def test_numbers_of_known_orders_are_used_while_another_order_is_unknown(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, None, Fault.RESET_AFTER, None)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase(3)
    assert await harness.shown() == {FIRST, THIRD}
    harness.faults.lasting.clear()
    answer = await harness.purchase(3)
    assert [number.phone_number for number in answer.numbers] == [FIRST, SECOND, THIRD]
    assert harness.carrier.calls[Operation.ORDER] == 3


async def test_the_read_lag_counts_from_the_order_and_not_from_the_commit_before_it(harness: Harness) -> None:
    # The order is slow: when its connection breaks, its pending order is already old. But the
    # carrier may not show yet what it did a moment ago.
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    purchasing, gate = await harness.purchase_until_ordered()
    harness.clock.advance(READ_LAG_SECONDS)
    gate.open()
    with pytest.raises(PurchasePending):
        await purchasing
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]


async def test_the_read_lag_applies_to_an_order_that_waited_for_others(
    harness: Harness,
) -> None:
    # Eight at a time: the ninth is ordered when one of the first is answered.
    slow = [harness.carrier.hold(Operation.ORDER) for _ in range(8)]
    harness.faults.add(Operation.ORDER, *[None] * 8, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    purchasing = harness.purchase(9)
    for gate in slow:
        await gate.reached()
    harness.clock.advance(READ_LAG_SECONDS)
    for gate in slow:
        gate.open()
    with pytest.raises(PurchasePending):
        await purchasing
    assert harness.carrier.calls[Operation.ORDER] == 9
    assert len(await harness.paid_for()) == 9


async def test_the_read_lag_applies_after_a_crash_to_an_order_that_waited_for_others(
    harness: Harness,
) -> None:
    slow = [harness.carrier.hold(Operation.ORDER) for _ in range(8)]
    purchasing = harness.purchase(9)
    for gate in slow:
        await gate.reached()
    harness.clock.advance(READ_LAG_SECONDS)
    ninth = harness.carrier.hold_answer(Operation.ORDER)
    for gate in slow:
        gate.open()
    await ninth.reached()
    while len(await harness.numbers(state=NumberState.ACTIVE)) < 8:
        assert not purchasing.done()
    await harness.restart()
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase(9)
    harness.faults.lasting.clear()
    assert len((await harness.purchase(9)).numbers) == len(await harness.paid_for()) == 9


@pytest.mark.parametrize("answer", [None, Fault.RESET_AFTER], ids=["answered", "answer lost"])
async def test_the_read_lag_applies_to_a_slow_order_whose_end_could_not_be_committed(
    harness: Harness, answer: Fault | None
) -> None:
    harness.faults.add(Operation.ORDER, answer)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    purchasing, gate = await harness.purchase_until_ordered()
    harness.clock.advance(READ_LAG_SECONDS)
    harness.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    with pytest.raises(PurchasePending):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]


async def test_an_order_placed_just_before_a_crash_is_not_abandoned_by_the_next_process(
    harness: Harness,
) -> None:
    # The order waits for its turn at the carrier, so its pending order is old by then.
    purchasing, _ = await harness.purchase_until_ordered()
    harness.clock.advance(READ_LAG_SECONDS)
    # The order reaches the carrier, but its response is lost.
    await harness.carrier.order(FIRST, (await harness.numbers())[0].reference, FOREVER)
    await harness.restart()
    assert purchasing.done()
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    harness.clock.advance(READ_LAG_SECONDS - 5)
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
