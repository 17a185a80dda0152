"""Lets the event loop go in the middle of long work, so that others are served meanwhile."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

# Every call that waits passes the loop about five times, each time behind one slice.
SECONDS: Final = 0.002


class TimeSlices:
    """Work in slices: call `pause` after each item of it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + SECONDS

    async def pause(self) -> None:
        """Let the event loop go if the slice is over."""
        if self._monotonic() >= self._end:
            await asyncio.sleep(0)
            self._end = self._monotonic() + SECONDS
