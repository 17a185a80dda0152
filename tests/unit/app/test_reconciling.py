"""The inventory compared with the carrier."""

import asyncio

import pytest

from localdial_server.app.carrier import (
    CarrierError,
    CarrierUnavailable,
    OwnedNumber,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    NumberElsewhere,
    OrganizationNotFound,
    PurchasePending,
)
from localdial_server.domain.model import NumberState
from tests.support.carriers import ordered
from tests.unit.app.house import READ_LAG_SECONDS, A, B, House, WatchedCarrier

FIRST, SECOND = "+14155550100", "+14155550101"


async def test_books_that_balance_have_nothing_to_report(house: House) -> None:
    await house.bought(2)
    report = await house.reconciling.reconcile(A)
    assert [report.adopted, report.failed, report.released, report.still_open] == [[], [], [], []]
    assert [report.missing, report.strays] == [[], []]
    (cost,) = report.costs
    assert (cost.currency_code, cost.micros, cost.number_count) == ("USD", 2 * 1_150_000, 2)


@pytest.mark.parametrize(
    "error", [CarrierUnavailable("busy"), Refused(RefusalCause.CREDENTIALS, "The key may not see prices.")]
)
async def test_prices_that_cannot_be_had_are_unknown_and_spoil_no_report(
    house: House, monkeypatch: pytest.MonkeyPatch, error: CarrierError
) -> None:
    asked: list[str] = []

    async def refuse(phone_number: str) -> None:
        asked.append(phone_number)
        raise error

    await house.bought(3)
    monkeypatch.setattr(house.carrier, "monthly_price", refuse)
    report = await house.reconciling.reconcile(A)
    (cost,) = report.costs
    assert (cost.currency_code, cost.micros, cost.number_count) == ("", 0, 3)
    assert len(asked) == 1, "who does not answer is not asked for each number"


async def test_an_order_that_went_through_unnoticed_is_adopted(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.clear()
    report = await house.reconciling.reconcile(None)
    assert [number.phone_number for number in report.adopted] == [FIRST]
    assert await house.shown() == {FIRST}
    assert report.still_open == []


async def test_an_order_that_was_lost_is_open_until_it_is_sure_and_failed_then(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.REQUEST_LOST)
    with pytest.raises(PurchasePending):
        await house.purchase()
    report = await house.reconciling.reconcile(A)
    (still_open,) = report.still_open
    assert (still_open.number.phone_number, still_open.error.reason) == (FIRST, "PURCHASE_PENDING")
    house.clock.advance(READ_LAG_SECONDS)
    report = await house.reconciling.reconcile(A)
    assert [number.phone_number for number in report.failed] == [FIRST]
    assert (report.still_open, await house.numbers()) == ([], [])


async def test_a_release_that_was_not_confirmed_is_repeated(house: House) -> None:
    (number,) = await house.bought()
    house.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await house.delete(number)
    house.faults.add(Operation.RELEASE, Fault.THROTTLED)
    report = await house.reconciling.reconcile(A)
    assert [one.error.reason for one in report.still_open] == ["CARRIER_UNAVAILABLE"]
    report = await house.reconciling.reconcile(A)
    assert [(one.phone_number, one.state) for one in report.released] == [(number, NumberState.RELEASED)]


async def test_a_number_that_the_account_lost_is_missing_and_stays_in_the_inventory(house: House) -> None:
    number, kept = await house.bought(2)
    owned = await house.carrier.find_by_number(number)
    assert owned is not None
    await house.carrier.release(owned.carrier_number_id)
    # So soon after the purchase it could be that it is not shown yet.
    assert (await house.reconciling.reconcile(A)).missing == []
    house.clock.advance(READ_LAG_SECONDS)
    report = await house.reconciling.reconcile(A)
    assert [one.phone_number for one in report.missing] == [number]
    assert await house.shown() == {number, kept}
    await house.delete(number)
    assert (await house.reconciling.reconcile(A)).missing == []


async def test_a_number_that_nobody_has_is_reported_and_not_released(house: House) -> None:
    await house.bought(organization_id=B)
    stray = await ordered(house.carrier, SECOND, "not-ours")
    report = await house.reconciling.reconcile(None)
    assert stray in report.strays
    assert FIRST not in {number.phone_number for number in report.strays}
    assert await house.carrier.find_by_number(SECOND) == stray
    # Only of the account as a whole can it be said.
    assert (await house.reconciling.reconcile(A)).strays == []
    await house.importing.import_numbers(A, [SECOND])
    assert stray not in (await house.reconciling.reconcile(None)).strays


async def test_an_organization_number_is_no_stray(house: House) -> None:
    await ordered(house.carrier, FIRST, "by-hand")
    await house.add_organization(A, FIRST)
    assert FIRST not in {number.phone_number for number in (await house.reconciling.reconcile(None)).strays}
    await house.add_organization(A)
    owned = await house.carrier.find_by_number(FIRST)
    assert isinstance(owned, OwnedNumber)
    await house.carrier.release(owned.carrier_number_id)


async def test_what_is_bought_meanwhile_is_neither_missing_nor_a_stray(house: House) -> None:
    gate = house.carrier.hold_answer(Operation.LIST_OWNED)
    reconciling = asyncio.create_task(house.reconciling.reconcile(None))
    await gate.reached()
    (number,) = await house.bought()
    gate.open()
    report = await reconciling
    assert report.missing == []
    assert number not in {one.phone_number for one in report.strays}


async def test_what_is_deleted_meanwhile_is_neither_missing_nor_a_stray(house: House) -> None:
    before, after = await house.bought(2)
    for hold, number in (house.carrier.hold, before), (house.carrier.hold_answer, after):
        gate = hold(Operation.LIST_OWNED)
        reconciling = asyncio.create_task(house.reconciling.reconcile(None))
        await gate.reached()
        await house.delete(number, request_id=f"delete {number}")
        gate.open()
        report = await reconciling
        assert report.missing == []
        assert number not in {one.phone_number for one in report.strays}


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.UNAVAILABLE, CarrierNotAvailable), (Fault.ACCOUNT_BLOCKED, CarrierRefused)],
)
async def test_a_carrier_that_does_not_answer_is_said_to(
    house: House, fault: Fault, error: type[Exception]
) -> None:
    house.faults.add(Operation.LIST_OWNED, fault)
    with pytest.raises(error):
        await house.reconciling.reconcile(None)


async def test_numbers_of_an_account_that_is_not_set_up_any_more_are_open_and_say_so(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bought = await house.bought(2)
    (deleted,) = await house.bought()
    house.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await house.delete(deleted)
    caplog.clear()
    with monkeypatch.context() as another:
        another.setattr(WatchedCarrier, "account", "another-account")
        report = await house.reconciling.reconcile(A)
        with pytest.raises(NumberElsewhere):
            await house.importing.import_numbers(A, bought, configure=True)
    assert [one.number.phone_number for one in report.still_open] == [*bought, deleted]
    assert {type(one.error) for one in report.still_open} == {NumberElsewhere}
    assert (report.missing, report.costs) == ([], [])
    # One line for all that an account holds, one for the release, one for the import.
    assert [vars(record)["cause"] for record in caplog.records] == ["the number is at simulator"] * 3
    assert (await house.reconciling.reconcile(A)).still_open == []


async def test_only_organizations_that_there_are_can_be_reconciled(house: House) -> None:
    with pytest.raises(OrganizationNotFound):
        await house.reconciling.reconcile("nobody")
