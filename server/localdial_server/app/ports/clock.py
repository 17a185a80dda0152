"""The time that records carry."""

import time
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """A source of the time in microseconds since the Unix epoch."""

    def now(self) -> int:
        """Return the time, later than every time that this clock has returned."""


class SystemClock(Clock):
    """The machine's clock, except that it never stands still or steps back.

    Every time that a process records is different, so the newest of its phone calls is always defined.
    Across servers this holds only as far as their clocks agree. Read it on the event loop only.
    """

    def __init__(self) -> None:
        self._last = 0

    def start_after(self, time: int) -> None:
        """Return only times after this one, even if the machine's clock is behind it.

        Until that clock has caught up, times are a microsecond apart.
        """
        self._last = max(self._last, time)

    @override
    def now(self) -> int:
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return self._last
