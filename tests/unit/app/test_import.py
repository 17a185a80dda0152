"""Importing numbers that the carrier account already owns."""

import asyncio

import pytest

from localdial_server.app.ports.carrier import OwnedNumber
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.simulator.stock import TEXT_ONLY_NUMBER, numbers_owned_from_start
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    OrganizationHasNumbers,
    OrganizationNotFound,
    PurchasePending,
)
from localdial_server.domain.model import NumberState
from tests.unit.app.harness import A, B, Harness

FIRST, SECOND, THIRD = "+14155550199", "+16285550199", "+12125550199"

# The account owns the line 0199 of every area code from the start.
NOT_OWNED = "+14155550101"


async def test_an_imported_number_is_active_and_has_the_fields_of_the_carrier(
    harness: Harness,
) -> None:
    begin = harness.clock.now()
    answer = await harness.importing.import_numbers(A, [FIRST])
    (number,) = answer.numbers
    owned = await harness.carrier.find_by_number(FIRST)
    assert owned is not None
    assert (number.organization_id, number.phone_number, number.area_code) == (A, FIRST, "415")
    assert (number.state, number.carrier, number.reference) == (NumberState.ACTIVE, "simulator", "")
    assert (number.carrier_number_id, number.region) == (owned.carrier_number_id, "CA")
    assert begin < number.purchase_time < harness.clock.now()
    assert answer.failures == ()
    assert await harness.numbers() == [number]
    assert await harness.owner_of(FIRST) == A


async def test_an_imported_number_is_shown_on_calls_at_once(harness: Harness) -> None:
    assert await harness.shown() == set()
    answer = await harness.importing.import_numbers(A, [FIRST])
    assert answer.revision == await harness.revision()
    snapshot = harness.snapshots.cached(A)
    assert snapshot is not None
    assert snapshot.revision >= answer.revision
    assert await harness.shown() == {FIRST}


async def test_an_import_neither_orders_nor_releases_a_number(harness: Harness) -> None:
    await harness.importing.import_numbers(A, [FIRST, SECOND])
    assert set(harness.carrier.calls) == {Operation.FIND_BY_NUMBER}


async def test_importing_a_number_again_returns_it_and_changes_nothing(harness: Harness) -> None:
    first = await harness.importing.import_numbers(A, [FIRST])
    harness.clock.advance(60)
    assert await harness.importing.import_numbers(A, [FIRST]) == first
    twice = await harness.importing.import_numbers(A, [SECOND, FIRST, SECOND])
    assert [number.phone_number for number in twice.numbers] == [SECOND, FIRST, SECOND]
    assert len(await harness.numbers()) == 2


async def test_each_number_that_fails_has_a_reason_and_the_others_are_imported(harness: Harness) -> None:
    await harness.importing.import_numbers(B, [SECOND])
    await harness.add_organization("rival", THIRD)
    answer = await harness.importing.import_numbers(A, [NOT_OWNED, SECOND, FIRST, THIRD])
    assert [number.phone_number for number in answer.numbers] == [FIRST]
    assert [(failure.phone_number, failure.error.reason) for failure in answer.failures] == [
        (NOT_OWNED, "NUMBER_NOT_AT_CARRIER"),
        (SECOND, "NUMBER_IN_USE"),
        (THIRD, "NUMBER_IN_USE"),
    ]
    assert await harness.owner_of(SECOND) == B
    assert await harness.owner_of(THIRD) == "rival"
    assert await harness.owner_of(NOT_OWNED) is None


async def test_an_import_without_success_does_not_change_the_revision(harness: Harness) -> None:
    answer = await harness.importing.import_numbers(A, [NOT_OWNED])
    assert (answer.numbers, answer.revision, await harness.revision()) == ((), 1, 1)


async def test_the_organization_number_can_be_imported_too(harness: Harness) -> None:
    await harness.add_organization(A, FIRST)
    answer = await harness.importing.import_numbers(A, [FIRST])
    assert answer.failures == ()
    assert await harness.shown() == {FIRST}


async def test_a_number_that_another_organization_bought_cannot_be_imported(harness: Harness) -> None:
    (bought,) = await harness.bought(organization_id=B)
    answer = await harness.importing.import_numbers(A, [bought])
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_IN_USE"]
    assert await harness.owner_of(bought) == B


async def test_a_number_that_is_being_purchased_or_released_cannot_be_imported(
    harness: Harness,
) -> None:
    (releasing,) = await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(releasing)
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase()
    answer = await harness.importing.import_numbers(A, [releasing, NOT_OWNED])
    assert [(failure.phone_number, failure.error.reason) for failure in answer.failures] == [
        (releasing, "NUMBER_NOT_ACTIVE"),
        (NOT_OWNED, "NUMBER_NOT_ACTIVE"),
    ]
    assert [failure.error.metadata["state"] for failure in answer.failures] == ["RELEASING", "PURCHASING"]


async def test_an_unavailable_carrier_fails_the_whole_import(harness: Harness) -> None:
    harness.faults.add(Operation.FIND_BY_NUMBER, None, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.importing.import_numbers(A, [FIRST, SECOND, THIRD])
    assert await harness.numbers() == []
    assert len((await harness.importing.import_numbers(A, [FIRST, SECOND, THIRD])).numbers) == 3


async def test_an_unknown_organization_imports_nothing(harness: Harness) -> None:
    with pytest.raises(OrganizationNotFound):
        await harness.importing.import_numbers("unknown", [FIRST])
    assert not harness.carrier.calls
    assert await harness.owner_of(FIRST) is None


async def test_an_organization_is_not_deleted_while_it_imports(harness: Harness) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    with pytest.raises(OrganizationHasNumbers):
        await harness.directory.delete_organization(A)
    claimed.open()
    assert [number.phone_number for number in (await importing).numbers] == [FIRST]


async def test_one_of_several_organizations_that_import_a_number_at_once_gets_it(harness: Harness) -> None:
    answers = await asyncio.gather(
        *(harness.importing.import_numbers(organization_id, [FIRST]) for organization_id in (A, B))
    )
    assert sorted(len(answer.numbers) for answer in answers) == [0, 1]
    (failure,) = [failure for answer in answers for failure in answer.failures]
    assert failure.error.reason == "NUMBER_IN_USE"


async def test_the_carrier_is_not_asked_for_a_number_that_another_organization_may_be_releasing(
    harness: Harness,
) -> None:
    (number,) = await harness.bought(organization_id=B)
    answer = await harness.importing.import_numbers(A, [number])
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_IN_USE"]
    assert harness.carrier.calls[Operation.FIND_BY_NUMBER] == 0
    await harness.delete(number, organization_id=B)
    answer = await harness.importing.import_numbers(A, [number])
    assert [failure.error.reason for failure in answer.failures] == ["NUMBER_NOT_AT_CARRIER"]
    assert await harness.owner_of(number) is None


async def test_an_import_can_be_repeated_after_a_crash(harness: Harness) -> None:
    await harness.import_until_claimed(FIRST)
    await harness.restart()
    assert [number.state for number in await harness.numbers()] == [NumberState.PURCHASING]
    # The organization itself can repeat it at once. For others the sweep settles it first.
    assert len((await harness.importing.import_numbers(A, [FIRST])).numbers) == 1


async def test_the_first_sweep_settles_an_import_that_a_crash_interrupted(harness: Harness) -> None:
    await harness.import_until_claimed(FIRST)
    await harness.restart()
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]
    assert await harness.paid_for() == set()


async def test_the_sweep_does_not_touch_a_running_import(harness: Harness) -> None:
    gate = harness.carrier.hold(Operation.FIND_BY_NUMBER)
    importing = asyncio.create_task(harness.importing.import_numbers(A, [FIRST]))
    await gate.reached()
    await harness.sweep_later()
    gate.open()
    answer = await importing
    assert answer.failures == ()
    assert [number.phone_number for number in answer.numbers] == [FIRST]


async def test_a_sweep_that_settles_a_running_import_does_not_change_its_answer(
    harness: Harness,
) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    await harness.sweep_later()
    claimed.open()
    answer = await importing
    assert answer.failures == ()
    assert list(answer.numbers) == await harness.numbers()


async def test_concurrent_imports_of_a_number_get_the_same_answer(harness: Harness) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    other = await harness.importing.import_numbers(A, [FIRST])
    claimed.open()
    first = await importing
    assert (first.failures, other.failures) == ((), ())
    assert list(first.numbers) == list(other.numbers) == await harness.numbers()


async def test_a_slow_import_does_not_undo_a_later_deletion(harness: Harness) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    await harness.importing.import_numbers(A, [FIRST])
    await harness.delete(FIRST)
    assert await harness.carrier.find_by_number(FIRST) is None
    claimed.open()
    await importing
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None


def _owned_from_start(count: int) -> list[str]:
    return [number for number in sorted(numbers_owned_from_start()) if number != TEXT_ONLY_NUMBER][:count]


async def test_everything_that_is_listed_as_importable_is_imported_with_one_more_list(
    harness: Harness,
) -> None:
    wanted = _owned_from_start(300)
    await harness.importing.importable(A)
    await harness.importing.importable(A, continued=True)
    await harness.importing.importable(A, continued=True)
    assert harness.carrier.calls == {Operation.LIST_OWNED: 1}
    answer = await harness.importing.import_numbers(A, wanted)
    assert [number.phone_number for number in answer.numbers] == wanted
    assert harness.carrier.calls == {Operation.LIST_OWNED: 2}
    assert [number.phone_number for number in await harness.numbers()] == wanted
    assert answer.revision == await harness.revision()


async def test_a_number_that_was_released_after_the_list_is_not_imported(harness: Harness) -> None:
    first, *others = _owned_from_start(20)
    listed = {number.phone_number: number for number in await harness.importing.importable(A)}
    await harness.carrier.release(listed[first].carrier_number_id)
    answer = await harness.importing.import_numbers(A, [first, *others])
    assert [failure.phone_number for failure in answer.failures] == [first]
    assert await harness.owner_of(first) is None


async def test_a_number_that_came_into_the_account_after_the_list_is_imported(harness: Harness) -> None:
    await harness.importing.importable(A)
    owned = await harness.carrier.order("+14155550100", "by-hand", 1.0)
    assert isinstance(owned, OwnedNumber)
    answer = await harness.importing.import_numbers(A, ["+14155550100", *_owned_from_start(20)])
    assert answer.failures == ()


async def test_a_list_is_used_for_a_minute(harness: Harness) -> None:
    await harness.importing.importable(A)
    harness.clock.advance(61)
    await harness.importing.importable(A, continued=True)
    assert harness.carrier.calls == {Operation.LIST_OWNED: 2}
    await harness.importing.importable(A)
    assert harness.carrier.calls == {Operation.LIST_OWNED: 3}


async def test_at_most_eight_numbers_are_configured_at_once(harness: Harness) -> None:
    answer = await harness.importing.import_numbers(A, _owned_from_start(300), configure=True)
    assert answer.failures == ()
    assert harness.carrier.calls[Operation.CONFIGURE] == 300
    assert harness.carrier.most_at_once[Operation.CONFIGURE] == 8


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.THROTTLED, "CARRIER_UNAVAILABLE"), (Fault.SUSPENDED, "CARRIER_REFUSED")]
)
async def test_a_number_that_the_carrier_does_not_configure_fails_and_the_others_are_imported(
    harness: Harness, fault: Fault, reason: str, *, is_known: bool
) -> None:
    if is_known:
        await harness.importing.import_numbers(A, [FIRST, SECOND])
    harness.faults.add(Operation.CONFIGURE, None, fault)
    answer = await harness.importing.import_numbers(A, [FIRST, SECOND, THIRD], configure=True)
    # The new number is configured first.
    failed = FIRST if is_known else SECOND
    assert [number.phone_number for number in answer.numbers] == [
        one for one in (FIRST, SECOND, THIRD) if one != failed
    ]
    assert [(failure.phone_number, failure.error.reason) for failure in answer.failures] == [(failed, reason)]
    again = await harness.importing.import_numbers(A, [FIRST, SECOND, THIRD], configure=True)
    assert (len(again.numbers), again.failures) == (3, ())


async def test_an_import_that_configures_no_number_fails_and_imports_none(harness: Harness) -> None:
    harness.faults.add(Operation.CONFIGURE, Fault.THROTTLED, Fault.SUSPENDED)
    with pytest.raises(CarrierNotAvailable):
        await harness.importing.import_numbers(A, [FIRST, SECOND], configure=True)
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None
