"""Importing a number while it is imported, deleted and swept by others."""

import asyncio

import pytest

from localdial_server.app.importing import ImportAnswer
from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import CarrierNotAvailable
from localdial_server.domain.model import NumberState
from tests.conformance.watched_database import Gate
from tests.unit.app.house import A, House

# The account owns it from the start.
FIRST = "+14155550199"


async def _begin(house: House) -> "tuple[asyncio.Task[ImportAnswer], Gate]":
    """Import up to the second look at the carrier, under the claim."""
    seen, claimed = (house.carrier.hold_answer(Operation.FIND_BY_NUMBER) for _ in range(2))
    importing = asyncio.create_task(house.importing.import_numbers(A, [FIRST]))
    await seen.reached()
    seen.open()
    await claimed.reached()
    return importing, claimed


def _reasons(answer: ImportAnswer) -> list[str]:
    return [failure.error.reason for failure in answer.failures]


async def test_of_two_imports_that_saw_the_number_the_slower_one_revives_nothing_that_was_deleted(
    house: House,
) -> None:
    (faster, first), (slower, second) = await _begin(house), await _begin(house)
    first.open()
    assert (await faster).failures == ()
    await house.delete(FIRST)
    second.open()
    assert _reasons(await slower) == ["NUMBER_NOT_AT_CARRIER"]
    assert await house.numbers() == []
    assert await house.owner_of(FIRST) is None


async def test_a_deletion_of_a_number_that_is_being_imported_is_refused_and_harms_no_import(
    house: House,
) -> None:
    importing, claimed = await _begin(house)
    deletion = await house.delete(FIRST)
    assert [kept.reason for kept in deletion.failures] == ["NUMBER_NOT_ACTIVE"]
    claimed.open()
    answer = await importing
    assert answer.failures == ()
    assert await house.numbers() == list(answer.numbers)
    assert house.carrier.calls[Operation.RELEASE] == 0


@pytest.mark.parametrize("sweeps", [0, 1, 2])
async def test_imports_a_sweep_and_a_deletion_at_once_end_with_the_number_deleted_or_active(
    house: House, sweeps: int
) -> None:
    begun = [await _begin(house) for _ in range(3)]
    for _, gate in begun:
        gate.open()
    deletions = [house.delete(FIRST, request_id=f"deletion {number}") for number in range(2)]
    await asyncio.gather(
        *(importing for importing, _ in begun), *deletions, *(house.sweep.sweep() for _ in range(sweeps))
    )
    owned = await house.carrier.find_by_number(FIRST)
    states = [number.state for number in await house.numbers()]
    assert states == ([NumberState.ACTIVE] if owned is not None else [])
    assert (await house.owner_of(FIRST) == A) is (owned is not None)


@pytest.mark.parametrize("is_done", [False, True])
async def test_an_import_that_was_cut_off_while_it_configured_is_configured_by_a_repeat(
    house: House, *, is_done: bool
) -> None:
    gate = (house.carrier.hold_answer if is_done else house.carrier.hold)(Operation.CONFIGURE)
    begun = asyncio.create_task(house.importing.import_numbers(A, [FIRST], configure=True))
    await gate.reached()
    await house.restart()
    assert begun.cancelled()
    await house.sweep.sweep()
    assert [number.state for number in await house.numbers()] == [NumberState.ACTIVE]
    answer = await house.importing.import_numbers(A, [FIRST], configure=True)
    assert answer.failures == ()
    assert house.carrier.calls[Operation.CONFIGURE] == 1
    owned = await house.carrier.find_by_number(FIRST)
    assert owned is not None
    assert owned.reference.startswith("import-")
    assert [number.reference for number in await house.numbers()] == [owned.reference]


async def test_a_number_that_is_in_the_inventory_is_configured_when_asked_and_keeps_our_tag(
    house: House,
) -> None:
    await house.importing.import_numbers(A, [FIRST])
    (bought,) = await house.bought()
    before = {number.phone_number: number.reference for number in await house.numbers()}
    assert before[FIRST] == ""
    answer = await house.importing.import_numbers(A, [bought, FIRST], configure=True)
    assert [number.phone_number for number in answer.numbers] == [bought, FIRST]
    assert house.carrier.calls[Operation.CONFIGURE] == 2
    after = {number.phone_number: number.reference for number in await house.numbers()}
    assert after[bought] == before[bought]
    assert after[FIRST].startswith("import-")


async def test_a_number_of_the_inventory_that_is_gone_at_the_carrier_cannot_be_configured(
    house: House,
) -> None:
    (bought,) = await house.bought()
    (number,) = await house.numbers()
    await house.carrier.release(number.carrier_number_id)
    answer = await house.importing.import_numbers(A, [bought], configure=True)
    assert (answer.numbers, _reasons(answer)) == ((), ["NUMBER_NOT_AT_CARRIER"])
    await house.delete(bought)


async def test_an_import_that_fails_ends_no_other_that_it_joined(house: House) -> None:
    importing, claimed = await _begin(house)
    house.faults.add(Operation.FIND_BY_NUMBER, None, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await house.importing.import_numbers(A, [FIRST])
    claimed.open()
    answer = await importing
    assert answer.failures == ()
    assert await house.numbers() == list(answer.numbers)


async def test_the_sweep_ends_no_import_by_what_it_read_before_another_began(house: House) -> None:
    importing, claimed = await _begin(house)
    # The sweep has read of the intent, and is slow.
    look = house.carrier.hold_answer(Operation.FIND_BY_NUMBER)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await look.reached()
    claimed.open()
    await importing
    await house.delete(FIRST)
    look.open()
    await sweeping
    assert await house.numbers() == []
    assert await house.owner_of(FIRST) is None
