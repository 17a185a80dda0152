"""PostgreSQL's insertion of the records of calls: one statement for any number of them."""

import functools
import itertools
import operator
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    String,
    Table,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from localdial_server.domain.model import OutboundCall
from localdial_server.domain.phone_keys import phone_key
from localdial_server.storage.call_log.insert import merging, stored_columns
from localdial_server.storage.engines.database import Statement
from localdial_server.storage.engines.postgres_text import array_in_text_format
from localdial_server.storage.sql.rows import from_call
from localdial_server.storage.sql.schema import inbound_calls, outbound_calls

# The key of the call log's table.
_KEY: Final = operator.attrgetter("organization_id", "call_id")


def _array(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
    # The type has no length, since a cast would silently truncate the texts.
    return bindparam(name, type_=postgresql.ARRAY(String() if isinstance(type_, String) else type_))


def _unnested(table: Table) -> Sequence[ColumnElement[Any]]:
    # One array for each column: one statement inserts any number of rows and commits by itself.
    return [
        func.unnest(_array(each.name, each.type), type_=each.type).label(each.name)
        for each in stored_columns(table)
    ]


def _insert_of_arrays(table: Table) -> postgresql.Insert:
    names = [each.name for each in stored_columns(table)]
    return postgresql.insert(table).from_select(names, select(*_unnested(table)))


def _arrays(table: Table, rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    values = zip(*rows, strict=True) if rows else itertools.repeat(())
    return {
        each.name: list(of_column) for each, of_column in zip(stored_columns(table), values, strict=False)
    }


def _insert_in_order() -> postgresql.Insert:
    """Return the insert of outbound calls for PostgreSQL.

    With the parameter `in_order`, a call whose callee has a later record is stamped right after that one.
    `position` is the call's place, from 1 on, among those that are inserted together, which they keep.
    """
    names = [each.name for each in stored_columns(outbound_calls)]
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


# Built once: SQLAlchemy finds the compiled form of the same object faster.
_INSERT = _insert_in_order().on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_MERGE = merging(_insert_of_arrays(inbound_calls))


def insert(connection: Connection, calls: Sequence[OutboundCall], *, in_order: bool) -> int:
    """Insert the calls whose call_id is new; return how many there were. See `insert_calls`."""
    return connection.execute(_INSERT, _parameters(calls, in_order=in_order)).rowcount


def merge(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Merge the rows of inbound calls, of different calls, into the table. See `merge_inbound_calls`."""
    connection.execute(_MERGE, _arrays(inbound_calls, rows))


def statement(calls: Sequence[OutboundCall], *, in_order: bool) -> Statement:
    """Return what `insert` executes, as PostgreSQL takes it."""
    return _filled(_INSERT, _parameters(calls, in_order=in_order))


def merge_statement(rows: Sequence[tuple[Any, ...]]) -> Statement:
    """Return what `merge` executes, as PostgreSQL takes it."""
    return _filled(_MERGE, _arrays(inbound_calls, rows))


def _filled(insert: postgresql.Insert, parameters: Mapping[str, Any]) -> Statement:
    sql, names = _compiled(insert)
    return Statement(sql, [_in_text_format(parameters[name]) for name in names])


@functools.cache
def _compiled(insert: postgresql.Insert) -> tuple[bytes, Sequence[str]]:
    """Return the statement as PostgreSQL takes it, and the names of its parameters in order."""
    compiled = insert.compile(dialect=postgresql.dialect(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
    assert isinstance(compiled, SQLCompiler)
    return str(compiled).encode(), tuple(compiled.positiontup or ())


def _parameters(calls: Sequence[OutboundCall], *, in_order: bool) -> dict[str, Any]:
    """Return the parameters of `_INSERT`."""
    # In the same order on every server; otherwise two servers inserting the same calls could deadlock.
    positions = sorted(range(len(calls)), key=list(map(_KEY, calls)).__getitem__)
    sorted_calls = [calls[position] for position in positions]
    return {
        **_arrays(outbound_calls, list(map(from_call, sorted_calls))),
        "callee_key": [phone_key(call.callee_number) for call in sorted_calls],
        "position": [position + 1 for position in positions],
        "in_order": in_order,
    }


def _in_text_format(value: Any) -> bytes:
    """Return a truth value or an array in PostgreSQL's text format."""
    return array_in_text_format(value) if isinstance(value, list) else b"true" if value else b"false"
