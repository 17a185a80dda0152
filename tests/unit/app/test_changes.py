"""What was committed is what this process decides calls on, whatever failed right after."""

import asyncio
import contextlib
from collections.abc import Awaitable

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending, StorageUnavailable
from localdial_server.domain.model import User
from tests.unit.app.house import A, House

FIRST, SECOND = "+14155550100", "+14155550101"
OWNED_FROM_START = "+14155550199"


async def _fails(call: Awaitable[object]) -> bool:
    """Await what may fail for want of the database."""
    with contextlib.suppress(StorageUnavailable):
        await call
        return False
    return True


async def test_a_change_is_decided_on_though_the_snapshot_could_not_be_loaded(house: House) -> None:
    await house.snapshots.get(A)
    house.database.fail_read()
    assert await house.directory.set_users(A, [User(A, "anna")]) == 2
    assert set((await house.snapshots.get(A)).caller_ids) == {"anna"}


async def test_a_number_bought_is_shown_though_the_purchase_could_not_go_on(house: House) -> None:
    assert await house.shown() == set()
    gate = house.carrier.hold_answer(Operation.ORDER)
    purchasing = house.purchase()
    await gate.reached()
    house.database.fail_read()
    gate.open()
    await _fails(purchasing)
    assert await house.shown() == {FIRST}


async def test_a_number_bought_is_shown_though_another_one_could_not_be_committed(house: House) -> None:
    assert await house.shown() == set()
    first, second = (house.carrier.hold_answer(Operation.ORDER) for _ in range(2))
    purchasing = house.purchase(2)
    await first.reached()
    await second.reached()
    committed = house.database.hold_committed()
    first.open()
    await committed.reached()
    house.database.fail_write()
    second.open()
    committed.open()
    assert await _fails(purchasing)
    (active,) = [number.phone_number for number in await house.numbers() if number.carrier_number_id]
    assert await house.shown() == {active}


async def test_a_number_adopted_is_shown_though_the_sweep_could_not_go_on(house: House) -> None:
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase()
    house.faults.lasting.clear()
    assert await house.shown() == set()
    gate = house.carrier.hold_answer(Operation.FIND_BY_REFERENCE)
    sweeping = asyncio.ensure_future(house.sweep.sweep())
    await gate.reached()
    house.database.fail_read()
    gate.open()
    await _fails(sweeping)
    assert await house.shown() == {FIRST}


async def test_a_number_imported_is_shown_though_the_import_could_not_go_on(house: House) -> None:
    assert await house.shown() == set()
    gate = house.carrier.hold_answer(Operation.FIND_BY_NUMBER)
    importing = asyncio.ensure_future(house.importing.import_numbers(A, [OWNED_FROM_START]))
    await gate.reached()
    house.database.fail_read()
    gate.open()
    await _fails(importing)
    assert await house.shown() == {OWNED_FROM_START}


async def test_a_deleted_number_is_not_shown_though_the_deletion_could_not_go_on(house: House) -> None:
    await house.bought()
    assert await house.shown() == {FIRST}
    house.database.fail_read()
    await _fails(house.delete(FIRST))
    assert await house.shown() == set()
