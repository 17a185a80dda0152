"""Counts the recorded calls in the background, off the path of calls."""

import asyncio
import logging
import time
from typing import Final

from sqlalchemy import Connection

from localdial_server.domain.call_counts import MICROSECONDS_PER_HOUR
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.counting import (
    Due,
    hold_lease,
    next_hour_with_calls,
    organizations_due,
    set_all_counted,
    set_counted,
    try_lease,
    uncounted,
    unmark,
)
from localdial_server.storage.sql.hour_counts import HourCounts, add_calls, store_counts

_log = logging.getLogger(__name__)

_MICROSECONDS: Final = 1_000_000

# How long a server that crashes keeps the others from counting.
_LEASE_SECONDS: Final = 30.0

# Counting may take this part of the time: a count that takes longer is followed by a longer pause.
_REST: Final = 20

_ORGANIZATIONS_PER_READ: Final = 500
_MARKS_PER_READ: Final = 100


class CallCounter:
    """Counts the calls of all organizations every `interval` seconds, on one of the servers at a time."""

    def __init__(self, database: Database, interval: float) -> None:
        self._database = database
        self._interval = interval

    async def run(self) -> None:
        """Count at intervals, until cancelled."""
        while True:
            begun_at = time.monotonic()
            try:
                await self.count()
            except StorageUnavailable:
                # The database logs this itself.
                pass
            except Exception:  # noqa: BLE001 - a later attempt may succeed
                _log.exception("calls could not be counted")
            await asyncio.sleep(max(self._interval, _REST * (time.monotonic() - begun_at)))

    async def count(self) -> bool:
        """Count what is due, unless another server does; return whether this one did.

        Raises `StorageUnavailable`.
        """
        begun_at = time.monotonic()
        lease = int(_LEASE_SECONDS * _MICROSECONDS)
        now = await self._database.write(
            "call_counter.lease", lambda connection: try_lease(connection, lease)
        )
        if now is None:
            return False
        await self._count_marked()
        after = ""
        while True:
            due, after = await self._database.read(
                "call_counter.find",
                lambda connection, after=after: organizations_due(  # type: ignore[misc]
                    connection, now, after, _ORGANIZATIONS_PER_READ
                ),
            )
            for each in due:
                await self._count_organization(each, now)
            if not after:
                break
        rest = max(self._interval / 2, _REST * (time.monotonic() - begun_at))

        def end(connection: Connection) -> None:
            set_all_counted(connection, now)
            hold_lease(connection, int(rest * _MICROSECONDS))

        await self._database.write("call_counter.end", end)
        return True

    async def _count_marked(self) -> None:
        """Count the hours again in which calls were recorded late."""
        while marked := await self._database.read(
            "call_counter.marked", lambda connection: uncounted(connection, _MARKS_PER_READ)
        ):
            for each in marked:
                await self._count_hour(each.organization_id, each.hour)
                await self._database.write(
                    "call_counter.unmark",
                    lambda connection, each=each: unmark(connection, each),  # type: ignore[misc]
                )

    async def _count_organization(self, due: Due, now: int) -> None:
        since = due.since
        while (hour := await self._next_hour(due.organization_id, since)) is not None:
            since = (hour + 1) * MICROSECONDS_PER_HOUR
            # Not beyond the newest call: the machine's clock may have been ahead of the next ones.
            await self._count_hour(due.organization_id, hour, counted_until=min(since, now, due.newest + 1))

    async def _next_hour(self, organization_id: str, since: int) -> int | None:
        return await self._database.read(
            "call_counter.next_hour",
            lambda connection: next_hour_with_calls(connection, organization_id, since),
        )

    async def _count_hour(self, organization_id: str, hour: int, counted_until: int = 0) -> None:
        """Count the hour, in parts, and note that the organization's calls are counted up to then."""
        counts = HourCounts()
        begin: int | None = hour * MICROSECONDS_PER_HOUR
        end = (hour + 1) * MICROSECONDS_PER_HOUR
        while begin is not None:
            begin = await self._database.read(
                "call_counter.read",
                lambda connection, begin=begin: add_calls(  # type: ignore[misc]
                    connection, organization_id, begin, end, counts
                ),
            )

        def store(connection: Connection) -> None:
            store_counts(connection, organization_id, hour, counts)
            if counted_until:
                set_counted(connection, organization_id, counted_until)
            hold_lease(connection, int(_LEASE_SECONDS * _MICROSECONDS))

        await self._database.write("call_counter.store", store)
