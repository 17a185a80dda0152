"""The limits on what an organization may own and buy."""

import asyncio

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import NumberLimitReached, PurchaseLimitReached
from localdial_server.domain.spending import Limits, SpendingLimits
from tests.unit.app.house import A, B, House

DAY = 24 * 60 * 60


def limit(house: House, *, numbers: int = 1000, purchases_per_day: int = 1000) -> None:
    """Give every organization these limits, from the next start on."""
    house.limits = SpendingLimits(Limits(numbers, purchases_per_day))


async def test_no_more_numbers_are_bought_than_an_organization_may_have(house: House) -> None:
    limit(house, numbers=2)
    await house.restart()
    await house.bought(2)
    with pytest.raises(NumberLimitReached) as refused:
        await house.purchase()
    assert refused.value.metadata == {"organization_id": A, "limit": "2"}
    assert len(await house.paid_for()) == 2


async def test_a_limit_that_was_lowered_below_what_is_owned_is_told_truly(house: House) -> None:
    await house.bought(3)
    limit(house, numbers=2)
    await house.restart()
    with pytest.raises(NumberLimitReached, match="may have 2 numbers and has no room for another"):
        await house.purchase()


async def test_a_purchase_beyond_the_limit_buys_what_is_left_and_says_why(house: House) -> None:
    limit(house, numbers=3)
    await house.restart()
    answer = await house.purchase(5)
    assert (len(answer.numbers), answer.unfilled_count) == (3, 2)
    assert answer.unfilled_error is not None
    assert answer.unfilled_error.reason == "NUMBER_LIMIT_REACHED"
    assert await house.purchase(5) == answer


async def test_purchases_at_once_stay_within_the_limit_together(house: House) -> None:
    limit(house, numbers=7)
    await house.restart()
    purchases = [house.purchase(2, request_id=f"r{index}") for index in range(10)]
    ended = await asyncio.gather(*purchases, return_exceptions=True)
    assert len(await house.numbers()) == len(await house.paid_for()) == 7
    assert all(not isinstance(one, BaseException) or isinstance(one, NumberLimitReached) for one in ended)


async def test_an_order_under_way_counts(house: House) -> None:
    limit(house, numbers=1)
    await house.restart()
    gate = house.carrier.hold(Operation.ORDER)
    first = house.purchase(request_id="first")
    await gate.reached()
    with pytest.raises(NumberLimitReached):
        await house.purchase(request_id="second")
    gate.open()
    assert len((await first).numbers) == 1


async def test_a_number_that_is_released_makes_room_for_another(house: House) -> None:
    limit(house, numbers=1)
    await house.restart()
    (first,) = await house.bought()
    house.faults.lasting[Operation.RELEASE] = Fault.UNAVAILABLE
    await house.delete(first)
    with pytest.raises(NumberLimitReached):
        await house.purchase()
    house.faults.clear()
    await house.sweep.sweep()
    assert len((await house.purchase()).numbers) == 1


async def test_no_more_numbers_are_bought_within_a_day_than_may_be(house: House) -> None:
    limit(house, purchases_per_day=2)
    await house.restart()
    bought = await house.bought(2)
    # What is deleted was bought all the same.
    await house.delete(*bought)
    house.clock.advance(DAY / 2)
    with pytest.raises(PurchaseLimitReached) as refused:
        await house.purchase()
    assert refused.value.metadata == {"organization_id": A, "limit": "2"}
    assert refused.value.retry_after == pytest.approx(DAY / 2, abs=5)
    house.clock.advance(DAY / 2 + 5)
    assert len((await house.purchase()).numbers) == 1


@pytest.mark.parametrize("fault", [Fault.TAKEN, Fault.UNAVAILABLE, Fault.REFUSED])
async def test_an_order_that_came_to_nothing_does_not_count(house: House, fault: Fault) -> None:
    limit(house, purchases_per_day=1)
    await house.restart()
    house.faults.add(Operation.ORDER, fault)
    ended = await asyncio.gather(house.purchase(), return_exceptions=True)
    if fault is not Fault.TAKEN:
        assert isinstance(ended[0], Exception)
        await house.purchase()
    assert len(await house.numbers()) == 1


async def test_one_organization_s_purchases_do_not_count_against_another(house: House) -> None:
    limit(house, numbers=1, purchases_per_day=1)
    await house.restart()
    await house.bought()
    assert len((await house.purchase(organization_id=B)).numbers) == 1


async def test_an_organization_may_have_limits_of_its_own(house: House) -> None:
    house.limits = SpendingLimits(Limits(1, 1), {B: Limits(2, 5)})
    await house.restart()
    assert len((await house.purchase(5)).numbers) == 1
    assert len((await house.purchase(5, organization_id=B)).numbers) == 2


async def test_a_limit_of_nothing_asks_the_carrier_nothing(house: House) -> None:
    limit(house, numbers=0)
    await house.restart()
    with pytest.raises(NumberLimitReached):
        await house.purchase()
    assert house.carrier.calls[Operation.SEARCH] == 0


async def test_an_organization_that_is_deleted_and_made_anew_has_the_same_limit(house: House) -> None:
    limit(house, purchases_per_day=2)
    await house.restart()
    await house.delete(*await house.bought(2))
    await house.directory.delete_organization(A)
    await house.add_organization(A)
    with pytest.raises(PurchaseLimitReached):
        await house.purchase()


async def test_imports_are_not_purchases(house: House) -> None:
    limit(house, numbers=0, purchases_per_day=0)
    await house.restart()
    answer = await house.importing.import_numbers(A, ["+14155550199"])
    assert len(answer.numbers) == 1
    assert await house.store.read(lambda reader: reader.purchases_since(A, 0)) == (0, None)
