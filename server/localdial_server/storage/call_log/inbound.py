"""The record of call-backs: queued after the answer, committed in groups, spooled during an outage.

A call and its outcome are merged into one record, in any order and any number of times, so each step here
may be repeated.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from typing_extensions import override

from localdial_server.app.ports.inbound_call_log import InboundCallLog
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import InboundCall
from localdial_server.observability import metrics
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.call_log.insert import inbound_merge
from localdial_server.storage.call_log.spool import Spool
from localdial_server.storage.call_log.spool_folder import SpoolFolder
from localdial_server.storage.engines.database import Database

_log = logging.getLogger(__name__)

_CALLS_PER_GROUP = 500

# How long calls are collected for the next group while there are many. No caller waits for it.
_COLLECT_SECONDS = 0.02
_RETRY_SECONDS = 0.25

RecordInboundCalls = Callable[[Sequence[InboundCall]], Awaitable[None]]
"""Records a group of calls durably. Raises `StorageUnavailable`; some may have been recorded anyway."""


class InboundDatabaseRecorder:
    """Records call-backs in the database, a group in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, calls: Sequence[InboundCall]) -> None:
        """Merge the calls into the database."""
        await self._database.append("inbound_call_log.append", inbound_merge(calls))


class InboundSpoolingRecorder:
    """Records call-backs with `record`; while that fails, in the spool."""

    def __init__(
        self,
        record: RecordInboundCalls,
        folder: SpoolFolder[InboundCall],
        spool: Spool[InboundCall],
        *,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._record = record
        self._folder = folder
        self._spool = spool
        self._retry_seconds = retry_seconds
        self._log = LimitedLog(_log)
        # Held while calls are added and while a batch is moved. Otherwise an outcome that is merged into
        # a call of the batch would be removed with it.
        self._turn = asyncio.Lock()

    async def record(self, calls: Sequence[InboundCall]) -> None:
        """Record the calls in the database or in the spool.

        While earlier calls wait in the spool, later ones follow them: the first record of a call stands.
        """
        async with self._turn:
            if self._spool.count:
                # If its disk fails, the database may be up again.
                with contextlib.suppress(StorageUnavailable):
                    await self._add(calls)
                    return
        try:
            await self._record(calls)
        except StorageUnavailable:
            async with self._turn:
                await self._add(calls)

    async def empty_spools(self) -> None:
        """Move the calls of this machine's spools to the database when it is up, until cancelled."""
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
        await self._spool.close()

    async def _add(self, calls: Sequence[InboundCall]) -> None:
        await self._spool.add(calls)
        metrics.INBOUND_SPOOL_CALLS.set(self._spool.count)

    async def _empty(self, spool: Spool[InboundCall]) -> None:
        while spool.count:
            try:
                async with self._turn:
                    calls = await spool.first(_CALLS_PER_GROUP)
                    if calls:
                        await self._record(calls)
                    await spool.remove_first(len(calls))
                    metrics.INBOUND_SPOOL_CALLS.set(self._spool.count)
            except StorageUnavailable:
                await asyncio.sleep(self._retry_seconds)
            except Exception:  # noqa: BLE001 - no error may lose a call
                self._log.exception("call-backs could not be recorded from the spool")
                await asyncio.sleep(self._retry_seconds)


class QueuedInboundCallLog(InboundCallLog):
    """The queue over `record`, which gets one group of calls at a time.

    It holds up to `max_calls`; beyond that, new calls are dropped, counted and logged.
    """

    def __init__(
        self, record: RecordInboundCalls, *, max_calls: int = 10_000, retry_seconds: float = _RETRY_SECONDS
    ) -> None:
        self._record = record
        self._max_calls = max_calls
        self._retry_seconds = retry_seconds
        self._log = LimitedLog(_log)
        # In the order of arrival. A group leaves the queue once it is recorded.
        self._queue: list[InboundCall] = []
        self._commits: asyncio.Task[None] | None = None
        self._is_closing = False

    @override
    def record(self, call: InboundCall) -> None:
        if len(self._queue) >= self._max_calls:
            metrics.INBOUND_CALLS_DROPPED.inc()
            self._log.error("the record of a call-back is lost: the queue is full")
            return
        self._queue.append(call)
        metrics.INBOUND_QUEUE.set(len(self._queue))
        if self._commits is None:
            self._commits = asyncio.create_task(self._commit_all())

    @override
    def queued(self, call_id: str) -> Sequence[InboundCall]:
        return [call for call in self._queue if call.call_id == call_id]

    async def close(self) -> None:
        """Wait until the queue is recorded. If the database and the spool both fail, give up."""
        self._is_closing = True
        if self._commits is not None:
            await self._commits

    async def _commit_all(self) -> None:
        is_busy = False
        try:
            while self._queue:
                if is_busy and not self._is_closing:
                    await asyncio.sleep(_COLLECT_SECONDS)
                is_busy = True
                group = self._queue[:_CALLS_PER_GROUP]
                try:
                    await self._record(group)
                except StorageUnavailable:
                    if self._is_closing:
                        break
                    await asyncio.sleep(self._retry_seconds)
                    continue
                except Exception:  # noqa: BLE001 - the calls after this group must not get lost too
                    self._log.exception("call-backs could not be recorded", extra={"count": len(group)})
                    metrics.INBOUND_CALLS_DROPPED.inc(len(group))
                else:
                    metrics.INBOUND_CALLS_RECORDED.inc(len(group))
                del self._queue[: len(group)]
                metrics.INBOUND_QUEUE.set(len(self._queue))
        finally:
            self._commits = None
            if self._is_closing and self._queue:
                metrics.INBOUND_CALLS_DROPPED.inc(len(self._queue))
                _log.error("the records of call-backs are lost", extra={"count": len(self._queue)})
