"""A connection to PostgreSQL that the event loop serves, without a thread.

It uses libpq's asynchronous functions. psycopg's own asynchronous cursors take twice the CPU
time for each statement (docs/adr/0037-commits-on-the-event-loop.md).
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any, Final

import psycopg
from psycopg import pq

from localdial_server.storage.engines.database import Statement
from localdial_server.storage.engines.postgres_errors import one_line

# How long a request to cancel a query may take.
_CANCEL_SECONDS = 1.0

# Otherwise PostgreSQL plans a statement each time that it gets an array of one element, which takes longer
# than to run it. The one plan is kept while the tables grow, so it must not read a small table whole.
_PLAN_ONCE: Final = b"SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off"

# The name of a statement that is not prepared.
_UNNAMED: Final = b""


class ConnectionLost(Exception):
    """The connection cannot be used any more; the message says why."""


class LoopConnection:
    """Runs single statements over a connection, one at a time. Nothing else may use the connection."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        # A duplicate, because libpq closes its own descriptor when it finds the connection lost, and
        # the event loop must not watch a descriptor that is closed.
        self._descriptor: int | None = os.dup(self._pgconn.socket)
        self._is_writing = False
        # By their SQL. There are few.
        self._prepared: dict[bytes, bytes] = {}
        self._answer: asyncio.Future[pq.abc.PGresult] | None = None
        self._result: pq.abc.PGresult | None = None
        self._loop.add_reader(self._descriptor, self._read)

    @property
    def is_lost(self) -> bool:
        """Whether the connection cannot be used any more, as far as the server has said so."""
        return self._descriptor is None

    async def run(self, statement: Statement) -> pq.abc.PGresult:
        """Run the statement and return its result. Raises its `psycopg.Error`, or `ConnectionLost`."""
        name = self._prepared.get(statement.sql)
        if name is None:
            name = await self._prepare(statement.sql)
        if name == _UNNAMED:
            return await self._send(self._pgconn.send_query_params, statement.sql, statement.parameters)
        return await self._send(self._pgconn.send_query_prepared, name, statement.parameters)

    async def close(self) -> None:
        """Close the connection. A statement that is running is lost, or committed nevertheless."""
        self._stop_watching()
        await self._connection.close()

    async def abandon(self) -> None:
        """Cancel the statement that is running and close the connection, in `_CANCEL_SECONDS` at most."""
        self._stop_watching()
        try:
            if self._pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
                # Without a cancel request the server process goes on waiting for its lock or its
                # standby, and such processes pile up there.
                with contextlib.suppress(psycopg.Error):
                    await self._connection.cancel_safe(timeout=_CANCEL_SECONDS)
        finally:
            await self._connection.close()

    async def _prepare(self, sql: bytes) -> bytes:
        """Prepare the statement, which saves planning it each time, and return its name.

        Behind a pgbouncer each statement may run in another session, which knows no name of this one.
        """
        pid = await self._send(self._pgconn.send_query, b"SELECT pg_backend_pid()")
        name = _UNNAMED
        # A pooler answers a new connection before it has a session, so it makes up the process.
        if pid.get_value(0, 0) == b"%d" % self._pgconn.backend_pid:
            await self._send(self._pgconn.send_query, _PLAN_ONCE)
            name = b"localdial_%d" % len(self._prepared)
            await self._send(self._pgconn.send_prepare, name, sql)
        self._prepared[sql] = name
        return name

    def _send(self, send: Callable[..., None], *arguments: object) -> "asyncio.Future[pq.abc.PGresult]":
        """Call `send`, a function of libpq, and return the future of the result."""
        answer = self._answer = self._loop.create_future()
        try:
            send(*arguments)
            self._flush()
        except psycopg.Error as error:
            self._lose(error)
        return answer

    def _flush(self) -> None:
        """Send what libpq still holds; if the socket is full, the rest when it has room."""
        assert self._descriptor is not None
        is_full = self._pgconn.flush() == 1
        if is_full and not self._is_writing:
            self._loop.add_writer(self._descriptor, self._write)
        elif self._is_writing and not is_full:
            self._loop.remove_writer(self._descriptor)
        self._is_writing = is_full

    def _write(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self._lose(error)

    def _read(self) -> None:
        try:
            self._pgconn.consume_input()
            if self._is_writing:
                self._flush()
            # pgbouncer may hand us a session that listens for another client. libpq would keep every
            # notification in memory.
            while self._pgconn.notifies() is not None:
                pass
            while self._answer is not None and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    self._end()
                else:
                    self._result = result
        except psycopg.Error as error:
            self._lose(error)

    def _end(self) -> None:
        """Hand over the result of the statement."""
        answer, result = self._answer, self._result
        assert answer is not None
        assert result is not None
        if self._pgconn.status != pq.ConnStatus.OK:
            self._lose(psycopg.errors.error_from_result(result))
            return
        self._answer = self._result = None
        if answer.done():
            return
        if result.status == pq.ExecStatus.FATAL_ERROR:
            answer.set_exception(psycopg.errors.error_from_result(result))
        else:
            answer.set_result(result)

    def _lose(self, error: psycopg.Error) -> None:
        self._stop_watching()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(ConnectionLost(one_line(error)))

    def _stop_watching(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
