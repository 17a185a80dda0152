"""Single statements with PostgreSQL, on the event loop."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
from psycopg import pq

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.engines.database import Statement
from localdial_server.storage.engines.postgres_connection import ConnectionLost, LoopConnection
from localdial_server.storage.engines.postgres_errors import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    READ_ONLY,
    ROLLED_BACK,
    is_bug,
    one_line,
)

_log = logging.getLogger(__name__)


class StatementRunner:
    """Runs statements that commit by themselves, one at a time, over one connection.

    A statement waits for its turn for at most `timeout` seconds, and takes at most as long again. It may
    run again even if it may have been committed. `connect` opens a connection in autocommit mode.
    """

    def __init__(
        self, connect: Callable[[], Awaitable["psycopg.AsyncConnection[Any]"]], timeout: float
    ) -> None:
        self._connect = connect
        self._timeout = timeout
        self._log = LimitedLog(_log)
        self._turn = asyncio.Lock()
        self._connection: LoopConnection | None = None
        self._timeouts: set[asyncio.Timeout] = set()
        self._abandoned: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def run(self, name: str, statement: Statement) -> "pq.abc.PGresult":
        """Run the statement and return its result.

        Raises `StorageUnavailable`, with the cause.
        """
        try:
            if self._turn.locked():
                async with self._in_time():
                    await self._turn.acquire()
            else:
                await self._turn.acquire()
            try:
                async with self._in_time():
                    return await self._run(name, statement)
            finally:
                self._turn.release()
        except TimeoutError:
            raise StorageUnavailable from TimeoutError(f"no answer within {self._timeout:g} s")

    def give_up(self) -> None:
        """Fail every caller that waits, and cancel the running statement."""
        now = asyncio.get_running_loop().time()
        for timeout in self._timeouts:
            if not timeout.expired():
                timeout.reschedule(now)

    async def close(self) -> None:
        """Finish what is running and close the connection."""
        async with self._turn:
            self._is_closed = True
            await self._drop_connection()
        await asyncio.gather(*self._abandoned)

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        async with asyncio.timeout(self._timeout) as timeout:
            self._timeouts.add(timeout)
            try:
                yield
            finally:
                self._timeouts.discard(timeout)

    async def _run(self, name: str, statement: Statement) -> "pq.abc.PGresult":
        has_lost = False
        pause = FIRST_PAUSE_SECONDS
        while True:
            connection = await self._connected()
            try:
                return await connection.run(statement)
            except ConnectionLost as error:
                lost = one_line(error)
            except psycopg.Error as error:
                if error.sqlstate in ROLLED_BACK:
                    await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                    continue
                if is_bug(error):
                    raise
                if error.sqlstate != READ_ONLY:
                    # A full disk, a query that an administrator cancelled: only the log says which.
                    self._log.error(
                        "the database failed",
                        kind=str(error.sqlstate),
                        extra={"unit_of_work": name, "cause": one_line(error)},
                    )
                    raise StorageUnavailable from error
                lost = one_line(error)
            except asyncio.CancelledError:
                self._abandon_connection()
                raise
            await self._drop_connection()
            if has_lost:
                raise StorageUnavailable from ConnectionError(lost)
            # The server may have closed just this connection, while it was idle.
            has_lost = True

    async def _connected(self) -> LoopConnection:
        if self._is_closed:
            raise StorageUnavailable
        if self._connection is not None and self._connection.is_lost:
            await self._drop_connection()
        if self._connection is None:
            try:
                self._connection = LoopConnection(await self._connect())
            except (psycopg.Error, OSError) as error:
                raise StorageUnavailable from ConnectionError(one_line(error))
        return self._connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _abandon_connection(self) -> None:
        """Give the connection up without waiting: the answer to its statement may come at any time."""
        connection, self._connection = self._connection, None
        if connection is not None:
            abandoned = asyncio.create_task(connection.abandon())
            self._abandoned.add(abandoned)
            abandoned.add_done_callback(self._abandoned.discard)
