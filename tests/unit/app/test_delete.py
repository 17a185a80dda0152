"""Deleting numbers: they are hidden at once, then released at the carrier, once per request_id."""

import asyncio

import pytest
from sqlalchemy import delete

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import (
    OrganizationNotFound,
    PurchasePending,
    RequestIdReused,
    StorageUnavailable,
)
from localdial_server.domain.model import NumberState
from localdial_server.storage.sql.schema import simulator_numbers
from tests.unit.app.harness import FIRST, READ_LAG_SECONDS, SECOND, THIRD, A, B, Harness

OWNED_FROM_START = "+14155550199"

UNCONFIRMED = pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.RESET_BEFORE, Fault.RESET_AFTER])


async def test_a_deleted_number_leaves_the_inventory_and_the_carrier_account(harness: Harness) -> None:
    bought = await harness.bought(3)
    answer = await harness.delete(SECOND, FIRST)
    assert [(number.phone_number, number.state) for number in answer.deleted] == [
        (SECOND, NumberState.RELEASED),
        (FIRST, NumberState.RELEASED),
    ]
    assert answer.failures == ()
    assert answer.revision == await harness.revision()
    assert [number.phone_number for number in await harness.numbers()] == bought[2:]
    assert await harness.paid_for() == {THIRD}
    assert await harness.owner_of(FIRST) is None


async def test_a_number_is_hidden_and_unmapped_before_it_is_released(
    harness: Harness,
) -> None:
    await harness.bought()
    await harness.inventory.map_area_codes(A, FIRST, ["628", "650"])
    assert await harness.shown("628") == {FIRST}
    revision = await harness.revision()
    gate = harness.carrier.hold(Operation.RELEASE)
    deleting = harness.delete(FIRST)
    await gate.reached()
    (number,) = await harness.numbers()
    assert (number.state, number.mapped_area_codes) == (NumberState.RELEASING, ())
    assert await harness.revision() == revision + 1
    assert [await harness.shown(area_code) for area_code in ("415", "628", "650")] == [set()] * 3
    gate.open()
    await deleting


@UNCONFIRMED
async def test_a_number_is_hidden_even_if_the_carrier_does_not_confirm_the_release(
    harness: Harness, fault: Fault
) -> None:
    await harness.bought(2)
    harness.faults.add(Operation.RELEASE, fault)
    answer = await harness.delete(FIRST, SECOND)
    states = {number.state for number in answer.deleted}
    assert states == {NumberState.RELEASING, NumberState.RELEASED}
    assert await harness.shown() == set()
    (left,) = await harness.numbers()
    # Borrowers may still call it back, so no other organization can own it.
    assert (left.state, await harness.owner_of(left.phone_number)) == (NumberState.RELEASING, A)


@UNCONFIRMED
async def test_the_sweep_retries_a_release_until_it_is_confirmed(harness: Harness, fault: Fault) -> None:
    await harness.bought()
    harness.faults.add(Operation.RELEASE, fault, fault)
    await harness.delete(FIRST)
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.RELEASING]
    await harness.sweep_later()
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None
    assert await harness.paid_for() == set()


async def test_a_number_that_the_carrier_does_not_show_yet_does_not_count_as_released(
    harness: Harness,
) -> None:
    await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.NOT_SEEN, Fault.NOT_SEEN)
    (number,) = (await harness.delete(FIRST)).deleted
    await harness.sweep.sweep()
    assert number.state is NumberState.RELEASING
    assert await harness.owner_of(FIRST) == A
    assert await harness.paid_for() == {FIRST}
    await harness.sweep.sweep()
    assert (await harness.numbers(), await harness.paid_for()) == ([], set())


async def test_the_read_lag_counts_from_the_request_and_not_from_the_response(harness: Harness) -> None:
    await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.NOT_SEEN)
    gate = harness.carrier.hold_answer(Operation.RELEASE)
    deleting = harness.delete(FIRST)
    await gate.reached()
    harness.clock.advance(READ_LAG_SECONDS)
    gate.open()
    await deleting
    assert await harness.owner_of(FIRST) == A
    assert await harness.paid_for() == {FIRST}


async def test_a_number_missing_at_the_carrier_counts_as_released_after_the_read_lag(
    harness: Harness,
) -> None:
    await harness.bought()
    owned = await harness.carrier.find_by_number(FIRST)
    assert owned is not None
    await harness.carrier.release(owned.carrier_number_id)
    await harness.delete(FIRST)
    assert [number.state for number in await harness.numbers()] == [NumberState.RELEASING]
    await harness.sweep_later()
    assert await harness.numbers() == []


async def test_the_sweep_releases_the_next_number_when_one_release_fails(
    harness: Harness,
) -> None:
    await harness.bought(3)
    harness.faults.add(Operation.RELEASE, *[Fault.UNAVAILABLE] * 3)
    await harness.delete(FIRST, SECOND, THIRD)
    harness.faults.add(Operation.RELEASE, None, Fault.UNAVAILABLE, None)
    await harness.sweep.sweep()
    assert len(await harness.numbers()) == 1


async def test_another_organization_can_buy_a_released_number(harness: Harness) -> None:
    await harness.bought()
    await harness.delete(FIRST)
    assert await harness.bought(organization_id=B) == [FIRST]
    assert await harness.owner_of(FIRST) == B


async def test_a_repeat_returns_the_first_answer_and_deletes_nothing(harness: Harness) -> None:
    await harness.bought()
    first = await harness.delete(FIRST, THIRD)
    assert await harness.bought() == [FIRST]
    assert await harness.delete(FIRST, THIRD) == first
    assert harness.carrier.calls[Operation.RELEASE] == 1
    await harness.restart()
    assert await harness.delete(FIRST, THIRD) == first
    assert await harness.shown() == {FIRST}


async def test_a_repeat_returns_the_first_answer_even_if_the_release_was_confirmed_since(
    harness: Harness,
) -> None:
    await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    first = await harness.delete(FIRST)
    await harness.sweep.sweep()
    assert await harness.delete(FIRST) == first


async def test_a_request_id_cannot_be_used_for_another_deletion(harness: Harness) -> None:
    await harness.bought(2)
    await harness.delete(FIRST)
    for others in [(SECOND,), (FIRST, SECOND), ()]:
        with pytest.raises(RequestIdReused):
            await harness.delete(*others)
    assert await harness.shown() == {SECOND}


async def test_a_request_id_of_a_purchase_cannot_be_used_for_a_deletion(harness: Harness) -> None:
    await harness.purchase(request_id="shared")
    with pytest.raises(RequestIdReused):
        await harness.delete(FIRST, request_id="shared")
    assert await harness.shown() == {FIRST}


async def test_deletions_with_different_request_ids_are_independent(harness: Harness) -> None:
    await harness.bought()
    await harness.delete(FIRST, request_id="first")
    await harness.bought()
    assert len((await harness.delete(FIRST, request_id="second")).deleted) == 1
    assert await harness.numbers() == []


async def test_concurrent_repeats_release_once_and_get_the_same_answer(harness: Harness) -> None:
    await harness.bought(2)
    answers = await asyncio.gather(*(harness.delete(FIRST, SECOND) for _ in range(5)))
    assert answers == [answers[0]] * 5
    assert harness.carrier.calls[Operation.RELEASE] == 2


async def test_concurrent_deletions_of_one_number_both_succeed(harness: Harness) -> None:
    await harness.bought()
    gate = harness.carrier.hold(Operation.RELEASE)
    first = harness.delete(FIRST, request_id="first")
    await gate.reached()
    second = await harness.delete(FIRST, request_id="second")
    gate.open()
    assert [number.phone_number for number in second.deleted] == [FIRST]
    assert [number.phone_number for number in (await first).deleted] == [FIRST]
    assert await harness.numbers() == []


async def test_a_slow_release_leaves_alone_a_number_that_came_back_and_is_deleted_again(
    harness: Harness,
) -> None:
    await harness.importing.import_numbers(A, [OWNED_FROM_START])
    gate = harness.carrier.hold_answer(Operation.RELEASE)
    slow = harness.delete(OWNED_FROM_START, request_id="first")
    await gate.reached()
    await harness.sweep_later()
    assert await harness.numbers() == []
    # The account takes the number back, with the identifier that it had.
    await harness.database.write("test", lambda connection: connection.execute(delete(simulator_numbers)))
    await harness.importing.import_numbers(A, [OWNED_FROM_START])
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE)
    await harness.delete(OWNED_FROM_START, request_id="second")
    gate.open()
    await slow
    assert [number.state for number in await harness.numbers()] == [NumberState.RELEASING]
    assert await harness.owner_of(OWNED_FROM_START) == A


async def test_deleting_a_number_again_before_its_release_is_confirmed_gets_the_same_answer(
    harness: Harness,
) -> None:
    await harness.bought()
    harness.faults.add(Operation.RELEASE, Fault.UNAVAILABLE, Fault.UNAVAILABLE)
    first = await harness.delete(FIRST, request_id="first")
    second = await harness.delete(FIRST, request_id="second")
    assert first.deleted == second.deleted
    assert second.failures == ()


async def test_a_deletion_is_completed_even_if_its_caller_gives_up(harness: Harness) -> None:
    await harness.bought()
    gate = harness.carrier.hold(Operation.RELEASE)
    caller = harness.delete(FIRST)
    await gate.reached()
    caller.cancel()
    await asyncio.wait({caller})
    gate.open()
    answer = await harness.delete(FIRST)
    assert [number.state for number in answer.deleted] == [NumberState.RELEASED]
    assert harness.carrier.calls[Operation.RELEASE] == 1
    assert await harness.numbers() == []


async def test_each_number_that_fails_has_a_reason_and_the_others_are_deleted(harness: Harness) -> None:
    await harness.bought()
    await harness.bought(organization_id=B)
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase()
    answer = await harness.delete(SECOND, THIRD, FIRST, "+12125550100")
    assert [number.phone_number for number in answer.deleted] == [FIRST]
    assert [(failure.phone_number, failure.error.reason) for failure in answer.failures] == [
        (SECOND, "NUMBER_NOT_FOUND"),  # it is B's
        (THIRD, "NUMBER_NOT_ACTIVE"),  # it is being purchased
        ("+12125550100", "NUMBER_NOT_FOUND"),
    ]
    assert answer.failures[1].error.metadata == {"phone_number": THIRD, "state": "PURCHASING"}
    # The answer does not reveal whether another organization owns the number.
    of_b, of_nobody = answer.failures[0], answer.failures[2]
    assert of_b.error.message == of_nobody.error.message
    assert await harness.shown(organization_id=B) == {SECOND}
    assert [number.phone_number for number in await harness.numbers()] == [THIRD]


async def test_deleting_nothing_changes_no_revision(harness: Harness) -> None:
    answer = await harness.delete(FIRST)
    assert (answer.deleted, answer.revision, await harness.revision()) == ((), 1, 1)
    assert harness.carrier.calls[Operation.RELEASE] == 0


async def test_an_unknown_organization_deletes_nothing(harness: Harness) -> None:
    await harness.bought()
    with pytest.raises(OrganizationNotFound):
        await harness.delete(FIRST, organization_id="unknown")
    assert await harness.shown() == {FIRST}


async def test_deleting_a_number_from_the_inventory_keeps_it_as_the_organization_number(
    harness: Harness,
) -> None:
    await harness.bought()
    await harness.add_organization(A, FIRST)
    await harness.delete(FIRST)
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) == A
    await harness.add_organization(A)
    assert await harness.owner_of(FIRST) is None


async def test_a_deleted_number_that_was_imported_is_gone_for_good(harness: Harness) -> None:
    await harness.importing.import_numbers(A, [OWNED_FROM_START])
    answer = await harness.delete(OWNED_FROM_START)
    assert [number.state for number in answer.deleted] == [NumberState.RELEASED]
    assert await harness.numbers() == []
    assert await harness.carrier.find_by_number(OWNED_FROM_START) is None


async def test_many_numbers_are_released_a_few_at_a_time(harness: Harness) -> None:
    answer = await harness.delete(*await harness.bought(30))
    assert {number.state for number in answer.deleted} == {NumberState.RELEASED}
    assert harness.carrier.calls[Operation.RELEASE] == 30
    assert 1 < harness.carrier.most_at_once[Operation.RELEASE] <= 8


async def test_a_late_response_to_a_release_does_not_affect_a_number_bought_again(
    harness: Harness,
) -> None:
    await harness.bought()
    gate = harness.carrier.hold_answer(Operation.RELEASE)
    deleting = harness.delete(FIRST)
    await gate.reached()
    await harness.sweep_later()
    assert await harness.numbers() == []
    assert await harness.bought() == [FIRST]
    gate.open()
    await deleting
    assert await harness.shown() == {FIRST}


async def test_a_deletion_that_was_not_committed_changes_nothing(harness: Harness) -> None:
    await harness.bought()
    harness.database.fail_write()
    with pytest.raises(StorageUnavailable):
        await harness.delete(FIRST)
    assert await harness.shown() == {FIRST}
    assert harness.carrier.calls[Operation.RELEASE] == 0
    assert len((await harness.delete(FIRST)).deleted) == 1


async def test_a_repeat_gets_the_answer_of_a_deletion_whose_end_was_not_committed(
    harness: Harness,
) -> None:
    await harness.bought()
    gate = harness.carrier.hold_answer(Operation.RELEASE)
    deleting = harness.delete(FIRST)
    await gate.reached()
    harness.database.fail_write()
    gate.open()
    with pytest.raises(StorageUnavailable):
        await deleting
    assert await harness.shown() == set()
    assert [number.phone_number for number in (await harness.delete(FIRST)).deleted] == [FIRST]
    await harness.sweep_later()
    assert await harness.numbers() == []
