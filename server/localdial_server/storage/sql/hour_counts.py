"""Counts the recorded outbound calls of one hour of an organization.

A count that is stored never goes down, and counting an hour again gives at least the calls that were counted
before, unless old calls were deleted meanwhile. So several servers may count the same hour at once, in any
order, and the counts outlive the calls. Times are microseconds since the epoch, and hours are hours since the
epoch.
"""

import functools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, TextClause, case, func, select, text

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.call_counts import LOCAL_REASONS, CallCount
from localdial_server.storage.sql.schema import outbound_calls

# One query reads about this many calls, and one statement stores this many counts.
_CALLS_PER_READ: Final = 20_000
_ROWS_PER_WRITE: Final = 1_000

_HOURS_PER_DAY: Final = 24

_calls = outbound_calls.c
_is_local = _calls.reason.in_([reason.value for reason in LOCAL_REASONS])
_is_nanp = func.substr(_calls.callee_number, 1, 2) == "+1"
# The part of a number that its area code depends on; empty if it is not counted. A NANP number is cut after
# its area code.
_callee = case(
    (_is_local, ""),
    (_is_nanp, func.substr(_calls.callee_number, 1, 5)),
    else_=_calls.callee_number,
)
_NANP_LENGTH: Final = len("+1415")
_ANY_NANP_NUMBER: Final = "2000000"


@dataclass(slots=True)
class HourCounts:
    """The counts of one hour, and when each caller ID was last shown in it."""

    counts: Counter[tuple[CallCount, str]] = field(default_factory=Counter)
    shown: dict[str, int] = field(default_factory=dict)

    def add(self, caller_id: str, callee: str, *, is_local: bool, calls: int, last_time: int) -> None:
        """Add calls that showed the caller ID. `callee` is the callee's number, or its beginning."""
        self.counts[CallCount.SHOWN, caller_id] += calls
        self.shown[caller_id] = max(self.shown.get(caller_id, 0), last_time)
        if is_local:
            self.counts[CallCount.LOCAL, ""] += calls
            return
        area_code = area_code_of(callee + _ANY_NANP_NUMBER if len(callee) == _NANP_LENGTH else callee)
        if area_code is not None:
            self.counts[CallCount.NOT_LOCAL, area_code] += calls


def add_calls(
    connection: Connection,
    organization_id: str,
    begin: int,
    end: int,
    counts: HourCounts,
    *,
    limit: int = _CALLS_PER_READ,
) -> int | None:
    """Add about `limit` calls from `begin` on to the counts; return where to go on, None at `end`."""
    is_wanted = _calls.organization_id == organization_id, _calls.call_time >= begin, _calls.call_time < end
    beyond = select(_calls.call_time).where(*is_wanted).order_by(_calls.call_time, _calls.call_id)
    until = connection.scalar(beyond.offset(limit).limit(1))
    # All calls of one microsecond are read together.
    until = None if until is None else max(until, begin + 1)
    query = (
        select(
            _calls.caller_id,
            _is_local.label("is_local"),
            _callee.label("callee"),
            func.count().label("calls"),
            func.max(_calls.call_time).label("last_time"),
        )
        .where(*is_wanted, _calls.call_time < (end if until is None else until))
        .group_by("caller_id", "is_local", "callee")
    )
    for row in connection.execute(query):
        counts.add(row.caller_id, row.callee, is_local=row.is_local, calls=row.calls, last_time=row.last_time)
    return until


def store_counts(connection: Connection, organization_id: str, hour: int, counts: HourCounts) -> None:
    """Store the counts of the hour where they are greater than those that are stored."""
    day, hour_of_day = divmod(hour, _HOURS_PER_DAY)
    statement = _store(connection.dialect.name, f"h{hour_of_day:02}")
    of_hour = {"organization_id": organization_id, "day": day}
    # In the same order on every server, so that no two wait for each other.
    rows = sorted((kind.value, subject, count) for (kind, subject), count in counts.counts.items())
    _execute_with_rows(connection, statement, of_hour, rows)
    shown = _store_shown(connection.dialect.name)
    _execute_with_rows(connection, shown, {"organization_id": organization_id}, sorted(counts.shown.items()))


def _execute_with_rows(
    connection: Connection, statement: TextClause, parameters: dict[str, Any], rows: Sequence[Sequence[Any]]
) -> None:
    for begin in range(0, len(rows), _ROWS_PER_WRITE):
        part = json.dumps(rows[begin : begin + _ROWS_PER_WRITE])
        connection.execute(statement, {**parameters, "rows": part})


# One JSON array for all rows: a statement for each row would give up Python's lock as often.
_ROWS: Final = {
    "sqlite": ("json_each(:rows)", "json_extract(value, '$[{}]')"),
    "postgresql": ("json_array_elements(CAST(:rows AS json)) AS rows(value)", "value->>{}"),
}


@functools.cache
def _store(dialect: str, column: str) -> TextClause:
    rows, item = _ROWS[dialect]
    kind, subject, count = (item.format(index) for index in range(3))
    return text(
        f"INSERT INTO call_counts (organization_id, count_kind, day, subject, total, {column}) "  # noqa: S608 - constants
        f"SELECT CAST(:organization_id AS VARCHAR), {kind}, CAST(:day AS INTEGER), {subject}, "
        f"CAST({count} AS INTEGER), CAST({count} AS INTEGER) FROM {rows} WHERE true "
        "ON CONFLICT (organization_id, count_kind, day, subject) DO UPDATE "
        f"SET total = call_counts.total + excluded.{column} - call_counts.{column}, "
        f"{column} = excluded.{column} "
        f"WHERE excluded.{column} > call_counts.{column}"
    )


@functools.cache
def _store_shown(dialect: str) -> TextClause:
    rows, item = _ROWS[dialect]
    caller_id, call_time = (item.format(index) for index in range(2))
    return text(
        "INSERT INTO shown_caller_ids (organization_id, caller_id, call_time) "  # noqa: S608 - constants
        f"SELECT CAST(:organization_id AS VARCHAR), {caller_id}, CAST({call_time} AS BIGINT) FROM {rows} "
        "WHERE true ON CONFLICT (organization_id, caller_id) "
        "DO UPDATE SET call_time = excluded.call_time WHERE excluded.call_time > shown_caller_ids.call_time"
    )
