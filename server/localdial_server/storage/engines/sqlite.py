"""SQLite, the embedded default: one file, one server process.

WAL, so that readers never wait for the writer. synchronous=FULL, because a call that
was answered must survive a loss of power. BEGIN IMMEDIATE for writers, because a
deferred transaction of SQLite can fail when it asks for the write lock half-way. One
thread does all the writes: SQLite would serialize them in any case.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool, QueuePool
from typing_extensions import override

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.engines.database import VERSION_TABLE, Database, Insertion, Selection
from localdial_server.storage.engines.sqlite_file import NotInPlace, SqliteFile

T = TypeVar("T")

VERSION = sqlite3.sqlite_version_info
# Older ones cannot drop a column, as migrations do, or corrupt the file when they do.
OLDEST_VERSION = (3, 35, 5)

# The first release of each branch without the WAL-reset bug (https://sqlite.org/wal.html#walresetbug), by
# which a commit during a checkpoint can corrupt the database. It has been there since WAL exists.
_WITHOUT_WAL_RESET_BUG = ((3, 44, 6), (3, 50, 7), (3, 51, 3))

_log = logging.getLogger(__name__)

# Enough for every core of the small machines that SQLite serves.
_READERS = 4

_IS_EMPTY_OR_OURS = """
    SELECT NOT EXISTS (SELECT * FROM sqlite_master) OR EXISTS (SELECT * FROM sqlite_master WHERE name = ?)
"""


class SqliteDatabase(Database):
    """One SQLite file, which this process holds alone."""

    def __init__(self, file: SqliteFile, max_bytes: int | None, *, must_stay: bool) -> None:
        self._file = file
        self._must_stay = must_stay
        self._log = LimitedLog(_log)
        self._writer = _engine(file.path, "BEGIN IMMEDIATE", connections=1, max_bytes=max_bytes)
        # The connection of the writer. An insertion runs on it without SQLAlchemy, which takes longer than
        # SQLite for a single row.
        self._connection: sqlite3.Connection | None = None
        event.listen(self._writer, "connect", self._keep_connection)
        self._reader = _engine(file.path, "BEGIN", connections=_READERS)
        # Selections have a thread and a connection of their own, so that they wait for no list.
        self._select_thread = ThreadPoolExecutor(1, "sqlite-select")
        self._select_connection: sqlite3.Connection | None = None
        self._write_thread = ThreadPoolExecutor(1, "sqlite-write")
        self._read_threads = ThreadPoolExecutor(_READERS, "sqlite-read")

    @classmethod
    def open(cls, path: Path, max_bytes: int | None = None, *, must_stay: bool = True) -> "SqliteDatabase":
        """Open or create the file and lock other servers out of it.

        `max_bytes` bounds its size (None: no bound). Two processes on one file would not see each
        other's changes in their snapshots, and older versions of SQLite can corrupt a WAL that
        several processes checkpoint. With `must_stay`, transactions fail while the file is not in its
        place, where the next start looks for it.

        Raises `DatabaseInUse` and `OSError`.
        """
        return cls(SqliteFile.hold(path), max_bytes, must_stay=must_stay)

    @property
    def engine(self) -> Engine:
        """The engine that writes, for migrations and for an administrator's work."""
        return self._writer

    @property
    def is_in_place(self) -> bool:
        """Whether the paths of the database lead to the files that are open. Reads the disk."""
        return self._file.is_in_place()

    def write_something(self) -> None:
        """Commit without changing anything, to detect a full disk before the first call.

        Raises `DBAPIError`.
        """
        with self._writer.begin() as connection:
            write_something(connection)

    @override
    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        if isinstance(work, Selection):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._select_thread, self._select, name, work)
        return await self._run(self._read_threads, self._reader, name, work)

    @override
    async def write(
        self,
        name: str,
        work: Callable[[Connection], T],
        *,
        after_commit: Callable[[T], None] | None = None,
    ) -> T:
        """Run `work` in a transaction, then `after_commit` with its result, before the next write.

        Both run in the write thread and may block.
        """
        return await self._run(self._write_thread, self._writer, name, work, after_commit)

    @override
    async def append(self, name: str, work: Callable[[Connection], T]) -> T:
        # SQLite has one writer. The work may be repeated, so it is enough to see afterwards that the files
        # are in their place: each look takes three system calls.
        def run() -> T:
            if isinstance(work, Insertion) and self._insert(name, work):
                self._require_in_place(name)
                result: T = work.result
                return result
            return self._in_transaction(self._writer, name, work)

        return await asyncio.get_running_loop().run_in_executor(self._write_thread, run)

    @override
    async def close(self) -> None:
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """Finish what is running and close the file. Blocks."""
        for threads in self._write_thread, self._read_threads, self._select_thread:
            threads.shutdown(wait=True)
        if self._select_connection is not None:
            self._select_connection.close()
        for engine in self._reader, self._writer:
            engine.dispose()
        self._file.release()

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        engine: Engine,
        name: str,
        work: Callable[[Connection], T],
        after_commit: Callable[[T], None] | None = None,
    ) -> T:
        def run() -> T:
            self._require_in_place(name)
            result = self._in_transaction(engine, name, work)
            if after_commit is not None:
                after_commit(result)
            return result

        return await asyncio.get_running_loop().run_in_executor(threads, run)

    def _in_transaction(self, engine: Engine, name: str, work: Callable[[Connection], T]) -> T:
        try:
            with engine.begin() as connection:
                result = work(connection)
        except (IntegrityError, DataError, ProgrammingError):
            # A bug in the caller: running again would not help.
            raise
        except DBAPIError as error:
            self._log_failure(name, error.orig)
            raise StorageUnavailable from error
        if engine is self._writer:
            # Otherwise the next start would not find what was just committed.
            self._require_in_place(name)
        return result

    def _select(self, name: str, selection: Selection[T]) -> T:
        """Run the query. A single statement sees one moment without a transaction."""
        self._require_in_place(name)
        try:
            if self._select_connection is None:
                # SQLAlchemy takes ten times as long as the query.
                pooled = self._reader.raw_connection()
                self._select_connection = cast("sqlite3.Connection", pooled.driver_connection)
                pooled.detach()
            row = self._select_connection.execute(*selection.sqlite_statement()).fetchone()
        except sqlite3.ProgrammingError:
            # A bug: running again would not help.
            raise
        except (sqlite3.Error, DBAPIError) as error:
            self._log_failure(name, error.orig if isinstance(error, DBAPIError) else error)
            raise StorageUnavailable from error
        return selection.result(row[0])

    def _insert(self, name: str, insertion: Insertion[T]) -> bool:
        """Commit the insertion's statement; return whether that was all there is to do."""
        statement = insertion.sqlite_statement()
        if statement is None or self._connection is None:
            return False
        try:
            # A statement commits by itself only outside of a transaction.
            if self._connection.in_transaction:
                return False
            return self._connection.execute(*statement).rowcount == insertion.count
        except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError):
            # The work meets the error again, and raises it as SQLAlchemy does.
            return False
        except sqlite3.Error as error:
            self._log_failure(name, error)
            raise StorageUnavailable from error

    def _keep_connection(self, connection: sqlite3.Connection, _record: object) -> None:
        self._connection = connection

    def _log_failure(self, name: str, error: BaseException | None) -> None:
        """Log why SQLite failed: a full disk, a lock held by a tool, a damaged file. Only the log says so."""
        self._log.error(
            "the database failed",
            kind=getattr(error, "sqlite_errorname", ""),
            extra={"unit_of_work": name, "file": str(self._file.path), "cause": reason_of(error)},
        )

    def _require_in_place(self, name: str) -> None:
        if not self._must_stay:
            return
        try:
            self._file.require_in_place()
        except NotInPlace as error:
            self._log.error(
                "the database is not in its place: put its files back, or restart the server",
                extra={"unit_of_work": name, "cause": str(error)},
            )
            raise StorageUnavailable from error


def has_wal_reset_bug(version: tuple[int, ...] = VERSION) -> bool:
    """Return whether this version of SQLite has the WAL-reset bug."""
    is_mended = any(version >= mended and version[:2] == mended[:2] for mended in _WITHOUT_WAL_RESET_BUG)
    return version < max(_WITHOUT_WAL_RESET_BUG) and not is_mended


def has_json() -> bool:
    """Return whether SQLite has its JSON functions, which builds before 3.38 may leave out."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT json_array()")
        except sqlite3.OperationalError:
            return False
    return True


def write_something(connection: Connection) -> None:
    """Write a page without changing anything, to find out whether that is possible."""
    # The user_version is unused.
    connection.exec_driver_sql("PRAGMA user_version = 0")


def read_only_engine(path: Path) -> Engine:
    """Return an engine that reads the file while another process serves it.

    A connection that only reads makes no checkpoint, so it cannot harm the WAL.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool, hide_parameters=True
    )


def reason_of(error: BaseException | None) -> str:
    """Return why SQLite failed, in its own words unless those mislead."""
    if getattr(error, "sqlite_errorname", None) == "SQLITE_IOERR_SHMSIZE":
        # SQLite says "disk I/O error" when it cannot create the 32 KiB file beside its own.
        return "database or disk is full"
    return str(error)


def _engine(path: Path, begin: str, connections: int, max_bytes: int | None = None) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        # Phone numbers do not belong in the log.
        hide_parameters=True,
        # One thread at a time uses a connection, though not always the same one.
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # Turn off the driver's transaction control, which begins deferred transactions.
        connection.isolation_level = None
        cursor = connection.cursor()
        # A tool such as the sqlite3 shell may lock the file for a moment.
        cursor.execute("PRAGMA busy_timeout = 5000")
        # The journal mode is stored in the file, so leave a file that is not ours alone.
        if cursor.execute(_IS_EMPTY_OR_OURS, (VERSION_TABLE,)).fetchone()[0]:
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        # On macOS fsync leaves the data in the drive's cache.
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
