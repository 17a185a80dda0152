"""SQLite files of the newest schema, copied: migrating each would take many times as long."""

import functools
import tempfile
from pathlib import Path

from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.sql.migrate import migrate


def open_sqlite(path: Path) -> SqliteDatabase:
    """Open the file, creating it with the newest schema if it does not exist."""
    if not path.exists():
        create_sqlite(path)
    return SqliteDatabase.open(path)


def create_sqlite(path: Path) -> None:
    """Create an empty database of the newest schema."""
    path.write_bytes(_newest_schema())


@functools.cache
def _newest_schema() -> bytes:
    with tempfile.TemporaryDirectory(prefix="localdial-") as folder:
        path = Path(folder, "localdial.db")
        database = SqliteDatabase.open(path)
        migrate(database.engine)
        database.close_now()
        return path.read_bytes()
