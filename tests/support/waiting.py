"""Waits for conditions that set no event: of another process, a thread or a database."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Final

# Long enough for a busy machine; only a failing test waits that long.
DEADLINE_SECONDS: Final = 120.0

_PAUSE_SECONDS: Final = 0.01


def wait_until(condition: Callable[[], object]) -> None:
    """Block until the condition is true. Raises `TimeoutError` after `DEADLINE_SECONDS`."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(_PAUSE_SECONDS)


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true, or its result once awaited.

    Raises `TimeoutError` after `DEADLINE_SECONDS`.
    """
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await _result(condition):  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE_SECONDS)


async def _result(condition: Callable[[], object]) -> object:
    result = condition()
    return await result if inspect.isawaitable(result) else result
