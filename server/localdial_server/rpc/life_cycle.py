"""Whether the server takes new calls: not yet, yes, or no longer."""

import asyncio
import random
from typing import Final, NoReturn

from localdial_server.domain.errors import Reason, ServiceError, StorageUnavailable

# A call that arrives this shortly before the connections close is answered after they begin to close, in
# seconds. Its client then sends the next call on another connection. One that arrived on this connection
# while it closes would end with CANCELLED. Long enough for every client of a busy machine to send one.
_HOLD_SECONDS: Final = 0.25

# A refused caller waits until the server has stopped, and this much longer, in seconds. The range keeps
# callers from coming back all at once.
_SPREAD_SECONDS: Final = (0.05, 0.25)

# The delay for a caller whose deadline is sooner: it can only try another server, in seconds.
_SHORT_DELAY: Final = 0.1


class ShuttingDown(ServiceError, reason=Reason.SHUTTING_DOWN):
    """The server is stopping. `retry_after` is in seconds."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("the server is stopping; repeat the call")
        self.retry_after = retry_after


class LifeCycle:
    """Decides whether new calls are served: after `open`, until `refuse_for`."""

    def __init__(self) -> None:
        self.is_serving = False
        """Whether new calls are served. If not, `refuse` them."""
        self._closes_at: float | None = None
        self._closing = asyncio.Event()

    def open(self) -> None:
        """Begin to serve. Until then, calls are refused with `StorageUnavailable`."""
        self.is_serving = True

    async def refuse_for(self, seconds: float) -> None:
        """Refuse new calls with `ShuttingDown` from now on; return when connections should close."""
        self.is_serving = False
        self._closes_at = asyncio.get_running_loop().time() + seconds
        await asyncio.sleep(seconds)

    def connections_are_closing(self) -> None:
        """Release the calls that `refuse` holds back."""
        self._closing.set()

    async def refuse(self, seconds_left: float | None) -> NoReturn:
        """Raise the error of a call that is not served.

        `seconds_left`: time until the caller's deadline; None if it has none.
        """
        if self._closes_at is None:
            raise StorageUnavailable
        wait = max(self._closes_at - asyncio.get_running_loop().time(), 0)
        if wait < _HOLD_SECONDS and (seconds_left is None or wait + _HOLD_SECONDS < seconds_left):
            await self._closing.wait()
            wait = 0
        delay = wait + random.uniform(*_SPREAD_SECONDS)  # noqa: S311 - spreads clients out
        raise ShuttingDown(delay if seconds_left is None or delay < seconds_left else _SHORT_DELAY)
