"""Insertion of the records of calls, each call_id once."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Table,
    bindparam,
    case,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite

from localdial_server.domain.model import InboundCall, OutboundCall
from localdial_server.storage.engines.database import Insertion, SqliteStatement, Statement
from localdial_server.storage.engines.sqlite import write_something
from localdial_server.storage.sql.rows import from_call, from_inbound_call, to_call
from localdial_server.storage.sql.schema import inbound_calls, outbound_calls

# Well under the number of parameters that one statement may have.
_KEYS_PER_QUERY = 500

# A statement of SQLite inserts one of these numbers of rows.
_ROWS_AT_ONCE: Final = tuple(2**power for power in range(9))


@functools.cache
def stored_columns(table: Table) -> Sequence[Column[Any]]:
    """Return the columns that a record has; the database computes the others."""
    return [each for each in table.columns if each.computed is None]


class _InsertOfRows:
    """An insert for SQLite of many rows in one statement, with what `on_conflict` adds to it.

    With a statement for each row, the driver gives up Python's lock and waits for it again as often: beside
    a busy event loop, 100 rows took 59 ms instead of 2. Conflicts with the same row must change nothing.
    """

    def __init__(self, table: Table, on_conflict: Callable[[sqlite.Insert], sqlite.Insert]) -> None:
        names = [each.name for each in stored_columns(table)]
        statement = on_conflict(sqlite.insert(table).values({name: bindparam(name) for name in names}))
        of_one = str(statement.compile(dialect=sqlite.dialect()))
        row = f"({', '.join('?' * len(names))})"
        self._statements = {
            count: of_one.replace(f"VALUES {row}", f"VALUES {', '.join([row] * count)}")
            for count in _ROWS_AT_ONCE
        }

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert the rows and return how many were new or changed."""
        inserted = 0
        for begin in range(0, len(rows), _ROWS_AT_ONCE[-1]):
            statement = self.statement(rows[begin : begin + _ROWS_AT_ONCE[-1]])
            inserted += connection.exec_driver_sql(statement.sql, statement.parameters).rowcount
        return inserted

    def statement(self, rows: Sequence[tuple[Any, ...]]) -> SqliteStatement:
        """Return the statement that inserts these rows: at least one, and at most `_ROWS_AT_ONCE[-1]`."""
        # The driver keeps compiled statements, so there are few, and the last row is repeated.
        count = next(each for each in _ROWS_AT_ONCE if each >= len(rows))
        repeated = itertools.repeat(rows[-1], count - len(rows))
        values = itertools.chain.from_iterable(itertools.chain(rows, repeated))
        return SqliteStatement(self._statements[count], tuple(values))


# Built once: SQLAlchemy finds the compiled form of the same object faster.
_INSERT_SQLITE = _InsertOfRows(outbound_calls, lambda insert: insert.on_conflict_do_nothing())


def merging(statement: Any) -> Any:
    """Return the insert that merges a call like `InboundCall.merged_with` if its call_id is recorded."""
    recorded, new = inbound_calls.c, statement.excluded
    is_better = new.outcome > recorded.outcome
    values = {}
    for column in inbound_calls.columns:
        if column.name in {"outcome", "outcome_time"}:
            values[column.name] = case((is_better, new[column.name]), else_=column)
        elif not column.primary_key:
            values[column.name] = case((recorded.called_number.is_(None), new[column.name]), else_=column)
    return statement.on_conflict_do_update(index_elements=list(inbound_calls.primary_key), set_=values)


_MERGE_SQLITE = _InsertOfRows(inbound_calls, merging)


def insertion(calls: Sequence[OutboundCall], *, in_order: bool) -> Insertion[Sequence[OutboundCall]]:
    """Return `insert_calls` as work for `Database.append`."""

    def statement() -> Statement:
        from localdial_server.storage.call_log import insert_postgres  # noqa: PLC0415 - slow to load

        return insert_postgres.statement(calls, in_order=in_order)

    def sqlite_statement() -> SqliteStatement | None:
        is_one = 0 < len(calls) <= _ROWS_AT_ONCE[-1]
        return _INSERT_SQLITE.statement(list(map(from_call, calls))) if is_one else None

    return Insertion(
        lambda connection: insert_calls(connection, calls, in_order=in_order),
        statement,
        len(calls),
        calls,
        sqlite_statement=sqlite_statement,
    )


def insert_calls(
    connection: Connection, calls: Sequence[OutboundCall], *, in_order: bool = False
) -> Sequence[OutboundCall]:
    """Insert the calls whose call_id is new; return the call recorded under each, in order.

    With `in_order`, no call is recorded as earlier than another to its callee that PostgreSQL has already,
    whatever the clocks of the servers say. SQLite has one server, whose clock sees to that. No calls: fail
    if there is no room for any.
    """
    if _insert(connection, calls, in_order=in_order) == len(calls):
        return calls
    recorded: dict[tuple[str, str], OutboundCall] = {}
    key = tuple_(outbound_calls.c.organization_id, outbound_calls.c.call_id)
    for begin in range(0, len(calls), _KEYS_PER_QUERY):
        wanted = [(call.organization_id, call.call_id) for call in calls[begin : begin + _KEYS_PER_QUERY]]
        for row in connection.execute(_existing(connection).where(key.in_(wanted))):
            recorded[row.organization_id, row.call_id] = to_call(row)
    return [recorded[call.organization_id, call.call_id] for call in calls]


def inbound_merge(calls: Sequence[InboundCall]) -> Insertion[None]:
    """Return `merge_inbound_calls` as work for `Database.append`."""
    rows = _merged_rows(calls)

    def statement() -> Statement:
        from localdial_server.storage.call_log import insert_postgres  # noqa: PLC0415 - slow to load

        return insert_postgres.merge_statement(rows)

    return Insertion(
        lambda connection: _merge(connection, rows), statement, len(rows), None, is_waited_for=False
    )


def merge_inbound_calls(connection: Connection, calls: Sequence[InboundCall]) -> None:
    """Merge the calls and outcomes into the records of their call_ids (`InboundCall.merged_with`).

    On PostgreSQL one statement does so, because other servers may record the same call.
    """
    _merge(connection, _merged_rows(calls))


def _merged_rows(calls: Sequence[InboundCall]) -> Sequence[tuple[Any, ...]]:
    """Return one row for each call_id."""
    merged: dict[tuple[str, str], InboundCall] = {}
    for call in calls:
        key = call.organization_id, call.call_id
        earlier = merged.get(key)
        merged[key] = call if earlier is None else earlier.merged_with(call)
    # In the same order on every server; otherwise two servers inserting the same calls could deadlock.
    return [from_inbound_call(merged[key]) for key in sorted(merged)]


def _merge(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    if connection.dialect.name == "postgresql":
        from localdial_server.storage.call_log import insert_postgres  # noqa: PLC0415 - slow to load

        insert_postgres.merge(connection, rows)
    else:
        _MERGE_SQLITE.run(connection, rows)


def _existing(connection: Connection) -> Any:
    """Return the query for existing calls; the calls that it returns are durable."""
    if connection.dialect.name == "postgresql":
        # No-op UPDATE: its commit comes after the original insert's, so it also waits for
        # synchronous replication.
        same = {"call_id": outbound_calls.c.call_id}
        return update(outbound_calls).values(same).returning(outbound_calls)
    return select(outbound_calls)


def _insert(connection: Connection, calls: Sequence[OutboundCall], *, in_order: bool) -> int:
    if connection.dialect.name == "postgresql":
        from localdial_server.storage.call_log import insert_postgres  # noqa: PLC0415 - slow to load

        return insert_postgres.insert(connection, calls, in_order=in_order)
    if not calls:
        write_something(connection)
        return 0
    return _INSERT_SQLITE.run(connection, list(map(from_call, calls)))
