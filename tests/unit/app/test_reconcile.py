"""Comparing the inventory with the carrier."""

import asyncio

import pytest

from localdial_server.app.failures import PublicError
from localdial_server.app.ports.carrier import (
    CarrierError,
    CarrierUnavailable,
    OwnedNumber,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    CarrierRefused,
    NumberElsewhere,
    OrganizationNotFound,
    PurchasePending,
)
from localdial_server.domain.model import NumberState
from tests.support.carriers import ordered
from tests.unit.app.harness import FIRST, READ_LAG_SECONDS, SECOND, A, B, Harness, WatchedCarrier


async def test_without_differences_nothing_is_reported(harness: Harness) -> None:
    await harness.bought(2)
    report = await harness.reconciling.reconcile(A)
    assert [report.adopted, report.abandoned, report.released, report.still_open] == [[], [], [], []]
    assert [report.missing, report.strays] == [[], []]
    (cost,) = report.costs
    assert (cost.currency_code, cost.micros, cost.number_count) == ("USD", 2 * 1_150_000, 2)


@pytest.mark.parametrize(
    "error", [CarrierUnavailable("busy"), Refused(RefusalCause.CREDENTIALS, "The key may not see prices.")]
)
async def test_a_price_that_the_carrier_does_not_give_is_reported_as_unknown(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, error: CarrierError
) -> None:
    asked: list[str] = []

    async def refuse(phone_number: str) -> None:
        asked.append(phone_number)
        raise error

    await harness.bought(3)
    monkeypatch.setattr(harness.carrier, "monthly_price", refuse)
    report = await harness.reconciling.reconcile(A)
    (cost,) = report.costs
    assert (cost.currency_code, cost.micros, cost.number_count) == ("", 0, 3)
    assert len(asked) == 1, "who does not answer is not asked for each number"


async def test_an_order_that_went_through_unnoticed_is_adopted(harness: Harness) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.UNAVAILABLE
    with pytest.raises(PurchasePending):
        await harness.purchase()
    harness.faults.clear()
    report = await harness.reconciling.reconcile(None)
    assert [number.phone_number for number in report.adopted] == [FIRST]
    assert await harness.shown() == {FIRST}
    assert report.still_open == []


async def test_a_lost_order_is_open_until_the_read_lag_is_over_and_then_failed(
    harness: Harness,
) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_BEFORE)
    with pytest.raises(PurchasePending):
        await harness.purchase()
    report = await harness.reconciling.reconcile(A)
    (still_open,) = report.still_open
    assert (still_open.phone_number, still_open.error.reason) == (FIRST, "PURCHASE_PENDING")
    harness.clock.advance(READ_LAG_SECONDS)
    report = await harness.reconciling.reconcile(A)
    assert [number.phone_number for number in report.abandoned] == [FIRST]
    assert (report.still_open, await harness.numbers()) == ([], [])


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.THROTTLED, "the carrier is not available; try again in 1 second"),
        (Fault.SUSPENDED, "The simulated account was told to be suspended."),
    ],
)
async def test_an_order_that_cannot_be_looked_up_is_not_said_to_have_bought_nothing(
    harness: Harness, fault: Fault, why: str
) -> None:
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = fault
    with pytest.raises(PurchasePending):
        await harness.purchase()
    (still_open,) = (await harness.reconciling.reconcile(A)).still_open
    assert (still_open.error.reason, still_open.error.message) == (
        "PURCHASE_PENDING",
        f"the order may have gone through: it could not be looked up; {why}",
    )


async def test_a_release_that_was_not_confirmed_is_repeated(harness: Harness) -> None:
    (number,) = await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(number)
    harness.faults.add(Operation.RELEASE, Fault.THROTTLED)
    report = await harness.reconciling.reconcile(A)
    assert [one.error.reason for one in report.still_open] == ["CARRIER_UNAVAILABLE"]
    report = await harness.reconciling.reconcile(A)
    assert [(one.phone_number, one.state) for one in report.released] == [(number, NumberState.RELEASED)]


async def test_a_number_that_the_account_lost_is_missing_and_stays_in_the_inventory(
    harness: Harness,
) -> None:
    number, kept = await harness.bought(2)
    owned = await harness.carrier.find_by_number(number)
    assert owned is not None
    await harness.carrier.release(owned.carrier_number_id)
    # So soon after the purchase the carrier may not show the number yet.
    assert (await harness.reconciling.reconcile(A)).missing == []
    harness.clock.advance(READ_LAG_SECONDS)
    report = await harness.reconciling.reconcile(A)
    assert [one.phone_number for one in report.missing] == [number]
    assert await harness.shown() == {number, kept}
    await harness.delete(number)
    assert (await harness.reconciling.reconcile(A)).missing == []


async def test_a_stray_number_is_reported_and_not_released(harness: Harness) -> None:
    await harness.bought(organization_id=B)
    stray = await ordered(harness.carrier, SECOND, "not-ours")
    report = await harness.reconciling.reconcile(None)
    assert stray in report.strays
    assert FIRST not in {number.phone_number for number in report.strays}
    assert await harness.carrier.find_by_number(SECOND) == stray
    # Strays are known only for the whole account.
    assert (await harness.reconciling.reconcile(A)).strays == []
    await harness.importing.import_numbers(A, [SECOND])
    assert stray not in (await harness.reconciling.reconcile(None)).strays


async def test_an_organization_number_is_not_a_stray(harness: Harness) -> None:
    await ordered(harness.carrier, FIRST, "by-hand")
    await harness.add_organization(A, FIRST)
    assert FIRST not in {number.phone_number for number in (await harness.reconciling.reconcile(None)).strays}
    await harness.add_organization(A)
    owned = await harness.carrier.find_by_number(FIRST)
    assert isinstance(owned, OwnedNumber)
    await harness.carrier.release(owned.carrier_number_id)


async def test_a_number_bought_meanwhile_is_neither_missing_nor_a_stray(harness: Harness) -> None:
    gate = harness.carrier.hold_answer(Operation.LIST_OWNED)
    reconciling = asyncio.create_task(harness.reconciling.reconcile(None))
    await gate.reached()
    (number,) = await harness.bought()
    gate.open()
    report = await reconciling
    assert report.missing == []
    assert number not in {one.phone_number for one in report.strays}


async def test_a_number_deleted_meanwhile_is_neither_missing_nor_a_stray(harness: Harness) -> None:
    before, after = await harness.bought(2)
    for hold, number in (harness.carrier.hold, before), (harness.carrier.hold_answer, after):
        gate = hold(Operation.LIST_OWNED)
        reconciling = asyncio.create_task(harness.reconciling.reconcile(None))
        await gate.reached()
        await harness.delete(number, request_id=f"delete {number}")
        gate.open()
        report = await reconciling
        assert report.missing == []
        assert number not in {one.phone_number for one in report.strays}


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.UNAVAILABLE, CarrierNotAvailable), (Fault.SUSPENDED, CarrierRefused)],
)
async def test_a_carrier_that_does_not_answer_is_reported(
    harness: Harness, fault: Fault, error: type[Exception]
) -> None:
    harness.faults.add(Operation.LIST_OWNED, fault)
    with pytest.raises(error):
        await harness.reconciling.reconcile(None)


async def test_numbers_of_an_account_that_is_no_longer_configured_are_open_with_that_reason(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bought = await harness.bought(2)
    (deleted,) = await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(deleted)
    caplog.clear()
    with monkeypatch.context() as another:
        another.setattr(WatchedCarrier, "account", "another-account")
        report = await harness.reconciling.reconcile(A)
        with pytest.raises(NumberElsewhere):
            await harness.importing.import_numbers(A, bought, configure=True)
    assert [one.phone_number for one in report.still_open] == [*bought, deleted]
    assert [one.error for one in report.still_open] == [PublicError.of(NumberElsewhere())] * 3
    assert (report.missing, report.costs) == ([], [])
    # One line for all that an account holds, one for the release, one for the import.
    assert [vars(record)["cause"] for record in caplog.records] == ["the number is at simulator"] * 3
    assert (await harness.reconciling.reconcile(A)).still_open == []


async def test_an_unknown_organization_cannot_be_reconciled(harness: Harness) -> None:
    with pytest.raises(OrganizationNotFound):
        await harness.reconciling.reconcile("nobody")
