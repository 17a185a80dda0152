"""Threads and connections for one kind of transaction with PostgreSQL."""

import contextlib
import logging
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from localdial_server.concurrency.thread_pool import NoThread, Overdue, ThreadPool
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.engines.postgres_errors import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    READ_ONLY,
    ROLLED_BACK,
    is_bug,
    one_line,
)

T = TypeVar("T")

_log = logging.getLogger(__name__)

# How long a request to cancel a query may take.
_CANCEL_SECONDS = 1.0

# unique_violation: two transactions inserted the same key at once. When the loser runs
# again it finds the row and decides what that means. More than `_MAX_DUPLICATES` are a bug.
_DUPLICATE = "23505"
_MAX_DUPLICATES = 3


class TransactionPool:
    """Threads and connections for one kind of transaction.

    A transaction waits for a thread for at most `timeout` seconds, and takes at most as long again.
    `repeatable`: the work may run again even if it may have been committed. Each transaction
    begins with the statement `first_statement`, if there is one.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        size: int,
        timeout: float,
        *,
        repeatable: bool = False,
        first_statement: str | None = None,
    ) -> None:
        self._engine = engine
        self._log = LimitedLog(_log)
        self.threads = ThreadPool(f"postgres-{name}", size, contextlib.nullcontext)
        # One for each thread: cancelling blocks as well.
        self._cancel_threads = ThreadPoolExecutor(size, f"postgres-{name}-cancel")
        self._timeout = timeout
        self._repeatable = repeatable
        self._first_statement = first_statement

    async def run(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and return its result.

        A transaction that has begun ends even if its caller is cancelled.

        Raises `StorageUnavailable`, with the cause.
        """
        transaction = _RunningTransaction()
        try:
            return await self.threads.run(
                lambda _: self._run(name, work, transaction),
                turn_seconds=self._timeout,
                run_seconds=self._timeout,
                on_overdue=lambda: self._cancel_threads.submit(transaction.cancel),
            )
        except (NoThread, Overdue):
            raise StorageUnavailable from TimeoutError(f"no answer within {self._timeout:g} s")

    def give_up(self) -> None:
        """Fail every caller that waits, and cancel the running transactions."""
        self.threads.give_up()

    def close(self) -> None:
        """Finish what is running and close the connections. Blocks."""
        self.threads.close()
        self.threads.join()
        self._cancel_threads.shutdown(wait=True)
        self._engine.dispose()

    def _run(self, name: str, work: Callable[[Connection], T], transaction: "_RunningTransaction") -> T:
        duplicates = losses = 0
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._run_once(work, transaction)
            except DBAPIError as error:
                state = _sqlstate(error)
                if transaction.is_cancelled():
                    # The caller has its error already.
                    raise StorageUnavailable from error
                if state in ROLLED_BACK:
                    time.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                elif state == _DUPLICATE and duplicates < _MAX_DUPLICATES:
                    duplicates += 1
                elif is_bug(error.orig):
                    raise
                elif not transaction.has_lost_connection(error):
                    # A full disk, a query that an administrator cancelled: only the log says which.
                    self._log.error(
                        "the database failed",
                        kind=str(state),
                        extra={"unit_of_work": name, "cause": one_line(error.orig)},
                    )
                    raise StorageUnavailable from error
                elif (
                    losses == 0
                    and transaction.is_connected
                    and (self._repeatable or not transaction.is_committing)
                ):
                    # The server may have closed just this connection, while it was idle.
                    losses += 1
                else:
                    raise StorageUnavailable from ConnectionError(one_line(error.orig))

    def _run_once(self, work: Callable[[Connection], T], running: "_RunningTransaction") -> T:
        running.is_connected = running.is_committing = False
        with self._engine.connect() as connection, running.on(connection):
            transaction = connection.begin()
            try:
                if self._first_statement is not None:
                    connection.exec_driver_sql(self._first_statement)
                result = work(connection)
            except BaseException as error:
                transaction.rollback()
                if _sqlstate(error) == READ_ONLY:
                    connection.invalidate()
                raise
            running.is_committing = True
            transaction.commit()
            return result


class _RunningTransaction:
    """The state of a transaction, and how another thread cancels it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._cancelled = threading.Event()
        self.is_connected = False
        self.is_committing = False

    @contextlib.contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        """Let `cancel` reach the connection until it goes back to the engine's pool."""
        with self._lock:
            if self.is_cancelled():
                raise StorageUnavailable
            self._connection = connection.connection.driver_connection
        self.is_connected = True
        try:
            yield
        finally:
            with self._lock:
                self._connection = None
                if self.is_cancelled():
                    # A cancel request that arrives late must not hit the connection's next transaction.
                    connection.invalidate()

    def cancel(self) -> None:
        """Cancel the query and shut down the socket, so that the blocked thread returns.

        Blocks for at most `_CANCEL_SECONDS`.
        """
        self._cancelled.set()
        with self._lock:
            connection = self._connection
            if connection is None:
                return
            # Without a cancel request the server process goes on waiting for its lock or its
            # standby, and such processes pile up there.
            with contextlib.suppress(psycopg.Error):
                connection.cancel_safe(timeout=_CANCEL_SECONDS)
            with (
                contextlib.suppress(OSError, psycopg.Error),
                _duplicate_socket(connection.fileno()) as duplicate,
            ):
                duplicate.shutdown(socket.SHUT_RDWR)

    def is_cancelled(self) -> bool:
        """Return whether `cancel` was called."""
        return self._cancelled.is_set()

    def has_lost_connection(self, error: DBAPIError) -> bool:
        """Return whether the error means that the connection must not be used again."""
        if not self.is_connected or error.connection_invalidated:
            return True
        return _sqlstate(error) == READ_ONLY


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _duplicate_socket(descriptor: int) -> socket.socket:
    return socket.socket(fileno=os.dup(descriptor))
