"""Buying numbers once per request_id, however often and whenever the request is sent."""

import asyncio

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import (
    NoNumbersAvailable,
    OrganizationNotFound,
    PurchasePending,
    RequestIdReused,
    StorageUnavailable,
)
from localdial_server.domain.model import NumberState
from tests.unit.app.harness import FIRST, SECOND, A, B, Harness


async def test_a_repeat_returns_the_first_answer_and_buys_nothing(harness: Harness) -> None:
    first = await harness.purchase(2)
    await harness.bought()
    assert await harness.purchase(2) == first
    assert harness.carrier.calls[Operation.ORDER] == 3


async def test_a_repeat_returns_the_first_answer_after_a_restart(harness: Harness) -> None:
    first = await harness.purchase(2)
    await harness.restart()
    assert await harness.purchase(2) == first
    assert not harness.carrier.calls


async def test_a_repeat_returns_the_first_answer_even_if_the_numbers_were_deleted(harness: Harness) -> None:
    first = await harness.purchase(2)
    await harness.delete(FIRST, SECOND)
    assert await harness.numbers() == []
    assert await harness.purchase(2) == first
    assert harness.carrier.calls[Operation.ORDER] == 2


async def test_a_partly_filled_purchase_is_not_filled_up_by_a_repeat(harness: Harness) -> None:
    (scarce, *_) = await harness.bought(2, area_code="307", organization_id=B)
    first = await harness.purchase(2, area_code="307")
    assert first.unfilled_count == 1
    await harness.delete(scarce, organization_id=B)
    assert await harness.purchase(2, area_code="307") == first


@pytest.mark.parametrize(("quantity", "area_code"), [(2, "415"), (1, "628")])
async def test_a_request_id_cannot_be_used_for_another_purchase(
    harness: Harness, quantity: int, area_code: str
) -> None:
    first = await harness.purchase()
    with pytest.raises(RequestIdReused) as refused:
        await harness.purchase(quantity, area_code=area_code)
    assert refused.value.metadata["request_id"] == "request"
    assert await harness.purchase() == first
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_cannot_be_used_for_another_purchase_while_the_first_runs(
    harness: Harness,
) -> None:
    first, gate = await harness.purchase_until_ordered()
    with pytest.raises(RequestIdReused):
        await harness.purchase(2)
    gate.open()
    await first
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_cannot_be_used_for_another_purchase_while_the_outcome_is_unknown(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase()
    with pytest.raises(RequestIdReused):
        await harness.purchase(2)
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_of_a_deletion_cannot_be_used_for_a_purchase(harness: Harness) -> None:
    await harness.delete(*await harness.bought(), request_id="request")
    with pytest.raises(RequestIdReused):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_that_bought_nothing_can_be_used_for_another_purchase(
    harness: Harness,
) -> None:
    with pytest.raises(NoNumbersAvailable):
        await harness.purchase(area_code="907")
    assert len((await harness.purchase(2, area_code="628")).numbers) == 2


async def test_concurrent_repeats_buy_once_and_get_the_same_answer(harness: Harness) -> None:
    answers = await asyncio.gather(*(harness.purchase(2) for _ in range(10)))
    assert answers == [answers[0]] * 10
    assert harness.carrier.calls[Operation.ORDER] == 2


async def test_concurrent_repeats_get_the_same_error(harness: Harness) -> None:
    outcomes = await asyncio.gather(
        *(harness.purchase(area_code="907") for _ in range(5)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {NoNumbersAvailable}


async def test_purchases_with_different_request_ids_are_independent(harness: Harness) -> None:
    answers = await asyncio.gather(*(harness.purchase(request_id=one) for one in ("a", "b", "c")))
    assert len({number for answer in answers for number in answer.numbers}) == 3


async def test_organizations_may_use_the_same_request_id(harness: Harness) -> None:
    answers = await asyncio.gather(*(harness.purchase(organization_id=buyer) for buyer in (A, B)))
    assert {number.organization_id for answer in answers for number in answer.numbers} == {A, B}
    assert harness.carrier.calls[Operation.ORDER] == 2


@pytest.mark.parametrize("operation", [Operation.SEARCH, Operation.ORDER])
async def test_a_purchase_is_completed_even_if_its_caller_gives_up(
    harness: Harness, operation: Operation
) -> None:
    gate = harness.carrier.hold(operation)
    caller = harness.purchase(2)
    await gate.reached()
    caller.cancel()
    await asyncio.wait({caller})
    assert caller.cancelled()
    gate.open()
    answer = await harness.purchase(2)
    assert [number.phone_number for number in answer.numbers] == [FIRST, SECOND]
    assert harness.carrier.calls[Operation.ORDER] == 2
    assert await harness.shown() == {FIRST, SECOND}


async def test_the_other_callers_get_the_answer_when_one_gives_up(harness: Harness) -> None:
    gate = harness.carrier.hold(Operation.ORDER)
    impatient, patient = harness.purchase(), harness.purchase()
    await gate.reached()
    impatient.cancel()
    gate.open()
    assert (await patient).unfilled_count == 0
    assert impatient.cancelled()


async def test_a_repeat_does_not_replace_a_number_that_was_adopted_and_deleted_meanwhile(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.lasting.clear()
    await harness.sweep.sweep()
    await harness.delete(FIRST)
    answer = await harness.purchase()
    assert [(number.phone_number, number.area_code, number.state) for number in answer.numbers] == [
        (FIRST, "415", NumberState.RELEASED)
    ]
    assert answer.unfilled_count == 0
    assert await harness.purchase() == answer
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert await harness.paid_for() == set()


async def test_a_repeat_after_the_organization_was_deleted_buys_nothing(harness: Harness) -> None:
    await harness.purchase()
    await harness.delete(FIRST)
    await harness.directory.delete_organization(A)
    with pytest.raises(OrganizationNotFound):
        await harness.purchase()
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_repeat_settles_a_purchase_whose_outcome_could_not_be_committed(
    harness: Harness,
) -> None:
    gate = harness.carrier.hold_answer(Operation.ORDER)
    purchasing = harness.purchase()
    await gate.reached()
    harness.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    answer = await harness.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert harness.carrier.calls[Operation.ORDER] == 1


async def test_a_purchase_whose_pending_order_could_not_be_committed_orders_nothing(harness: Harness) -> None:
    gate = harness.carrier.hold_answer(Operation.SEARCH)
    purchasing = harness.purchase()
    await gate.reached()
    harness.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    assert harness.carrier.calls[Operation.ORDER] == 0
    assert [number.phone_number for number in (await harness.purchase()).numbers] == [FIRST]
