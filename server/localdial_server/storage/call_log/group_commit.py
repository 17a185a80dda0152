"""The call log: every resolve is recorded here and committed before it is answered.

Calls that wait at the same time are committed in one transaction. A lone call is
committed at once. Under load the log waits a moment before each commit, to collect
more calls: a commit costs about the same for one call as for many. The wait grows
with how many callers recent commits answered, up to a bound. The legs of a batch have
one caller.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Sequence

from typing_extensions import override

from localdial_server.app.ports.call_log import CallLog, RecordedCall
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall

# With this many callers in a commit, the log waits for the full `max_delay`.
_FULL_LOAD = 4

# How often to try whether calls can be recorded again.
_TRY_SECONDS = 0.5

# What one caller appended, and what it waits for.
_Waiting = tuple[Sequence[OutboundCall], asyncio.Future[Sequence[RecordedCall]]]


RecordCalls = Callable[[Sequence[OutboundCall]], Awaitable[Sequence[RecordedCall]]]
"""Records a group of calls durably; returns the call recorded under each call_id, in order.

Raises `StorageUnavailable`; some calls may have been recorded anyway. An empty group records nothing,
and succeeds only if calls can be recorded.
"""


class GroupCommitLog(CallLog):
    """The call log over `record`, which gets one group of calls at a time.

    `max_delay`: the longest time, in seconds, to collect calls for one commit. `is_complete` returns
    whether every call that was answered is in the database, as `CallLog.require_complete` describes.
    """

    def __init__(
        self,
        record: RecordCalls,
        max_delay: float = 0.002,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        is_complete: Callable[[], bool] = lambda: True,
    ) -> None:
        self._record = record
        self._is_complete = is_complete
        self._max_delay = max_delay
        self._sleep = sleep
        self._waiting: list[_Waiting] = []
        self._commits: asyncio.Task[None] | None = None
        self._is_failing = False

    @property
    def is_failing(self) -> bool:
        """Whether calls cannot be recorded, as far as the last attempt showed."""
        return self._is_failing

    async def keep_trying(self) -> None:
        """While calls cannot be recorded, try at intervals whether they can. Runs until cancelled.

        A server that says that it is not serving gets no calls that would show it.
        """
        while True:
            await self._sleep(_TRY_SECONDS)
            if self._is_failing:
                with contextlib.suppress(StorageUnavailable):
                    await self._record([])
                    self._is_failing = False

    @override
    def append(self, calls: Sequence[OutboundCall]) -> asyncio.Future[Sequence[RecordedCall]]:
        recorded: asyncio.Future[Sequence[RecordedCall]] = asyncio.get_running_loop().create_future()
        self._waiting.append((calls, recorded))
        if self._commits is None:
            self._commits = asyncio.create_task(self._commit_all())
        return recorded

    @override
    def require_complete(self) -> None:
        if not self._is_complete():
            raise StorageUnavailable

    async def close(self) -> None:
        """Wait until every appended call is committed or has failed."""
        if self._commits is not None:
            await self._commits

    async def _commit_all(self) -> None:
        """Commit group after group until no call waits."""
        load = 0.0
        try:
            while self._waiting:
                if load > 1:
                    await self._sleep(self._max_delay * min(1.0, load / _FULL_LOAD))
                group, self._waiting = self._waiting, []
                load = (load + len(group)) / 2
                await self._commit(group)
        finally:
            self._commits = None

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            recorded = await self._record(list(itertools.chain.from_iterable(calls for calls, _ in group)))
        except Exception as error:  # noqa: BLE001 - every caller gets it, or would wait forever
            self._is_failing = True
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        self._is_failing = False
        end = 0
        for calls, future in group:
            begin, end = end, end + len(calls)
            # A caller that gave up has cancelled its future; its records stay.
            if not future.done():
                future.set_result(recorded[begin:end])
