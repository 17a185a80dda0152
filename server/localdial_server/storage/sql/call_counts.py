"""Reads the counts of calls."""

import functools
import operator
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from localdial_server.domain.call_counts import CallCount, HourRange
from localdial_server.storage.sql.schema import HOURS, call_counts, shown_caller_ids

_HOURS_PER_DAY: Final = 24
_IDS_PER_QUERY: Final = 500


class _Part(NamedTuple):
    """The hours of a day (UTC), from `begin` up to `end`, that belong to the range at this position."""

    begin: int
    end: int
    of_range: int


def read_call_counts(
    connection: Connection, organization_id: str, kind: CallCount, ranges: Sequence[HourRange]
) -> Mapping[str, list[int]]:
    """Return the counts of each subject in each range; see `Reader.call_counts`."""
    parts = _parts_by_day(ranges)
    if len(ranges) == 1:
        return _in_one_range(connection, organization_id, kind, parts)
    counts: list[list[Mapping[str, int]]] = [[] for _ in ranges]
    for days, hours in _runs(parts):
        for day, subjects, *sums in connection.execute(_query(organization_id, kind, days, hours)):
            of_day = subjects.split(",")
            for part, texts in zip(parts[day], sums, strict=True):
                counts[part.of_range].append(dict(zip(of_day, map(int, texts.split(",")), strict=True)))
    totals = [_totals(of_range) for of_range in counts]
    subjects_shown = {subject for total in totals for subject, count in total.items() if count}
    return {subject: [total.get(subject, 0) for total in totals] for subject in subjects_shown}


def _in_one_range(
    connection: Connection, organization_id: str, kind: CallCount, parts: Mapping[int, Sequence[_Part]]
) -> Mapping[str, list[int]]:
    """Return the counts of each subject in the only range, which the database adds up."""
    totals: Counter[str] = Counter()
    for days, (hours,) in _runs(parts):
        total = func.sum(_sum_of(hours))
        query = select(call_counts.c.subject, total).where(*_is_wanted(organization_id, kind, days))
        for subject, count in connection.execute(query.group_by(call_counts.c.subject)):
            totals[subject] += count
    return {subject: [count] for subject, count in totals.items() if count}


def read_shown_times(
    connection: Connection, organization_id: str, caller_ids: Sequence[str]
) -> Mapping[str, int]:
    """Return when each of the caller IDs was last shown; see `Reader.shown_times`."""
    found: dict[str, int] = {}
    shown = shown_caller_ids.c
    query = select(shown.caller_id, shown.call_time).where(shown.organization_id == organization_id)
    for begin in range(0, len(caller_ids), _IDS_PER_QUERY):
        wanted = caller_ids[begin : begin + _IDS_PER_QUERY]
        rows = connection.execute(query.where(shown.caller_id.in_(wanted)))
        found |= {row.caller_id: row.call_time for row in rows}
    return found


def _query(organization_id: str, kind: CallCount, days: HourRange, hours: Sequence[HourRange]) -> Any:
    """Return the query for a row of each day: the subjects, and their sums over each range of hours.

    Each is one text with commas: a row of each subject would take twice as long to fetch.
    """
    counts = call_counts.c
    sums = [_sum_of(each) for each in hours]
    return (
        select(
            counts.day,
            func.aggregate_strings(counts.subject, ","),
            *(func.aggregate_strings(cast(each, String), ",") for each in sums),
        )
        .where(*_is_wanted(organization_id, kind, days))
        .group_by(counts.day)
    )


def _is_wanted(organization_id: str, kind: CallCount, days: HourRange) -> Sequence[ColumnElement[bool]]:
    counts = call_counts.c
    return (
        counts.organization_id == organization_id,
        counts.count_kind == kind.value,
        counts.day.between(days.begin, days.end - 1),
    )


def _sum_of(hours: HourRange) -> ColumnElement[int]:
    """Return the sum over these hours of a day, with as few columns as possible."""
    counts = call_counts.c
    within = [counts[name] for name in HOURS[hours.begin : hours.end]]
    outside = [counts[name] for name in (*HOURS[: hours.begin], *HOURS[hours.end :])]
    if len(within) <= len(outside):
        return functools.reduce(operator.add, within)
    return functools.reduce(operator.sub, outside, counts.total)


def _totals(parts: Sequence[Mapping[str, int]]) -> Mapping[str, int]:
    """Return the sum of each subject."""
    if len(parts) == 1:
        return parts[0]
    totals: Counter[str] = Counter()
    for part in parts:
        totals.update(part)
    return totals


def _runs(parts: Mapping[int, Sequence[_Part]]) -> Iterator[tuple[HourRange, Sequence[HourRange]]]:
    """Yield ranges of days, in each of which all days are divided at the same hours, with these hours."""
    hours_of = {day: [HourRange(part.begin, part.end) for part in parts[day]] for day in parts}
    for hours, run in groupby(hours_of, hours_of.__getitem__):
        days = list(run)
        yield HourRange(days[0], days[-1] + 1), hours


def _parts_by_day(ranges: Sequence[HourRange]) -> Mapping[int, Sequence[_Part]]:
    """Return the parts of each day of the ranges, which are contiguous."""
    parts: defaultdict[int, list[_Part]] = defaultdict(list)
    for index, each in enumerate(ranges):
        for day in range(each.begin // _HOURS_PER_DAY, -(-each.end // _HOURS_PER_DAY)):
            midnight = day * _HOURS_PER_DAY
            begin, end = max(each.begin - midnight, 0), min(each.end - midnight, _HOURS_PER_DAY)
            if begin < end:
                parts[day].append(_Part(begin, end, index))
    return parts
