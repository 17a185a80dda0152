import asyncio
from collections.abc import Sequence

import pytest

from localdial_server.concurrency.groups import Groups


class _Work:
    """Doubles the items of a group, each group when the test lets it end."""

    def __init__(self) -> None:
        self.begun: list[Sequence[int]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def run(self, items: Sequence[int]) -> Sequence[int]:
        self.begun.append(items)
        await self.may_end.wait()
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


async def test_items_that_come_together_are_handled_together_and_each_gets_its_own_result() -> None:
    work = _Work()
    groups = Groups(work.run)
    assert await asyncio.gather(*map(groups.add, (1, 2, 3))) == [2, 4, 6]
    assert work.begun == [[1, 2, 3]]


async def test_a_lone_item_waits_for_no_other() -> None:
    work = _Work()
    groups = Groups(work.run)
    assert [await groups.add(1), await groups.add(2)] == [2, 4]
    assert work.begun == [[1], [2]]


async def test_items_that_come_while_a_group_runs_are_the_next_group() -> None:
    work = _Work()
    groups = Groups(work.run)
    work.may_end.clear()
    first = asyncio.create_task(groups.add(1))
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(groups.add(item)) for item in (2, 3)]
    await asyncio.sleep(0.01)
    assert work.begun == [[1]]
    work.may_end.set()
    assert await asyncio.gather(first, *later) == [2, 4, 6]
    assert work.begun == [[1], [2, 3]]


async def test_a_group_that_fails_fails_all_its_items_and_no_later_ones() -> None:
    work = _Work()
    groups = Groups(work.run)
    first, second = await asyncio.gather(groups.add(1), groups.add(13), return_exceptions=True)
    assert isinstance(first, ValueError)
    assert isinstance(second, ValueError)
    assert await groups.add(2) == 4


async def test_a_caller_that_gives_up_takes_nothing_from_the_others() -> None:
    work = _Work()
    groups = Groups(work.run)
    work.may_end.clear()
    first, second = (asyncio.create_task(groups.add(item)) for item in (1, 2))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == 4
    assert work.begun == [[1, 2]]
