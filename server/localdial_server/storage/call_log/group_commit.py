"""The call log: every answered resolve is in it, committed before the answer.

Records that wait at the same time are committed together. A lone call is
committed at once. Under load the log collects for a moment before it commits,
since a commit costs about the same for one record as for many; how long grows
with the number of records that a commit finds waiting, up to a bound.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from localdial_server.app.ports.call_log import Recorded
from localdial_server.domain.model import OutboundCall

# A commit that found this many records waiting is under full load: collect for
# as long as is allowed.
_FULL_LOAD = 4

_Waiting = tuple[Sequence[OutboundCall], asyncio.Future[Recorded]]


class Recorder(Protocol):
    """Where groups of calls are recorded, one group at a time."""

    async def record(self, calls: Sequence[OutboundCall]) -> Recorded:
        """Record the calls durably, as ``CallLog.append`` does."""

    def require_complete(self) -> None:
        """Do what ``CallLog.require_complete`` does."""


class GroupCommitLog:
    """The ``CallLog`` port over any ``Recorder``.

    ``max_delay`` bounds, in seconds, how long records are collected.
    """

    def __init__(self, recorder: Recorder, max_delay: float = 0.002) -> None:
        self._recorder = recorder
        self._max_delay = max_delay
        self._waiting: list[_Waiting] = []
        self._commits: asyncio.Task[None] | None = None

    async def append(self, calls: Sequence[OutboundCall]) -> Recorded:
        """Record the calls; durable on return.

        Raises ``StorageUnavailable``, after which some may be recorded all the same.
        """
        if not calls:
            return Recorded(calls)
        recorded: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self._waiting.append((calls, recorded))
        if self._commits is None:
            self._commits = asyncio.create_task(self._commit_all())
        return await recorded

    def require_complete(self) -> None:
        """Raise ``StorageUnavailable`` while a call that was answered is not in the database."""
        self._recorder.require_complete()

    async def close(self) -> None:
        """Wait until all that was appended is committed or has failed."""
        if self._commits is not None:
            await self._commits

    async def _commit_all(self) -> None:
        """Commit group after group until nothing waits any more."""
        load = 0.0
        try:
            while self._waiting:
                if load > 1:
                    await asyncio.sleep(self._max_delay * min(1.0, load / _FULL_LOAD))
                group, self._waiting = self._waiting, []
                load = (load + len(group)) / 2
                await self._commit(group)
        finally:
            self._commits = None

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            done = await self._recorder.record([call for calls, _ in group for call in calls])
        except Exception as error:  # noqa: BLE001 (each caller is told, or it would wait for ever)
            for _, recorded in group:
                if not recorded.done():
                    recorded.set_exception(error)
            return
        begin = 0
        for calls, recorded in group:
            end = begin + len(calls)
            # A caller that gave up has cancelled its future; the record stands.
            if not recorded.done():
                recorded.set_result(Recorded(done.calls[begin:end], later=done.later))
            begin = end
