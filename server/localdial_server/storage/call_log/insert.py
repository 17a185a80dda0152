"""Insertion of the records of calls, each call_id once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    String,
    Table,
    bindparam,
    case,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from localdial_server.domain.model import InboundCall, OutboundCall
from localdial_server.storage.engines.sqlite import write_something
from localdial_server.storage.sql.rows import from_call, to_call, to_row
from localdial_server.storage.sql.schema import inbound_calls, outbound_calls

# Well under the number of parameters that one statement may have.
_KEYS_PER_QUERY = 500

# Built once: SQLAlchemy finds the compiled form of the same object faster.
_INSERT_SQLITE = (
    sqlite.insert(outbound_calls).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
)


def _columns(table: Table) -> Sequence[Column[Any]]:
    # The database computes the others.
    return [each for each in table.columns if each.computed is None]


def _insert_of_arrays(table: Table) -> postgresql.Insert:
    # One array for each column: one statement inserts any number of rows and commits by itself.
    # The types have no length, since a cast would silently truncate the texts.
    types = [String() if isinstance(each.type, String) else each.type for each in _columns(table)]
    columns = [
        func.unnest(bindparam(each.name, type_=postgresql.ARRAY(type_)))
        for each, type_ in zip(_columns(table), types, strict=True)
    ]
    return postgresql.insert(table).from_select([each.name for each in _columns(table)], select(*columns))


def _arrays(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {each.name: [row[each.name] for row in rows] for each in _columns(table)}


_INSERT_POSTGRES = (
    _insert_of_arrays(outbound_calls).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
)


def _merging(statement: Any) -> Executable:
    """Return the insert that merges a call like `InboundCall.merged_with` if its call_id is recorded."""
    recorded, new = inbound_calls.c, statement.excluded
    is_better = new.outcome > recorded.outcome
    values = {}
    for column in inbound_calls.columns:
        if column.name in {"outcome", "outcome_time"}:
            values[column.name] = case((is_better, new[column.name]), else_=column)
        elif not column.primary_key:
            values[column.name] = case((recorded.called_number.is_(None), new[column.name]), else_=column)
    merged: Executable = statement.on_conflict_do_update(
        index_elements=list(inbound_calls.primary_key), set_=values
    )
    return merged


_MERGE_SQLITE = _merging(sqlite.insert(inbound_calls))
_MERGE_POSTGRES = _merging(_insert_of_arrays(inbound_calls))


def insert_calls(connection: Connection, calls: Sequence[OutboundCall]) -> Sequence[OutboundCall]:
    """Insert the calls whose call_id is new; return the call recorded under each, in order.

    No calls: fail if there is no room for any.
    """
    if _insert(connection, calls) == len(calls):
        return calls
    recorded: dict[tuple[str, str], OutboundCall] = {}
    key = tuple_(outbound_calls.c.organization_id, outbound_calls.c.call_id)
    for begin in range(0, len(calls), _KEYS_PER_QUERY):
        wanted = [(call.organization_id, call.call_id) for call in calls[begin : begin + _KEYS_PER_QUERY]]
        for row in connection.execute(_existing(connection).where(key.in_(wanted))):
            recorded[row.organization_id, row.call_id] = to_call(row)
    return [recorded[call.organization_id, call.call_id] for call in calls]


def merge_inbound_calls(connection: Connection, calls: Sequence[InboundCall]) -> None:
    """Merge the calls and outcomes into the records of their call_ids (`InboundCall.merged_with`).

    On PostgreSQL one statement does so, because other servers may record the same call.
    """
    merged: dict[tuple[str, str], InboundCall] = {}
    for call in calls:
        key = call.organization_id, call.call_id
        earlier = merged.get(key)
        merged[key] = call if earlier is None else earlier.merged_with(call)
    # In the same order on every server; otherwise two servers inserting the same calls could deadlock.
    rows = [to_row(inbound_calls, merged[key]) for key in sorted(merged)]
    if connection.dialect.name == "postgresql":
        connection.execute(_MERGE_POSTGRES, _arrays(inbound_calls, rows))
    else:
        connection.execute(_MERGE_SQLITE, rows)


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
        return connection.execute(_INSERT_POSTGRES, _arrays(outbound_calls, rows)).rowcount
    if not calls:
        write_something(connection)
        return 0
    return connection.execute(_INSERT_SQLITE, [from_call(call) for call in calls]).rowcount
