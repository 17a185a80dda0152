"""PostgreSQL, for any number of server processes on any number of machines.

Each kind of transaction has threads and connections of its own, so that none
waits behind another kind: reads see one moment (REPEATABLE READ), changes are
SERIALIZABLE and run again where PostgreSQL says so, and the call log inserts
with single statements that commit by themselves. Nothing is kept in a session
and nothing is prepared in one, as a pgbouncer that pools transactions requires.

A database that does not answer costs a caller its patience once. Then it counts
as away, and everything fails at once, until a probe finds it back.
"""

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
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import psycopg.conninfo
from psycopg import IsolationLevel
from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from localdial_server.domain.errors import StorageUnavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)

_READERS = 4
_WRITERS = 2

# How long a host may take to accept a connection. libpq rounds up to 2 s.
_CONNECT_SECONDS = 2

# How long a lone insert or a probe may take: those who wait for an insert have a
# borrower on the line, and have the spool to turn to.
_SHORT_PATIENCE_SECONDS = 1.0

# The transaction was rolled back and may succeed if it is run again: lost against
# a concurrent one, or in a deadlock.
_ROLLED_BACK = frozenset({"40001", "40P01"})
_MAX_CONFLICTS = 30
_CONFLICT_PAUSE_SECONDS = 0.002

# Two transactions wrote the same key at once: when it runs again, the loser finds
# the row and can decide what that means. More often than this, it is a mistake of
# ours.
_DUPLICATE = "23505"
_MAX_DUPLICATES = 3

# A standby answers, since the primary moved: the connection is of no use.
_READ_ONLY = "25006"


class PostgresDatabase:
    """A ``Database`` on a PostgreSQL server. It may be shared with other processes."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._away = False
        self._reads = _Lane(
            "read", self._engine(_READERS, IsolationLevel.REPEATABLE_READ, read_only=True), _READERS, timeout
        )
        self._writes = _Lane("write", self._engine(_WRITERS, IsolationLevel.SERIALIZABLE), _WRITERS, timeout)
        short = min(timeout, _SHORT_PATIENCE_SECONDS)
        self._appends = _Lane("append", self._engine(1, None), 1, short, repeatable=True)
        self._probes = _Lane("probe", self._engine(1, None), 1, short, repeatable=True)

    @classmethod
    def open(cls, url: str, timeout: float) -> "PostgresDatabase":
        """Open the database at a libpq URL, after one look whether it answers.

        ``timeout`` bounds each transaction, in seconds. Raises
        ``psycopg.OperationalError``, which says in words what is wrong.
        """
        _connect(url).close()
        return cls(url, timeout)

    @functools.cached_property
    def engine(self) -> Engine:
        """An engine for the work of an administrator, which may take its time."""
        return create_engine(
            "postgresql+psycopg://",
            creator=functools.partial(_connect, self._url),
            poolclass=NullPool,
            hide_parameters=True,
            use_native_hstore=False,
        )

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer when it was last asked."""
        return self._away

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent view of the database."""
        return await self._run(self._reads, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction, again from the start where it lost against another."""
        return await self._run(self._writes, work)

    async def append(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, whose statements commit one by one; it may run twice."""
        return await self._run(self._appends, work)

    async def probe(self, work: Callable[[Connection], T]) -> T:
        """Run ``work``, a single query, even while the database is away; if it answers, it is back."""
        result = await self._watched(self._probes, work)
        if self._away:
            self._away = False
            _log.warning("the database is back")
        return result

    async def close(self) -> None:
        """Finish what is running and let go of the connections."""
        lanes = self._reads, self._writes, self._appends, self._probes
        await asyncio.gather(*(asyncio.to_thread(lane.close) for lane in lanes))

    async def _run(self, lane: "_Lane", work: Callable[[Connection], T]) -> T:
        if self._away:
            raise StorageUnavailable
        return await self._watched(lane, work)

    async def _watched(self, lane: "_Lane", work: Callable[[Connection], T]) -> T:
        try:
            return await lane.run(work)
        except _DatabaseAway as error:
            if not self._away:
                self._away = True
                _log.warning("the database is away", extra={"cause": str(error)})
            raise StorageUnavailable from error

    def _engine(
        self, connections: int, isolation: IsolationLevel | None, *, read_only: bool = False
    ) -> Engine:
        def connect() -> "psycopg.Connection[Any]":
            connection = _connect(self._url)
            # Said with each BEGIN, not once to the session.
            connection.isolation_level = isolation
            connection.read_only = read_only
            connection.autocommit = isolation is None
            return connection

        return create_engine(
            "postgresql+psycopg://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            # Phone numbers do not belong into the log.
            hide_parameters=True,
            # It would be looked for with every new connection.
            use_native_hstore=False,
        )


class _DatabaseAway(Exception):
    """The database did not answer, or answered that it will not."""


class _Lane:
    """Threads and connections for one kind of transaction.

    ``repeatable``: the work may be run again although it may have been committed.
    """

    def __init__(
        self, name: str, engine: Engine, size: int, patience: float, *, repeatable: bool = False
    ) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(size, f"postgres-{name}")
        self._patience = patience
        self._repeatable = repeatable

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction. Raises ``_DatabaseAway`` and ``StorageUnavailable``."""
        line = _Line()
        job = self._threads.submit(self._transact, work, line)
        running = asyncio.wrap_future(job)

        def expire() -> None:
            if not job.cancel():
                line.cut()

        # A caller that gives up does not take the transaction with it. It ends all
        # the same, and then nobody may ask how.
        expiry = asyncio.get_running_loop().call_later(self._patience, expire)
        running.add_done_callback(functools.partial(_ended, expiry))
        await asyncio.wait({running}, timeout=self._patience)
        if job.cancelled():
            # Never begun: the ones before it will tell whether the database is away.
            raise StorageUnavailable
        if running.done():
            return running.result()
        raise _DatabaseAway(f"no answer within {self._patience:g} s")

    def close(self) -> None:
        """Finish what is running and let go of the connections."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _transact(self, work: Callable[[Connection], T], line: "_Line") -> T:
        conflicts = duplicates = losses = 0
        while True:
            try:
                return self._once(work, line)
            except DBAPIError as error:
                state = _sqlstate(error)
                if state in _ROLLED_BACK and conflicts < _MAX_CONFLICTS:
                    conflicts += 1
                    # Whoever met once should not meet again.
                    time.sleep(random.uniform(0, _CONFLICT_PAUSE_SECONDS * conflicts))  # noqa: S311
                elif state == _DUPLICATE and duplicates < _MAX_DUPLICATES:
                    duplicates += 1
                elif isinstance(error, (IntegrityError, DataError, ProgrammingError)):
                    # A mistake of ours, which no repeat cures.
                    raise
                elif not line.is_lost(error):
                    # A full disk, a cancelled query: only the log says which it was.
                    _log.exception("the database failed")
                    raise StorageUnavailable from error
                elif losses == 0 and line.connected and (self._repeatable or not line.committing):
                    # An idle connection was closed; perhaps only that one was.
                    losses += 1
                else:
                    raise _DatabaseAway(" ".join(str(error.orig).split())) from error

    def _once(self, work: Callable[[Connection], T], line: "_Line") -> T:
        line.connected = line.committing = False
        with self._engine.connect() as connection, line.held(connection):
            transaction = connection.begin()
            try:
                result = work(connection)
            except BaseException as error:
                transaction.rollback()
                if _sqlstate(error) == _READ_ONLY:
                    connection.invalidate()
                raise
            line.committing = True
            transaction.commit()
            return result


class _Line:
    """The connection that a job has taken, for whoever loses patience with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._is_cut = False
        self.connected = False
        self.committing = False

    @contextlib.contextmanager
    def held(self, connection: Connection) -> Iterator[None]:
        """Let ``cut`` reach the connection, until it goes back to the others."""
        with self._lock:
            if self._is_cut:
                raise StorageUnavailable
            self._connection = connection
        self.connected = True
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    def cut(self) -> None:
        """Wake the thread that waits for an answer: there will be none."""
        with self._lock:
            self._is_cut = True
            raw = self._connection.connection.dbapi_connection if self._connection is not None else None
            if raw is None:
                return
            with contextlib.suppress(OSError, psycopg.Error), _twin(raw.fileno()) as twin:
                twin.shutdown(socket.SHUT_RDWR)

    def is_lost(self, error: DBAPIError) -> bool:
        """Answer whether it was the connection that failed, and is to be thrown away."""
        if not self.connected or error.connection_invalidated:
            return True
        return _sqlstate(error) == _READ_ONLY


def conninfo(url: str) -> str:
    """Write a libpq URL with what we ask of every connection, where it does not say."""
    parameters = psycopg.conninfo.conninfo_to_dict(url)
    parameters.setdefault("connect_timeout", _CONNECT_SECONDS)
    parameters.setdefault("application_name", "localdial")
    if "," in str(parameters.get("host", "")):
        # Of several hosts the one that takes changes, be it after a failover.
        parameters.setdefault("target_session_attrs", "read-write")
    return psycopg.conninfo.make_conninfo("", **parameters)


def _connect(url: str) -> "psycopg.Connection[Any]":
    connection: psycopg.Connection[Any] = psycopg.connect(conninfo(url), prepare_threshold=None)
    # A pooled session may listen for someone else; without a handler psycopg would
    # keep every notice for ever.
    connection.add_notify_handler(_ignore)
    return connection


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _ignore(_notice: object) -> None:
    """Do nothing."""


def _twin(descriptor: int) -> socket.socket:
    return socket.socket(fileno=os.dup(descriptor))


def _ended(expiry: asyncio.TimerHandle, running: "asyncio.Future[Any]") -> None:
    expiry.cancel()
    if not running.cancelled():
        running.exception()
