"""How far the counting of calls is: what to count next, and which server counts.

Times are microseconds since the epoch, and hours are hours since the epoch.
"""

import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, select, update

from localdial_server.domain.call_counts import MICROSECONDS_PER_HOUR
from localdial_server.storage.sql.dialect_insert import dialect_insert
from localdial_server.storage.sql.hour_counts import HourCounts, add_calls, store_counts
from localdial_server.storage.sql.schema import counting, outbound_calls, revisions, uncounted_hours

SLACK_MICROSECONDS: Final = 180 * 1_000_000
"""How long a call may take from its time to its record, to be found without `mark_uncounted`."""

# The row of `counting` that belongs to no organization.
_ALL: Final = ""

# A lease that ends later is one of a clock that was set back.
_LONGEST_LEASE: Final = 600 * 1_000_000

_calls = outbound_calls.c


class Due(NamedTuple):
    """An organization with calls to count: from `since` on."""

    organization_id: str
    since: int
    newest: int


class UncountedHour(NamedTuple):
    """An hour to count again, with its mark."""

    organization_id: str
    hour: int
    mark: str


def database_time(connection: Connection) -> int:
    """Return the time of the database's machine; SQLite's is this one."""
    if connection.dialect.name == "postgresql":
        query = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
        return int(connection.exec_driver_sql(query).scalar_one())
    return time.time_ns() // 1000


def try_lease(connection: Connection, microseconds: int) -> int | None:
    """Take the lease for this long, if no other server has it; return the database's time, else None."""
    now = database_time(connection)
    first = dialect_insert(connection, counting).values(organization_id=_ALL, counted_until=0)
    connection.execute(first.on_conflict_do_nothing())
    busy_until = counting.c.busy_until
    is_free = (busy_until <= now) | (busy_until > now + _LONGEST_LEASE)
    lease = update(counting).where(counting.c.organization_id == _ALL, is_free)
    taken = connection.execute(lease.values(busy_until=now + min(microseconds, _LONGEST_LEASE))).rowcount
    return now if taken else None


def hold_lease(connection: Connection, microseconds: int) -> None:
    """Let the lease end this long from now."""
    lease = update(counting).filter_by(organization_id=_ALL)
    end = database_time(connection) + min(microseconds, _LONGEST_LEASE)
    connection.execute(lease.values(busy_until=end))


def organizations_due(connection: Connection, now: int, after: str, limit: int) -> tuple[Sequence[Due], str]:
    """Return those of the next `limit` organizations that have calls to count, and the last of these.

    Begin after the organization `after`. The last one is empty at the end.
    """
    of_organization = select(func.max(_calls.call_time)).where(
        _calls.organization_id == revisions.c.organization_id
    )
    counted = select(counting.c.counted_until).where(
        counting.c.organization_id == revisions.c.organization_id
    )
    query = (
        select(
            revisions.c.organization_id,
            of_organization.scalar_subquery().label("newest"),
            counted.scalar_subquery().label("counted_until"),
        )
        .where(revisions.c.organization_id > after)
        .order_by(revisions.c.organization_id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    due = [
        Due(row.organization_id, max((row.counted_until or 0) - SLACK_MICROSECONDS, 0), row.newest)
        for row in rows
        if row.newest is not None
        # Calls may be recorded a little out of order.
        and (row.newest >= (row.counted_until or 0) or row.newest > now - 2 * SLACK_MICROSECONDS)
    ]
    return due, rows[-1].organization_id if len(rows) == limit else ""


def next_hour_with_calls(connection: Connection, organization_id: str, since: int) -> int | None:
    """Return the hour of the organization's first call at `since` or later; None if there is none."""
    query = select(_calls.call_time).filter_by(organization_id=organization_id)
    found = query.where(_calls.call_time >= since).order_by(_calls.call_time, _calls.call_id).limit(1)
    call_time = connection.scalar(found)
    return None if call_time is None else call_time // MICROSECONDS_PER_HOUR


def set_counted(connection: Connection, organization_id: str, until: int) -> None:
    """Note that the organization's calls before `until` are counted."""
    statement = dialect_insert(connection, counting).values(
        organization_id=organization_id, counted_until=until
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id"],
            set_={"counted_until": statement.excluded.counted_until},
            where=statement.excluded.counted_until > counting.c.counted_until,
        )
    )


def set_all_counted(connection: Connection, until: int) -> None:
    """Note that the calls of all organizations that were recorded before `until` are counted."""
    set_counted(connection, _ALL, until)


def counted_until(connection: Connection) -> int | None:
    """Return before which time calls must have been recorded to be counted; None if none is."""
    query = select(counting.c.counted_until).filter_by(organization_id=_ALL)
    return connection.scalar(query) or None


def mark_uncounted(connection: Connection, hours: Iterable[tuple[str, int]]) -> None:
    """Have the hours of the organizations counted again, in which calls were recorded late."""
    rows = [
        {"organization_id": organization_id, "hour": hour, "mark": str(uuid.uuid4())}
        for organization_id, hour in sorted(hours)
    ]
    if rows:
        statement = dialect_insert(connection, uncounted_hours)
        keys, mark = ["organization_id", "hour"], {"mark": statement.excluded.mark}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=mark), rows)


def uncounted(connection: Connection, limit: int) -> Sequence[UncountedHour]:
    """Return up to `limit` hours to count again."""
    rows = connection.execute(select(uncounted_hours).limit(limit))
    return [UncountedHour(row.organization_id, row.hour, row.mark) for row in rows]


def unmark(connection: Connection, counted: UncountedHour) -> None:
    """Note that the hour was counted again, unless it was marked again meanwhile."""
    connection.execute(delete(uncounted_hours).filter_by(**counted._asdict()))


def count_before(engine: Engine, cutoff: int) -> None:
    """Count every call before `cutoff` that is not counted, before old calls are deleted."""
    with engine.connect() as connection:
        marked = [each for each in uncounted(connection, 1_000_000) if _begins_before(each.hour, cutoff)]
        ids = connection.scalars(select(revisions.c.organization_id)).all()
    for each in marked:
        _count_hour(engine, each.organization_id, each.hour)
        with engine.begin() as connection:
            unmark(connection, each)
    for organization_id in ids:
        with engine.connect() as connection:
            query = select(counting.c.counted_until).filter_by(organization_id=organization_id)
            since = max((connection.scalar(query) or 0) - SLACK_MICROSECONDS, 0)
            hour = next_hour_with_calls(connection, organization_id, since)
        while hour is not None and _begins_before(hour, cutoff):
            _count_hour(engine, organization_id, hour)
            with engine.connect() as connection:
                end = (hour + 1) * MICROSECONDS_PER_HOUR
                hour = next_hour_with_calls(connection, organization_id, end)


def _begins_before(hour: int, cutoff: int) -> bool:
    return hour * MICROSECONDS_PER_HOUR < cutoff


def _count_hour(engine: Engine, organization_id: str, hour: int) -> None:
    counts = HourCounts()
    begin: int | None = hour * MICROSECONDS_PER_HOUR
    end = (hour + 1) * MICROSECONDS_PER_HOUR
    while begin is not None:
        with engine.connect() as connection:
            begin = add_calls(connection, organization_id, begin, end, counts)
    with engine.begin() as connection:
        store_counts(connection, organization_id, hour, counts)
