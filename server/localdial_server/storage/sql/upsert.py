"""Rows that replace those with their keys."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import Connection, Table

from localdial_server.storage.sql.dialect_insert import dialect_insert
from localdial_server.storage.sql.rows import to_row


def upsert(
    connection: Connection, table: Table, values: Sequence[object], kept: AbstractSet[str] = frozenset()
) -> None:
    """Create or replace the rows of the values. The columns `kept` are not replaced."""
    if not values:
        return
    statement = dialect_insert(connection, table)
    keys = [column.name for column in table.primary_key]
    replaced = {column.name: column for column in statement.excluded if column.name not in {*keys, *kept}}
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=replaced),
        [to_row(table, value) for value in values],
    )
