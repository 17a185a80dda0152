"""Items that wait at the same time are handled together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Groups(Generic[ItemT, ResultT]):
    """Hands items to `run` in groups: one group at a time, and each with all items that wait by then.

    No item waits for others to come. `run` returns the result of each item, in order. It runs in the context
    of the caller whose item began the groups, so all callers must act for the same principal.
    """

    def __init__(self, run: Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT]]]) -> None:
        self._run = run
        self._waiting: list[tuple[ItemT, asyncio.Future[ResultT]]] = []
        self._running: asyncio.Task[None] | None = None

    async def add(self, item: ItemT) -> ResultT:
        """Return the item's result, or raise what `run` raises for its group.

        A caller that is cancelled returns at once; its item is handled all the same.
        """
        result: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, result))
        if self._running is None:
            self._running = asyncio.create_task(self._run_all())
        return await result

    async def _run_all(self) -> None:
        """Run group after group until no item waits."""
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                await self._run_group(group)
        finally:
            self._running = None

    async def _run_group(self, group: Sequence[tuple[ItemT, "asyncio.Future[ResultT]"]]) -> None:
        try:
            results = await self._run([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - every caller gets it, or would wait forever
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)
