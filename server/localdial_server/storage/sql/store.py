"""The `Store` port over any `Database`."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection
from typing_extensions import override

from localdial_server.app.current_caller import CURRENT_CALLER
from localdial_server.app.ports.api_keys import ApiKeysInUse
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.domain.routing_snapshot import NumberChanges
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.transaction import SqlTransaction

T = TypeVar("T")


class SqlStore(Store):
    """Runs units of work as SQL transactions, and advances `snapshots` and `api_keys` after the commit."""

    def __init__(
        self, database: Database, snapshots: RoutingSnapshots, api_keys: ApiKeysInUse | None = None
    ) -> None:
        """Without `api_keys`, nothing in this process is decided by API keys."""
        self._database = database
        self._snapshots = snapshots
        self._api_keys = api_keys
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @override
    async def read(self, name: str, work: Callable[[Reader], T]) -> T:
        return await self._database.read(name, lambda connection: work(SqlReader(connection)))

    @override
    async def write(
        self, name: str, work: Callable[[Transaction], T], *, serialize_on: str | None = None
    ) -> T:
        # The work runs in a thread, which does not have this context.
        caller = CURRENT_CALLER.get()

        def run(connection: Connection) -> tuple[T, SqlTransaction, Mapping[str, NumberChanges]]:
            transaction = SqlTransaction(connection, caller)
            result = work(transaction)
            return result, transaction, transaction.number_changes()

        async with self._lock(serialize_on):
            result, transaction, changes = await self._database.write(name, run)
        for organization_id, revision in transaction.revisions.items():
            await self._snapshots.advance(organization_id, revision, changes.get(organization_id))
        if transaction.has_changed_api_keys and self._api_keys is not None:
            await self._api_keys.advance()
        return result

    def _lock(self, key: str | None) -> contextlib.AbstractAsyncContextManager[None]:
        if key is None:
            return contextlib.nullcontext()
        return self._locks.setdefault(key, asyncio.Lock())
