"""Buying numbers: what guards against losing sight of one after a crash, an odd error or a late adoption."""

import asyncio

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import CarrierNotAvailable, PurchasePending
from localdial_server.domain.model import NumberState
from tests.conformance.watched_database import Gate
from tests.unit.app.harness import FOREVER, READ_LAG_SECONDS, Harness

FIRST, SECOND = "+14155550100", "+14155550101"


class OddError(Exception):
    """What no carrier says, but a mistake in the code for one does."""


def _make_order_fail(harness: Harness, monkeypatch: pytest.MonkeyPatch, phone_number: str) -> None:
    """Let the order of the number, carried out or held up as it may be, end in an odd error."""
    order = harness.carrier.order

    async def fail_at_last(ordered: str, reference: str, timeout: float) -> object:  # noqa: ASYNC109 (the port's)
        owned = await order(ordered, reference, timeout)
        if ordered == phone_number:
            raise OddError
        return owned

    monkeypatch.setattr(harness.carrier, "order", fail_at_last)


async def _give_up_an_order_that_another_server_finds(
    harness: Harness,
) -> "tuple[asyncio.Future[None], Gate]":
    """Abandon the order of FIRST while the sweep of another server, at the gate, has found it."""
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.lasting.clear()
    gate = harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    slower = asyncio.ensure_future(harness.sweep.sweep())
    await gate.reached()
    harness.faults.add(Operation.FIND_BY_REFERENCE, Fault.NOT_SEEN)
    await harness.sweep_later()
    assert await harness.numbers() == []
    return slower, gate


async def test_what_a_process_ordered_just_before_it_died_is_not_dropped_by_the_next(
    harness: Harness,
) -> None:
    # Its intent is old by then: the order waited for its turn at the carrier.
    gate = harness.carrier.hold(Operation.ORDER)
    purchasing = harness.purchase()
    await gate.reached()
    harness.clock.advance(READ_LAG_SECONDS)
    # The order reaches the carrier, and its answer nobody.
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


async def test_an_order_that_fails_oddly_does_not_end_the_purchase_before_the_others_are_known(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_order_fail(harness, monkeypatch, FIRST)
    first, second = (harness.carrier.hold(Operation.ORDER) for _ in range(2))
    purchasing = harness.purchase(2)
    await first.reached()
    await second.reached()
    first.open()
    await asyncio.wait({purchasing}, timeout=0.1)
    # Or a repeat would order while an order of the same purchase is under way.
    assert not purchasing.done()
    second.open()
    with pytest.raises(OddError):
        await purchasing
    assert SECOND in await harness.shown()
    answer = await harness.purchase(2)
    assert {number.phone_number for number in answer.numbers} == {FIRST, SECOND}
    assert harness.carrier.calls[Operation.ORDER] == 2


async def test_a_slow_order_that_ended_in_an_odd_error_has_its_read_lag(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_order_fail(harness, monkeypatch, FIRST)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    gate = harness.carrier.hold(Operation.ORDER)
    purchasing = harness.purchase()
    await gate.reached()
    harness.clock.advance(READ_LAG_SECONDS)
    gate.open()
    with pytest.raises(OddError):
        await purchasing
    with pytest.raises(PurchasePending):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_number_that_turns_up_late_counts_for_its_request_if_that_has_no_answer(
    harness: Harness,
) -> None:
    slower, gate = await _give_up_an_order_that_another_server_finds(harness)
    gate.open()
    await slower
    assert [number.phone_number for number in (await harness.purchase()).numbers] == [FIRST]
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_number_that_turns_up_late_counts_for_no_other_request_with_the_same_id(
    harness: Harness,
) -> None:
    slower, gate = await _give_up_an_order_that_another_server_finds(harness)
    harness.faults.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.purchase()
    gate.open()
    await slower
    assert await harness.shown() == {FIRST}
    # The request had bought nothing when it ended, so its id is free for another one.
    answer = await harness.purchase(2, area_code="628")
    assert [number.area_code for number in answer.numbers] == ["628", "628"]


async def test_a_number_that_turns_up_after_the_final_answer_changes_no_repeat(
    harness: Harness,
) -> None:
    slower, gate = await _give_up_an_order_that_another_server_finds(harness)
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [SECOND]
    gate.open()
    await slower
    assert {number.phone_number for number in await harness.numbers()} == {FIRST, SECOND}
    request = await harness.store.read("test", lambda reader: reader.request("org-a", "request"))
    assert request is not None
    assert request.answer is not None
    assert await harness.purchase() == answer
