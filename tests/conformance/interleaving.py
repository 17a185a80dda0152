"""Runs one unit of work in the middle of another, at the same point every time."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import TypeVar

from tests.support.waiting import DEADLINE_SECONDS

T = TypeVar("T")
M = TypeVar("M")

Pause = Callable[[], None]


def no_pause() -> None:
    """Go on at once."""


async def overtaken(
    begin: Callable[[Pause], Coroutine[object, object, T]], meanwhile: Coroutine[object, object, M]
) -> tuple[T, M]:
    """Start a unit of work, complete something else during its first pause, and return both results."""
    paused, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        if not paused.is_set():
            paused.set()
            assert go_on.wait(DEADLINE_SECONDS)

    beginning = asyncio.create_task(begin(pause))
    try:
        assert await asyncio.to_thread(paused.wait, DEADLINE_SECONDS)
        done = await meanwhile
    finally:
        go_on.set()
    return await beginning, done
