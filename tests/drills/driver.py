"""The operations that the `drivers` drill measures, for each way to reach PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum

from localdial_server.domain.model import OutboundCall

# The size of the server's pool for reads.
CONNECTIONS = 4


class Commit(Enum):
    """How a group of records is inserted."""

    UNNEST = "unnest, autocommit"
    UNNEST_IN_TRANSACTION = "unnest, BEGIN/COMMIT"
    EXECUTEMANY = "executemany, BEGIN/COMMIT"


class LookUp(Enum):
    """How the last user to call a number is looked up."""

    QUERIES = "4 queries, REPEATABLE READ"
    STATEMENT = "1 statement, autocommit"


class Driver(ABC):
    """One way to reach PostgreSQL. Must be created on the event loop that uses it."""

    @abstractmethod
    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        """Insert the records; they are durable on return."""

    @abstractmethod
    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        """Return the user who last called `caller`, as routing an inbound call to `called` does."""

    @abstractmethod
    async def load(self, organization_id: str) -> None:
        """Build the organization's routing snapshot."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""
