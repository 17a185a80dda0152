"""Creates databases of the newest schema by copying a template, which is faster than a migration."""

import contextlib
import functools
import tempfile
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.sql.migrate import migrate
from tests.support.postgres import PostgresServer


def open_sqlite(path: Path) -> SqliteDatabase:
    """Open the file, creating it with the newest schema if it does not exist.

    Commits do not wait for the disk. Only a power failure would lose them.
    """
    if not path.exists():
        create_sqlite(path)
    database = SqliteDatabase.open(path)
    with contextlib.closing(database.engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA synchronous = OFF")
    return database


def create_sqlite(path: Path) -> None:
    """Create an empty SQLite file of the newest schema."""
    path.write_bytes(_sqlite_template())


def create_postgres(server: PostgresServer, name: str | None = None) -> str:
    """Create an empty PostgreSQL database of the newest schema and return its URL."""
    return server.create_database(name, template=_postgres_template(server))


@functools.cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory(prefix="localdial-") as folder:
        path = Path(folder, "localdial.db")
        database = SqliteDatabase.open(path)
        migrate(database.engine)
        database.close_now()
        return path.read_bytes()


@functools.cache
def _postgres_template(server: PostgresServer) -> str:
    name = "newest_schema"
    url = server.create_database(name)
    migrate(create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool))
    return name
