"""Compares the machine's clock with the calls that are recorded."""

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime

from localdial_server.app.ports.clock import SystemClock
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability import metrics
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.storage.engines.database import Readable
from localdial_server.storage.sql.newest_call import newest_call_time

_log = logging.getLogger(__name__)

_CHECK_SECONDS = 60.0

# While the clock is behind, the log says so once in this time.
_QUIET_SECONDS = 600.0

# Clocks that are set by NTP differ by less.
_TOLERATED_SECONDS = 5.0

_MICROSECONDS = 1_000_000


class ClockWatch:
    """Keeps the times of new calls after those in the database, and warns if the clock is behind these.

    Call-backs go to the user who called last, so a clock that was set back must not make a new call look
    older than the last one. On PostgreSQL, whose other servers have clocks of their own, each insert sees
    to that for its callee as well.
    """

    def __init__(self, database: Readable, clock: SystemClock) -> None:
        self._database = database
        self._clock = clock
        self._log = LimitedLog(_log, _QUIET_SECONDS)

    async def start(self) -> None:
        """Set the clock after the newest call. Raises `StorageUnavailable`."""
        self._clock.start_after(await self._check())

    async def run(self) -> None:
        """Check the clock at intervals, until cancelled."""
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            with contextlib.suppress(StorageUnavailable):
                await self._check()

    async def _check(self) -> int:
        """Return the time of the newest call, after comparing it with the machine's clock."""
        newest = await self._database.read("clock_watch.newest_call", newest_call_time)
        behind = max(newest - time.time_ns() // 1000, 0) / _MICROSECONDS
        metrics.CLOCK_BEHIND.set(behind)
        if behind > _TOLERATED_SECONDS:
            self._log.warning(
                "the newest call in the database is later than this machine's clock: set the clock here, or "
                "where that call was recorded",
                extra={
                    "seconds": round(behind, 1),
                    "call_time": datetime.fromtimestamp(newest / _MICROSECONDS, UTC).isoformat(),
                },
            )
        return newest
