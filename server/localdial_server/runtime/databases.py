"""The database of the settings: opened, brought up to date, or said in one line why not."""

from pathlib import Path

import psycopg
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings
from localdial_server.settings.validators import is_postgresql
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.engines.sqlite import DatabaseInUse, SqliteDatabase, reason_of
from localdial_server.storage.sql.migrate import SchemaError
from localdial_server.storage.sql.migrate import migrate as migrate_schema


def open_database(settings: Settings) -> SqliteDatabase | PostgresDatabase:
    """Open the database of the settings. Raises ``StartError``."""
    url = settings.database_url
    if is_postgresql(url):
        return _open_postgres(url.get_secret_value(), settings)
    file = make_url(url.get_secret_value()).database
    assert file is not None
    return _open_sqlite(Path(file))


def _open_sqlite(file: Path) -> SqliteDatabase:
    try:
        return SqliteDatabase.open(file)
    except DatabaseInUse:
        raise StartError(
            f"another localdial uses {file}; stop it first, or set LOCALDIAL_DATABASE_URL to another file"
        ) from None
    except OSError as error:
        raise StartError(f"cannot open {file}: {error.strerror}; set LOCALDIAL_DATABASE_URL") from None


def _open_postgres(url: str, settings: Settings) -> PostgresDatabase:
    try:
        return PostgresDatabase.open(url, settings.database_timeout_seconds)
    except psycopg.Error as error:
        raise StartError(
            f"cannot use {settings.shown_database_url} (LOCALDIAL_DATABASE_URL): {one_line(error)}"
        ) from None


def one_line(error: BaseException | None) -> str:
    """Answer what the database or its driver says, in one line."""
    # SQLAlchemy adds the statement and an address to read more at.
    return " ".join(reason_of(error.orig if isinstance(error, DBAPIError) else error).split())


def migrate_database(database: SqliteDatabase | PostgresDatabase, settings: Settings) -> str:
    """Bring the schema up to date; answer what was done. Raises ``StartError``."""
    try:
        before, after = migrate_schema(database.engine)
        if isinstance(database, SqliteDatabase):
            database.write_something()
    except (SchemaError, DBAPIError) as error:
        raise unusable(settings, error) from None
    if before == after:
        return f"the schema is up to date ({after})"
    return f"the schema was migrated from {before or 'nothing'} to {after}"


def unusable(settings: Settings, error: SchemaError | DBAPIError) -> StartError:
    """Say of the database of the settings why it cannot be used."""
    return StartError(f"cannot use {settings.shown_database_url}: {one_line(error)}")
