"""The insert of the database's dialect."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table

# A server needs one of them, and PostgreSQL's loads those of all its drivers.
if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def dialect_insert(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return the insert into the table that supports ON CONFLICT on the database of the connection."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - see above

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415 - see above

    return sqlite.insert(table)
