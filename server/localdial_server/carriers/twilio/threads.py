"""Threads of our own for the calls to the carrier: so many, and so many that wait.

A carrier that hangs then holds up its own calls and nothing else. The library is
synchronous and promises no thread safety: each thread has its own client.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from localdial_server.app.ports.carrier import CarrierUnavailable

T = TypeVar("T")

# A thread ends by its own time-out; whoever waits for it gives up a little later.
_GRACE_SECONDS = 1.0


class Client(Protocol):
    """What a thread works with."""

    def close(self) -> None:
        """Close the connections."""


ClientT = TypeVar("ClientT", bound=Client)


class Overdue(Exception):
    """The thread is not back in time. What it was to do may yet be done."""


class Threads(Generic[ClientT]):
    """Runs calls in at most ``threads`` threads, while at most ``waiting`` others wait for one.

    For one event loop. Threads are started when they are first needed, and end
    with ``close`` or with the process.
    """

    def __init__(self, make_client: Callable[[], ClientT], *, threads: int, waiting: int) -> None:
        self._make_client = make_client
        self._limit = threads
        self._waiting_limit = waiting
        self._waiting = 0
        self._free = asyncio.Semaphore(threads)
        self._idle = 0
        self._started: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[Callable[[ClientT], None] | None] = queue.SimpleQueue()
        self._closed = False

    @property
    def count(self) -> int:
        """How many threads there are."""
        return len(self._started)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return self._waiting

    async def run(
        self,
        work: Callable[[ClientT], T],
        deadline: float,
        ended: Callable[[], None] = lambda: None,
    ) -> T:
        """Answer what ``work`` answers in a thread.

        ``deadline`` (of ``time.monotonic``) is when the work ends by itself. One
        who is cancelled goes at once, though a thread that has begun goes on.
        ``ended`` is called on the event loop when nothing goes on any more.

        Raises ``CarrierUnavailable`` when there is no thread, after which nothing
        was begun, and ``Overdue``.
        """
        try:
            await self._take_thread(deadline)
        except BaseException:
            ended()
            raise
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def finish(answer: T | None, error: BaseException | None) -> None:
            self._idle += 1
            self._free.release()
            ended()
            if result.done():
                return
            if error is not None:
                result.set_exception(error)
            else:
                result.set_result(answer)  # type: ignore[arg-type]

        def job(client: ClientT) -> None:
            answer: T | None = None
            error: BaseException | None = None
            try:
                answer = work(client)
            except BaseException as raised:  # noqa: BLE001 - it is raised where it is waited for
                error = raised
            # The loop is gone when the process ends in the middle of a call.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(finish, answer, error)

        try:
            self._hand_over(job)
        except RuntimeError as error:
            self._free.release()
            ended()
            raise CarrierUnavailable(f"no thread can be started: {error}") from error
        try:
            async with asyncio.timeout(deadline - time.monotonic() + _GRACE_SECONDS):
                return await result
        except TimeoutError:
            # Also one of the work's own, which would be a fault of ours.
            raise Overdue from None

    def close(self) -> None:
        """Take no more calls; each thread ends after the call that it is at."""
        self._closed = True
        for _ in self._started:
            self._jobs.put(None)

    def join(self, timeout: float) -> bool:
        """Wait for the threads to end; answer whether they did."""
        give_up = time.monotonic() + timeout
        for thread in self._started:
            thread.join(max(give_up - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._started)

    async def _take_thread(self, deadline: float) -> None:
        if self._closed:
            raise CarrierUnavailable("the server stops")
        if time.monotonic() >= deadline:
            raise CarrierUnavailable("there was no time left to ask")
        if self._free.locked() and self._waiting >= self._waiting_limit:
            raise CarrierUnavailable(f"{self._limit} calls are under way, and {self._waiting} wait")
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._free.acquire()
        except TimeoutError:
            raise CarrierUnavailable(f"none of the {self._limit} calls under way came to an end") from None
        finally:
            self._waiting -= 1

    def _hand_over(self, job: Callable[[ClientT], None]) -> None:
        if self._idle:
            self._idle -= 1
        else:
            # A daemon: the process need not wait for a carrier that hangs.
            thread = threading.Thread(target=self._work, name=f"carrier-{len(self._started)}", daemon=True)
            self._started.append(thread)
            thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        client = self._make_client()
        try:
            while (job := self._jobs.get()) is not None:
                job(client)
        finally:
            client.close()
