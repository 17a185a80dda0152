"""The calls that were recorded long after they were made, so that their hours are counted again.

A server whose clock is wrong, or that had calls in its spool, records calls of hours that were counted.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from localdial_server.domain.call_counts import MICROSECONDS_PER_HOUR
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import OutboundCall
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.counting import SLACK_MICROSECONDS, database_time, mark_uncounted

_log = logging.getLogger(__name__)

_SECONDS: Final = 30.0

# Sooner than counting needs it, by more than the time between two looks.
_LATE_MICROSECONDS: Final = SLACK_MICROSECONDS - 2 * int(_SECONDS) * 1_000_000

# An organization and an hour since the epoch.
_Hour = tuple[str, int]


class LateCalls:
    """Notes in which hours this process records calls, and has those counted again that are over."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._first: dict[_Hour, int] = {}

    def note(self, calls: Sequence[OutboundCall]) -> None:
        """Note that the calls are recorded now."""
        first = self._first
        for call in calls:
            hour = call.organization_id, call.call_time // MICROSECONDS_PER_HOUR
            if call.call_time < first.get(hour, call.call_time + 1):
                first[hour] = call.call_time

    async def mark(self) -> None:
        """Have the hours of late calls counted again. Raises `StorageUnavailable`, and then keeps them."""
        first, self._first = self._first, {}
        if not first:
            return
        try:
            await self._database.write("late_calls.mark", lambda connection: _mark(connection, first))
        except BaseException:
            for hour, call_time in first.items():
                self._first[hour] = min(self._first.get(hour, call_time), call_time)
            raise

    async def run(self) -> None:
        """Mark at intervals, until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                await self.mark()
            except StorageUnavailable:
                # The database logs this itself.
                pass
            except Exception:  # noqa: BLE001 - a later attempt may succeed
                _log.exception("late calls could not be marked")

    async def close(self) -> None:
        """Mark the last ones, if the database answers."""
        with contextlib.suppress(StorageUnavailable):
            await self.mark()


def _mark(connection: Connection, first: Mapping[_Hour, int]) -> None:
    # By the clock of the database: this server's may be the one that is wrong.
    late = database_time(connection) - _LATE_MICROSECONDS
    mark_uncounted(connection, [hour for hour, call_time in first.items() if call_time < late])
