"""The limits on what an organization may own and buy."""

import asyncio

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import NumberLimitReached, PurchaseLimitReached
from localdial_server.domain.spending import Limits, SpendingLimits
from tests.unit.app.harness import A, B, Harness

DAY = 24 * 60 * 60


def limit(harness: Harness, *, numbers: int = 1000, purchases_per_day: int = 1000) -> None:
    """Set the limits of every organization; they apply from the next start on."""
    harness.limits = SpendingLimits(Limits(numbers, purchases_per_day))


async def test_no_more_numbers_are_bought_than_an_organization_may_own(harness: Harness) -> None:
    limit(harness, numbers=2)
    await harness.restart()
    await harness.bought(2)
    with pytest.raises(NumberLimitReached) as refused:
        await harness.purchase()
    assert refused.value.metadata == {"organization_id": A, "limit": "2"}
    assert len(await harness.paid_for()) == 2


async def test_a_limit_below_the_owned_count_is_reported_unchanged(harness: Harness) -> None:
    await harness.bought(3)
    limit(harness, numbers=2)
    await harness.restart()
    with pytest.raises(NumberLimitReached, match="reached its limit of 2 numbers"):
        await harness.purchase()


async def test_a_purchase_beyond_the_limit_buys_up_to_it_and_gives_the_reason(harness: Harness) -> None:
    limit(harness, numbers=3)
    await harness.restart()
    answer = await harness.purchase(5)
    assert (len(answer.numbers), answer.unfilled_count) == (3, 2)
    assert answer.unfilled_error is not None
    assert answer.unfilled_error.reason == "NUMBER_LIMIT_REACHED"
    assert await harness.purchase(5) == answer


async def test_concurrent_purchases_stay_within_the_limit_together(harness: Harness) -> None:
    limit(harness, numbers=7)
    await harness.restart()
    purchases = [harness.purchase(2, request_id=f"r{index}") for index in range(10)]
    ended = await asyncio.gather(*purchases, return_exceptions=True)
    assert len(await harness.numbers()) == len(await harness.paid_for()) == 7
    assert all(not isinstance(one, BaseException) or isinstance(one, NumberLimitReached) for one in ended)


async def test_an_order_in_flight_counts(harness: Harness) -> None:
    limit(harness, numbers=1)
    await harness.restart()
    first, gate = await harness.purchase_until_ordered(request_id="first")
    with pytest.raises(NumberLimitReached):
        await harness.purchase(request_id="second")
    gate.open()
    assert len((await first).numbers) == 1


async def test_a_number_that_is_released_makes_room_for_another(harness: Harness) -> None:
    limit(harness, numbers=1)
    await harness.restart()
    (first,) = await harness.bought()
    harness.faults.lasting[Operation.RELEASE] = Fault.UNAVAILABLE
    await harness.delete(first)
    with pytest.raises(NumberLimitReached):
        await harness.purchase()
    harness.faults.clear()
    await harness.sweep.sweep()
    assert len((await harness.purchase()).numbers) == 1


async def test_no_more_numbers_are_bought_in_a_day_than_the_limit(harness: Harness) -> None:
    limit(harness, purchases_per_day=2)
    await harness.restart()
    bought = await harness.bought(2)
    # Deleted numbers were bought too.
    await harness.delete(*bought)
    harness.clock.advance(DAY / 2)
    with pytest.raises(PurchaseLimitReached) as refused:
        await harness.purchase()
    assert refused.value.metadata == {"organization_id": A, "limit": "2"}
    assert refused.value.retry_after == pytest.approx(DAY / 2, abs=5)
    harness.clock.advance(DAY / 2 + 5)
    assert len((await harness.purchase()).numbers) == 1


@pytest.mark.parametrize("fault", [Fault.TAKEN, Fault.UNAVAILABLE, Fault.ADDRESS_REQUIRED])
async def test_an_order_that_failed_does_not_count(harness: Harness, fault: Fault) -> None:
    limit(harness, purchases_per_day=1)
    await harness.restart()
    harness.faults.add(Operation.ORDER, fault)
    ended = await asyncio.gather(harness.purchase(), return_exceptions=True)
    if fault is not Fault.TAKEN:
        assert isinstance(ended[0], Exception)
        await harness.purchase()
    assert len(await harness.numbers()) == 1


async def test_purchases_of_one_organization_do_not_count_for_another(harness: Harness) -> None:
    limit(harness, numbers=1, purchases_per_day=1)
    await harness.restart()
    await harness.bought()
    assert len((await harness.purchase(organization_id=B)).numbers) == 1


async def test_an_organization_may_have_its_own_limits(harness: Harness) -> None:
    harness.limits = SpendingLimits(Limits(1, 1), {B: Limits(2, 5)})
    await harness.restart()
    assert len((await harness.purchase(5)).numbers) == 1
    assert len((await harness.purchase(5, organization_id=B)).numbers) == 2


async def test_with_a_limit_of_zero_the_carrier_is_not_asked(harness: Harness) -> None:
    limit(harness, numbers=0)
    await harness.restart()
    with pytest.raises(NumberLimitReached):
        await harness.purchase()
    assert harness.carrier.calls[Operation.SEARCH] == 0


async def test_purchases_still_count_after_the_organization_is_deleted_and_created_again(
    harness: Harness,
) -> None:
    limit(harness, purchases_per_day=2)
    await harness.restart()
    await harness.delete(*await harness.bought(2))
    await harness.directory.delete_organization(A)
    await harness.add_organization(A)
    with pytest.raises(PurchaseLimitReached):
        await harness.purchase()


async def test_imports_are_not_purchases(harness: Harness) -> None:
    limit(harness, numbers=0, purchases_per_day=0)
    await harness.restart()
    answer = await harness.importing.import_numbers(A, ["+14155550199"])
    assert len(answer.numbers) == 1
    assert await harness.store.read("test", lambda reader: reader.purchases_since(A, 0)) == (0, None)
