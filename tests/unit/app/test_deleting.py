"""Deleting numbers: off the calls at once, released at the carrier after, and once per request_id."""

import asyncio

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import (
    OrganizationNotFound,
    PurchasePending,
    RequestIdReused,
    StorageUnavailable,
)
from localdial_server.domain.model import NumberState
from tests.unit.app.house import READ_LAG_SECONDS, A, B, House

FIRST, SECOND, THIRD = "+14155550100", "+14155550101", "+14155550102"
OWNED_FROM_START = "+14155550199"

UNCONFIRMED = pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.REQUEST_LOST, Fault.ANSWER_LOST])


async def test_a_deleted_number_is_gone_here_and_at_the_carrier(house: House) -> None:
    bought = await house.bought(3)
    answer = await house.delete(SECOND, FIRST)
    assert [(number.phone_number, number.state) for number in answer.deleted] == [
        (SECOND, NumberState.RELEASED),
        (FIRST, NumberState.RELEASED),
    ]
    assert answer.failures == ()
    assert answer.revision == await house.revision()
    assert [number.phone_number for number in await house.numbers()] == bought[2:]
    assert await house.paid_for() == {THIRD}
    assert await house.owner_of(FIRST) is None


async def test_a_number_is_off_the_calls_with_its_mappings_before_the_carrier_is_asked(house: House) -> None:
    await house.bought()
    await house.inventory.map_area_codes(A, FIRST, ["628", "650"])
    assert await house.shown("628") == {FIRST}
    revision = await house.revision()
    gate = house.carrier.hold(Operation.RELEASE)
    deleting = house.delete(FIRST)
    await gate.reached()
    (number,) = await house.numbers()
    assert (number.state, number.mapped_area_codes) == (NumberState.RELEASING, ())
    assert await house.revision() == revision + 1
    assert [await house.shown(area_code) for area_code in ("415", "628", "650")] == [set()] * 3
    gate.open()
    await deleting


@UNCONFIRMED
async def test_a_number_is_off_the_calls_though_the_carrier_does_not_confirm(
    house: House, fault: Fault
) -> None:
    await house.bought(2)
    house.faults.add(Operation.RELEASE, fault)
    answer = await house.delete(FIRST, SECOND)
    states = {number.state for number in answer.deleted}
    assert states == {NumberState.RELEASING, NumberState.RELEASED}
    assert await house.shown() == set()
    (left,) = await house.numbers()
    # People who were called from it may still call back, and nobody else can have it.
    assert (left.state, await house.owner_of(left.phone_number)) == (NumberState.RELEASING, A)


@UNCONFIRMED
async def test_the_sweep_goes_on_releasing_what_was_not_confirmed(house: House, fault: Fault) -> None:
    await house.bought()
    house.faults.add(Operation.RELEASE, fault, fault)
    await house.delete(FIRST)
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.RELEASING]
    await house.sweep_later()
    assert await house.numbers() == []
    assert await house.owner_of(FIRST) is None
    assert await house.paid_for() == set()


async def test_a_number_that_the_carrier_does_not_show_yet_is_not_taken_for_gone(house: House) -> None:
    await house.bought()
    house.faults.add(Operation.RELEASE, Fault.NOT_SEEN, Fault.NOT_SEEN)
    (number,) = (await house.delete(FIRST)).deleted
    await house.sweep.sweep()
    assert number.state is NumberState.RELEASING
    assert await house.owner_of(FIRST) == A
    assert await house.paid_for() == {FIRST}
    await house.sweep.sweep()
    assert (await house.numbers(), await house.paid_for()) == ([], set())


async def test_when_the_carrier_was_asked_counts_and_not_when_it_answered(house: House) -> None:
    await house.bought()
    house.faults.add(Operation.RELEASE, Fault.NOT_SEEN)
    gate = house.carrier.hold_answer(Operation.RELEASE)
    deleting = house.delete(FIRST)
    await gate.reached()
    house.clock.advance(READ_LAG_SECONDS)
    gate.open()
    await deleting
    assert await house.owner_of(FIRST) == A
    assert await house.paid_for() == {FIRST}


async def test_a_number_that_is_gone_at_the_carrier_is_gone_once_it_would_be_shown(house: House) -> None:
    await house.bought()
    owned = await house.carrier.find_by_number(FIRST)
    assert owned is not None
    await house.carrier.release(owned.carrier_number_id)
    await house.delete(FIRST)
    assert [number.state for number in await house.numbers()] == [NumberState.RELEASING]
    await house.sweep_later()
    assert await house.numbers() == []


async def test_the_sweep_goes_on_to_the_next_number_when_one_cannot_be_released(house: House) -> None:
    await house.bought(3)
    house.faults.add(Operation.RELEASE, *[Fault.UNAVAILABLE] * 3)
    await house.delete(FIRST, SECOND, THIRD)
    house.faults.add(Operation.RELEASE, None, Fault.UNAVAILABLE, None)
    await house.sweep.sweep()
    assert len(await house.numbers()) == 1


async def test_a_released_number_can_be_bought_by_others(house: House) -> None:
    await house.bought()
    await house.delete(FIRST)
    assert await house.bought(organization_id=B) == [FIRST]
    assert await house.owner_of(FIRST) == B


async def test_a_repeat_is_given_the_first_answer_and_deletes_nothing(house: House) -> None:
    await house.bought()
    first = await house.delete(FIRST, THIRD)
    assert await house.bought() == [FIRST]
    assert await house.delete(FIRST, THIRD) == first
    assert house.carrier.calls[Operation.RELEASE] == 1
    await house.restart()
    assert await house.delete(FIRST, THIRD) == first
    assert await house.shown() == {FIRST}


async def test_a_repeat_is_given_the_first_answer_though_the_release_was_confirmed_later(
    house: House,
) -> None:
    await house.bought()
    house.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    first = await house.delete(FIRST)
    await house.sweep.sweep()
    assert await house.delete(FIRST) == first


async def test_a_request_id_cannot_be_used_for_another_deletion(house: House) -> None:
    await house.bought(2)
    await house.delete(FIRST)
    for others in [(SECOND,), (FIRST, SECOND), ()]:
        with pytest.raises(RequestIdReused):
            await house.delete(*others)
    assert await house.shown() == {SECOND}


async def test_a_request_id_of_a_purchase_cannot_be_used_for_a_deletion(house: House) -> None:
    await house.purchase(request_id="shared")
    with pytest.raises(RequestIdReused):
        await house.delete(FIRST, request_id="shared")
    assert await house.shown() == {FIRST}


async def test_deletions_of_different_request_ids_are_all_different(house: House) -> None:
    await house.bought()
    await house.delete(FIRST, request_id="first")
    await house.bought()
    assert len((await house.delete(FIRST, request_id="second")).deleted) == 1
    assert await house.numbers() == []


async def test_concurrent_repeats_release_once_and_are_answered_alike(house: House) -> None:
    await house.bought(2)
    answers = await asyncio.gather(*(house.delete(FIRST, SECOND) for _ in range(5)))
    assert answers == [answers[0]] * 5
    assert house.carrier.calls[Operation.RELEASE] == 2


async def test_concurrent_deletions_of_one_number_both_succeed(house: House) -> None:
    await house.bought()
    gate = house.carrier.hold(Operation.RELEASE)
    first = house.delete(FIRST, request_id="first")
    await gate.reached()
    second = await house.delete(FIRST, request_id="second")
    gate.open()
    assert [number.phone_number for number in second.deleted] == [FIRST]
    assert [number.phone_number for number in (await first).deleted] == [FIRST]
    assert await house.numbers() == []


async def test_deleting_again_what_is_not_confirmed_yet_is_answered_as_at_first(house: House) -> None:
    await house.bought()
    house.faults.add(Operation.RELEASE, Fault.UNAVAILABLE, Fault.UNAVAILABLE)
    first = await house.delete(FIRST, request_id="first")
    second = await house.delete(FIRST, request_id="second")
    assert first.deleted == second.deleted
    assert second.failures == ()


async def test_a_deletion_is_completed_when_its_caller_gives_up(house: House) -> None:
    await house.bought()
    gate = house.carrier.hold(Operation.RELEASE)
    caller = house.delete(FIRST)
    await gate.reached()
    caller.cancel()
    await asyncio.wait({caller})
    gate.open()
    answer = await house.delete(FIRST)
    assert [number.state for number in answer.deleted] == [NumberState.RELEASED]
    assert house.carrier.calls[Operation.RELEASE] == 1
    assert await house.numbers() == []


async def test_each_number_that_is_not_deleted_says_why_and_spoils_no_other(house: House) -> None:
    await house.bought()
    await house.bought(organization_id=B)
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase()
    answer = await house.delete(SECOND, THIRD, FIRST, "+12125550100")
    assert [number.phone_number for number in answer.deleted] == [FIRST]
    assert [(kept.phone_number, kept.reason) for kept in answer.failures] == [
        (SECOND, "NUMBER_NOT_FOUND"),  # it is B's
        (THIRD, "NUMBER_NOT_ACTIVE"),  # it is being purchased
        ("+12125550100", "NUMBER_NOT_FOUND"),
    ]
    assert answer.failures[1].metadata == {"phone_number": THIRD, "state": "PURCHASING"}
    # Another organization's number and nobody's are told apart by nothing.
    of_b, of_nobody = answer.failures[0], answer.failures[2]
    assert of_b.message == of_nobody.message
    assert await house.shown(organization_id=B) == {SECOND}
    assert [number.phone_number for number in await house.numbers()] == [THIRD]


async def test_deleting_nothing_changes_no_revision(house: House) -> None:
    answer = await house.delete(FIRST)
    assert (answer.deleted, answer.revision, await house.revision()) == ((), 1, 1)
    assert house.carrier.calls[Operation.RELEASE] == 0


async def test_an_unknown_organization_deletes_nothing(house: House) -> None:
    await house.bought()
    with pytest.raises(OrganizationNotFound):
        await house.delete(FIRST, organization_id="unknown")
    assert await house.shown() == {FIRST}


async def test_the_organization_number_stays_one_when_it_leaves_the_inventory(house: House) -> None:
    await house.bought()
    await house.add_organization(A, FIRST)
    await house.delete(FIRST)
    assert await house.numbers() == []
    assert await house.owner_of(FIRST) == A
    await house.add_organization(A)
    assert await house.owner_of(FIRST) is None


async def test_an_imported_number_is_given_back_for_good(house: House) -> None:
    await house.importing.import_numbers(A, [OWNED_FROM_START])
    answer = await house.delete(OWNED_FROM_START)
    assert [number.state for number in answer.deleted] == [NumberState.RELEASED]
    assert await house.numbers() == []
    assert await house.carrier.find_by_number(OWNED_FROM_START) is None


async def test_many_numbers_are_released_a_few_at_a_time(house: House) -> None:
    answer = await house.delete(*await house.bought(30))
    assert {number.state for number in answer.deleted} == {NumberState.RELEASED}
    assert house.carrier.calls[Operation.RELEASE] == 30
    assert 1 < house.carrier.most_at_once[Operation.RELEASE] <= 8


async def test_a_late_answer_to_a_release_spares_the_number_that_was_bought_anew(house: House) -> None:
    await house.bought()
    gate = house.carrier.hold_answer(Operation.RELEASE)
    deleting = house.delete(FIRST)
    await gate.reached()
    await house.sweep_later()
    assert await house.numbers() == []
    assert await house.bought() == [FIRST]
    gate.open()
    await deleting
    assert await house.shown() == {FIRST}


async def test_a_deletion_that_was_not_committed_changes_nothing(house: House) -> None:
    await house.bought()
    house.database.fail_write()
    with pytest.raises(StorageUnavailable):
        await house.delete(FIRST)
    assert await house.shown() == {FIRST}
    assert house.carrier.calls[Operation.RELEASE] == 0
    assert len((await house.delete(FIRST)).deleted) == 1


async def test_a_deletion_whose_end_was_not_committed_is_answered_to_a_repeat(house: House) -> None:
    await house.bought()
    gate = house.carrier.hold_answer(Operation.RELEASE)
    deleting = house.delete(FIRST)
    await gate.reached()
    house.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await deleting
    assert await house.shown() == set()
    assert [number.phone_number for number in (await house.delete(FIRST)).deleted] == [FIRST]
    await house.sweep_later()
    assert await house.numbers() == []
