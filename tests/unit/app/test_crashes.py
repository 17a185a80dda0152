"""The server dies at any step of a purchase or a deletion: money is spent once, and nothing is lost.

Each test runs once for every step, from the first until one lies behind the end.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from localdial_server.carriers.simulator_faults import Fault, Operation
from localdial_server.domain.errors import LocaldialError, PurchasePending
from localdial_server.domain.model import NumberState
from tests.unit.app.crashing import CrashError, MortalCarrier, MortalDatabase, Process
from tests.unit.app.house import READ_LAG_SECONDS, A, House

QUANTITY = 2

Do = Callable[[House], Awaitable[object]]


async def _bare(_house: House) -> None:
    """Prepare nothing but the organization."""


class Lives:
    """Lets a house die, once at every step of what it does, and opens it again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def each(self, prepare: Do, do: Do) -> AsyncIterator[House]:
        """Answer a house for every step at which it died, and in the end one that did not."""
        prepared = self._folder / "prepared.db"
        house = House(prepared)
        house.open()
        await house.add_organization(A)
        await prepare(house)
        await house.crash()
        for dies_at in count(1):
            path = self._folder / f"died-at-{dies_at}.db"
            shutil.copy(prepared, path)
            house, process = House(path), Process(dies_at)
            house.clock.advance(60)
            house.open(partial(MortalDatabase, process), partial(MortalCarrier, process))
            with contextlib.suppress(CrashError, LocaldialError):
                await do(house)
            house.faults.clear()
            await house.restart()
            yield house
            assert await house.discrepancies() == []
            await house.crash()
            if not process.is_dead:
                return


@pytest.fixture
def lives(tmp_path: Path) -> Lives:
    return Lives(tmp_path)


def _purchase(fault: Fault | None) -> Do:
    def purchase(house: House) -> Awaitable[object]:
        house.faults.add(Operation.ORDER, fault)
        return house.purchase(QUANTITY)

    return purchase


@pytest.mark.parametrize(
    ("fault", "lag"),
    [
        (None, True),
        (Fault.ANSWER_LOST, True),
        (Fault.REQUEST_LOST, False),
        (Fault.TAKEN, False),
        (Fault.UNAVAILABLE, False),
    ],
)
async def test_a_repeat_after_a_crash_makes_the_purchase_whole_and_no_larger(
    lives: Lives, fault: Fault | None, *, lag: bool
) -> None:
    async for house in lives.each(_bare, _purchase(fault)):
        if lag:
            house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
            await house.sweep.sweep()
        # At once: the answer, or that it is not known yet.
        (first,) = await asyncio.gather(house.purchase(QUANTITY), return_exceptions=True)
        assert len(await house.paid_for()) <= QUANTITY
        house.faults.lasting.clear()
        house.clock.advance(READ_LAG_SECONDS)
        answer = await house.purchase(QUANTITY)
        assert isinstance(first, PurchasePending) or first == answer
        bought = {number.phone_number for number in answer.numbers}
        assert len(bought) + answer.unfilled_count == QUANTITY
        assert await house.paid_for() == bought
        assert {number.phone_number for number in await house.numbers()} == bought
        # Where nothing was turned away, all that was wanted was bought.
        assert fault is Fault.UNAVAILABLE or len(bought) == QUANTITY


@pytest.mark.parametrize("fault", [None, Fault.ANSWER_LOST, Fault.REQUEST_LOST])
async def test_the_sweep_after_a_crash_settles_all_that_was_ordered(
    lives: Lives, fault: Fault | None
) -> None:
    async for house in lives.each(_bare, _purchase(fault)):
        await house.sweep_later()
        numbers = await house.numbers()
        assert {number.state for number in numbers} <= {NumberState.ACTIVE}
        assert {number.phone_number for number in numbers} == await house.paid_for()
        assert len(numbers) <= QUANTITY


async def _buy(house: House) -> None:
    await house.bought(QUANTITY)


def _delete(house: House) -> Awaitable[object]:
    return house.delete("+14155550100", "+14155550101")


async def test_a_repeat_after_a_crash_makes_the_deletion_whole(lives: Lives) -> None:
    async for house in lives.each(_buy, _delete):
        answer = await house.delete("+14155550100", "+14155550101")
        assert len(answer.deleted) == QUANTITY
        assert answer.failures == ()
        assert await house.shown() == set()
        await house.sweep_later()
        assert await house.numbers() == []
        assert await house.paid_for() == set()


async def test_the_sweep_after_a_crash_finishes_the_deletion_or_it_never_began(lives: Lives) -> None:
    async for house in lives.each(_buy, _delete):
        shown = await house.shown()
        await house.sweep_later()
        assert len(shown) in {0, QUANTITY}
        assert {number.phone_number for number in await house.numbers()} == shown
        assert await house.paid_for() == shown


async def _leave_open(house: House) -> None:
    """Leave a number to release, one to adopt, and one to drop."""
    await house.bought()
    house.faults.add(Operation.ORDER, Fault.ANSWER_LOST, Fault.REQUEST_LOST)
    house.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await house.purchase(QUANTITY)
    house.faults.lasting[Operation.RELEASE] = Fault.UNAVAILABLE
    await house.delete("+14155550100")


async def test_a_sweep_that_crashed_is_finished_by_the_next(lives: Lives) -> None:
    async for house in lives.each(_leave_open, House.sweep_later):
        # Another process, so another read lag before what is not found is given up.
        await house.sweep_later()
        (number,) = await house.numbers()
        assert (number.phone_number, number.state) == ("+14155550101", NumberState.ACTIVE)
        assert await house.paid_for() == {number.phone_number}
