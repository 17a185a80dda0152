"""Buying numbers, when the carrier says what became of each order."""

import asyncio
import re

import pytest

from localdial_server.app.store import NumberQuery
from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.carriers.simulator_stock import stock_of
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    InvalidFields,
    NoNumbersAvailable,
    NumbersSold,
    OrganizationNotFound,
)
from localdial_server.domain.model import NumberState
from tests.unit.app.house import A, B, House

FIRST, SECOND, THIRD = "+14155550100", "+14155550101", "+14155550102"


async def _nothing_is_stored(house: House) -> bool:
    """Tell that no purchase of A's left anything behind."""
    return await house.store.read(
        lambda reader: (
            not reader.count_numbers(NumberQuery(A))
            and not reader.unsettled_numbers()
            and reader.owner_of(FIRST) is None
            and reader.request(A, "request") is None
            and reader.revision(A) == 1
        )
    )


async def test_a_purchase_brings_numbers_of_the_area_code(house: House) -> None:
    answer = await house.purchase(3)
    assert [number.phone_number for number in answer.numbers] == [FIRST, SECOND, THIRD]
    assert answer.unfilled_count == 0
    assert answer.revision == await house.revision() > 1
    assert list(answer.numbers) == await house.numbers()
    assert await house.paid_for() == {FIRST, SECOND, THIRD}


async def test_a_number_bought_carries_what_is_known_of_it(house: House) -> None:
    begin = house.clock.now()
    (number,) = (await house.purchase()).numbers
    owned = await house.carrier.find_by_number(FIRST)
    assert owned is not None
    assert (number.organization_id, number.phone_number, number.area_code) == (A, FIRST, "415")
    assert (number.state, number.carrier) == (NumberState.ACTIVE, "simulator")
    assert (number.carrier_number_id, number.reference) == (owned.carrier_number_id, owned.reference)
    assert (number.locality, number.region, number.mapped_area_codes) == ("", "CA", ())
    assert begin < number.purchase_time < house.clock.now()
    assert await house.owner_of(FIRST) == A


async def test_a_number_bought_is_shown_on_calls_at_once(house: House) -> None:
    assert await house.shown() == set()
    answer = await house.purchase(2)
    snapshot = house.snapshots.cached(A)
    assert snapshot is not None
    assert snapshot.revision >= answer.revision
    assert await house.shown() == {FIRST, SECOND}
    assert await house.shown(organization_id=B) == set()


async def test_the_intent_is_committed_before_the_carrier_is_asked(house: House) -> None:
    gate = house.carrier.hold(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    (intent,) = await house.numbers()
    assert (intent.state, intent.carrier_number_id) == (NumberState.PURCHASING, "")
    assert house.carrier.ordered == [(intent.phone_number, intent.reference)]
    assert await house.owner_of(FIRST) == A
    assert await house.shown() == set()
    gate.open()
    await purchasing


async def test_each_order_has_a_reference_of_its_own_that_carriers_can_keep(house: House) -> None:
    await house.bought(10)
    await house.bought(10)
    references = [reference for _, reference in house.carrier.ordered]
    assert len(set(references)) == 20
    assert all(re.fullmatch(r"[!-~]{1,64}", reference) for reference in references)


async def test_many_numbers_are_ordered_a_few_at_a_time(house: House) -> None:
    assert len(await house.bought(30)) == 30
    assert house.carrier.calls[Operation.ORDER] == 30
    assert 1 < house.carrier.most_at_once[Operation.ORDER] <= 8


async def test_without_stock_nothing_is_bought_and_nothing_stored(house: House) -> None:
    with pytest.raises(NoNumbersAvailable) as refused:
        await house.purchase(area_code="907")
    assert refused.value.metadata["area_code"] == "907"
    assert await _nothing_is_stored(house)
    assert house.carrier.calls[Operation.ORDER] == 0


async def test_a_purchase_that_found_no_stock_may_find_some_when_it_is_repeated(house: House) -> None:
    scarce = await house.bought(3, area_code="307", organization_id=B)
    with pytest.raises(NoNumbersAvailable):
        await house.purchase(area_code="307")
    await house.delete(scarce[1], organization_id=B)
    (number,) = (await house.purchase(area_code="307")).numbers
    assert number.phone_number == scarce[1]


async def test_of_too_little_stock_all_is_bought_and_the_rest_counted(house: House) -> None:
    answer = await house.purchase(5, area_code="307")
    assert [number.phone_number for number in answer.numbers] == list(stock_of("307"))
    assert answer.unfilled_count == 2


async def test_in_place_of_a_number_that_was_taken_the_next_is_bought(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.TAKEN)
    answer = await house.purchase(2)
    assert [number.phone_number for number in answer.numbers] == [SECOND, THIRD]
    assert answer.unfilled_count == 0
    assert await house.owner_of(FIRST) is None
    assert await house.store.read(lambda reader: reader.number(A, FIRST)) is None


async def test_when_every_number_is_taken_the_purchase_ends_after_some_rounds(house: House) -> None:
    house.faults.lasting[Operation.ORDER] = Fault.TAKEN
    with pytest.raises(NumbersSold, match="were sold before they were ordered") as refused:
        await house.purchase(2)
    assert (refused.value.reason, refused.value.metadata) == ("NO_NUMBERS_AVAILABLE", {"area_code": "415"})
    assert await _nothing_is_stored(house)
    tried = [phone_number for phone_number, _ in house.carrier.ordered]
    assert 2 < len(tried) <= 10
    assert len(set(tried)) == len(tried)


async def test_what_was_bought_before_every_other_number_was_taken_is_the_answer(house: House) -> None:
    house.faults.add(Operation.ORDER, None, *[Fault.TAKEN] * 7)
    answer = await house.purchase(2)
    assert ([number.phone_number for number in answer.numbers], answer.unfilled_count) == ([FIRST], 1)
    assert answer.unfilled_error is not None
    assert answer.unfilled_error.reason == "NO_NUMBERS_AVAILABLE"
    assert "were sold before they were ordered" in answer.unfilled_error.message
    assert await house.purchase(2) == answer


async def test_numbers_that_anyone_here_uses_already_are_passed_over(house: House) -> None:
    await house.add_organization(A, FIRST)
    await house.add_organization(B, SECOND)
    assert await house.bought() == [THIRD]


async def test_numbers_in_use_here_hide_no_stock_that_lies_behind_them(house: House) -> None:
    # Organization numbers may be any numbers: here those that a search answers first.
    for line in range(30):
        await house.add_organization(f"rival-{line}", f"+1415555{100 + line:04}")
    assert await house.bought() == ["+14155550130"]


async def test_a_refused_order_is_explained_and_leaves_nothing_behind(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.REFUSED)
    with pytest.raises(CarrierRefused, match="told to refuse") as refused:
        await house.purchase()
    assert refused.value.metadata["phone_number"] == FIRST
    assert await _nothing_is_stored(house)
    assert house.carrier.calls[Operation.ORDER] == 1
    assert [number.phone_number for number in (await house.purchase()).numbers] == [FIRST]


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.UNAVAILABLE])
async def test_what_was_bought_before_an_order_failed_is_the_answer(house: House, fault: Fault) -> None:
    house.faults.add(Operation.ORDER, None, fault, None)
    answer = await house.purchase(3)
    assert {number.phone_number for number in answer.numbers} == {FIRST, THIRD}
    assert answer.unfilled_count == 1
    assert house.carrier.calls[Operation.ORDER] == 3
    assert await house.purchase(3) == answer


async def test_an_unavailable_carrier_is_asked_for_nothing_more(house: House) -> None:
    house.faults.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await house.purchase()
    assert await _nothing_is_stored(house)
    assert house.carrier.calls[Operation.ORDER] == 0
    assert [number.phone_number for number in (await house.purchase()).numbers] == [FIRST]


async def test_an_order_that_was_turned_away_leaves_nothing_behind(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await house.purchase()
    assert await _nothing_is_stored(house)
    assert [number.phone_number for number in (await house.purchase()).numbers] == [FIRST]


async def test_a_carrier_that_goes_away_between_two_rounds_spoils_no_bought_number(house: House) -> None:
    # Of the three numbers that this area code has, the carrier says that one is taken.
    house.faults.add(Operation.ORDER, None, Fault.TAKEN)
    house.faults.add(Operation.SEARCH, None, Fault.UNAVAILABLE)
    answer = await house.purchase(3, area_code="307")
    assert [number.phone_number for number in answer.numbers] == ["+13075550100", "+13075550102"]
    assert answer.unfilled_count == 1


async def test_an_unknown_organization_buys_nothing(house: House) -> None:
    with pytest.raises(OrganizationNotFound):
        await house.purchase(organization_id="unknown")
    assert not house.carrier.calls


async def test_an_organization_that_is_deleted_before_the_order_buys_nothing(house: House) -> None:
    gate = house.carrier.hold_answer(Operation.SEARCH)
    purchasing = house.purchase()
    await gate.reached()
    await house.directory.delete_organization(A)
    gate.open()
    with pytest.raises(OrganizationNotFound):
        await purchasing
    assert house.carrier.calls[Operation.ORDER] == 0


@pytest.mark.parametrize("area_code", ["800", "999", "911", "500", "+44800", "+1415", "", "41"])
async def test_an_area_code_that_is_nowhere_is_refused(house: House, area_code: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await house.purchase(area_code=area_code)
    assert [violation.field for violation in refused.value.violations] == ["area_code"]
    assert not house.carrier.calls


async def test_organizations_that_race_for_the_last_numbers_share_them(house: House) -> None:
    stock = list(stock_of("307"))
    answers = await asyncio.gather(
        *(house.purchase(2, area_code="307", organization_id=buyer) for buyer in (A, B))
    )
    bought = [[number.phone_number for number in answer.numbers] for answer in answers]
    assert sorted(bought[0] + bought[1]) == stock
    assert sum(answer.unfilled_count for answer in answers) == 1
    assert await house.paid_for() == set(stock)


async def test_many_who_buy_in_one_area_code_at_once_all_get_what_they_want(house: House) -> None:
    buyers = [f"buyer-{index}" for index in range(30)]
    for buyer in buyers:
        await house.add_organization(buyer)
    answers = await asyncio.gather(*(house.purchase(2, organization_id=buyer) for buyer in buyers))
    assert [answer.unfilled_count for answer in answers] == [0] * 30
    assert len({number.phone_number for answer in answers for number in answer.numbers}) == 60
