"""The `Store` port over any `Database`."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection
from typing_extensions import override

from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.transaction import SqlTransaction

T = TypeVar("T")


class SqlStore(Store):
    """Runs units of work as SQL transactions, and advances `snapshots` after the commit."""

    def __init__(self, database: Database, snapshots: RoutingSnapshots) -> None:
        self._database = database
        self._snapshots = snapshots
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @override
    async def read(self, name: str, work: Callable[[Reader], T]) -> T:
        return await self._database.read(name, lambda connection: work(SqlReader(connection)))

    @override
    async def write(
        self, name: str, work: Callable[[Transaction], T], *, serialize_on: str | None = None
    ) -> T:
        def run(connection: Connection) -> tuple[T, Mapping[str, int]]:
            transaction = SqlTransaction(connection)
            return work(transaction), transaction.revisions

        async with self._lock(serialize_on):
            result, revisions = await self._database.write(name, run)
        for organization_id, revision in revisions.items():
            await self._snapshots.advance(organization_id, revision)
        return result

    def _lock(self, key: str | None) -> contextlib.AbstractAsyncContextManager[None]:
        if key is None:
            return contextlib.nullcontext()
        return self._locks.setdefault(key, asyncio.Lock())
