"""The body of a request, bounded in size and in time."""

import asyncio
from typing import Final

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from localdial_server.rpc.asgi import Event, Receive
from localdial_server.rpc.request_sizes import RequestTooLarge
from localdial_server.web.api.connect_errors import error_before_the_handler

# A body arrives within so many seconds.
_SECONDS: Final = 20.0


class BoundedBody:
    """Receives the events of a request. Raises `ConnectError` if its body is too large or too slow."""

    def __init__(self, receive: Receive, most: int) -> None:
        """Accept at most `most` bytes."""
        self._receive = receive
        self._most = most
        self._size = 0
        self._ends_at: float | None = None
        self.is_whole = False
        """Whether all of the body has arrived."""

    async def receive(self) -> Event:
        """Return the next event."""
        if self.is_whole:
            # Only the end of the connection can follow, and the call may take its time.
            return await self._receive()
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + _SECONDS
        try:
            async with asyncio.timeout_at(self._ends_at):
                event = await self._receive()
        except TimeoutError:
            raise ConnectError(
                Code.DEADLINE_EXCEEDED, f"the request did not arrive whole within {_SECONDS:g} seconds"
            ) from None
        self._size += len(event.get("body", b""))
        if self._size > self._most:
            raise error_before_the_handler(RequestTooLarge(self._size, self._most))
        self.is_whole = not event.get("more_body", False)
        return event
