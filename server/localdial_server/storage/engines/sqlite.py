"""SQLite, the embedded default: one file, one server process.

WAL, so that readers never wait for the writer; synchronous=FULL, because a call
that was answered must survive the loss of power; BEGIN IMMEDIATE for writers,
because SQLite's deferred transactions lose the race for the write lock half-way.
All writes go through one thread, as SQLite would serialize them anyhow.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import QueuePool

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.database import VERSION_TABLE

T = TypeVar("T")

_log = logging.getLogger(__name__)

# Enough for every core of the small machines that SQLite serves; more threads
# would only wait for each other.
_READERS = 4


_IS_EMPTY_OR_OURS = """
    SELECT NOT EXISTS (SELECT * FROM sqlite_master) OR EXISTS (SELECT * FROM sqlite_master WHERE name = ?)
"""


def _do_nothing(_result: object) -> None:
    """Do nothing."""


class DatabaseInUse(Exception):
    """Another process serves this file."""


class SqliteDatabase:
    """A ``Database`` on one SQLite file, which it holds exclusively."""

    def __init__(self, path: Path, lock: FileLock, max_bytes: int | None) -> None:
        self._lock = lock
        self._writer = _engine(path, "BEGIN IMMEDIATE", connections=1, max_bytes=max_bytes)
        self._reader = _engine(path, "BEGIN", connections=_READERS)
        self._write_thread = ThreadPoolExecutor(1, "sqlite-write")
        self._read_threads = ThreadPoolExecutor(_READERS, "sqlite-read")

    @classmethod
    def open(cls, path: Path, max_bytes: int | None = None) -> "SqliteDatabase":
        """Open the file, which may grow to ``max_bytes``, and keep other servers off it.

        Two processes on one file would not see each other's changes in their
        snapshots, and older SQLite versions can corrupt a WAL that several
        processes check-point. Raises ``DatabaseInUse`` and ``OSError``.
        """
        # The lock is the file's, by whatever name it is opened.
        path = path.resolve()
        if path.exists() and not os.access(path, os.W_OK):
            # SQLite would open it to be read, and leave files beside it that are read-only too.
            raise PermissionError(errno.EACCES, "it is read-only", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not counted by thread: it is let go in another one than it was taken in.
        lock = FileLock(f"{path}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DatabaseInUse from None
        return cls(path, lock, max_bytes)

    @property
    def engine(self) -> Engine:
        """The engine that writes, for the migrations."""
        return self._writer

    def write_something(self) -> None:
        """Write what changes nothing. Raises ``DBAPIError``: on a full disk sooner than the first call."""
        with self._writer.begin() as connection:
            # It is in the first page, which is written in any case; nobody reads it.
            connection.exec_driver_sql("PRAGMA user_version = 0")

    async def read(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` on one consistent view of the database."""
        return await self._run(self._read_threads, self._reader, work, name)

    async def write(
        self,
        work: Callable[[Connection], T],
        *,
        name: str = "",
        after_commit: Callable[[T], None] = _do_nothing,
    ) -> T:
        """Run ``work`` in a transaction: durable on return, rolled back if it raises.

        Then call ``after_commit`` with its result, in the same thread, before the next write.
        """
        return await self._run(self._write_thread, self._writer, work, name, after_commit)

    async def append(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` as ``write`` does: SQLite has one writer."""
        return await self.write(work, name=name)

    async def close(self) -> None:
        """Finish what is running and let go of the file."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """Do the same, and wait for it."""
        for threads in self._write_thread, self._read_threads:
            threads.shutdown(wait=True)
        for engine in self._reader, self._writer:
            engine.dispose()
        self._lock.release()

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        engine: Engine,
        work: Callable[[Connection], T],
        name: str,
        after_commit: Callable[[T], None] = _do_nothing,
    ) -> T:
        def run() -> T:
            result = _in_transaction(engine, work, name)
            after_commit(result)
            return result

        return await asyncio.get_running_loop().run_in_executor(threads, run)


def reason_of(error: BaseException | None) -> str:
    """Answer why SQLite failed, in its words, where they say it."""
    if getattr(error, "sqlite_errorname", None) == "SQLITE_IOERR_SHMSIZE":
        # A "disk I/O error" to SQLite, which makes a file of 32 KiB beside its own.
        return "database or disk is full"
    return str(error)


def _in_transaction(engine: Engine, work: Callable[[Connection], T], name: str) -> T:
    try:
        with engine.begin() as connection:
            return work(connection)
    except (IntegrityError, DataError, ProgrammingError):
        # A mistake of ours, which no repeat cures.
        raise
    except DBAPIError as error:
        # A full disk, a lock held by a tool, a damaged file: the caller may try
        # again, and only the log says which it was.
        _log.exception("the database failed", extra={"unit_of_work": name})
        raise StorageUnavailable from error


def _engine(path: Path, begin: str, connections: int, max_bytes: int | None = None) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        # Phone numbers do not belong into the log.
        hide_parameters=True,
        # Each connection is used by one thread at a time, though not always the
        # same one.
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transaction control off: it would begin deferred ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        # A tool such as the sqlite3 shell may hold the file for a moment.
        cursor.execute("PRAGMA busy_timeout = 5000")
        # Kept in the file itself, so not before it is known to be ours.
        if cursor.execute(_IS_EMPTY_OR_OURS, (VERSION_TABLE,)).fetchone()[0]:
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        # On macOS an fsync alone leaves the data in the drive's cache.
        cursor.execute("PRAGMA fullfsync = ON")
        cursor.execute("PRAGMA foreign_keys = ON")
        if max_bytes is not None:
            page_size = cursor.execute("PRAGMA page_size").fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {max_bytes // page_size}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
