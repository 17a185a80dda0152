"""When a refused call is told so: at once, unless refusals take too much of the time of other calls."""

import asyncio
from collections.abc import Sequence
from typing import Final

from localdial_server.rpc.fair_queue import FairQueue

_AT_ONCE: Final = 100

# How much of delayed refusals may be in memory. Beyond that they are sent at once.
_MAX_DELAYED_BYTES: Final = 192 * 1024 * 1024
_BYTES_OF_ONE: Final = 24 * 1024


class Refusals:
    """Paces refusals, in fair turns. A refusal that is delayed holds a stream of its client's connection.

    So a client that repeats refused calls at once gets to send no more than it is refused.
    """

    def __init__(self, per_second: float) -> None:
        """Send so many refusals per second, and some more at once after a pause."""
        self._per_second = per_second
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue()
        self._delayed_bytes = 0
        # When as many as may be sent at once could be sent again, in seconds of the loop's clock.
        self._all_at = 0.0
        self._is_scheduled = False

    @property
    def delay(self) -> float:
        """How many seconds a refusal is delayed now."""
        return len(self._queue) / self._per_second

    async def pace(self, names: Sequence[str], request_bytes: int) -> None:
        """Wait until the refusal may be sent. `names` take turns, such as an organization and a key."""
        loop = asyncio.get_running_loop()
        size = request_bytes + _BYTES_OF_ONE
        if not self._queue and self._may_send(loop.time()):
            return
        if self._delayed_bytes + size > _MAX_DELAYED_BYTES:
            return
        turn = loop.create_future()
        self._queue.push(names, 1, turn)
        self._delayed_bytes += size
        self._schedule(loop)
        try:
            await turn
        finally:
            self._delayed_bytes -= size

    def _may_send(self, now: float) -> bool:
        at = max(self._all_at, now) + 1 / self._per_second
        if at > now + _AT_ONCE / self._per_second:
            return False
        self._all_at = at
        return True

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_later(2 / self._per_second, self._send, loop)

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_scheduled = False
        now = loop.time()
        while self._queue:
            if self._queue.peek().done():
                # The caller has hung up.
                self._queue.pop()
            elif self._may_send(now):
                self._queue.pop().set_result(None)
            else:
                self._schedule(loop)
                return
