"""Insertion of call records, each call_id once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Executable, String, bindparam, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from localdial_server.domain.model import OutboundCall
from localdial_server.storage.sql.rows import from_call, to_call
from localdial_server.storage.sql.schema import outbound_calls

# Well under the number of parameters that one statement may have.
_KEYS_PER_QUERY = 500

# The database computes the others.
_COLUMNS = [each for each in outbound_calls.columns if each.computed is None]

# Built once: SQLAlchemy finds the compiled form of the same object faster.
_INSERT_SQLITE = (
    sqlite.insert(outbound_calls).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
)


def _insert_postgres() -> Executable:
    # One array for each column: one statement inserts any number of rows and commits by itself.
    # The types have no length, since a cast would silently truncate the texts.
    types = [String() if isinstance(each.type, String) else each.type for each in _COLUMNS]
    columns = [
        func.unnest(bindparam(each.name, type_=postgresql.ARRAY(type_)))
        for each, type_ in zip(_COLUMNS, types, strict=True)
    ]
    return (
        postgresql.insert(outbound_calls)
        .from_select([each.name for each in _COLUMNS], select(*columns))
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )


_INSERT_POSTGRES = _insert_postgres()


def insert_calls(connection: Connection, calls: Sequence[OutboundCall]) -> Sequence[OutboundCall]:
    """Insert the calls whose call_id is new; return the call recorded under each, in order."""
    if _insert(connection, calls) == len(calls):
        return calls
    recorded: dict[tuple[str, str], OutboundCall] = {}
    key = tuple_(outbound_calls.c.organization_id, outbound_calls.c.call_id)
    for begin in range(0, len(calls), _KEYS_PER_QUERY):
        wanted = [(call.organization_id, call.call_id) for call in calls[begin : begin + _KEYS_PER_QUERY]]
        for row in connection.execute(_existing(connection).where(key.in_(wanted))):
            recorded[row.organization_id, row.call_id] = to_call(row)
    return [recorded[call.organization_id, call.call_id] for call in calls]


def _existing(connection: Connection) -> Any:
    """Return the query for existing calls; the calls that it returns are durable."""
    if connection.dialect.name == "postgresql":
        # No-op UPDATE: its commit comes after the original insert's, so it also waits for
        # synchronous replication.
        same = {"call_id": outbound_calls.c.call_id}
        return update(outbound_calls).values(same).returning(outbound_calls)
    return select(outbound_calls)


def _insert(connection: Connection, calls: Sequence[OutboundCall]) -> int:
    if connection.dialect.name == "postgresql":
        # In the same order on every server; otherwise two servers inserting the same calls could deadlock.
        in_order = sorted(calls, key=lambda call: (call.organization_id, call.call_id))
        rows = [from_call(call) for call in in_order]
        arrays = {each.name: [row[each.name] for row in rows] for each in _COLUMNS}
        return connection.execute(_INSERT_POSTGRES, arrays).rowcount
    return connection.execute(_INSERT_SQLITE, [from_call(call) for call in calls]).rowcount
