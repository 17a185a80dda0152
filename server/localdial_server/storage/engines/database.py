"""One way to run SQL: a plain function of a connection, in one transaction.

The function runs off the event loop and cannot await, so that no transaction stays
open during a call to the carrier or to a client. It may run again from the start, so
its only effects must be those in the database. It has a name, "<subject>.<step>", by which
the log tells it from others when it fails.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

# The table with the schema's version. It does not have Alembic's usual name, so that another
# program's table is not mistaken for ours.
VERSION_TABLE = "localdial_schema_version"


@dataclass(frozen=True, slots=True)
class Statement:
    """An SQL statement for PostgreSQL with the parameters $1, $2, ..., in PostgreSQL's text format."""

    sql: bytes
    parameters: Sequence[bytes]


class SqliteStatement(NamedTuple):
    """An SQL statement for SQLite with the parameters ?."""

    sql: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Insertion(Generic[T]):
    """Work for `Database.append` that a database can often do with one statement of its driver.

    `statement` and `sqlite_statement` return the statement that `work` begins with, on PostgreSQL and on
    SQLite; None if it begins with several. If the statement inserts as many rows as `count`, `result` is what
    `work` would return, and there is nothing else to do. Those that no phone call waits for
    (`is_waited_for`) have a connection of their own on PostgreSQL.
    """

    work: Callable[[Connection], T]
    statement: Callable[[], Statement]
    count: int
    result: T
    is_waited_for: bool = True
    sqlite_statement: Callable[[], SqliteStatement | None] = lambda: None

    def __call__(self, connection: Connection) -> T:
        """Do the work."""
        return self.work(connection)


@dataclass(frozen=True, slots=True)
class Selection(Generic[T]):
    """A query for `Readable.read` that returns one text, and needs no SQLAlchemy.

    `statement` and `sqlite_statement` return it for PostgreSQL and for SQLite. `result` makes what is read of
    the text.
    """

    statement: Callable[[], Statement]
    sqlite_statement: Callable[[], SqliteStatement]
    result: Callable[[str | bytes], T]

    def __call__(self, connection: Connection) -> T:
        """Run the query on SQLite."""
        return self.result(connection.exec_driver_sql(*self.sqlite_statement()).scalar_one())


class Readable(Protocol):
    """A source of reads. Raises `StorageUnavailable` when the database does not answer."""

    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent view of the database and return its result.

        Work that is a `Selection` is faster.
        """


class Database(Readable, Protocol):
    """An SQL database. Raises `StorageUnavailable` when it does not answer."""

    async def write(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction and return its result.

        On return the change is durable; if `work` raises, it is rolled back. Transactions are serializable.
        """

    async def append(self, name: str, work: Callable[[Connection], T]) -> T:
        """Run `work`, which inserts with one statement, and return its result; the rows are durable.

        It does not wait for any `write`, and others may commit between its statements: a read after
        the insert sees at least the rows that `work` inserted or found. If this raises, the rows may
        have been committed anyway. Work that is an `Insertion` is faster.
        """

    async def close(self) -> None:
        """Finish what is running and close the database."""
