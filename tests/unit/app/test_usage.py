"""Usage is reported by the days of the caller's time zone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from localdial_server.app.usage import Usage, UsageReport
from localdial_server.domain.errors import InvalidFields, OrganizationNotFound
from localdial_server.storage.sql.hour_counts import HourCounts, store_counts
from tests.conformance.store_records import A, B, X, Y, create
from tests.support.databases import open_sqlite
from tests.support.stores import store_on

NEW_YORK = "America/New_York"


class FixedClock:
    """A clock that stands still."""

    def __init__(self, now: datetime) -> None:
        self._now = int(now.timestamp() * 1_000_000)

    def now(self) -> int:
        return self._now


async def reported(
    path: Path,
    now: datetime,
    calls: Sequence[tuple[datetime, str, bool]],
    *,
    days: int = 3,
    time_zone: str = "",
    organization_id: str = A,
) -> UsageReport:
    """Return the report on calls, each made at a time, with a caller ID, which was local or not."""
    database = open_sqlite(path / "usage.db")
    store = store_on(database)

    def fill(connection: Connection) -> None:
        by_hour: dict[int, HourCounts] = {}
        for made_at, caller_id, is_local in calls:
            seconds = int(made_at.timestamp())
            counts = by_hour.setdefault(seconds // 3600, HourCounts())
            counts.add(caller_id, "+14155550123", is_local=is_local, calls=1, last_time=seconds * 1_000_000)
        for hour, counts in by_hour.items():
            store_counts(connection, A, hour, counts)

    await store.write("test", create(A))
    await database.write("test", fill)
    try:
        return await Usage(store, FixedClock(now)).report(organization_id, days, time_zone)
    finally:
        await database.close()


async def test_days_begin_at_midnight_of_the_time_zone(tmp_path: Path) -> None:
    zone = ZoneInfo(NEW_YORK)
    now = datetime(2026, 11, 30, 22, 0, tzinfo=zone)
    calls = [
        (datetime(2026, 11, 28, 23, 59, tzinfo=zone), X, True),
        (datetime(2026, 11, 29, 0, 0, tzinfo=zone), X, True),
        (datetime(2026, 11, 29, 23, 59, tzinfo=zone), X, False),
        (datetime(2026, 11, 30, 0, 0, tzinfo=zone), Y, False),
        (datetime(2026, 11, 30, 21, 59, tzinfo=zone), X, True),
        (datetime(2026, 11, 27, 23, 59, tzinfo=zone), X, True),
    ]
    report = await reported(tmp_path, now, calls, time_zone=NEW_YORK)
    assert [(day.date, day.call_count, day.local_count) for day in report.days] == [
        (date(2026, 11, 28), 1, 1),
        (date(2026, 11, 29), 2, 1),
        (date(2026, 11, 30), 2, 1),
    ]
    assert report.shown == {X: [1, 2, 1], Y: [0, 0, 1]}
    assert report.not_local == [("415", 2)]


async def test_by_default_days_are_those_of_utc(tmp_path: Path) -> None:
    calls = [(datetime(2026, 11, 30, hour, tzinfo=UTC), X, True) for hour in (0, 23)]
    report = await reported(tmp_path, datetime(2026, 12, 1, 0, 30, tzinfo=UTC), calls, days=2)
    assert [(day.date.day, day.call_count) for day in report.days] == [(30, 2), (1, 0)]


@pytest.mark.parametrize(
    ("time_zone", "month", "day", "hours"),
    [
        (NEW_YORK, 3, 8, 23),
        (NEW_YORK, 11, 1, 25),
        ("Europe/London", 3, 29, 23),
        ("Asia/Kolkata", 6, 1, 24),
        ("Pacific/Kiritimati", 6, 1, 24),
        ("Pacific/Pago_Pago", 6, 1, 24),
        # Its clocks go back by half an hour.
        ("Australia/Lord_Howe", 4, 5, 24),
    ],
)
async def test_every_hour_belongs_to_one_day(
    tmp_path: Path, time_zone: str, month: int, day: int, hours: int
) -> None:
    zone = ZoneInfo(time_zone)
    noon = int(datetime(2026, month, day, 12, tzinfo=zone).timestamp()) // 3600
    made = [datetime.fromtimestamp(hour * 3600, UTC) for hour in range(noon - 36, noon + 37)]
    now = datetime.fromtimestamp((noon + 24) * 3600, UTC)
    report = await reported(tmp_path, now, [(each, X, False) for each in made], time_zone=time_zone)
    of_day = {each.date: each.call_count for each in report.days}
    expected = sum(each.astimezone(zone).date() == date(2026, month, day) for each in made)
    assert of_day[date(2026, month, day)] == expected
    assert abs(expected - hours) <= 1
    assert list(of_day) == sorted(of_day)


async def test_a_day_without_calls_is_reported(tmp_path: Path) -> None:
    report = await reported(tmp_path, datetime(2026, 11, 30, 12, tzinfo=UTC), [], days=90)
    assert len(report.days) == 90
    assert (report.shown, report.not_local, report.counted_until) == ({}, [], None)
    assert {(day.call_count, day.local_count) for day in report.days} == {(0, 0)}


@pytest.mark.parametrize(
    "time_zone", ["Mars/Olympus", "America", "../UTC", "/etc/passwd", "EST5EDT ", "\x00", "America/new\nyork"]
)
async def test_an_unknown_time_zone_is_refused(tmp_path: Path, time_zone: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await reported(tmp_path, datetime(2026, 11, 30, tzinfo=UTC), [], time_zone=time_zone)
    (violation,) = refused.value.violations
    assert violation.field == "time_zone"
    assert "such as America/New_York" in violation.description


async def test_an_unknown_organization_has_no_usage(tmp_path: Path) -> None:
    with pytest.raises(OrganizationNotFound):
        await reported(tmp_path, datetime(2026, 11, 30, tzinfo=UTC), [], organization_id=B)


def test_the_time_zones_come_with_the_server() -> None:
    # For systems that have none.
    assert find_spec("tzdata") is not None
