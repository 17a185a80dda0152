"""Buying numbers: what guards against losing sight of one after a crash, an odd error or a late adoption."""

import asyncio

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending
from localdial_server.domain.model import NumberState
from tests.unit.app.house import FOREVER, READ_LAG_SECONDS, House

FIRST, SECOND = "+14155550100", "+14155550101"


class OddError(Exception):
    """What no carrier says, but a mistake in the code for one does."""


def _make_order_fail(house: House, monkeypatch: pytest.MonkeyPatch, phone_number: str) -> None:
    """Let the order of the number, carried out or held up as it may be, end in an odd error."""
    order = house.carrier.order

    async def fail_at_last(ordered: str, reference: str, timeout: float) -> object:  # noqa: ASYNC109 (the port's)
        owned = await order(ordered, reference, timeout)
        if ordered == phone_number:
            raise OddError
        return owned

    monkeypatch.setattr(house.carrier, "order", fail_at_last)


async def test_what_a_process_ordered_just_before_it_died_is_not_dropped_by_the_next(house: House) -> None:
    # Its intent is old by then: the order waited for its turn at the carrier.
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    # The order reaches the carrier, and its answer nobody.
    await house.carrier.order(FIRST, (await house.numbers())[0].reference, FOREVER)
    await house.restart()
    assert purchasing.done()
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    house.clock.advance(READ_LAG_SECONDS - 5)
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]


async def test_an_order_that_fails_oddly_does_not_end_the_purchase_before_the_others_are_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_order_fail(house, monkeypatch, FIRST)
    first, second = (house.carrier.hold(Operation.ORDER) for _ in range(2))
    purchasing = house.purchase(2)
    await first.reached()
    await second.reached()
    first.open()
    await asyncio.wait({purchasing}, timeout=0.1)
    # Or a repeat would order while an order of the same purchase is under way.
    assert not purchasing.done()
    second.open()
    with pytest.raises(OddError):
        await purchasing
    assert SECOND in await house.shown()
    answer = await house.purchase(2)
    assert {number.phone_number for number in answer.numbers} == {FIRST, SECOND}
    assert house.carrier.calls[Operation.ORDER] == 2


async def test_a_slow_order_that_ended_in_an_odd_error_has_its_read_lag(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_order_fail(house, monkeypatch, FIRST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    gate.open()
    with pytest.raises(OddError):
        await purchasing
    with pytest.raises(PurchasePending):
        await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_number_that_turns_up_after_the_final_answer_changes_no_repeat(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.lasting.clear()
    # Of two that sweep, the faster one gives the order up, and a repeat buys another.
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    slower = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    house.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    await house.sweep_later()
    answer = await house.purchase()
    assert [number.phone_number for number in answer.numbers] == [SECOND]
    gate.open()
    await slower
    assert {number.phone_number for number in await house.numbers()} == {FIRST, SECOND}
    request = await house.store.read(lambda reader: reader.request("org-a", "request"))
    assert request is not None
    assert request.is_final
    assert await house.purchase() == answer
