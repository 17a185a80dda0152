"""What ``drivers`` asks of each way to reach PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import Enum

from localdial_server.domain.model import OutboundCall

# As many as the server has for reads.
CONNECTIONS = 4


class Commit(Enum):
    """How a group of records is inserted."""

    UNNEST = "unnest, autocommit"
    UNNEST_IN_TRANSACTION = "unnest, BEGIN/COMMIT"
    EXECUTEMANY = "executemany, BEGIN/COMMIT"


class LookUp(Enum):
    """How the user who called last is looked up."""

    QUERIES = "4 queries, REPEATABLE READ"
    STATEMENT = "1 statement, autocommit"


class Driver(ABC):
    """One way to reach PostgreSQL. Made on the event loop that it is used on."""

    @abstractmethod
    async def commit(self, how: Commit, calls: Sequence[OutboundCall]) -> None:
        """Insert the records; durable on return."""

    @abstractmethod
    async def look_up(self, how: LookUp, called: str, caller: str) -> object:
        """Answer the user who last called ``caller``, as a call to ``called`` asks for."""

    @abstractmethod
    async def load(self, organization_id: str) -> None:
        """Build the organization's routing snapshot."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of the connections."""
