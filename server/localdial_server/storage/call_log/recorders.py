"""Where the call log is written: the database, or the spool while that is away."""

import asyncio
import logging
from collections.abc import Sequence

from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.observability import metrics
from localdial_server.storage.call_log.insert import insert_calls
from localdial_server.storage.call_log.spool import Spool, SpoolFolder
from localdial_server.storage.engines.database import Database

_log = logging.getLogger(__name__)

# So many calls go from the spool to the database in one transaction.
_BATCH = 500

# How long to wait before the database is tried again.
_RETRY_SECONDS = 0.25


class DatabaseRecorder:
    """Records calls in the database, or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
        """Record the calls in one statement."""
        standing = await self._database.append(
            lambda connection: insert_calls(connection, calls), name="call_log.append"
        )
        metrics.CALLS_RECORDED.inc(len(calls))
        return [RecordedCall(call) for call in standing]

    def require_complete(self) -> None:
        """Do nothing: what was answered is in the database."""


class SpoolingRecorder:
    """Records calls in the database; while that is away, on the local disk.

    From the first call that goes to the spool on, all do, until the spool is
    empty: so they come into the database in the order in which they were made.
    """

    def __init__(self, database: Database, folder: SpoolFolder, spool: Spool) -> None:
        self._recorder = DatabaseRecorder(database)
        self._folder = folder
        self._spool = spool
        # Held by whoever may empty the spool or pass by it.
        self._turn = asyncio.Lock()

    async def record(self, calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
        """Record the calls, in the spool if it must be."""
        async with self._turn:
            if self._spool.count == 0:
                try:
                    return await self._recorder.record(calls)
                except StorageUnavailable:
                    # Perhaps they are recorded; then the spool's will be repeats.
                    pass
            try:
                return [RecordedCall(call, later=True) for call in await self._spool.add(calls)]
            except StorageUnavailable:
                metrics.SPOOL_REFUSALS.inc(len(calls))
                raise
            finally:
                metrics.SPOOL_CALLS.set(self._spool.count)

    def require_complete(self) -> None:
        """Raise ``StorageUnavailable`` while calls wait in a spool of this machine."""
        if not self._folder.is_empty():
            raise StorageUnavailable

    async def empty_spools(self) -> None:
        """Bring what waits into the database, as soon as it is there, until cancelled."""
        while True:
            await self._empty(self._spool)
            for spool in await asyncio.to_thread(self._folder.left_behind):
                try:
                    await self._empty(spool)
                finally:
                    await spool.close()
            await asyncio.sleep(_RETRY_SECONDS)

    async def close(self) -> None:
        """Let go of the spool; what waits in it stays for the next server."""
        if self._spool.count:
            _log.warning("calls wait in the spool", extra={"count": self._spool.count})
        await self._spool.close()

    async def _empty(self, spool: Spool) -> None:
        found = spool.count
        while spool.count:
            try:
                if spool.count > _BATCH:
                    await self._move(spool)
                else:
                    # New calls wait for this one, or the spool would never be empty.
                    async with self._turn:
                        await self._move(spool)
            except StorageUnavailable:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:  # noqa: BLE001 (whatever it is, nothing may be lost by it)
                _log.exception("calls could not be recorded from the spool")
                await asyncio.sleep(_RETRY_SECONDS)
            metrics.SPOOL_CALLS.set(self._spool.count + (spool.count if spool is not self._spool else 0))
        if found:
            _log.info("the spool is empty")

    async def _move(self, spool: Spool) -> None:
        calls = await spool.first(_BATCH)
        recorded = await self._recorder.record(calls)
        for call, standing in zip(calls, (each.call for each in recorded), strict=True):
            if (call.user_id, call.callee_number) != (standing.user_id, standing.callee_number):
                # Two calls were answered under one call_id, while nobody could tell.
                metrics.SPOOL_CONFLICTS.inc()
                _log.warning(
                    "another call was recorded under the call_id first",
                    extra={"organization_id": call.organization_id, "call_id": call.call_id},
                )
        await spool.remove_first(len(calls))
