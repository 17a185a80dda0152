"""The `CallBacks` port in SQL: call-backs that arrive at the same time are read together.

One that comes alone is read at once. Those of successive turns of the event loop, and those that come while
others are read, are a group.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from typing_extensions import override

from localdial_server.app.ports.call_backs import CallBack, CallBackFacts, CallBacks
from localdial_server.concurrency.collecting import collect
from localdial_server.storage.engines.database import Readable
from localdial_server.storage.sql.call_backs import selection

# To ask for so many, and to read the answer, takes less than a millisecond.
_MOST_AT_ONCE: Final = 50

# The longest time to collect call-backs for a group, in seconds.
_MAX_DELAY: Final = 0.002

_Waiting = tuple[CallBack, asyncio.Future[CallBackFacts | None]]


class GroupedCallBacks(CallBacks):
    """Looks call-backs up in the database, one group at a time.

    `require_complete` raises `StorageUnavailable` while an outbound call that was answered is not in the
    database; it is awaited before each group.
    """

    def __init__(self, database: Readable, require_complete: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._require_complete = require_complete
        self._waiting: list[_Waiting] = []
        self._reads: asyncio.Task[None] | None = None

    @override
    async def look_up(self, call_back: CallBack) -> CallBackFacts | None:
        found: asyncio.Future[CallBackFacts | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((call_back, found))
        if self._reads is None:
            self._reads = asyncio.create_task(self._read_all())
        return await found

    async def _read_all(self) -> None:
        """Read group after group until no call-back waits."""
        try:
            while self._waiting:
                await collect(self._waiting, _MAX_DELAY)
                group = [each for each in self._waiting[:_MOST_AT_ONCE] if not each[1].done()]
                del self._waiting[:_MOST_AT_ONCE]
                await self._read_if_complete(group)
        finally:
            self._reads = None

    async def _read_if_complete(self, group: Sequence[_Waiting]) -> None:
        # Nobody can have called a caller without a number.
        with_caller = [each for each in group if each[0].caller_number is not None]
        if with_caller:
            try:
                await self._require_complete()
            except Exception as error:  # noqa: BLE001 - every caller gets it, or would wait forever
                _fail(with_caller, error)
                group = [each for each in group if each[0].caller_number is None]
        if group:
            await self._read(group)

    async def _read(self, group: Sequence[_Waiting]) -> None:
        work = selection([call_back for call_back, _ in group])
        try:
            facts = await self._database.read("call_routing.route", work)
        except Exception as error:  # noqa: BLE001 - every caller gets it, or would wait forever
            _fail(group, error)
            return
        for (_, found), each in zip(group, facts, strict=True):
            # A caller that gave up has cancelled its future.
            if not found.done():
                found.set_result(each)


def _fail(group: Sequence[_Waiting], error: Exception) -> None:
    for _, found in group:
        if not found.done():
            found.set_exception(error)
