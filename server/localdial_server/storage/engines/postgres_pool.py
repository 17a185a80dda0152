"""Lanes: threads and connections for one kind of transaction with PostgreSQL."""

import asyncio
import contextlib
import functools
import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from localdial_server.domain.errors import StorageUnavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)

# The transaction was rolled back and may succeed if it is run again: lost against
# a concurrent one, or in a deadlock.
_ROLLED_BACK = frozenset({"40001", "40P01"})

# Between the runs, so that those who met once do not meet again: up to twice as
# long each time.
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1

# How long the server may take to take note that nobody waits any more.
_CANCEL_SECONDS = 1.0

# Two transactions wrote the same key at once: when it runs again, the loser finds
# the row and can decide what that means. More often than this, it is a mistake of
# ours.
_DUPLICATE = "23505"
_MAX_DUPLICATES = 3

# A right was taken away, or a table is not there, as in the course of a restore.
_NOT_AS_SET_UP = frozenset({"42501", "42P01"})

# A standby answers, since the primary moved: the connection is of no use.
_READ_ONLY = "25006"


class Lane:
    """Threads and connections for one kind of transaction.

    ``patience`` bounds, in seconds, how long a transaction may wait for its turn,
    and how long it may take then. ``repeatable``: the work may be run again
    although it may have been committed. ``first`` is a statement that each
    transaction begins with.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        size: int,
        patience: float,
        *,
        repeatable: bool = False,
        first: str | None = None,
    ) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(size, f"postgres-{name}")
        # As many as can wait at once, since a cut may have to wait too.
        self._cutters = ThreadPoolExecutor(size, f"postgres-{name}-cut")
        self._patience = patience
        self._repeatable = repeatable
        self._first = first
        self._jobs: set[_Job] = set()

    async def run(self, work: Callable[[Connection], T], name: str = "") -> T:
        """Run ``work`` in a transaction. Raises ``StorageUnavailable``, with the cause."""
        line = _Line()
        outcome = self._threads.submit(self._transact, work, line, name)
        job = _Job(line, outcome, self._patience, self._cutters)
        self._jobs.add(job)
        running = asyncio.wrap_future(outcome)
        # A caller that gives up does not take the transaction with it. It ends all
        # the same, and then nobody may ask how.
        running.add_done_callback(functools.partial(self._ended, job))
        either: set[asyncio.Future[Any]] = {running, job.given_up}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if running.done() and not running.cancelled():
            return running.result()
        raise StorageUnavailable from TimeoutError(f"no answer within {self._patience:g} s")

    def give_up(self) -> None:
        """Fail whoever waits for an answer."""
        for job in list(self._jobs):
            job.give_up()

    def close(self) -> None:
        """Finish what is running and let go of the connections."""
        self._threads.shutdown(wait=True)
        self._cutters.shutdown(wait=True)
        self._engine.dispose()

    def _ended(self, job: "_Job", running: "asyncio.Future[Any]") -> None:
        self._jobs.discard(job)
        job.end()
        if not running.cancelled():
            running.exception()

    def _transact(self, work: Callable[[Connection], T], line: "_Line", name: str) -> T:
        line.begun = time.monotonic()
        duplicates = losses = 0
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._once(work, line)
            except DBAPIError as error:
                state = _sqlstate(error)
                if line.was_cut():
                    # Nobody waits for it any more.
                    raise StorageUnavailable from error
                if state in _ROLLED_BACK:
                    time.sleep(random.uniform(0, pause))  # noqa: S311 (not a secret)
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                elif state == _DUPLICATE and duplicates < _MAX_DUPLICATES:
                    duplicates += 1
                elif (
                    isinstance(error, (IntegrityError, DataError, ProgrammingError))
                    and state not in _NOT_AS_SET_UP
                ):
                    # A mistake of ours, which no repeat cures.
                    raise
                elif not line.is_lost(error):
                    # A full disk, a cancelled query: only the log says which it was.
                    cause = " ".join(str(error.orig).split())
                    _log.error("the database failed", extra={"unit_of_work": name, "cause": cause})
                    raise StorageUnavailable from error
                elif losses == 0 and line.connected and (self._repeatable or not line.committing):
                    # An idle connection was closed; perhaps only that one was.
                    losses += 1
                else:
                    raise StorageUnavailable from ConnectionError(" ".join(str(error.orig).split()))

    def _once(self, work: Callable[[Connection], T], line: "_Line") -> T:
        line.connected = line.committing = False
        with self._engine.connect() as connection, line.held(connection):
            transaction = connection.begin()
            try:
                if self._first is not None:
                    connection.exec_driver_sql(self._first)
                result = work(connection)
            except BaseException as error:
                transaction.rollback()
                if _sqlstate(error) == _READ_ONLY:
                    connection.invalidate()
                raise
            line.committing = True
            transaction.commit()
            return result


class _Job:
    """A transaction that somebody waits for, in the event loop's view."""

    def __init__(
        self, line: "_Line", outcome: "Future[Any]", patience: float, cutters: ThreadPoolExecutor
    ) -> None:
        self._line = line
        self._cutters = cutters
        self._outcome = outcome
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(patience, self._look)
        self.given_up: asyncio.Future[None] = self._loop.create_future()

    def give_up(self) -> None:
        """Take the transaction from its caller, and its thread out of waiting."""
        if not self._outcome.cancel():
            self._cutters.submit(self._line.cut)
        self.end()

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._timer.cancel()
        if not self.given_up.done():
            self.given_up.set_result(None)

    def _look(self) -> None:
        begun = self._line.begun
        left = begun + self._patience - time.monotonic() if begun is not None else 0
        if left > 0:
            # It had to wait for its turn.
            self._timer = self._loop.call_later(left, self._look)
        else:
            self.give_up()


class _Line:
    """The connection that a job has taken, for whoever loses patience with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._raw: psycopg.Connection[Any] | None = None
        self._cut = threading.Event()
        self.begun: float | None = None
        self.connected = False
        self.committing = False

    @contextlib.contextmanager
    def held(self, connection: Connection) -> Iterator[None]:
        """Let ``cut`` reach the connection, until it goes back to the others."""
        with self._lock:
            if self.was_cut():
                raise StorageUnavailable
            self._raw = connection.connection.driver_connection
        self.connected = True
        try:
            yield
        finally:
            with self._lock:
                self._raw = None
                if self.was_cut():
                    # A cancel that comes late must not meet whoever has it next.
                    connection.invalidate()

    def cut(self) -> None:
        """Let nobody have the connection any more, and wake the thread that waits for its answer.

        It may take ``_CANCEL_SECONDS``.
        """
        self._cut.set()
        with self._lock:
            raw = self._raw
            if raw is None:
                return
            # Or a server that waits (for a lock, for a standby) would wait on for
            # nobody, and connections would pile up there.
            with contextlib.suppress(psycopg.Error):
                raw.cancel_safe(timeout=_CANCEL_SECONDS)
            with contextlib.suppress(OSError, psycopg.Error), _twin(raw.fileno()) as twin:
                twin.shutdown(socket.SHUT_RDWR)

    def was_cut(self) -> bool:
        """Answer whether nobody waits any more."""
        return self._cut.is_set()

    def is_lost(self, error: DBAPIError) -> bool:
        """Answer whether it was the connection that failed, and is to be thrown away."""
        if not self.connected or error.connection_invalidated:
            return True
        return _sqlstate(error) == _READ_ONLY


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _twin(descriptor: int) -> socket.socket:
    return socket.socket(fileno=os.dup(descriptor))
