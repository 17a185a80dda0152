"""Collects what callers bring before it is worked off together."""

import asyncio
from collections.abc import Sized


async def collect(waiting: Sized, max_seconds: float) -> None:
    """Wait while each turn of the event loop adds to `waiting`, for at most `max_seconds`.

    What comes alone does not wait: one turn brings nothing more.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + max_seconds
    count = 0
    while len(waiting) > count and loop.time() < end:
        count = len(waiting)
        await asyncio.sleep(0)
