"""Export, import and prune a database, without a server.

The database must have this release's schema; nothing here migrates it. Every
function raises `StartError` when the database cannot be used.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from localdial_server.app.current_caller import COMMAND_LINE
from localdial_server.domain.audit import AuditEventKind, time_content
from localdial_server.runtime.storage import INBOUND_SPOOL_FOLDER, open_database
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings
from localdial_server.settings.validators import is_postgresql
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from localdial_server.storage.sql.audit import AuditTrail, Change
from localdial_server.storage.sql.migrate import SchemaError, missing_migration
from localdial_server.storage.sql.retention import (
    count_calls_before,
    count_changes_before,
    delete_calls_before,
    delete_changes_before,
)
from localdial_server.storage.transfer.export_file import UnknownOrganizations, export_all
from localdial_server.storage.transfer.import_file import import_all
from localdial_server.storage.transfer.problems import ImportRefused
from localdial_server.storage.transfer.records import End

if TYPE_CHECKING:
    from localdial_server.storage.engines.postgres import PostgresDatabase
    from localdial_server.storage.engines.sqlite import SqliteDatabase

__all__ = [
    "ImportRefused",
    "UnknownOrganizations",
    "export",
    "has_spooled_calls",
    "import_",
    "opened_database",
    "prune_calls",
    "prune_changes",
]

Progress = Callable[[str, int, int | None], None]
"""Called with the activity, how much of it is done, and the total, or None if the total is unknown."""


def export(settings: Settings, organization_ids: Sequence[str], file: BinaryIO, on_progress: Progress) -> End:
    """Export the organizations, or all if none is named, to the file; return the export's last line.

    Raises `UnknownOrganizations`, and `OSError` if the file cannot be written.
    """
    with _opened(settings) as engine:
        return export_all(engine, organization_ids, file.write, on_progress)


def has_spooled_calls(settings: Settings) -> bool:
    """Return whether this machine's spool holds calls that are not in the database yet."""
    folders = settings.spool_directory, settings.spool_directory / INBOUND_SPOOL_FOLDER
    return is_postgresql(settings.database_url) and any(
        folder.is_dir() and not SpoolFolder(folder, max_bytes=0).is_empty() for folder in folders
    )


def import_(settings: Settings, file: BinaryIO, on_progress: Progress) -> End:
    """Import an export, all of it or nothing; return the export's last line.

    Raises `ImportRefused`, and `OSError` if the file cannot be read.
    """
    with _opened(settings) as engine:
        return import_all(engine, file, on_progress)


def prune_calls(settings: Settings, older_than: int, on_progress: Progress, *, dry_run: bool = False) -> int:
    """Delete the calls that are older than `older_than` microseconds; return how many there were.

    With `dry_run` they are only counted.
    """
    with _opened(settings) as engine:
        # The cutoff is fixed at the start, so calls that grow too old meanwhile stay.
        cutoff = time.time_ns() // 1000 - older_than
        count = count_calls_before(engine, cutoff)
        if count and not dry_run:
            _record_prune(engine, "calls", count, cutoff)
            return delete_calls_before(engine, cutoff, lambda done: on_progress("deleting", done, count))
    return count


def prune_changes(
    settings: Settings, older_than: int, on_progress: Progress, *, dry_run: bool = False
) -> int:
    """Delete the recorded changes that are older than `older_than` microseconds, like `prune_calls`."""
    with _opened(settings) as engine:
        cutoff = time.time_ns() // 1000 - older_than
        count = count_changes_before(engine, cutoff)
        if count and not dry_run:
            _record_prune(engine, "audit_events", count, cutoff)
            return delete_changes_before(engine, cutoff, lambda done: on_progress("deleting", done, count))
    return count


def _record_prune(engine: Engine, what: str, count: int, cutoff: int) -> None:
    """Record the deletion before it begins, because it takes many transactions and may be interrupted."""
    pruned = {what: count, "end_time": time_content(cutoff)}
    with engine.begin() as connection:
        change = Change("", after=pruned)
        AuditTrail(connection, COMMAND_LINE).record("", AuditEventKind.RECORDS_PRUNED, change)


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Engine]:
    with opened_database(settings) as database:
        yield database.engine


@contextlib.contextmanager
def opened_database(settings: Settings) -> Iterator["SqliteDatabase | PostgresDatabase"]:
    """Open the database of the settings, which must exist and have this release's schema.

    Raises `StartError`, also if the database fails while it is open.
    """
    shown = settings.shown_database_url
    url = settings.database_url
    if not is_postgresql(url) and not Path(make_url(url.get_secret_value()).database or "").exists():
        raise StartError(
            f"{shown} does not exist: set LOCALDIAL_DATABASE_URL, or create it with `localdial migrate`"
        )
    database = open_database(settings)
    try:
        missing = missing_migration(database.engine)
        if missing is not None:
            raise StartError(f"cannot use {shown}: {missing}")
        yield database
    except SchemaError as error:
        raise StartError(f"cannot use {shown}: {error}") from None
    except DBAPIError as error:
        # The lines after the first repeat the values of the statement.
        raise StartError(f"{shown} failed: {str(error.orig).splitlines()[0]}") from None
    finally:
        asyncio.run(database.close())
