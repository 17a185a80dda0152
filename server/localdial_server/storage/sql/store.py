"""The ``Store`` port over any ``Database``."""

from collections.abc import Callable
from typing import TypeVar

from localdial_server.app.ports.store import Reader, Transaction
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.transaction import SqlTransaction

T = TypeVar("T")


class SqlStore:
    """Runs units of work as SQL transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, work: Callable[[Reader], T]) -> T:
        """Run ``work`` on one consistent view of all that was committed before."""
        return await self._database.read(lambda connection: work(SqlReader(connection)))

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction: durable on return, rolled back if it raises."""
        return await self._database.write(lambda connection: work(SqlTransaction(connection)))
