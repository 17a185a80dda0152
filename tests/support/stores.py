"""The store and the call log over a database, wired as the server wires them."""

from localdial_server.storage.call_log.group_commit import GroupCommitLog
from localdial_server.storage.call_log.inbound import InboundDatabaseRecorder, QueuedInboundCallLog
from localdial_server.storage.call_log.recorders import DatabaseRecorder
from localdial_server.storage.engines.database import Database
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.store import SqlStore


def store_on(database: Database) -> SqlStore:
    """Return a store with a snapshot cache of its own, as every server has."""
    return SqlStore(database, SnapshotCache(database))


def inbound_call_log_on(database: Database) -> QueuedInboundCallLog:
    """Return a new inbound call log over the database."""
    return QueuedInboundCallLog(InboundDatabaseRecorder(database).record)


def call_log_on(database: Database, max_delay: float = 0.0, *, try_seconds: float = 0.5) -> GroupCommitLog:
    """Return a call log that collects calls for up to `max_delay` seconds before it commits.

    It keeps the times of the calls, which tests choose in any order.
    """
    return GroupCommitLog(DatabaseRecorder(database).record_earlier, max_delay, try_seconds=try_seconds)
