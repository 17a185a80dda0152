"""One way to run SQL: a plain function of a connection, in one transaction.

The function runs off the event loop and cannot await, so no transaction is ever
held open across a call to the carrier or to a client. It may run again from
the start, so it must have no effects but those in the database.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

# The table that holds the schema's version. The name is our own, so that another
# program's Alembic table is not taken for ours.
VERSION_TABLE = "localdial_schema_version"


class Reads(Protocol):
    """What can be read from. Raises ``StorageUnavailable`` when it does not answer."""

    async def read(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` on one consistent view of the database.

        `name` is what the log calls the unit of work when it fails.
        """


class Database(Reads, Protocol):
    """An SQL database. Raises ``StorageUnavailable`` when it does not answer."""

    async def write(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work`` in a transaction: durable on return, rolled back if it raises.

        No other transaction interleaves: the outcome is that of running them one
        after the other.
        """

    async def append(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        """Run ``work``, one insert that stands by itself, durable on return.

        It waits for no ``write``, and others may commit between its statements:
        what it reads after the insert is at least what it inserted or met. When
        this raises, the rows may be there all the same.
        """

    async def close(self) -> None:
        """Finish what is running and let go of the database."""
