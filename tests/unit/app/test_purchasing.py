"""Buying numbers when the carrier reports the outcome of each order."""

import asyncio
import re

import pytest

from localdial_server.app.ports.store import NumberQuery
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.simulator.stock import stock_of
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    InvalidFields,
    NoNumbersAvailable,
    NumbersTaken,
    OrganizationNotFound,
)
from localdial_server.domain.model import NumberState
from tests.support.waiting import until
from tests.unit.app.harness import FIRST, SECOND, THIRD, A, B, Harness


async def _nothing_is_stored(harness: Harness) -> bool:
    """Return whether A's purchases left nothing behind."""
    return await harness.store.read(
        "test",
        lambda reader: (
            not reader.count_numbers(NumberQuery(A))
            and not reader.open_numbers()
            and reader.owner_of(FIRST) is None
            and reader.request(A, "request") is None
            and reader.revision(A) == 1
        ),
    )


async def test_a_purchase_returns_numbers_of_the_area_code(harness: Harness) -> None:
    answer = await harness.purchase(3)
    assert [number.phone_number for number in answer.numbers] == [FIRST, SECOND, THIRD]
    assert answer.unfilled_count == 0
    assert answer.revision == await harness.revision() > 1
    assert list(answer.numbers) == await harness.numbers()
    assert await harness.paid_for() == {FIRST, SECOND, THIRD}


async def test_a_bought_number_has_all_its_fields(harness: Harness) -> None:
    begin = harness.clock.now()
    (number,) = (await harness.purchase()).numbers
    owned = await harness.carrier.find_by_number(FIRST)
    assert owned is not None
    assert (number.organization_id, number.phone_number, number.area_code) == (A, FIRST, "415")
    assert (number.state, number.carrier) == (NumberState.ACTIVE, "simulator")
    assert (number.carrier_number_id, number.reference) == (owned.carrier_number_id, owned.reference)
    assert (number.locality, number.region, number.mapped_area_codes) == ("", "CA", ())
    assert begin < number.purchase_time < harness.clock.now()
    assert await harness.owner_of(FIRST) == A


async def test_a_bought_number_is_shown_on_calls_at_once(harness: Harness) -> None:
    assert await harness.shown() == set()
    answer = await harness.purchase(2)
    snapshot = harness.snapshots.cached(A)
    assert snapshot is not None
    assert snapshot.revision >= answer.revision
    assert await harness.shown() == {FIRST, SECOND}
    assert await harness.shown(organization_id=B) == set()


async def test_the_pending_order_is_committed_before_the_carrier_is_asked(harness: Harness) -> None:
    purchasing, gate = await harness.purchase_until_ordered()
    (order,) = await harness.numbers()
    assert (order.state, order.carrier_number_id) == (NumberState.PURCHASING, "")
    assert harness.carrier.ordered == [(order.phone_number, order.reference)]
    assert await harness.owner_of(FIRST) == A
    assert await harness.shown() == set()
    gate.open()
    await purchasing


async def test_each_order_has_its_own_reference_that_carriers_can_store(harness: Harness) -> None:
    await harness.bought(10)
    await harness.bought(10)
    references = [reference for _, reference in harness.carrier.ordered]
    assert len(set(references)) == 20
    assert all(re.fullmatch(r"[!-~]{1,64}", reference) for reference in references)


async def test_many_numbers_are_ordered_a_few_at_a_time(harness: Harness) -> None:
    assert len(await harness.bought(30)) == 30
    assert harness.carrier.calls[Operation.ORDER] == 30
    assert 1 < harness.carrier.most_at_once[Operation.ORDER] <= 8


async def test_numbers_that_are_ordered_at_the_same_time_share_their_transactions(harness: Harness) -> None:
    await harness.shown()
    before = harness.database.writes
    assert len(await harness.bought(8)) == 8
    # The request, the pending orders, the adoptions, and the answer.
    assert harness.database.writes - before == 4


async def test_a_number_that_was_bought_waits_for_no_other_order(harness: Harness) -> None:
    first, second = (harness.carrier.hold(Operation.ORDER) for _ in range(2))
    purchasing = harness.purchase(2)
    await first.reached()
    await second.reached()
    second.open()
    await until(lambda: harness.numbers(state=NumberState.ACTIVE))
    assert [number.state for number in await harness.numbers()] == [
        NumberState.PURCHASING,
        NumberState.ACTIVE,
    ]
    first.open()
    assert len((await purchasing).numbers) == 2


async def test_without_stock_nothing_is_bought_and_nothing_stored(harness: Harness) -> None:
    with pytest.raises(NoNumbersAvailable) as refused:
        await harness.purchase(area_code="907")
    assert refused.value.metadata["area_code"] == "907"
    assert await _nothing_is_stored(harness)
    assert harness.carrier.calls[Operation.ORDER] == 0


async def test_a_repeat_of_a_purchase_that_found_no_stock_searches_again(
    harness: Harness,
) -> None:
    scarce = await harness.bought(3, area_code="307", organization_id=B)
    with pytest.raises(NoNumbersAvailable):
        await harness.purchase(area_code="307")
    await harness.delete(scarce[1], organization_id=B)
    (number,) = (await harness.purchase(area_code="307")).numbers
    assert number.phone_number == scarce[1]


async def test_with_too_little_stock_all_of_it_is_bought_and_the_rest_is_counted(harness: Harness) -> None:
    answer = await harness.purchase(5, area_code="307")
    assert [number.phone_number for number in answer.numbers] == list(stock_of("307"))
    assert answer.unfilled_count == 2


async def test_the_next_number_is_bought_in_place_of_one_that_was_taken(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.TAKEN)
    answer = await harness.purchase(2)
    assert [number.phone_number for number in answer.numbers] == [SECOND, THIRD]
    assert answer.unfilled_count == 0
    assert await harness.owner_of(FIRST) is None
    assert await harness.store.read("test", lambda reader: reader.number(A, FIRST)) is None


async def test_when_every_number_is_taken_the_purchase_ends_after_some_rounds(
    harness: Harness,
) -> None:
    harness.faults.lasting[Operation.ORDER] = Fault.TAKEN
    with pytest.raises(NumbersTaken, match="were sold before they were ordered") as refused:
        await harness.purchase(2)
    assert (refused.value.reason, refused.value.metadata) == ("NO_NUMBERS_AVAILABLE", {"area_code": "415"})
    assert await _nothing_is_stored(harness)
    tried = [phone_number for phone_number, _ in harness.carrier.ordered]
    assert 2 < len(tried) <= 10
    assert len(set(tried)) == len(tried)


async def test_numbers_bought_before_all_others_were_taken_are_returned(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, None, *[Fault.TAKEN] * 7)
    answer = await harness.purchase(2)
    assert ([number.phone_number for number in answer.numbers], answer.unfilled_count) == ([FIRST], 1)
    assert answer.unfilled_error is not None
    assert answer.unfilled_error.reason == "NO_NUMBERS_AVAILABLE"
    assert "were sold before they were ordered" in answer.unfilled_error.message
    assert await harness.purchase(2) == answer


async def test_numbers_that_any_organization_already_uses_are_skipped(harness: Harness) -> None:
    await harness.add_organization(A, FIRST)
    await harness.add_organization(B, SECOND)
    assert await harness.bought() == [THIRD]


async def test_stock_behind_numbers_that_are_in_use_is_found(harness: Harness) -> None:
    # The first numbers that the search returns are organization numbers.
    for line in range(30):
        await harness.add_organization(f"rival-{line}", f"+1415555{100 + line:04}")
    assert await harness.bought() == ["+14155550130"]


async def test_a_refused_order_is_explained_and_leaves_nothing_behind(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.ADDRESS_REQUIRED)
    with pytest.raises(CarrierRefused, match="told to require") as refused:
        await harness.purchase()
    assert refused.value.metadata["phone_number"] == FIRST
    assert await _nothing_is_stored(harness)
    assert harness.carrier.calls[Operation.ORDER] == 1
    assert [number.phone_number for number in (await harness.purchase()).numbers] == [FIRST]


@pytest.mark.parametrize("fault", [Fault.ADDRESS_REQUIRED, Fault.UNAVAILABLE])
async def test_numbers_bought_before_an_order_failed_are_returned(harness: Harness, fault: Fault) -> None:
    harness.faults.add(Operation.ORDER, None, fault, None)
    answer = await harness.purchase(3)
    assert {number.phone_number for number in answer.numbers} == {FIRST, THIRD}
    assert answer.unfilled_count == 1
    assert harness.carrier.calls[Operation.ORDER] == 3
    assert await harness.purchase(3) == answer


async def test_when_the_search_fails_nothing_is_ordered(harness: Harness) -> None:
    harness.faults.add(Operation.SEARCH, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.purchase()
    assert await _nothing_is_stored(harness)
    assert harness.carrier.calls[Operation.ORDER] == 0
    assert [number.phone_number for number in (await harness.purchase()).numbers] == [FIRST]


async def test_an_order_that_the_carrier_did_not_accept_leaves_nothing_behind(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.purchase()
    assert await _nothing_is_stored(harness)
    assert [number.phone_number for number in (await harness.purchase()).numbers] == [FIRST]


async def test_bought_numbers_are_kept_when_the_carrier_fails_between_two_searches(
    harness: Harness,
) -> None:
    # This area code has three numbers, and the carrier says that one is taken.
    harness.faults.add(Operation.ORDER, None, Fault.TAKEN)
    harness.faults.add(Operation.SEARCH, None, Fault.UNAVAILABLE)
    answer = await harness.purchase(3, area_code="307")
    assert [number.phone_number for number in answer.numbers] == ["+13075550100", "+13075550102"]
    assert answer.unfilled_count == 1


async def test_an_unknown_organization_buys_nothing(harness: Harness) -> None:
    with pytest.raises(OrganizationNotFound):
        await harness.purchase(organization_id="unknown")
    assert not harness.carrier.calls


async def test_an_organization_that_is_deleted_before_the_order_buys_nothing(harness: Harness) -> None:
    gate = harness.carrier.hold_answer(Operation.SEARCH)
    purchasing = harness.purchase()
    await gate.reached()
    await harness.directory.delete_organization(A)
    gate.open()
    with pytest.raises(OrganizationNotFound):
        await purchasing
    assert harness.carrier.calls[Operation.ORDER] == 0


@pytest.mark.parametrize("area_code", ["800", "999", "911", "500", "+44800", "+1415", "", "41"])
async def test_an_area_code_that_is_not_geographic_is_refused(harness: Harness, area_code: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await harness.purchase(area_code=area_code)
    assert [violation.field for violation in refused.value.violations] == ["area_code"]
    assert not harness.carrier.calls


async def test_organizations_that_race_for_the_last_numbers_share_them(harness: Harness) -> None:
    stock = list(stock_of("307"))
    answers = await asyncio.gather(
        *(harness.purchase(2, area_code="307", organization_id=buyer) for buyer in (A, B))
    )
    bought = [[number.phone_number for number in answer.numbers] for answer in answers]
    assert sorted(bought[0] + bought[1]) == stock
    assert sum(answer.unfilled_count for answer in answers) == 1
    assert await harness.paid_for() == set(stock)


async def test_concurrent_purchases_in_one_area_code_are_all_filled(harness: Harness) -> None:
    buyers = [f"buyer-{index}" for index in range(30)]
    for buyer in buyers:
        await harness.add_organization(buyer)
    answers = await asyncio.gather(*(harness.purchase(2, organization_id=buyer) for buyer in buyers))
    assert [answer.unfilled_count for answer in answers] == [0] * 30
    assert len({number.phone_number for answer in answers for number in answer.numbers}) == 60
