"""Importing a number while others import, delete and sweep it."""

import asyncio

import pytest

from localdial_server.app.numbers.import_numbers import ImportAnswer
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import CarrierNotAvailable
from localdial_server.domain.model import NumberState
from tests.unit.app.harness import A, Harness

# The account owns it from the start.
FIRST = "+14155550199"


def _reasons(answer: ImportAnswer) -> list[str]:
    return [failure.error.reason for failure in answer.failures]


async def test_the_slower_of_two_imports_does_not_bring_back_a_deleted_number(
    harness: Harness,
) -> None:
    (faster, first), (slower, second) = (
        await harness.import_until_claimed(FIRST),
        await harness.import_until_claimed(FIRST),
    )
    first.open()
    assert (await faster).failures == ()
    await harness.delete(FIRST)
    second.open()
    assert _reasons(await slower) == ["NUMBER_NOT_AT_CARRIER"]
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None


async def test_deleting_a_number_during_its_import_is_refused_and_the_import_succeeds(
    harness: Harness,
) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    deletion = await harness.delete(FIRST)
    assert [failure.error.reason for failure in deletion.failures] == ["NUMBER_NOT_ACTIVE"]
    claimed.open()
    answer = await importing
    assert answer.failures == ()
    assert await harness.numbers() == list(answer.numbers)
    assert harness.carrier.calls[Operation.RELEASE] == 0


@pytest.mark.parametrize("sweeps", [0, 1, 2])
async def test_concurrent_imports_sweep_and_deletion_leave_the_number_deleted_or_active(
    harness: Harness, sweeps: int
) -> None:
    started = [await harness.import_until_claimed(FIRST) for _ in range(3)]
    for _, gate in started:
        gate.open()
    deletions = [harness.delete(FIRST, request_id=f"deletion {number}") for number in range(2)]
    await asyncio.gather(
        *(importing for importing, _ in started), *deletions, *(harness.sweep.sweep() for _ in range(sweeps))
    )
    owned = await harness.carrier.find_by_number(FIRST)
    states = [number.state for number in await harness.numbers()]
    assert states == ([NumberState.ACTIVE] if owned is not None else [])
    assert (await harness.owner_of(FIRST) == A) is (owned is not None)


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_repeat_configures_the_number_of_an_import_that_was_interrupted(
    harness: Harness, *, is_done: bool
) -> None:
    gate = (harness.carrier.hold_answer if is_done else harness.carrier.hold)(Operation.CONFIGURE)
    started = asyncio.create_task(harness.importing.import_numbers(A, [FIRST], configure=True))
    await gate.reached()
    await harness.restart()
    assert started.cancelled()
    await harness.sweep.sweep()
    assert [number.state for number in await harness.numbers()] == [NumberState.ACTIVE]
    answer = await harness.importing.import_numbers(A, [FIRST], configure=True)
    assert answer.failures == ()
    assert harness.carrier.calls[Operation.CONFIGURE] == 1


async def test_importing_a_number_of_the_inventory_with_configure_configures_it_and_changes_nothing_else(
    harness: Harness,
) -> None:
    await harness.importing.import_numbers(A, [FIRST])
    (bought,) = await harness.bought()
    before = await harness.numbers()
    answer = await harness.importing.import_numbers(A, [bought, FIRST], configure=True)
    assert [number.phone_number for number in answer.numbers] == [bought, FIRST]
    assert harness.carrier.calls[Operation.CONFIGURE] == 2
    assert await harness.numbers() == before


async def test_a_number_of_the_inventory_that_is_gone_at_the_carrier_cannot_be_configured(
    harness: Harness,
) -> None:
    (bought,) = await harness.bought()
    (number,) = await harness.numbers()
    await harness.carrier.release(number.carrier_number_id)
    answer = await harness.importing.import_numbers(A, [bought], configure=True)
    assert (answer.numbers, _reasons(answer)) == ((), ["NUMBER_NOT_AT_CARRIER"])
    await harness.delete(bought)


async def test_a_failed_import_does_not_end_another_one_of_the_same_number(harness: Harness) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    harness.faults.add(Operation.FIND_BY_NUMBER, None, Fault.UNAVAILABLE)
    with pytest.raises(CarrierNotAvailable):
        await harness.importing.import_numbers(A, [FIRST])
    claimed.open()
    answer = await importing
    assert answer.failures == ()
    assert await harness.numbers() == list(answer.numbers)


async def test_a_slow_sweep_does_not_end_an_import_that_began_after_its_read(harness: Harness) -> None:
    importing, claimed = await harness.import_until_claimed(FIRST)
    # The sweep has read the order, and is slow.
    look = harness.carrier.hold_answer(Operation.FIND_BY_NUMBER)
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await look.reached()
    claimed.open()
    await importing
    await harness.delete(FIRST)
    look.open()
    await sweeping
    assert await harness.numbers() == []
    assert await harness.owner_of(FIRST) is None
