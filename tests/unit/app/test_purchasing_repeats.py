"""Buying numbers once per request_id, however often and whenever it is sent."""

import asyncio

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import (
    NoNumbersAvailable,
    OrganizationNotFound,
    PurchasePending,
    RequestIdReused,
    StorageUnavailable,
)
from localdial_server.domain.model import NumberState
from tests.unit.app.house import A, B, House

FIRST, SECOND = "+14155550100", "+14155550101"


async def test_a_repeat_is_given_the_first_answer_and_buys_nothing(house: House) -> None:
    first = await house.purchase(2)
    await house.bought()
    assert await house.purchase(2) == first
    assert house.carrier.calls[Operation.ORDER] == 3


async def test_a_repeat_is_given_the_first_answer_after_a_restart(house: House) -> None:
    first = await house.purchase(2)
    await house.restart()
    assert await house.purchase(2) == first
    assert not house.carrier.calls


async def test_a_repeat_is_given_the_first_answer_when_the_numbers_are_gone(house: House) -> None:
    first = await house.purchase(2)
    await house.delete(FIRST, SECOND)
    assert await house.numbers() == []
    assert await house.purchase(2) == first
    assert house.carrier.calls[Operation.ORDER] == 2


async def test_a_partly_filled_purchase_is_not_filled_up_by_a_repeat(house: House) -> None:
    (scarce, *_) = await house.bought(2, area_code="307", organization_id=B)
    first = await house.purchase(2, area_code="307")
    assert first.unfilled_count == 1
    await house.delete(scarce, organization_id=B)
    assert await house.purchase(2, area_code="307") == first


@pytest.mark.parametrize(("quantity", "area_code"), [(2, "415"), (1, "628")])
async def test_a_request_id_cannot_be_used_for_another_purchase(
    house: House, quantity: int, area_code: str
) -> None:
    first = await house.purchase()
    with pytest.raises(RequestIdReused) as refused:
        await house.purchase(quantity, area_code=area_code)
    assert refused.value.metadata["request_id"] == "request"
    assert await house.purchase() == first
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_cannot_be_used_for_another_purchase_while_the_first_is_under_way(
    house: House,
) -> None:
    gate = house.carrier.hold(Operation.ORDER)
    first = house.purchase()
    await gate.reached()
    with pytest.raises(RequestIdReused):
        await house.purchase(2)
    gate.open()
    await first
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_cannot_be_used_for_another_purchase_while_the_outcome_is_unknown(
    house: House,
) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase()
    with pytest.raises(RequestIdReused):
        await house.purchase(2)
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_of_a_deletion_cannot_be_used_for_a_purchase(house: House) -> None:
    await house.delete(*await house.bought(), request_id="request")
    with pytest.raises(RequestIdReused):
        await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_request_id_that_bought_nothing_can_be_used_for_another_purchase(house: House) -> None:
    with pytest.raises(NoNumbersAvailable):
        await house.purchase(area_code="907")
    assert len((await house.purchase(2, area_code="628")).numbers) == 2


async def test_concurrent_repeats_buy_once_and_are_answered_alike(house: House) -> None:
    answers = await asyncio.gather(*(house.purchase(2) for _ in range(10)))
    assert answers == [answers[0]] * 10
    assert house.carrier.calls[Operation.ORDER] == 2


async def test_concurrent_repeats_are_refused_alike(house: House) -> None:
    outcomes = await asyncio.gather(
        *(house.purchase(area_code="907") for _ in range(5)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {NoNumbersAvailable}


async def test_purchases_of_different_request_ids_are_all_different(house: House) -> None:
    answers = await asyncio.gather(*(house.purchase(request_id=one) for one in ("a", "b", "c")))
    assert len({number for answer in answers for number in answer.numbers}) == 3


async def test_organizations_may_use_the_same_request_id(house: House) -> None:
    answers = await asyncio.gather(*(house.purchase(organization_id=buyer) for buyer in (A, B)))
    assert {number.organization_id for answer in answers for number in answer.numbers} == {A, B}
    assert house.carrier.calls[Operation.ORDER] == 2


@pytest.mark.parametrize("operation", [Operation.SEARCH, Operation.ORDER])
async def test_a_purchase_is_completed_when_its_caller_gives_up(house: House, operation: Operation) -> None:
    gate = house.carrier.hold(operation)
    caller = house.purchase(2)
    await gate.reached()
    caller.cancel()
    await asyncio.wait({caller})
    assert caller.cancelled()
    gate.open()
    answer = await house.purchase(2)
    assert [number.phone_number for number in answer.numbers] == [FIRST, SECOND]
    assert house.carrier.calls[Operation.ORDER] == 2
    assert await house.shown() == {FIRST, SECOND}


async def test_a_caller_that_gives_up_leaves_the_answer_to_the_others(house: House) -> None:
    gate = house.carrier.hold(Operation.ORDER)
    impatient, patient = house.purchase(), house.purchase()
    await gate.reached()
    impatient.cancel()
    gate.open()
    assert (await patient).unfilled_count == 0
    assert impatient.cancelled()


async def test_a_repeat_buys_nothing_in_place_of_what_was_adopted_and_deleted_meanwhile(
    house: House,
) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.lasting.clear()
    await house.sweep.sweep()
    await house.delete(FIRST)
    # Whatever it answers: the one number that was asked for was bought.
    await asyncio.wait({house.purchase()})
    assert house.carrier.calls[Operation.ORDER] == 1
    assert await house.paid_for() == set()


async def test_a_repeat_after_the_organization_was_deleted_buys_nothing(house: House) -> None:
    await house.purchase()
    await house.delete(FIRST)
    await house.directory.delete_organization(A)
    with pytest.raises(OrganizationNotFound):
        await house.purchase()
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_purchase_whose_outcome_could_not_be_committed_is_settled_by_a_repeat(house: House) -> None:
    gate = house.carrier.hold_answer(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    house.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    assert [number.state for number in await house.numbers()] == [NumberState.PURCHASING]
    answer = await house.purchase()
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert house.carrier.calls[Operation.ORDER] == 1


async def test_a_purchase_whose_intent_could_not_be_committed_orders_nothing(house: House) -> None:
    gate = house.carrier.hold_answer(Operation.SEARCH)
    purchasing = house.purchase()
    await gate.reached()
    house.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await purchasing
    assert house.carrier.calls[Operation.ORDER] == 0
    assert [number.phone_number for number in (await house.purchase()).numbers] == [FIRST]
