"""The spools: where the records of calls wait while the database is down.

Outbound calls and call-backs have spools in separate folders. So call-backs do not take the room of
outbound calls, and only the records of outbound calls hold up the routing of call-backs.

Each process has a file of its own in a folder on the local disk: an SQLite database with
the same call log table, durable, of bounded size, and with one record for each call_id. A
marker beside the file tells the other processes that calls wait in it.
"""

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, func, literal_column, select
from sqlalchemy.exc import DBAPIError
from typing_extensions import TypeVar

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import InboundCall, OutboundCall
from localdial_server.storage.call_log.insert import insert_calls, merge_inbound_calls
from localdial_server.storage.engines.private_files import make_private_file, make_private_folder
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from localdial_server.storage.sql.migrate import SchemaError, migrate
from localdial_server.storage.sql.rows import to_call, to_inbound_call
from localdial_server.storage.sql.schema import inbound_calls, outbound_calls

_log = logging.getLogger(__name__)

# SQLite numbers the rows in the order of their insertion.
_ROW_ID: ColumnElement[int] = literal_column("rowid")

_FILE = ".db"
_MARKER = ".waiting"
# Holds the identity of the database whose calls are in the file beside it.
_OWNER = ".database"

# Waits between the attempts to claim the folder, in seconds.
_CLAIM_DELAYS = (0.1, 0.2, 0.4, 0.8)


class ForeignSpool(Exception):
    """Calls of another database wait in the folder, or another database's servers use it."""


class Disk:
    """The file operations of the spool. They block, so call none of them on the event loop."""

    def create(self, path: Path) -> None:
        """Create an empty file, durable on return."""
        make_private_file(path)
        # The file's name is durable once the folder is on the disk.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def exists(self, path: Path) -> bool:
        """Return whether there is a file of that name."""
        return path.exists()

    def remove(self, path: Path) -> None:
        """Remove the file; a missing one is no error."""
        path.unlink(missing_ok=True)

    def inode(self, path: Path) -> int:
        """Return the inode number of the file. Raises `FileNotFoundError`."""
        return path.stat().st_ino

    def names(self, folder: Path) -> Sequence[str]:
        """Return the names of the files in the folder, in no particular order."""
        return [path.name for path in folder.iterdir()]


_DISK = Disk()


T = TypeVar("T", default=OutboundCall)


@dataclass(frozen=True, slots=True)
class Spooled(Generic[T]):
    """The kind of record that a spool holds: rows of `table`.

    `insert` inserts records; it returns the record stored for each, in order. `of_row` reads a record.
    """

    table: Table
    insert: Callable[[Connection, Sequence[T]], Sequence[T]]
    of_row: Callable[[Row[Any]], T]


def _merge(connection: Connection, calls: Sequence[InboundCall]) -> Sequence[InboundCall]:
    merge_inbound_calls(connection, calls)
    return calls


OUTBOUND_CALLS: Final = Spooled(outbound_calls, insert_calls, to_call)
INBOUND_CALLS: Final = Spooled(inbound_calls, _merge, to_inbound_call)


class Spool(Generic[T]):
    """One file of the spool folder, held by this process."""

    def __init__(
        self, database: SqliteDatabase, marker: Path, count: int, disk: Disk, spooled: Spooled[T]
    ) -> None:
        self._spooled = spooled
        self._database = database
        self._marker = marker
        self._disk = disk
        self._count = count
        self._inode = disk.inode(self.path)
        self._set_count(count)

    @classmethod
    def open(
        cls,
        path: Path,
        max_bytes: int,
        disk: Disk = _DISK,
        spooled: Spooled[T] = OUTBOUND_CALLS,  # type: ignore[assignment]  # the default of T
    ) -> "Spool[T]":
        """Open the file, or create it. Raises `DatabaseInUse` if another process holds it."""
        database = SqliteDatabase.open(path, max_bytes=max_bytes, must_stay=False)
        try:
            migrate(database.engine)
            with database.engine.begin() as connection:
                count = _count(connection, spooled.table)
                return cls(database, path.with_suffix(_MARKER), count, disk, spooled)
        except BaseException:
            database.close_now()
            raise

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self._marker.with_suffix(_FILE)

    @property
    def count(self) -> int:
        """How many calls wait in the file."""
        return self._count

    async def add(self, calls: Sequence[T]) -> Sequence[T]:
        """Add the calls, durably; return the call recorded under each call_id, in order.

        Raises `StorageUnavailable` when the spool or its disk is full, or its folder was replaced.
        """

        def insert(connection: Connection) -> tuple[Sequence[T], int]:
            return self._spooled.insert(connection, calls), _count(connection, self._spooled.table)

        def update_marker(inserted: tuple[Sequence[T], int]) -> None:
            try:
                self._set_count(inserted[1])
                is_in_place = self._disk.inode(self.path) == self._inode
            except OSError as error:
                raise StorageUnavailable from error
            if not is_in_place:
                # The folder was replaced: no process would find the calls after a crash.
                raise StorageUnavailable

        recorded, _ = await self._database.write("spool.add", insert, after_commit=update_marker)
        return recorded

    async def first(self, limit: int) -> Sequence[T]:
        """Return the first `limit` calls, in the order in which they were added."""
        query = select(self._spooled.table).order_by(_ROW_ID).limit(limit)
        return await self._database.read(
            "spool.first", lambda connection: [self._spooled.of_row(row) for row in connection.execute(query)]
        )

    async def remove_first(self, number: int) -> None:
        """Remove the first `number` calls, which are in the database now."""
        table = self._spooled.table
        oldest = select(_ROW_ID).select_from(table).order_by(_ROW_ID).limit(number)

        def remove(connection: Connection) -> int:
            connection.execute(delete(table).where(_ROW_ID.in_(oldest)))
            return _count(connection, table)

        await self._database.write("spool.remove_first", remove, after_commit=self._set_count)

    async def close(self) -> None:
        """Close the file; the calls in it stay."""
        await self._database.close()

    def close_now(self) -> None:
        """Do what `close` does. Blocks."""
        self._database.close_now()

    def _set_count(self, count: int) -> None:
        """Set the count, and create or remove the marker accordingly."""
        if count:
            self._count = count
            if not self._disk.exists(self._marker):
                self._disk.create(self._marker)
        else:
            # Keep the count if removing the marker fails, so that `SpoolingRecorder` tries again.
            self._disk.remove(self._marker)
            self._count = 0


def _count(connection: Connection, table: Table) -> int:
    # Rows are added at the end and removed at the beginning, so there is no need to count them.
    first, last = (
        select(bound(_ROW_ID)).select_from(table).scalar_subquery() for bound in (func.min, func.max)
    )
    return connection.scalar(select(func.coalesce(last - first + 1, 0))) or 0


def _owner(path: Path) -> str | None:
    """Return the identity of the database that a file's calls belong to; None for an older release's file."""
    try:
        return path.with_suffix(_OWNER).read_text("utf-8")
    except FileNotFoundError:
        return None


class SpoolFolder(Generic[T]):
    """The folder where the processes of one machine keep their spools. Its methods block."""

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        disk: Disk = _DISK,
        spooled: Spooled[T] = OUTBOUND_CALLS,  # type: ignore[assignment]  # the default of T
    ) -> None:
        self._spooled = spooled
        self._path = path
        self._max_bytes = max_bytes
        self._disk = disk
        self._unreadable: set[Path] = set()
        self._scanned_all_files = False

    def take(self) -> Spool[T]:
        """Open the first file that no process holds; a crash may have left calls in it. Raises `OSError`."""
        make_private_folder(self._path)
        for number in itertools.count():
            # Skip a file that another process holds, or that only a newer release can empty.
            with contextlib.suppress(DatabaseInUse, SchemaError):
                spool = self._open(self._path / f"{number}{_FILE}")
                if spool.count == 0:
                    # The file is empty, so its previous owner no longer matters.
                    spool.path.with_suffix(_OWNER).unlink(missing_ok=True)
                return spool
        raise AssertionError

    def claim(self, identity: str, own: Spool[T]) -> None:
        """Claim the folder and this process's file in it, `own`, for the database with this `identity`.

        Raises `ForeignSpool` and `OSError`.
        """
        if own.count and _owner(own.path) not in {None, identity}:
            raise ForeignSpool
        # Write atomically, and before checking the other files, so that two servers starting
        # at once cannot both pass the check.
        new = own.path.with_suffix(f"{_OWNER}-new")
        make_private_file(new)
        new.write_text(identity, "utf-8")
        new.replace(own.path.with_suffix(_OWNER))
        # Retry: a process running this check holds each file briefly, and one that just took a file
        # may not have replaced its owner yet.
        for delay in *_CLAIM_DELAYS, None:
            if not any(
                _owner(path) not in {None, identity} and self._is_used(path)
                for path in self._path.glob(f"*{_FILE}")
            ):
                return
            if delay is None:
                raise ForeignSpool
            time.sleep(delay)

    def _is_used(self, path: Path) -> bool:
        """Return whether another process holds the file, or calls wait in it."""
        try:
            spool = self._open(path)
        except (DatabaseInUse, SchemaError, DBAPIError):
            return True
        count = spool.count
        spool.close_now()
        return count > 0

    def take_abandoned(self) -> Sequence[Spool[T]]:
        """Open every file in which calls wait and that no process holds."""
        found: list[Spool[T]] = []
        # The first time, look at files without a marker too: a crash may have come after the calls
        # were written and before their marker.
        for path in self._path.glob(f"*{_MARKER if self._scanned_all_files else _FILE}"):
            file = path.with_suffix(_FILE)
            try:
                found.append(self._open(file))
            except DatabaseInUse:
                continue
            except (OSError, SchemaError, DBAPIError):
                if file not in self._unreadable:
                    self._unreadable.add(file)
                    _log.exception(
                        "a spool cannot be read: if it is of outbound calls, call-backs stay UNAVAILABLE "
                        "until the file is repaired or removed",
                        extra={"file": str(file)},
                    )
        self._scanned_all_files = True
        return found

    def _open(self, path: Path) -> Spool[T]:
        return Spool.open(path, self._max_bytes, self._disk, self._spooled)

    def is_empty(self) -> bool:
        """Return whether no call waits in any process's spool. Raises `StorageUnavailable`."""
        try:
            return not any(name.endswith(_MARKER) for name in self._disk.names(self._path))
        except OSError as error:
            _log.exception("the spool's folder cannot be read: call-backs stay UNAVAILABLE until it can")
            raise StorageUnavailable from error
