"""Runs requests to the carrier in threads, and turns their failures into the errors of the carrier port."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from localdial_server.app.ports.carrier import CarrierUnavailable, OutcomeUnknown
from localdial_server.carriers.twilio.account import TwilioAccount
from localdial_server.carriers.twilio.api import TwilioApi
from localdial_server.carriers.twilio.error_codes import RequestFailed, change_error, look_up_error
from localdial_server.concurrency.thread_pool import NoThread, Overdue, ThreadPool

T = TypeVar("T")

# A request ends by its own deadline. The caller gives up this much later, in case the thread hangs.
_GRACE_SECONDS = 1.0


class RequestThreads:
    """Requests to the carrier, for all accounts. Use it from one event loop only.

    Twilio's library is synchronous and not thread-safe, so each thread has a client of its own. A
    carrier that hangs holds up these threads and nothing else.
    """

    def __init__(self, account: TwilioAccount, *, threads: int, waiting: int) -> None:
        self.threads: ThreadPool[TwilioApi] = ThreadPool(
            "carrier", threads, lambda: contextlib.closing(TwilioApi(account)), max_waiting=waiting
        )
        self._timeout = account.timeout
        self._changes: dict[object, asyncio.Future[None]] = {}

    async def look(self, look: Callable[[TwilioApi], T], *, requests: int = 1) -> T:
        """Return the result of a look-up, which may take up to `requests` times as long as one request.

        Waiting for a thread may take as long again. Raises `CarrierUnavailable` or `Refused`.
        """
        seconds = self._timeout * requests
        try:
            return await self.threads.run(
                lambda api: look(api.until(time.monotonic() + seconds)),
                turn_seconds=seconds,
                run_seconds=seconds + _GRACE_SECONDS,
            )
        except RequestFailed as error:
            raise look_up_error(error) from error
        except NoThread as error:
            raise CarrierUnavailable(str(error)) from error
        except Overdue as error:
            raise CarrierUnavailable("the carrier does not answer in time") from error

    async def change(
        self, subject: object, change: Callable[[TwilioApi], T], seconds: float | None = None
    ) -> T:
        """Make a change and return its result.

        `seconds` limits waiting and running together (None: the timeout of one request). Changes to one
        subject run one at a time in this process, even if the caller of an earlier one has gone.
        """
        deadline = time.monotonic() + (self._timeout if seconds is None else seconds)
        end = await self._turn(subject, deadline)
        left = deadline - time.monotonic()
        try:
            return await self.threads.run(
                lambda api: change(api.until(deadline)),
                turn_seconds=left,
                run_seconds=left + _GRACE_SECONDS,
                on_end=end,
            )
        except RequestFailed as error:
            raise change_error(error) from error
        except NoThread as error:
            raise CarrierUnavailable(str(error)) from error
        except Overdue as error:
            raise OutcomeUnknown("the carrier does not answer in time") from error

    async def _turn(self, subject: object, deadline: float) -> Callable[[], None]:
        """Wait until no other change of the subject runs; return the function that ends this one's turn."""
        while (other := self._changes.get(subject)) is not None:
            await asyncio.wait({other}, timeout=deadline - time.monotonic())
            if time.monotonic() >= deadline:
                raise CarrierUnavailable("another change of the number is still running")
        under_way: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changes[subject] = under_way

        def end() -> None:
            del self._changes[subject]
            under_way.set_result(None)

        return end
