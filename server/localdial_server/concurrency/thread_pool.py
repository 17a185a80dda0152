"""A pool of threads for blocking work, whose callers never wait longer than they ask for."""

import asyncio
import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
ResourceT = TypeVar("ResourceT")


class NoThread(Exception):
    """The work was not begun and never will be; the message says why."""


class Overdue(Exception):
    """The work did not end in time. It may still be running."""


class ThreadPool(Generic[ResourceT]):
    """Runs blocking work in at most `size` threads, each with a resource of its own.

    `open_resource` returns the context manager of a thread's resource, which is closed when the
    thread ends. At most `max_waiting` calls of `run` wait for a thread; further ones are refused.
    Threads are started when they are first needed and end with `close`. They are daemons: a thread
    that hangs does not keep the process from ending.
    """

    def __init__(
        self,
        name: str,
        size: int,
        open_resource: Callable[[], AbstractContextManager[ResourceT]],
        max_waiting: float = math.inf,
    ) -> None:
        self._name = name
        self._size = size
        self._open_resource = open_resource
        self._max_waiting = max_waiting
        self._unfinished: set[_Job[ResourceT, Any]] = set()
        self._queue: queue.SimpleQueue[_Job[ResourceT, Any] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._is_closed = False

    @property
    def waiting_count(self) -> int:
        """How many calls of `run` wait for a thread."""
        return max(0, len(self._unfinished) - self._size)

    async def run(
        self,
        work: Callable[[ResourceT], T],
        *,
        turn_seconds: float,
        run_seconds: float,
        on_overdue: Callable[[], object] = lambda: None,
        on_end: Callable[[], object] = lambda: None,
    ) -> T:
        """Return what `work` returns in a thread, or raise what it raises.

        `turn_seconds` bounds the wait for a thread, and `run_seconds` the work from then on. If the
        work takes longer, `on_overdue` is called to make it end. A caller that is cancelled returns
        at once: work that has not begun never will, and work that has begun goes on, within the
        same bound. `on_end` is called once, when the work has ended or will never begin. Both are
        called on the event loop and must not block.

        Raises `NoThread` and `Overdue`.
        """
        try:
            self._prepare_thread(turn_seconds)
        except NoThread:
            on_end()
            raise

        def end() -> None:
            self._unfinished.discard(job)
            on_end()

        job = _Job(work, turn_seconds, run_seconds, on_overdue, end)
        self._unfinished.add(job)
        self._queue.put(job)
        try:
            return await job.result
        except asyncio.CancelledError:
            job.outcome.cancel()
            raise

    def give_up(self) -> None:
        """Fail every call of `run`, as if its time were up."""
        for job in list(self._unfinished):
            job.give_up()

    def close(self) -> None:
        """Refuse further work. The threads end when all accepted work is done."""
        self._is_closed = True
        for _ in self._threads:
            self._queue.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the threads to end, at most `timeout` seconds; return whether they did. Blocks."""
        give_up_at = math.inf if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            thread.join(None if timeout is None else max(give_up_at - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _prepare_thread(self, turn_seconds: float) -> None:
        """Start a thread unless one is free or the pool is at full size. Raises `NoThread`."""
        if self._is_closed:
            raise NoThread("the server is stopping")
        if turn_seconds <= 0:
            raise NoThread("there was no time left")
        if len(self._unfinished) >= self._size + self._max_waiting:
            raise NoThread(f"{self._size} calls are running and {self.waiting_count} are waiting")
        if len(self._threads) < min(self._size, len(self._unfinished) + 1):
            thread = threading.Thread(
                target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:
                raise NoThread(f"no thread can be started: {error}") from error
            self._threads.append(thread)

    def _work(self) -> None:
        with self._open_resource() as resource:
            while (job := self._queue.get()) is not None:
                job.run(resource)


@dataclass(eq=False)
class _Job(Generic[ResourceT, T]):
    """One call of `ThreadPool.run`.

    `outcome` belongs to the thread: cancelling it succeeds until the work begins, and never after.
    `result` is what the caller waits for.
    """

    work: Callable[[ResourceT], T]
    turn_seconds: float
    run_seconds: float
    on_overdue: Callable[[], object]
    on_end: Callable[[], object]

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._turn_ends_at = time.monotonic() + self.turn_seconds
        self._begun_at: float | None = None
        self._timer = self._loop.call_later(min(self.turn_seconds, self.run_seconds), self._check_time)
        self.result: asyncio.Future[T] = self._loop.create_future()
        self.outcome: Future[T] = Future()
        self.outcome.add_done_callback(self._report)

    def run(self, resource: ResourceT) -> None:
        """Do the work, in the thread, unless it was given up."""
        if not self.outcome.set_running_or_notify_cancel():
            return
        self._begun_at = time.monotonic()
        try:
            self.outcome.set_result(self.work(resource))
        except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
            self.outcome.set_exception(error)

    def give_up(self) -> None:
        """Fail the caller, and make the work end or never begin."""
        self._timer.cancel()
        if self.outcome.cancel():
            error: Exception = NoThread(f"no thread was free within {self.turn_seconds:g} s")
        elif self.outcome.running():
            error = Overdue(f"no end within {self.run_seconds:g} s")
            self.on_overdue()
        else:
            return
        if not self.result.done():
            self.result.set_exception(error)

    def _check_time(self) -> None:
        begun_at = self._begun_at
        ends_at = self._turn_ends_at if begun_at is None else begun_at + self.run_seconds
        left = ends_at - time.monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_time)
        else:
            self.give_up()

    def _report(self, _outcome: "Future[T]") -> None:
        # The loop is already closed if the process ends while the work goes on.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._timer.cancel()
        self.on_end()
        if self.result.done() or self.outcome.cancelled():
            return
        error = self.outcome.exception()
        if error is not None:
            self.result.set_exception(error)
        else:
            self.result.set_result(self.outcome.result())
