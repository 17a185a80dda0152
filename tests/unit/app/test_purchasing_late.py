"""An order that was abandoned but went through: its number is adopted late."""

import asyncio

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import CarrierNotAvailable, PurchasePending
from tests.conformance.watched_database import Gate
from tests.unit.app.harness import FIRST, SECOND, Harness


async def _abandon_an_order_that_another_server_finds(
    harness: Harness,
) -> "tuple[asyncio.Future[None], Gate]":
    """Abandon the order of FIRST after the sweep of another server, which waits at the gate, has found it."""
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


async def test_a_late_number_counts_for_its_request_while_that_has_no_answer(
    harness: Harness,
) -> None:
    slower, gate = await _abandon_an_order_that_another_server_finds(harness)
    gate.open()
    await slower
    assert [number.phone_number for number in (await harness.purchase()).numbers] == [FIRST]
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_late_number_does_not_count_for_a_later_request_with_the_same_id(
    harness: Harness,
) -> None:
    slower, gate = await _abandon_an_order_that_another_server_finds(harness)
    harness.faults.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.purchase()
    gate.open()
    await slower
    assert await harness.shown() == {FIRST}
    # The request had bought nothing when it ended, so its id is free for another one.
    answer = await harness.purchase(2, area_code="628")
    assert [number.area_code for number in answer.numbers] == ["628", "628"]


async def test_a_late_number_does_not_change_the_answer_to_a_repeat(
    harness: Harness,
) -> None:
    slower, gate = await _abandon_an_order_that_another_server_finds(harness)
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [SECOND]
    gate.open()
    await slower
    assert {number.phone_number for number in await harness.numbers()} == {FIRST, SECOND}
    request = await harness.store.read("test", lambda reader: reader.request("org-a", "request"))
    assert request is not None
    assert request.answer is not None
    assert await harness.purchase() == answer
