"""Opens, migrates and closes the storage that the settings name. Problems are one-line `StartError`s."""

import contextlib
import functools
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from localdial_server.domain.model import InboundCall
from localdial_server.runtime.forgotten_state import refuse_forgotten_state
from localdial_server.runtime.sqlite_version import require_sqlite_version
from localdial_server.settings.errors import StartError
from localdial_server.settings.validators import is_postgresql
from localdial_server.storage.call_log.call_counter import CallCounter
from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.inbound import (
    InboundDatabaseRecorder,
    InboundSpoolingRecorder,
    QueuedInboundCallLog,
)
from localdial_server.storage.call_log.late_calls import LateCalls
from localdial_server.storage.call_log.recorders import DatabaseRecorder, SpoolingRecorder
from localdial_server.storage.call_log.spool import INBOUND_CALLS, Spool
from localdial_server.storage.call_log.spool_check import SpoolCheck
from localdial_server.storage.call_log.spool_folder import ForeignSpool, SpoolFolder
from localdial_server.storage.engines.sqlite import SqliteDatabase, reason_of
from localdial_server.storage.engines.sqlite_file import DatabaseInUse
from localdial_server.storage.snapshots.api_keys import ApiKeyDirectory
from localdial_server.storage.snapshots.cache import CachePolicy, SnapshotCache
from localdial_server.storage.snapshots.number_index import SqlNumberIndex
from localdial_server.storage.sql.identity import identity_of
from localdial_server.storage.sql.migrate import SchemaError, missing_migration
from localdial_server.storage.sql.migrate import migrate as migrate_schema

# psycopg and the dialects of PostgreSQL take 80 ms to load, which no server on SQLite needs.
if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings
    from localdial_server.storage.engines.postgres import PostgresDatabase

T = TypeVar("T")

_BYTES_PER_MB = 1024 * 1024

# The spool folder of call-backs, within that of outbound calls.
INBOUND_SPOOL_FOLDER = "inbound"

# How long an organization without calls stays in memory.
_SNAPSHOT_IDLE_SECONDS = 3_600.0

Background = Callable[[], Coroutine[Any, Any, None]]
"""Runs until cancelled, while calls are served."""


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database with everything that belongs to it.

    Run `background` while calls are served. `records_calls` returns whether outbound calls can be recorded,
    and `routes_call_backs` whether the database is up and has every recorded call; both may read the disk.
    `is_up` returns whether the database answered the last time it was asked, `spooled_calls` how many calls
    wait in the spools of this process, and `staleness` for how many seconds changes by other servers may have
    been missed; None while the database is down. `claim` checks that the database can be used: it returns
    what is missing from the schema, or None if nothing is. It blocks, and raises `StartError` if waiting does
    not help and `DBAPIError` if the database does not respond.
    """

    database: "SqliteDatabase | PostgresDatabase"
    snapshots: SnapshotCache
    number_index: SqlNumberIndex
    api_keys: ApiKeyDirectory
    call_log: GroupCommitLog
    inbound_call_log: QueuedInboundCallLog
    background: Sequence[Background]
    records_calls: Callable[[], bool]
    routes_call_backs: Callable[[], bool]
    is_up: Callable[[], bool]
    spooled_calls: Callable[[], int]
    staleness: Callable[[], float | None]
    claim: Callable[[], str | None]


@contextlib.asynccontextmanager
async def opened_storage(settings: "Settings") -> AsyncIterator[Storage]:
    """Open the storage of the settings, and close it at the end. Raises `StartError`."""
    database = open_database(settings, must_answer=False)
    try:
        if isinstance(database, SqliteDatabase):
            migrate_database(database, settings)
            number_index = SqlNumberIndex(database, settings.snapshot_poll_seconds, is_shared=False)
            snapshots = SnapshotCache(
                database, _cache_policy(settings, max_age=math.inf), number_index.changed
            )
            api_keys = ApiKeyDirectory(database, database, settings.snapshot_poll_seconds)
            call_log = GroupCommitLog(DatabaseRecorder(database).record)
            yield Storage(
                database,
                snapshots,
                number_index,
                api_keys,
                call_log,
                QueuedInboundCallLog(InboundDatabaseRecorder(database).record),
                [
                    snapshots.drop_idle_always,
                    number_index.run,
                    api_keys.run,
                    call_log.keep_trying,
                    CallCounter(database, settings.call_count_seconds).run,
                ],
                lambda: database.is_in_place and not call_log.is_failing,
                lambda: database.is_in_place,
                lambda: database.is_in_place,
                lambda: 0,
                lambda: 0.0 if database.is_in_place else None,
                functools.partial(missing_migration, database.engine),
            )
        else:
            async with _shared_storage(database, settings) as storage:
                yield storage
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def _shared_storage(database: "PostgresDatabase", settings: "Settings") -> AsyncIterator[Storage]:
    """Open everything that belongs to a database that several servers share."""
    from localdial_server.storage.call_log import insert_postgres  # noqa: PLC0415 - see above
    from localdial_server.storage.engines.postgres import refuses_for_good  # noqa: PLC0415 - see above
    from localdial_server.storage.snapshots.notify import RevisionNotifications  # noqa: PLC0415 - see above
    from localdial_server.storage.snapshots.revision_poller import RevisionPoller  # noqa: PLC0415 - see above

    # Compile the statement now, so that the first call does not wait for that.
    insert_postgres.statement([], in_order=False)
    notifications = RevisionNotifications(database, settings.database_url.get_secret_value())
    number_index = SqlNumberIndex(database.loads, settings.snapshot_poll_seconds, is_shared=True)

    def announce(organization_id: str, revision: int) -> None:
        number_index.changed(organization_id, revision)
        notifications.send(organization_id, revision)

    snapshots = SnapshotCache(
        database.loads, _cache_policy(settings, max_age=settings.snapshot_max_age_seconds), announce
    )

    def changed_elsewhere(organization_id: str, revision: int) -> None:
        number_index.changed(organization_id, revision)
        snapshots.changed_elsewhere(organization_id, revision)

    folder, inbound_folder = _spool_folders(settings)
    try:
        spool = folder.take()
        inbound_spool = inbound_folder.take()
    except (OSError, SchemaError, DBAPIError) as error:
        raise _unusable_spool(settings, error) from None
    late_calls = LateCalls(database)
    database_recorder = DatabaseRecorder(database, late_calls)
    recorder = SpoolingRecorder(database_recorder.record, database_recorder.record_earlier, folder, spool)
    spool_check = SpoolCheck(folder, settings.database_timeout_seconds)
    call_log = GroupCommitLog(recorder.record, is_complete=spool_check.is_empty)
    inbound_recorder = InboundSpoolingRecorder(
        InboundDatabaseRecorder(database).record, inbound_folder, inbound_spool
    )
    inbound_call_log = QueuedInboundCallLog(inbound_recorder.record)
    api_keys = ApiKeyDirectory(
        database, database.loads, settings.snapshot_poll_seconds, settings.snapshot_max_age_seconds
    )
    poller = RevisionPoller(database, snapshots, number_index, settings.snapshot_poll_seconds)
    background: list[Background] = [
        functools.partial(notifications.listen, changed_elsewhere),
        snapshots.drop_idle_always,
        poller.run,
        number_index.run,
        api_keys.run,
        recorder.empty_spools,
        inbound_recorder.empty_spools,
        call_log.keep_trying,
        late_calls.run,
        CallCounter(database, settings.call_count_seconds).run,
    ]

    def claim() -> str | None:
        try:
            missing = missing_migration(database.engine)
        except OperationalError as error:
            if refuses_for_good(str(error.orig)):
                raise unusable_database(settings, error) from None
            raise
        if missing is None:
            _claim_spool(folder, spool, database, settings)
            _claim_spool(inbound_folder, inbound_spool, database, settings)
        return missing

    def routes_call_backs() -> bool:
        return not database.is_down and folder.is_empty()

    try:
        yield Storage(
            database,
            snapshots,
            number_index,
            api_keys,
            call_log,
            inbound_call_log,
            background,
            lambda: not call_log.is_failing,
            routes_call_backs,
            lambda: not database.is_down,
            lambda: spool.count + inbound_spool.count,
            poller.staleness,
            claim,
        )
    finally:
        spool_check.close()
        await late_calls.close()
        await recorder.close()
        await inbound_recorder.close()


def _spool_folders(settings: "Settings") -> tuple[SpoolFolder, SpoolFolder[InboundCall]]:
    """Return the folder of outbound calls, and that of call-backs."""
    max_bytes = settings.spool_max_mb * _BYTES_PER_MB
    inbound = settings.spool_directory / INBOUND_SPOOL_FOLDER
    return (
        SpoolFolder(settings.spool_directory, max_bytes),
        SpoolFolder(inbound, max_bytes, spooled=INBOUND_CALLS),
    )


def _cache_policy(settings: "Settings", *, max_age: float) -> CachePolicy:
    return CachePolicy(
        max_age=max_age, idle=_SNAPSHOT_IDLE_SECONDS, memory=settings.snapshot_memory_mb * _BYTES_PER_MB
    )


def open_database(settings: "Settings", *, must_answer: bool = True) -> "SqliteDatabase | PostgresDatabase":
    """Open the database of the settings. Raises `StartError`.

    `must_answer`: raise it also if PostgreSQL does not answer; otherwise the caller waits for PostgreSQL.
    """
    refuse_forgotten_state(settings)
    url = settings.database_url.get_secret_value()
    if is_postgresql(settings.database_url):
        import psycopg  # noqa: PLC0415 - see above

        from localdial_server.storage.engines.postgres import PostgresDatabase  # noqa: PLC0415 - see above

        try:
            open_ = PostgresDatabase.open if must_answer else PostgresDatabase
            return open_(url, settings.database_timeout_seconds)
        except psycopg.Error as error:
            raise unusable_database(settings, error) from None
    require_sqlite_version()
    file = make_url(url).database
    assert file is not None
    try:
        return SqliteDatabase.open(Path(file))
    except DatabaseInUse:
        raise StartError(
            f"another localdial uses {file}; stop it first, or set LOCALDIAL_DATABASE_URL to another file"
        ) from None
    except OSError as error:
        raise StartError(f"cannot open {file}: {error.strerror}; set LOCALDIAL_DATABASE_URL") from None


def migrate_database(database: "SqliteDatabase | PostgresDatabase", settings: "Settings") -> str:
    """Bring the schema up to date; return one line that says what was done. Raises `StartError`."""
    try:
        before, after = migrate_schema(database.engine)
        if isinstance(database, SqliteDatabase):
            database.write_something()
    except (SchemaError, DBAPIError) as error:
        raise unusable_database(settings, error) from None
    if before == after:
        return f"the schema is up to date ({after})"
    return f"the schema was migrated from {before or 'nothing'} to {after}"


def unusable_database(settings: "Settings", error: Exception) -> StartError:
    """Return the error that says why the database of the settings cannot be used."""
    return StartError(f"cannot use {settings.shown_database_url} (LOCALDIAL_DATABASE_URL): {one_line(error)}")


def one_line(error: BaseException | None) -> str:
    """Return the message of the database or its driver, in one line."""
    # SQLAlchemy appends the statement and a link.
    return " ".join(reason_of(error.orig if isinstance(error, DBAPIError) else error).split())


def _claim_spool(
    folder: SpoolFolder[T], spool: Spool[T], database: "PostgresDatabase", settings: "Settings"
) -> None:
    """Claim the spool for this database, so that calls of another one are never replayed into it."""
    identity = identity_of(database.engine)
    try:
        folder.claim(identity, spool)
    except ForeignSpool:
        raise StartError(
            f"{settings.spool_directory} is the spool of another database that is in use or still has calls "
            "waiting there; run that database's server until they are recorded, or set "
            f"LOCALDIAL_SPOOL_DIRECTORY to another folder for {settings.shown_database_url}"
        ) from None
    except OSError as error:
        raise _unusable_spool(settings, error) from None


def _unusable_spool(settings: "Settings", error: Exception) -> StartError:
    return StartError(
        f"cannot keep calls in {settings.spool_directory} (LOCALDIAL_SPOOL_DIRECTORY): {one_line(error)}"
    )
