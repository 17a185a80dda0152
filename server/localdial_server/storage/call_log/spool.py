"""The spool: where the records of calls wait while the database is away.

Each process has a file of its own in a folder on the local disk, an SQLite
database with the same call log as the real one: durable, bounded, and with one
record for each call_id. A marker beside it says, to every process that shares
the folder, that something waits in it.
"""

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, delete, func, literal_column, select
from sqlalchemy.exc import DBAPIError

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.call_log.insert import insert_calls
from localdial_server.storage.engines.sqlite import DatabaseInUse, SqliteDatabase
from localdial_server.storage.sql.migrate import SchemaError, migrate
from localdial_server.storage.sql.rows import to_call
from localdial_server.storage.sql.schema import outbound_calls

_log = logging.getLogger(__name__)

# SQLite numbers the rows in the order in which they came.
_ROW_ID: ColumnElement[int] = literal_column("rowid")

_FILE = ".db"
_MARKED = ".waiting"
# Names the database that the calls of the file beside it belong to.
_OWNER = ".database"

# How long it is looked whether a file is another database's, in seconds.
_LOOKS = (0.1, 0.2, 0.4, 0.8)


class ForeignSpool(Exception):
    """Calls of another database wait in the folder, or servers of another one use it."""


class Disk:
    """The file operations of the spool. They block, so none of them may run on the event loop."""

    def create(self, path: Path) -> None:
        """Create an empty file, durable on return."""
        path.touch()
        # A new name in a folder is on the disk once the folder is.
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

    def file_number(self, path: Path) -> int:
        """Return the number that the file keeps while it exists. Raises `FileNotFoundError`."""
        return path.stat().st_ino

    def names(self, folder: Path) -> Sequence[str]:
        """Return the names of the files in the folder, in no order."""
        return [path.name for path in folder.iterdir()]


_DISK = Disk()


class Spool:
    """One file of the spool folder, held by this process."""

    def __init__(self, database: SqliteDatabase, marker: Path, count: int, disk: Disk) -> None:
        self._database = database
        self._marker = marker
        self._disk = disk
        self._file_number = disk.file_number(self.path)
        self._set_count(count)

    @classmethod
    def open(cls, path: Path, max_bytes: int, disk: Disk = _DISK) -> "Spool":
        """Open the file, or create it. Raises `DatabaseInUse` if another process holds it."""
        database = SqliteDatabase.open(path, max_bytes=max_bytes)
        try:
            migrate(database.engine)
            with database.engine.begin() as connection:
                return cls(database, path.with_suffix(_MARKED), _count(connection), disk)
        except BaseException:
            database.close_now()
            raise

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._marker.with_suffix(_FILE)

    @property
    def count(self) -> int:
        """How many calls wait."""
        return self._count

    async def add(self, calls: Sequence[OutboundCall]) -> Sequence[OutboundCall]:
        """Keep the calls, durable on return; answer those that stand under their call_ids.

        Raises ``StorageUnavailable`` when the spool or its disk is full.
        """

        def insert(connection: Connection) -> tuple[Sequence[OutboundCall], int]:
            return insert_calls(connection, calls), _count(connection)

        def make_findable(inserted: tuple[Sequence[OutboundCall], int]) -> None:
            try:
                self._set_count(inserted[1])
                is_in_place = self._disk.file_number(self.path) == self._file_number
            except OSError as error:
                raise StorageUnavailable from error
            if not is_in_place:
                # The folder was replaced: nobody would find the calls after a crash.
                raise StorageUnavailable

        standing, _ = await self._database.write(insert, after_commit=make_findable)
        return standing

    async def first(self, limit: int) -> Sequence[OutboundCall]:
        """Answer the calls that came first, in the order in which they came."""
        query = select(outbound_calls).order_by(_ROW_ID).limit(limit)
        return await self._database.read(
            lambda connection: [to_call(row) for row in connection.execute(query)]
        )

    async def remove_first(self, number: int) -> None:
        """Forget as many of the first calls: they are in the database now."""
        oldest = select(_ROW_ID).select_from(outbound_calls).order_by(_ROW_ID).limit(number)

        def remove(connection: Connection) -> int:
            connection.execute(delete(outbound_calls).where(_ROW_ID.in_(oldest)))
            return _count(connection)

        await self._database.write(remove, after_commit=self._set_count)

    async def close(self) -> None:
        """Let go of the file; what waits in it stays."""
        await self._database.close()

    def close_now(self) -> None:
        """Do the same, and wait for it."""
        self._database.close_now()

    def _set_count(self, count: int) -> None:
        """Set how many calls wait, and the marker accordingly."""
        self._count = count
        if count == 0:
            self._disk.remove(self._marker)
        elif not self._disk.exists(self._marker):
            self._disk.create(self._marker)


def _count(connection: Connection) -> int:
    # Without a walk over all of them: rows come at the end and go at the beginning.
    first, last = (
        select(bound(_ROW_ID)).select_from(outbound_calls).scalar_subquery() for bound in (func.min, func.max)
    )
    return connection.scalar(select(func.coalesce(last - first + 1, 0))) or 0


def _owner(path: Path) -> str | None:
    """Answer the database that the calls of a file belong to; None: not known, as of an older release."""
    try:
        return path.with_suffix(_OWNER).read_text("utf-8")
    except FileNotFoundError:
        return None


class SpoolFolder:
    """The folder where the processes of one machine keep their spools."""

    def __init__(self, path: Path, max_bytes: int, disk: Disk = _DISK) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._disk = disk
        self._unreadable: set[Path] = set()
        self._looked = False

    def take(self) -> Spool:
        """Take the first file that nobody holds: perhaps one that a crash left.

        Raises ``OSError``.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        for number in itertools.count():
            # A newer release may have left one: that is for a newer one to empty.
            with contextlib.suppress(DatabaseInUse, SchemaError):
                spool = Spool.open(self._path / f"{number}{_FILE}", self._max_bytes, self._disk)
                if spool.count == 0:
                    # Whose calls were in it last means nothing to those who look now.
                    spool.path.with_suffix(_OWNER).unlink(missing_ok=True)
                return spool
        raise AssertionError

    def claim(self, database: str, own: Spool) -> None:
        """Keep the calls of ``own``, this process's file, for the database of this identity.

        Raises ``ForeignSpool`` if calls of another database wait in the folder, or if it is
        used by another one's servers; and ``OSError``.
        """
        if own.count and _owner(own.path) not in {None, database}:
            raise ForeignSpool
        # As a whole or not at all: others look at it, and before they are looked at, so
        # that of two that come at once not both go on.
        new = own.path.with_suffix(f"{_OWNER}-new")
        new.write_text(database, "utf-8")
        new.replace(own.path.with_suffix(_OWNER))
        # A file may be in use for a moment by one who looks as this one does, or who has
        # taken it and not said so yet.
        for delay in *_LOOKS, None:
            if not any(
                _owner(path) not in {None, database} and self._is_used(path)
                for path in self._path.glob(f"*{_FILE}")
            ):
                return
            if delay is None:
                raise ForeignSpool
            time.sleep(delay)

    def _is_used(self, path: Path) -> bool:
        """Answer whether another process has the file, or calls wait in it."""
        try:
            spool = Spool.open(path, self._max_bytes, self._disk)
        except (DatabaseInUse, SchemaError, DBAPIError):
            return True
        count = spool.count
        spool.close_now()
        return count > 0

    def left_behind(self) -> Sequence[Spool]:
        """Take all files in which calls wait and that nobody holds."""
        found: list[Spool] = []
        # The first time also those that are not marked: a crash may have come between
        # the calls and their marker.
        for path in self._path.glob(f"*{_MARKED if self._looked else _FILE}"):
            file = path.with_suffix(_FILE)
            try:
                found.append(Spool.open(file, self._max_bytes, self._disk))
            except DatabaseInUse:
                continue
            except (OSError, SchemaError, DBAPIError):
                if file not in self._unreadable:
                    self._unreadable.add(file)
                    _log.exception("a spool cannot be read, and call-backs fail", extra={"file": str(file)})
        self._looked = True
        return found

    def is_empty(self) -> bool:
        """Return whether no call waits in any process's spool. Raises `StorageUnavailable`. Blocks."""
        try:
            return not any(name.endswith(_MARKED) for name in self._disk.names(self._path))
        except OSError as error:
            _log.exception("the spool's folder cannot be read, and call-backs fail")
            raise StorageUnavailable from error
