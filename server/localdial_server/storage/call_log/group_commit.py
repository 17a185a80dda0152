"""The call log: every resolve is recorded here and committed before it is answered.

Calls that wait at the same time are committed in one transaction: a commit costs about
the same for one call as for many. So before each commit the log collects calls for as
long as the event loop is busy with new ones, up to a bound. Calls of an idle server are
committed at once.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Sequence

from typing_extensions import override

from localdial_server.app.ports.call_log import CallLog, RecordedCall
from localdial_server.concurrency.collecting import collect
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall

# The calls that one caller appended, and the future that it waits for.
_Waiting = tuple[Sequence[OutboundCall], asyncio.Future[Sequence[RecordedCall]]]


RecordCalls = Callable[[Sequence[OutboundCall]], Awaitable[Sequence[RecordedCall]]]
"""Records a group of calls durably; returns the call recorded under each call_id, in order.

Raises `StorageUnavailable`; some calls may have been recorded anyway. An empty group records nothing,
and succeeds only if calls can be recorded.
"""


class GroupCommitLog(CallLog):
    """The call log over `record`, which gets one group of calls at a time.

    `max_delay`: the longest time, in seconds, to collect calls for one commit. `try_seconds`: how often to
    try whether calls can be recorded again. `is_complete` returns whether every call that was answered is
    in the database, as `CallLog.require_complete` describes; None: it always is.
    """

    def __init__(
        self,
        record: RecordCalls,
        max_delay: float = 0.002,
        *,
        try_seconds: float = 0.5,
        is_complete: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._record = record
        self._is_complete = is_complete
        self._max_delay = max_delay
        self._try_seconds = try_seconds
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
            await asyncio.sleep(self._try_seconds)
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
    async def require_complete(self) -> None:
        if self._is_complete is not None and not await self._is_complete():
            raise StorageUnavailable

    async def close(self) -> None:
        """Wait until every appended call is committed or has failed."""
        if self._commits is not None:
            await self._commits

    async def _commit_all(self) -> None:
        """Commit group after group until no call waits."""
        try:
            while self._waiting:
                await collect(self._waiting, self._max_delay)
                group, self._waiting = self._waiting, []
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
