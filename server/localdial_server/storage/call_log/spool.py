"""A spool: where the records of calls wait while the database is down.

It is a file on the local disk: an SQLite database with the same call log table, durable, of
bounded size, and with one record for each call_id. A marker beside the file tells other
processes that calls wait in it.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, func, literal_column, select
from typing_extensions import TypeVar

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import InboundCall, OutboundCall
from localdial_server.storage.call_log.insert import insert_calls, merge_inbound_calls
from localdial_server.storage.engines.private_files import make_private_file
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.sql.migrate import migrate
from localdial_server.storage.sql.rows import to_call, to_inbound_call
from localdial_server.storage.sql.schema import inbound_calls, outbound_calls

# SQLite numbers the rows in the order of their insertion.
_row_id: ColumnElement[int] = literal_column("rowid")

FILE_SUFFIX: Final = ".db"
MARKER_SUFFIX: Final = ".waiting"


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


DISK: Final = Disk()


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
        # Calls up to this row ID are in the database already; a full disk keeps their rows in the file.
        self._recorded_to = 0
        self._inode = disk.inode(self.path)
        self._set_count(count)

    @classmethod
    def open(
        cls,
        path: Path,
        max_bytes: int,
        disk: Disk = DISK,
        spooled: Spooled[T] = OUTBOUND_CALLS,  # type: ignore[assignment]  # the default of T
    ) -> "Spool[T]":
        """Open the file, or create it. Raises `DatabaseInUse` if another process holds it."""
        database = SqliteDatabase.open(path, max_bytes=max_bytes, must_stay=False)
        try:
            migrate(database.engine)
            with database.engine.begin() as connection:
                count = _count(connection, spooled.table, 0)
                return cls(database, path.with_suffix(MARKER_SUFFIX), count, disk, spooled)
        except BaseException:
            database.close_now()
            raise

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self._marker.with_suffix(FILE_SUFFIX)

    @property
    def count(self) -> int:
        """How many calls wait in the file to be recorded in the database."""
        return self._count

    async def add(self, calls: Sequence[T]) -> Sequence[T]:
        """Add the calls, durably; return the call recorded under each call_id, in order.

        Raises `StorageUnavailable` when the spool or its disk is full, or its folder was replaced.
        """
        table = self._spooled.table

        def insert(connection: Connection) -> tuple[Sequence[T], int]:
            # Otherwise a call could be merged with one that will be removed.
            connection.execute(delete(table).where(_row_id <= self._recorded_to))
            return self._spooled.insert(connection, calls), _count(connection, table, 0)

        def update_marker(inserted: tuple[Sequence[T], int]) -> None:
            self._recorded_to = 0
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
        waiting = select(self._spooled.table).where(_row_id > self._recorded_to)
        query = waiting.order_by(_row_id).limit(limit)
        return await self._database.read(
            "spool.first", lambda connection: [self._spooled.of_row(row) for row in connection.execute(query)]
        )

    async def remove_first(self, number: int) -> None:
        """Remove the first `number` calls, which are in the database now.

        On a full disk their rows stay in the file until `remove_recorded` succeeds. They do not wait any
        more, unless the process ends: the next one records them again, which changes nothing.
        """
        table = self._spooled.table

        def skip(connection: Connection) -> tuple[int, int]:
            waiting = select(_row_id.label("id")).select_from(table).where(_row_id > self._recorded_to)
            first = waiting.order_by(_row_id).limit(number).subquery()
            recorded_to = connection.scalar(select(func.max(first.c.id))) or self._recorded_to
            return recorded_to, _count(connection, table, recorded_to)

        def set_recorded(skipped: tuple[int, int]) -> None:
            self._recorded_to, count = skipped
            self._set_count(count)

        # This transaction writes nothing, so it needs no room.
        await self._database.write("spool.skip", skip, after_commit=set_recorded)
        await self.remove_recorded()

    async def remove_recorded(self) -> None:
        """Remove the rows of calls that are in the database, if the disk has room for that."""
        table = self._spooled.table

        def remove(connection: Connection) -> None:
            connection.execute(delete(table).where(_row_id <= self._recorded_to))

        def set_removed(_: None) -> None:
            # SQLite may use their row IDs again.
            self._recorded_to = 0

        if self._recorded_to:
            with contextlib.suppress(StorageUnavailable):
                await self._database.write("spool.remove_recorded", remove, after_commit=set_removed)

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


def _count(connection: Connection, table: Table, recorded_to: int) -> int:
    """Return how many rows follow the one with ID `recorded_to`."""
    # Rows are added at the end and removed at the beginning, so there is no need to count them.
    first, last = (
        select(bound(_row_id)).select_from(table).where(_row_id > recorded_to).scalar_subquery()
        for bound in (func.min, func.max)
    )
    return connection.scalar(select(func.coalesce(last - first + 1, 0))) or 0
