"""The record of changes in SQL."""

import json
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import uuid_utils
from sqlalchemy import JSON, Connection, Insert, Text, bindparam, cast, column, func, insert, select

from localdial_server.app.current_caller import Caller, principal_of
from localdial_server.app.ports.store import AuditQuery
from localdial_server.domain.audit import (
    NOTHING,
    AuditEvent,
    AuditEventKind,
    Content,
    to_json,
)
from localdial_server.storage.sql.newest_first import newest_first
from localdial_server.storage.sql.rows import to_audit_event
from localdial_server.storage.sql.schema import audit_events

# What differs between the events of one `AuditTrail.record`.
_OF_EVENT: Final = ("event_id", "subject", "before", "after")


def _insert_postgres() -> Insert:
    """Return the statement that inserts any number of events, with the `_OF_EVENT` of each in one JSON array.

    Arrays of PostgreSQL would take three times as long: psycopg escapes each quotation mark in them.
    """
    types = [column(name, Text()) for name in _OF_EVENT]
    of_events = cast(bindparam("events", type_=Text()), JSON())
    events = func.json_to_recordset(of_events).table_valued(*types).render_derived(with_types=True)
    columns = [
        events.c[each.name] if each.name in _OF_EVENT else bindparam(each.name, type_=each.type)
        for each in audit_events.columns
    ]
    return insert(audit_events).from_select([each.name for each in audit_events.columns], select(*columns))


# Built once: SQLAlchemy finds the compiled form of the same object faster.
_INSERT_SQLITE: Final = insert(audit_events)
_INSERT_POSTGRES: Final = _insert_postgres()


class Change(NamedTuple):
    """One change: what it is about, and what was there before and after."""

    subject: str
    before: Content = NOTHING
    after: Content = NOTHING


class AuditTrail:
    """Records the changes of one transaction in the same transaction.

    `caller` is who asked for them; None: the server itself.
    """

    def __init__(self, connection: Connection, caller: Caller | None) -> None:
        self._connection = connection
        self._caller = caller

    def record(self, organization_id: str, kind: AuditEventKind, *changes: Change) -> None:
        """Record the changes, in order, without those that changed nothing."""
        # Read the clock here: on SQLite, transactions then have the order of their times.
        now = time.time_ns() // 1000
        caller = self._caller
        origin = {
            "organization_id": organization_id,
            "event_time": now,
            "event_kind": kind.value,
            "principal": principal_of(caller),
            "address": caller.address if caller is not None else "",
            "method": caller.method if caller is not None else "",
            "request_id": caller.request_id if caller is not None else "",
        }
        events = [
            {
                # Version 7 begins with the time, and those of one process are in order.
                "event_id": str(uuid_utils.uuid7()),
                "subject": subject,
                "before": to_json(before),
                "after": to_json(after),
            }
            for subject, before, after in changes
            if before != after
        ]
        if not events:
            return
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_INSERT_POSTGRES, {**origin, "events": json.dumps(events)})
        else:
            self._connection.execute(_INSERT_SQLITE, [{**origin, **event} for event in events])


def read_events(
    connection: Connection, query: AuditQuery, before: tuple[int, str] | None, limit: int
) -> Sequence[AuditEvent]:
    """Return up to `limit` events that match; see `Reader.audit_events`."""
    matching = select(audit_events)
    if query.organization_id is not None:
        matching = matching.filter_by(organization_id=query.organization_id)
    if query.principal is not None:
        matching = matching.filter_by(principal=query.principal)
    if query.subject is not None:
        matching = matching.filter_by(subject=query.subject)
    if query.kind is not None:
        # Between a subject, which has few changes, and a kind, SQLite takes the index that was made last. An
        # expression has no index.
        kind = audit_events.c.event_kind if query.subject is None else audit_events.c.event_kind.concat("")
        matching = matching.where(kind == query.kind.value)
    key = audit_events.c.event_time, audit_events.c.event_id
    page = newest_first(matching, key, query, before, limit)
    return [to_audit_event(row) for row in connection.execute(page)]
