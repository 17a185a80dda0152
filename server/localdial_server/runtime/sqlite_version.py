"""What localdial asks of the SQLite that Python uses."""

from typing import TYPE_CHECKING

from localdial_server.settings.errors import StartError
from localdial_server.settings.validators import is_postgresql
from localdial_server.storage.engines import sqlite

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings


def require_sqlite_version() -> None:
    """Raise `StartError` if the SQLite that Python uses is too old, or has no JSON functions."""
    if sqlite.VERSION < sqlite.OLDEST_VERSION:
        found, oldest = (".".join(map(str, version)) for version in (sqlite.VERSION, sqlite.OLDEST_VERSION))
        raise StartError(
            f"Python uses SQLite {found} here, but localdial needs {oldest} or later: use a Python with a "
            "newer SQLite, or set LOCALDIAL_DATABASE_URL to a PostgreSQL database"
        )
    if not sqlite.has_json():
        raise StartError(
            "Python uses an SQLite here that was built without JSON functions, which call-backs need: use a "
            "Python with SQLite 3.38 or later, or set LOCALDIAL_DATABASE_URL to a PostgreSQL database"
        )


def wal_reset_bug(settings: "Settings") -> str:
    """Return a warning if the database is in an SQLite that may corrupt it; empty if not."""
    if is_postgresql(settings.database_url) or not sqlite.has_wal_reset_bug():
        return ""
    version = ".".join(map(str, sqlite.VERSION))
    return (
        f"SQLite {version} can corrupt a database that several programs use at once (its WAL-reset bug): use "
        "a Python with SQLite 3.51.3 or later, and open the file with no other program while it is served"
    )
