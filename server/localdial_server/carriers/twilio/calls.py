"""How a call of the port becomes work in a thread, and what went wrong there one of the port's errors."""

import asyncio
import functools
import time
from collections.abc import Callable
from typing import TypeVar

from localdial_server.app.ports.carrier import CarrierUnavailable, OutcomeUnknown
from localdial_server.carriers.twilio.account import TwilioAccount
from localdial_server.carriers.twilio.api import TwilioApi
from localdial_server.carriers.twilio.api_errors import RequestFailed
from localdial_server.carriers.twilio.error_codes import change_error, look_up_error
from localdial_server.carriers.twilio.threads import Overdue, Threads

T = TypeVar("T")


class Calls:
    """The calls to the carrier, of all its accounts. For one event loop."""

    def __init__(self, account: TwilioAccount, *, threads: int, waiting: int) -> None:
        self.threads = Threads(functools.partial(TwilioApi, account), threads=threads, waiting=waiting)
        self._timeout = account.timeout
        self._changes: dict[object, asyncio.Future[None]] = {}

    async def look(self, look: Callable[[TwilioApi], T], *, requests: int = 1) -> T:
        """Answer a look-up, which may take the time of so many requests."""
        seconds = self._timeout * requests
        try:
            # As long again may it wait for a thread.
            return await self.threads.run(
                lambda api: look(api.until(time.monotonic() + seconds)), time.monotonic() + 2 * seconds
            )
        except RequestFailed as error:
            raise look_up_error(error) from error
        except Overdue as error:
            raise CarrierUnavailable("the carrier does not answer in time") from error

    async def change(
        self, subject: object, change: Callable[[TwilioApi], T], seconds: float | None = None
    ) -> T:
        """Carry out a change, which may take so many seconds in all; by default, a request's.

        Within this process no two changes of one subject go on at once, be there
        still anyone who waits for the first or not.
        """
        deadline = time.monotonic() + (self._timeout if seconds is None else seconds)
        ended = await self._turn(subject, deadline)
        try:
            return await self.threads.run(lambda api: change(api.until(deadline)), deadline, ended)
        except RequestFailed as error:
            raise change_error(error) from error
        except Overdue as error:
            raise OutcomeUnknown("the carrier does not answer in time") from error

    async def _turn(self, subject: object, deadline: float) -> Callable[[], None]:
        """Wait for the subject's change under way to end; answer what is to be called at our end."""
        while (other := self._changes.get(subject)) is not None:
            await asyncio.wait({other}, timeout=deadline - time.monotonic())
            if time.monotonic() >= deadline:
                raise CarrierUnavailable("another change of the number is still under way")
        under_way: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changes[subject] = under_way

        def end() -> None:
            del self._changes[subject]
            under_way.set_result(None)

        return end
