"""Inserting records of calls, each call_id once."""

from collections.abc import Sequence

from sqlalchemy import Connection, Executable, bindparam, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from localdial_server.domain.model import OutboundCall
from localdial_server.storage.rows import from_call, to_call
from localdial_server.storage.schema import outbound_calls

# Well under the number of parameters that a statement may have.
_KEYS_PER_QUERY = 500

# Built once: SQLAlchemy finds a statement's compiled form faster when it has seen
# the very object before.
_INSERT_SQLITE = (
    sqlite.insert(outbound_calls).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
)


def _insert_postgres() -> Executable:
    # All rows in one statement and one message, as an array for each column: it
    # commits by itself, and no number of rows makes it another statement.
    columns = [
        func.unnest(bindparam(each.name, type_=postgresql.ARRAY(each.type)))
        for each in outbound_calls.columns
    ]
    return (
        postgresql.insert(outbound_calls)
        .from_select([each.name for each in outbound_calls.columns], select(*columns))
        .on_conflict_do_nothing()
    )


_INSERT_POSTGRES = _insert_postgres()


def insert_calls(connection: Connection, calls: Sequence[OutboundCall]) -> Sequence[OutboundCall]:
    """Insert the calls whose call_id is new; answer what stands under each call_id."""
    if _insert(connection, calls) == len(calls):
        return calls
    standing: dict[tuple[str, str], OutboundCall] = {}
    key = tuple_(outbound_calls.c.organization_id, outbound_calls.c.call_id)
    for begin in range(0, len(calls), _KEYS_PER_QUERY):
        wanted = [(call.organization_id, call.call_id) for call in calls[begin : begin + _KEYS_PER_QUERY]]
        for row in connection.execute(select(outbound_calls).where(key.in_(wanted))):
            standing[row.organization_id, row.call_id] = to_call(row)
    return [standing[call.organization_id, call.call_id] for call in calls]


def _insert(connection: Connection, calls: Sequence[OutboundCall]) -> int:
    rows = [from_call(call) for call in calls]
    if connection.dialect.name == "postgresql":
        arrays = {each.name: [row[each.name] for row in rows] for each in outbound_calls.columns}
        return connection.execute(_INSERT_POSTGRES, arrays).rowcount
    return connection.execute(_INSERT_SQLITE, rows).rowcount
