"""The time that records carry."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in microseconds since the Unix epoch."""

    def now(self) -> int:
        """Answer the time; every answer of one clock is later than the one before."""


class SystemClock:
    """The machine's clock, held back from standing still or stepping back.

    Two calls of one process never carry the same time, so "the last one" is
    always one. Between servers it is as good as their clocks agree.
    """

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """Answer the time; every answer is later than the one before."""
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return self._last
