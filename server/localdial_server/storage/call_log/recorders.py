"""Recorders of calls: in the database, or in the spool while the database is down."""

import asyncio
import logging
from collections.abc import Sequence

from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.observability import metrics
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.call_log.group_commit import RecordCalls
from localdial_server.storage.call_log.insert import insertion
from localdial_server.storage.call_log.late_calls import LateCalls
from localdial_server.storage.call_log.spool import Spool
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from localdial_server.storage.engines.database import Database

_log = logging.getLogger(__name__)


class DatabaseRecorder:
    """Records calls in the database, a group in one statement.

    `late_calls`, if not None, has the hours of calls counted again that are recorded late. A database of one
    server alone needs that only for calls of a spool, which it does not have.
    """

    def __init__(self, database: Database, late_calls: LateCalls | None = None) -> None:
        self._database = database
        self._late_calls = late_calls

    async def record(self, calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
        """Record calls that are being made, durably; return the call recorded under each call_id, in order.

        None is recorded as earlier than another to its callee that is in the database already.
        """
        return await self._record(calls, in_order=True)

    async def record_earlier(self, calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
        """Record calls that were made while the database was down; return what `record` does."""
        recorded = await self._record(calls, in_order=False)
        if self._late_calls is not None:
            # Before the calls leave the spool: after a crash now, they are recorded and marked again.
            await self._late_calls.mark()
        return recorded

    async def _record(self, calls: Sequence[OutboundCall], *, in_order: bool) -> Sequence[RecordedCall]:
        recorded = await self._database.append("call_log.append", insertion(calls, in_order=in_order))
        metrics.CALLS_RECORDED.inc(len(calls))
        if self._late_calls is not None:
            self._late_calls.note(calls)
        return [RecordedCall(call) for call in recorded]


class SpoolingRecorder:
    """Records calls in the database with `record`; while that fails, in the spool.

    `record_earlier` records those of the spool in the database later. As long as the spool holds a call,
    further calls go there too, so that they reach the database in the order in which they were made.
    `batch_size` is the number of calls that move from a spool to the database in one transaction, and
    `retry_seconds` the wait before the next attempt.
    """

    def __init__(
        self,
        record: RecordCalls,
        record_earlier: RecordCalls,
        folder: SpoolFolder,
        spool: Spool,
        *,
        batch_size: int = 500,
        retry_seconds: float = 0.25,
    ) -> None:
        self._record = record
        self._record_earlier = record_earlier
        self._folder = folder
        self._spool = spool
        self._batch_size = batch_size
        self._retry_seconds = retry_seconds
        self._log = LimitedLog(_log)
        # Held while new calls are recorded, and while the last calls leave the spool.
        self._turn = asyncio.Lock()

    async def record(self, calls: Sequence[OutboundCall]) -> Sequence[RecordedCall]:
        """Record the calls durably; return the call recorded under each call_id, in order."""
        async with self._turn:
            if self._spool.count == 0:
                try:
                    return await self._record(calls)
                except StorageUnavailable:
                    # They may have been committed anyway; replaying the spool is then a no-op.
                    pass
            try:
                return [RecordedCall(call, later=True) for call in await self._spool.add(calls)]
            except StorageUnavailable:
                metrics.SPOOL_REFUSALS.inc(len(calls))
                raise
            finally:
                metrics.SPOOL_CALLS.set(self._spool.count)

    async def empty_spools(self) -> None:
        """Move the calls of this machine's spools to the database when it is up, until cancelled.

        These are the spool of this process, and those of processes that have died.
        """
        while True:
            await self._empty(self._spool)
            await self._spool.remove_recorded()
            for spool in await asyncio.to_thread(self._folder.take_abandoned):
                try:
                    await self._empty(spool)
                finally:
                    await spool.close()
            await asyncio.sleep(self._retry_seconds)

    async def close(self) -> None:
        """Close the spool; the calls in it stay for the next server."""
        if self._spool.count:
            _log.warning("calls wait in the spool", extra={"count": self._spool.count})
        await self._spool.close()

    async def _empty(self, spool: Spool) -> None:
        was_empty = spool.count == 0
        while spool.count:
            try:
                if spool.count > self._batch_size:
                    await self._move_batch(spool)
                else:
                    # Hold up new calls for the last batch, or the spool might never be empty.
                    async with self._turn:
                        await self._move_batch(spool)
            except StorageUnavailable:
                await asyncio.sleep(self._retry_seconds)
            except Exception:  # noqa: BLE001 - no error may lose a call
                self._log.exception("calls could not be recorded from the spool")
                await asyncio.sleep(self._retry_seconds)
            metrics.SPOOL_CALLS.set(self._spool.count + (spool.count if spool is not self._spool else 0))
        if not was_empty:
            _log.info("the spool is empty")

    async def _move_batch(self, spool: Spool) -> None:
        calls = await spool.first(self._batch_size)
        recorded_calls = await self._record_earlier(calls) if calls else []
        for call, recorded in zip(calls, recorded_calls, strict=True):
            existing = recorded.call
            if (call.user_id, call.callee_number) != (existing.user_id, existing.callee_number):
                # While the database was down, two servers each answered a call with this call_id.
                metrics.SPOOL_CONFLICTS.inc()
                _log.warning(
                    "another call was recorded under the call_id first",
                    extra={"organization_id": call.organization_id, "call_id": call.call_id},
                )
        await spool.remove_first(len(calls))
