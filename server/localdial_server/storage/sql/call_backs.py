"""The one statement that a call-back needs, for a group of call-backs at once.

It returns one text in JSON, because each row that SQLite returns waits for Python's lock, and so that both
databases are read alike.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from localdial_server.app.ports.call_backs import CallBack, CallBackFacts
from localdial_server.domain.model import (
    CallerIdReason,
    DestinationReason,
    InboundCall,
    InboundCallOutcome,
    Organization,
    OutboundCall,
    User,
)
from localdial_server.domain.phone_keys import phone_key, spellings
from localdial_server.storage.engines.database import Selection, SqliteStatement, Statement
from localdial_server.storage.engines.postgres_text import array_in_text_format

# For each spelling of a called number one row of `asked`. The `first` and `last` organization of the users
# who show it are the ends of an index: many users may have the same caller ID. They are read for numbers
# with an owner too, so that an organization cannot tell by the time whether another one has a number.
_SQL: Final = """WITH asked AS MATERIALIZED ({asked}),
found AS MATERIALIZED (
  SELECT asked.*,
    (SELECT organization_id FROM phone_number_owners WHERE phone_number = called) AS owner,
    (SELECT min(organization_id) FROM users WHERE caller_id = spelling) AS first,
    (SELECT max(organization_id) FROM users WHERE caller_id = spelling) AS last
  FROM asked
),
routed AS MATERIALIZED (
  SELECT found.*, CASE WHEN coalesce(owner, first) = coalesce(within, owner, first)
    THEN coalesce(owner, first) END AS organization
  FROM found
)
SELECT {rows}({row}(
  place, owner, first, last, organization,
  (SELECT organization_number FROM organizations WHERE organization_id = organization),
  {json}((
    SELECT {row}(
      calls.call_id, calls.user_id, calls.callee_number, calls.caller_id, calls.reason, calls.call_time,
      calls.revision, users.user_id, users.work_phone
    )
    FROM outbound_calls AS calls
    LEFT JOIN users ON users.organization_id = calls.organization_id AND users.user_id = calls.user_id
    WHERE calls.organization_id = organization AND calls.callee_key = caller_key
    ORDER BY calls.call_time DESC, calls.call_id DESC LIMIT 1
  )),
  {json}((
    SELECT {rows}({row}(
      user_id,
      (SELECT work_phone FROM users WHERE organization_id = organization AND user_id = shown_by.user_id)
    ))
    FROM (
      SELECT user_id FROM users WHERE organization_id = organization AND caller_id = spelling LIMIT 2
    ) AS shown_by
  )),
  {json}((
    SELECT {row}(
      call_time, called_number, caller_number, destination_number, reason, user_id, fallback_number,
      last_call_id, last_call_time, degraded, outcome, outcome_time
    )
    FROM inbound_calls
    WHERE organization_id = organization AND inbound_calls.call_id = routed.call_id
      AND called_number IS NOT NULL
  ))
)) FROM routed
"""

_FOR_SQLITE: Final = _SQL.format(
    asked="""
  SELECT json_extract(value, '$[0]') AS place, json_extract(value, '$[1]') AS called,
    json_extract(value, '$[2]') AS spelling, json_extract(value, '$[3]') AS caller_key,
    json_extract(value, '$[4]') AS call_id, json_extract(value, '$[5]') AS within
  FROM json_each(?)
""",
    row="json_array",
    rows="json_group_array",
    json="json",
)

_FOR_POSTGRES: Final = _SQL.format(
    asked="""
  SELECT * FROM unnest($1::int[], $2::varchar[], $3::varchar[], $4::varchar[], $5::varchar[], $6::varchar[])
    AS asked(place, called, spelling, caller_key, call_id, within)
""",
    row="json_build_array",
    rows="json_agg",
    json="",
).encode()


def selection(call_backs: Sequence[CallBack]) -> Selection[Sequence[CallBackFacts | None]]:
    """Return the work that reads the facts of each call-back, in order (`CallBacks.look_up`)."""
    asked = [
        (
            place,
            each.called_number,
            spelling,
            phone_key(each.caller_number) if each.caller_number is not None else None,
            each.call_id,
            each.within,
        )
        for place, each in enumerate(call_backs)
        for spelling in spellings(each.called_number)
    ]

    def statement() -> Statement:
        columns = zip(*asked, strict=True)
        return Statement(_FOR_POSTGRES, [array_in_text_format(column) for column in columns])

    def facts(text: str | bytes) -> Sequence[CallBackFacts | None]:
        rows: list[list[list[Any]]] = [[] for _ in call_backs]
        for place, *row in json.loads(text):
            rows[place].append(row)
        return [_facts(each, of_one) for each, of_one in zip(call_backs, rows, strict=True)]

    return Selection(statement, lambda: SqliteStatement(_FOR_SQLITE, (json.dumps(asked),)), facts)


def _facts(call_back: CallBack, rows: Sequence[Sequence[Any]]) -> CallBackFacts | None:
    """Return the facts from the rows of the spellings of the called number."""
    owner = rows[0][0]
    if owner is None and len({each for row in rows for each in row[1:3] if each is not None}) != 1:
        return None
    found = [row for row in rows if row[3] is not None]
    if not found:
        return None
    _, _, _, organization_id, organization_number, last, _, recorded = found[0]
    shown_by = [user for row in found for user in row[6] or ()]
    return CallBackFacts(
        Organization(organization_id, organization_number=organization_number),
        _inbound_call(organization_id, call_back, recorded) if recorded is not None else None,
        _call(organization_id, last[:7]) if last is not None else None,
        _user(organization_id, *last[7:]) if last is not None and last[7] is not None else None,
        _user(organization_id, *shown_by[0]) if len(shown_by) == 1 else None,
    )


def _user(organization_id: str, user_id: str, work_phone: str | None) -> User:
    return User(organization_id, user_id, work_phone=work_phone)


def _call(organization_id: str, row: Sequence[Any]) -> OutboundCall:
    call_id, user_id, callee_number, caller_id, reason, call_time, revision = row
    return OutboundCall(
        organization_id,
        call_id,
        user_id,
        callee_number,
        caller_id,
        CallerIdReason(reason),
        call_time,
        revision,
    )


def _inbound_call(organization_id: str, call_back: CallBack, row: Sequence[Any]) -> InboundCall:
    assert call_back.call_id is not None
    call_time, called, caller, destination, reason, user_id, fallback, last_id, last_time, *rest = row
    degraded, outcome, outcome_time = rest
    return InboundCall(
        organization_id,
        call_back.call_id,
        call_time,
        called,
        caller,
        destination,
        DestinationReason(reason) if reason is not None else None,
        user_id,
        fallback,
        last_id,
        last_time,
        bool(degraded),
        InboundCallOutcome(outcome),
        outcome_time,
    )
