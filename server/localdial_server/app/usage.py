"""How an organization's numbers are used: its calls by day, by caller ID, and by area code."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import Reader, Store
from localdial_server.domain.call_counts import CallCount, HourRange
from localdial_server.domain.errors import FieldViolation, InvalidFields

_MOST_AREA_CODES: Final = 1000

_MICROSECONDS: Final = 1_000_000
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class DailyUsage:
    """The calls of one day, and those among them that showed a local number."""

    date: date
    call_count: int
    local_count: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The calls of some days.

    `shown` has for each caller ID how often it was shown on each of the days, by phone number, and
    `shown_times` when it was last shown. `not_local` has the calls to each area code that showed no local
    number, most calls first. `counted_until` is None if no call was counted yet.
    """

    days: Sequence[DailyUsage]
    shown: Mapping[str, Sequence[int]]
    shown_times: Mapping[str, int]
    not_local: Sequence[tuple[str, int]]
    counted_until: int | None


class Usage:
    """The use case of GetUsage."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def report(self, organization_id: str, days: int, time_zone: str) -> UsageReport:
        """Return the usage of the last `days` days, today included, in the time zone (IANA name).

        Raises `InvalidFields` for a time zone that does not exist, and `OrganizationNotFound`.
        """
        zone = await asyncio.to_thread(_zone, time_zone)
        today = datetime.fromtimestamp(self._clock.now() / _MICROSECONDS, zone).date()
        dates = [today - timedelta(days=ago) for ago in reversed(range(days))]
        hours = _hours(dates, zone)

        def work(reader: Reader) -> UsageReport:
            require_organization(reader, organization_id)
            shown = reader.call_counts(organization_id, CallCount.SHOWN, hours)
            local = reader.call_counts(organization_id, CallCount.LOCAL, hours).get("", [0] * days)
            whole = [HourRange(hours[0].begin, hours[-1].end)]
            not_local = reader.call_counts(organization_id, CallCount.NOT_LOCAL, whole)
            calls = map(sum, zip(*shown.values(), strict=True)) if shown else [0] * days
            by_count = sorted((-count, area_code) for area_code, (count,) in not_local.items())
            return UsageReport(
                days=[DailyUsage(*each) for each in zip(dates, calls, local, strict=True)],
                shown={caller_id: shown[caller_id] for caller_id in sorted(shown)},
                shown_times=reader.shown_times(organization_id, list(shown)),
                not_local=[(area_code, -count) for count, area_code in by_count[:_MOST_AREA_CODES]],
                counted_until=reader.counted_until(),
            )

        return await self._store.read("usage.report", work)


def _zone(name: str) -> ZoneInfo:
    """Return the time zone; UTC for an empty name. Raises `InvalidFields`. Reads the disk."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, LookupError, OSError):
        problem = "must be the name of a time zone in the IANA database, such as America/New_York"
        raise InvalidFields([FieldViolation("time_zone", problem)]) from None


def _hours(dates: Sequence[date], zone: ZoneInfo) -> Sequence[HourRange]:
    """Return the hours that begin on each of these successive days in the time zone."""
    days = [*dates, dates[-1] + timedelta(days=1)]
    begins = [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in days]
    hours = [-(-int(begin.timestamp()) // _SECONDS_PER_HOUR) for begin in begins]
    return [HourRange(begin, end) for begin, end in pairwise(hours)]
