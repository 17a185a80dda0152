"""The server dies at any step of a purchase or a deletion: money is spent once, and nothing is lost.

Each test runs once for every step, until a run ends before the chosen step.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.domain.errors import PurchasePending, ServiceError
from localdial_server.domain.model import NumberState
from tests.unit.app.crashing import CrashError, MortalCarrier, MortalDatabase, Process
from tests.unit.app.harness import READ_LAG_SECONDS, A, Harness

QUANTITY = 2

Do = Callable[[Harness], Awaitable[object]]


async def _bare(_harness: Harness) -> None:
    """Prepare only the organization."""


class Lives:
    """Harnesses that each die at another step of the same work, and are opened again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def each(self, prepare: Do, do: Do) -> AsyncIterator[Harness]:
        """Yield a reopened harness for every step at which it died, and last one that did not die."""
        prepared = self._folder / "prepared.db"
        harness = Harness(prepared)
        harness.open()
        await harness.add_organization(A)
        await prepare(harness)
        await harness.crash()
        for dies_at in count(1):
            path = self._folder / f"died-at-{dies_at}.db"
            shutil.copy(prepared, path)
            harness, process = Harness(path), Process(dies_at)
            harness.clock.advance(60)
            harness.open(partial(MortalDatabase, process), partial(MortalCarrier, process))
            with contextlib.suppress(CrashError, ServiceError):
                await do(harness)
            harness.faults.clear()
            await harness.restart()
            yield harness
            assert await harness.discrepancies() == []
            await harness.crash()
            if not process.is_dead:
                return


@pytest.fixture
def lives(tmp_path: Path) -> Lives:
    return Lives(tmp_path)


def _purchase(fault: Fault | None) -> Do:
    def purchase(harness: Harness) -> Awaitable[object]:
        harness.faults.add(Operation.ORDER, fault)
        return harness.purchase(QUANTITY)

    return purchase


@pytest.mark.parametrize(
    ("fault", "lag"),
    [
        (None, True),
        (Fault.RESET_AFTER, True),
        (Fault.RESET_BEFORE, False),
        (Fault.TAKEN, False),
        (Fault.UNAVAILABLE, False),
    ],
)
async def test_a_repeat_after_a_crash_completes_the_purchase_and_buys_nothing_more(
    lives: Lives, fault: Fault | None, *, lag: bool
) -> None:
    async for harness in lives.each(_bare, _purchase(fault)):
        if lag:
            harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
            await harness.sweep.sweep()
        # An immediate repeat gets the answer, or PURCHASE_PENDING.
        (first,) = await asyncio.gather(harness.purchase(QUANTITY), return_exceptions=True)
        assert len(await harness.paid_for()) <= QUANTITY
        harness.faults.lasting.clear()
        harness.clock.advance(READ_LAG_SECONDS)
        answer = await harness.purchase(QUANTITY)
        assert isinstance(first, PurchasePending) or first == answer
        bought = {number.phone_number for number in answer.numbers}
        assert len(bought) + answer.unfilled_count == QUANTITY
        assert await harness.paid_for() == bought
        assert {number.phone_number for number in await harness.numbers()} == bought
        # Without a fault, the purchase is filled.
        assert fault is Fault.UNAVAILABLE or len(bought) == QUANTITY


@pytest.mark.parametrize("fault", [None, Fault.RESET_AFTER, Fault.RESET_BEFORE])
async def test_the_sweep_after_a_crash_settles_every_order(lives: Lives, fault: Fault | None) -> None:
    async for harness in lives.each(_bare, _purchase(fault)):
        await harness.sweep_later()
        numbers = await harness.numbers()
        assert {number.state for number in numbers} <= {NumberState.ACTIVE}
        assert {number.phone_number for number in numbers} == await harness.paid_for()
        assert len(numbers) <= QUANTITY


async def _buy(harness: Harness) -> None:
    await harness.bought(QUANTITY)


def _delete(harness: Harness) -> Awaitable[object]:
    return harness.delete("+14155550100", "+14155550101")


async def test_a_repeat_after_a_crash_completes_the_deletion(lives: Lives) -> None:
    async for harness in lives.each(_buy, _delete):
        answer = await harness.delete("+14155550100", "+14155550101")
        assert len(answer.deleted) == QUANTITY
        assert answer.failures == ()
        assert await harness.shown() == set()
        await harness.sweep_later()
        assert await harness.numbers() == []
        assert await harness.paid_for() == set()


async def test_the_sweep_after_a_crash_completes_a_deletion_that_was_committed(lives: Lives) -> None:
    async for harness in lives.each(_buy, _delete):
        shown = await harness.shown()
        await harness.sweep_later()
        assert len(shown) in {0, QUANTITY}
        assert {number.phone_number for number in await harness.numbers()} == shown
        assert await harness.paid_for() == shown


async def _leave_open(harness: Harness) -> None:
    """Leave a number to release, one to adopt, and one to abandon."""
    await harness.bought()
    harness.faults.add(Operation.ORDER, Fault.RESET_AFTER, Fault.RESET_BEFORE)
    harness.faults.lasting[Operation.FIND_BY_REFERENCE] = Fault.NOT_SEEN
    with pytest.raises(PurchasePending):
        await harness.purchase(QUANTITY)
    harness.faults.lasting[Operation.RELEASE] = Fault.UNAVAILABLE
    await harness.delete("+14155550100")


async def test_the_next_sweep_completes_one_that_crashed(lives: Lives) -> None:
    async for harness in lives.each(_leave_open, Harness.sweep_later):
        # The new process waits for the read lag again before it abandons an order.
        await harness.sweep_later()
        (number,) = await harness.numbers()
        assert (number.phone_number, number.state) == ("+14155550101", NumberState.ACTIVE)
        assert await harness.paid_for() == {number.phone_number}
