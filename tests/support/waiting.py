"""Waits for conditions that set no event: of another process, a thread or a database."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from localdial_server.domain.errors import StorageUnavailable

T = TypeVar("T")

# Long enough for a busy machine; only a failing test waits that long.
DEADLINE_SECONDS: Final = 120.0

_PAUSE_SECONDS: Final = 0.01


def wait_until(condition: Callable[[], T | None], pause: float = _PAUSE_SECONDS) -> T:
    """Block until the condition is true, and return its value. Check it every `pause` seconds.

    Raises `TimeoutError` after `DEADLINE_SECONDS`.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause)
    return value


async def until(condition: Callable[[], object], background: "asyncio.Task[Any] | None" = None) -> None:
    """Wait until the condition is true, or its result once awaited.

    Raises `TimeoutError` after `DEADLINE_SECONDS`, and `AssertionError` if the `background` task ends.
    """
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await _result(condition):
            assert background is None or not background.done(), background
            await asyncio.sleep(_PAUSE_SECONDS)


async def until_available(work: Callable[[], object], background: "asyncio.Task[Any] | None" = None) -> None:
    """Repeat the work until it raises `StorageUnavailable` no more. Raises as `until` does."""

    async def is_available() -> bool:
        try:
            await _result(work)
        except StorageUnavailable:
            return False
        return True

    await until(is_available, background)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(30):
        await asyncio.sleep(0)


async def _result(function: Callable[[], object]) -> object:
    result = function()
    return await result if inspect.isawaitable(result) else result
