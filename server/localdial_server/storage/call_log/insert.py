"""Insertion of the records of calls, each call_id once."""

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
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
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from localdial_server.domain.model import InboundCall, OutboundCall
from localdial_server.domain.phone_keys import phone_key
from localdial_server.storage.engines.database import Insertion, Statement
from localdial_server.storage.engines.sqlite import write_something
from localdial_server.storage.sql.rows import from_call, to_call, to_row
from localdial_server.storage.sql.schema import inbound_calls, outbound_calls

# Well under the number of parameters that one statement may have.
_KEYS_PER_QUERY = 500

# A statement of SQLite inserts one of these numbers of rows.
_ROWS_AT_ONCE: Final = tuple(2**power for power in range(9))

# The key of the call log's table.
_KEY: Final = operator.attrgetter("organization_id", "call_id")


@functools.cache
def _columns(table: Table) -> Sequence[Column[Any]]:
    # The database computes the others.
    return [each for each in table.columns if each.computed is None]


def _array(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    # The type has no length, since a cast would silently truncate the texts.
    return bindparam(name, type_=postgresql.ARRAY(String() if isinstance(type_, String) else type_))


def _unnested(table: Table) -> Sequence[ColumnElement[Any]]:
    # One array for each column: one statement inserts any number of rows and commits by itself.
    return [
        func.unnest(_array(each.name, each.type), type_=each.type).label(each.name)
        for each in _columns(table)
    ]


def _insert_of_arrays(table: Table) -> postgresql.Insert:
    names = [each.name for each in _columns(table)]
    return postgresql.insert(table).from_select(names, select(*_unnested(table)))


def _arrays(table: Table, rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    values = zip(*rows, strict=True) if rows else itertools.repeat(())
    return {each.name: list(of_column) for each, of_column in zip(_columns(table), values, strict=False)}


def _insert_in_order() -> postgresql.Insert:
    """Return the insert of outbound calls for PostgreSQL.

    With the parameter `in_order`, a call whose callee has a later record is stamped right after that one.
    `position` is the call's place, from 1 on, among those that are inserted together, which they keep.
    """
    names = [each.name for each in _columns(outbound_calls)]
    keys = func.unnest(_array("callee_key", String())).label("callee_key")
    positions = func.unnest(_array("position", BigInteger())).label("position")
    new = select(*_unnested(outbound_calls), keys, positions).subquery("new").c
    calls = outbound_calls.c
    of_callee = (calls.organization_id == new.organization_id, calls.callee_key == new.callee_key)
    last = select(func.max(calls.call_time)).where(*of_callee).scalar_subquery()
    # The times of one server differ, so this changes none that is later than the callee's newest. GREATEST
    # ignores the NULL of a callee without calls.
    in_order = func.greatest(new.call_time, last + new.position)
    call_time = case((bindparam("in_order", type_=Boolean), in_order), else_=new.call_time)
    rows = select(*(call_time if name == "call_time" else new[name] for name in names))
    return postgresql.insert(outbound_calls).from_select(names, rows)


class _InsertOfRows:
    """An insert for SQLite of many rows in one statement, with what `on_conflict` adds to it.

    With a statement for each row, the driver gives up Python's lock and waits for it again as often: beside
    a busy event loop, 100 rows took 59 ms instead of 2. Conflicts with the same row must change nothing.
    """

    def __init__(self, table: Table, on_conflict: Callable[[sqlite.Insert], sqlite.Insert]) -> None:
        names = [each.name for each in _columns(table)]
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
            part = rows[begin : begin + _ROWS_AT_ONCE[-1]]
            # The driver keeps compiled statements, so there are few, and the last row is repeated.
            count = next(each for each in _ROWS_AT_ONCE if each >= len(part))
            repeated = itertools.repeat(part[-1], count - len(part))
            values = tuple(itertools.chain.from_iterable(itertools.chain(part, repeated)))
            inserted += connection.exec_driver_sql(self._statements[count], values).rowcount
        return inserted


# Built once: SQLAlchemy finds the compiled form of the same object faster.
_INSERT_SQLITE = _InsertOfRows(outbound_calls, lambda insert: insert.on_conflict_do_nothing())
_INSERT_POSTGRES = _insert_in_order().on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@functools.cache
def _insert_on_loop() -> tuple[bytes, Sequence[str]]:
    """Return `_INSERT_POSTGRES` as PostgreSQL takes it, and the names of its parameters in order."""
    compiled = _INSERT_POSTGRES.compile(dialect=postgresql.dialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    assert isinstance(compiled, SQLCompiler)
    return str(compiled).encode(), tuple(compiled.positiontup or ())


def _merging(statement: Any) -> Any:
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


_MERGE_SQLITE = _InsertOfRows(inbound_calls, _merging)
_MERGE_POSTGRES = _merging(_insert_of_arrays(inbound_calls))


def insertion(calls: Sequence[OutboundCall], *, in_order: bool) -> Insertion[Sequence[OutboundCall]]:
    """Return `insert_calls` as work for `Database.append`."""

    def statement() -> Statement:
        sql, names = _insert_on_loop()
        parameters = _parameters(calls, in_order=in_order)
        return Statement(sql, [_in_text_format(parameters[name]) for name in names])

    return Insertion(
        lambda connection: insert_calls(connection, calls, in_order=in_order), statement, len(calls), calls
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
    rows = [tuple(to_row(inbound_calls, merged[key]).values()) for key in sorted(merged)]
    if connection.dialect.name == "postgresql":
        connection.execute(_MERGE_POSTGRES, _arrays(inbound_calls, rows))
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
        return connection.execute(_INSERT_POSTGRES, _parameters(calls, in_order=in_order)).rowcount
    if not calls:
        write_something(connection)
        return 0
    return _INSERT_SQLITE.run(connection, list(map(from_call, calls)))


def _parameters(calls: Sequence[OutboundCall], *, in_order: bool) -> dict[str, Any]:
    """Return the parameters of `_INSERT_POSTGRES`."""
    # In the same order on every server; otherwise two servers inserting the same calls could deadlock.
    positions = sorted(range(len(calls)), key=list(map(_KEY, calls)).__getitem__)
    sorted_calls = [calls[position] for position in positions]
    return {
        **_arrays(outbound_calls, list(map(from_call, sorted_calls))),
        "callee_key": [phone_key(call.callee_number) for call in sorted_calls],
        "position": [position + 1 for position in positions],
        "in_order": in_order,
    }


def _in_text_format(value: object) -> bytes:
    """Return a truth value, or a list of texts or numbers, in PostgreSQL's text format."""
    if not isinstance(value, list):
        return b"true" if value else b"false"
    if not value:
        return b"{}"
    # No text has this character, which PostgreSQL cannot store.
    joined = "\0".join(map(str, value)).replace("\\", r"\\").replace('"', r"\"")
    return ('{"' + joined.replace("\0", '","') + '"}').encode()
