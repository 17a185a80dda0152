"""This process decides calls by what was committed, even if the next step fails."""

import asyncio
import contextlib
from collections.abc import Awaitable

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending, StorageUnavailable
from localdial_server.domain.model import User
from tests.unit.app.harness import FIRST, A, Harness

OWNED_FROM_START = "+14155550199"


async def _fails(call: Awaitable[object]) -> bool:
    """Await a call that may fail because the database does; return whether it did."""
    with contextlib.suppress(StorageUnavailable):
        await call
        return False
    return True


async def test_a_committed_change_is_used_even_if_loading_the_snapshot_fails(
    harness: Harness,
) -> None:
    await harness.snapshots.get(A)
    harness.database.fail_read()
    assert await harness.directory.set_users(A, [User(A, "anna")]) == 2
    assert set((await harness.snapshots.get(A)).caller_ids) == {"anna"}


async def test_a_bought_number_is_shown_even_if_the_rest_of_the_purchase_fails(harness: Harness) -> None:
    assert await harness.shown() == set()
    gate = harness.carrier.hold_answer(Operation.ORDER)
    purchasing = harness.purchase()
    await gate.reached()
    harness.database.fail_read()
    gate.open()
    await _fails(purchasing)
    assert await harness.shown() == {FIRST}


async def test_a_bought_number_is_shown_even_if_committing_another_one_fails(
    harness: Harness,
) -> None:
    assert await harness.shown() == set()
    first, second = (harness.carrier.hold_answer(Operation.ORDER) for _ in range(2))
    purchasing = harness.purchase(2)
    await first.reached()
    await second.reached()
    committed = harness.database.hold_committed()
    first.open()
    await committed.reached()
    harness.database.fail_write()
    second.open()
    committed.open()
    assert await _fails(purchasing)
    (active,) = [number.phone_number for number in await harness.numbers() if number.carrier_number_id]
    assert await harness.shown() == {active}


async def test_an_adopted_number_is_shown_even_if_the_rest_of_the_sweep_fails(harness: Harness) -> None:
    for _ in range(2):
        harness.faults.add(Operation.ORDER, Fault.RESET_AFTER)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase(2)
    harness.faults.lasting.clear()
    assert await harness.shown() == set()
    first, second = (harness.carrier.hold_answer(Operation.FIND_BY_REFERENCE) for _ in range(2))
    sweeping = asyncio.ensure_future(harness.sweep.sweep())
    await first.reached()
    await second.reached()
    committed = harness.database.hold_committed()
    first.open()
    await committed.reached()
    harness.database.fail_write()
    second.open()
    committed.open()
    assert await _fails(sweeping)
    (active,) = [number.phone_number for number in await harness.numbers() if number.carrier_number_id]
    assert await harness.shown() == {active}


async def test_an_imported_number_is_shown_even_if_the_rest_of_the_import_fails(harness: Harness) -> None:
    assert await harness.shown() == set()
    gate = harness.carrier.hold_answer(Operation.FIND_BY_NUMBER)
    importing = asyncio.ensure_future(harness.importing.import_numbers(A, [OWNED_FROM_START]))
    await gate.reached()
    harness.database.fail_read()
    gate.open()
    await _fails(importing)
    assert await harness.shown() == {OWNED_FROM_START}


async def test_a_deleted_number_is_hidden_even_if_the_rest_of_the_deletion_fails(
    harness: Harness,
) -> None:
    await harness.bought()
    assert await harness.shown() == {FIRST}
    gate = harness.carrier.hold_answer(Operation.RELEASE)
    deleting = asyncio.ensure_future(harness.delete(FIRST))
    await gate.reached()
    harness.database.fail_write()
    gate.open()
    assert await _fails(deleting)
    assert await harness.shown() == set()
