"""The look-ups that must be fast use an index on SQLite, however much other data there is."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from localdial_server.app.ports.call_backs import CallBack
from localdial_server.app.ports.store import (
    AuditQuery,
    CallQuery,
    InboundCallQuery,
    NumberQuery,
    Reader,
    Store,
)
from localdial_server.domain.audit import AuditEventKind
from localdial_server.domain.model import NumberState
from localdial_server.storage.engines.database import Database
from localdial_server.storage.sql.call_backs import selection
from localdial_server.storage.sql.newest_call import newest_call_time
from localdial_server.storage.sql.reader import SqlReader
from tests.conformance.statements import queries_of
from tests.conformance.store_records import CALLEE, A, X, append, call, last_call_to
from tests.support.databases import open_sqlite
from tests.support.stores import call_log_on, store_on

_BEFORE = 5, "c"

# The only steps that a plan may have: no sorting in a temporary b-tree.
_BY_INDEX = "SEARCH outbound_calls USING INDEX ix_outbound_calls_"
_BY_UNIQUE_INDEX = "SEARCH outbound_calls USING INDEX sqlite_autoindex_outbound_calls_1 "


class _Plans:
    """Runs reads of the store and asks SQLite for their query plans."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self.database = database
        self._store: Store = store_on(database)

    async def of(self, work: Callable[[Reader], object]) -> list[str]:
        """Return SQLite's plan of the queries that the work runs, one after the other."""
        queries = await queries_of(self._store, work)
        with closing(sqlite3.connect(self._path)) as connection:
            return [
                detail
                for query in queries
                for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters)
            ]

    async def steps(self, work: Callable[[Reader], object]) -> int:
        """Return how many instructions SQLite's virtual machine runs for the query."""
        (query,) = await queries_of(self._store, work)
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        with closing(sqlite3.connect(self._path)) as connection:
            connection.set_progress_handler(step, 1)
            connection.execute(query.sql, query.parameters).fetchall()
        return count


@pytest.fixture
async def plans(tmp_path: Path) -> AsyncIterator[_Plans]:
    path = tmp_path / "localdial.db"
    database = open_sqlite(path)
    yield _Plans(path, database)
    await database.close()


async def test_the_last_call_to_a_callee_is_found_by_its_index(plans: _Plans) -> None:
    (step,) = await plans.of(lambda reader: last_call_to(reader, A, CALLEE))
    assert step == f"{_BY_INDEX}by_callee (organization_id=? AND callee_key=?)"


async def test_the_last_call_costs_the_same_in_a_history_of_any_size(plans: _Plans) -> None:
    call_log = call_log_on(plans.database)
    await call_log.append([call("first", 1)])
    of_one = await plans.steps(lambda reader: last_call_to(reader, A, CALLEE))
    await append(call_log, (call(f"c{index}", index) for index in range(2, 3000)))
    await append(call_log, (call(f"d{index}", index, callee_number=X) for index in range(3000)))
    assert await plans.steps(lambda reader: last_call_to(reader, A, CALLEE)) == of_one


@pytest.mark.parametrize("before", [None, _BEFORE], ids=["first page", "later page"])
@pytest.mark.parametrize(
    ("query", "searches"),
    [
        (CallQuery(A), ["by_time (organization_id=?"]),
        (CallQuery(A, callee_number=CALLEE), ["by_callee (organization_id=? AND callee_key=?"]),
        (CallQuery(A, user_id="1"), ["by_user (organization_id=? AND user_id=?"]),
        (CallQuery(A, caller_id=X), ["by_caller_id (organization_id=? AND caller_id=?"]),
        (
            CallQuery(A, CALLEE, "1"),
            ["by_callee (organization_id=? AND callee_key=?", "by_user (organization_id=? AND user_id=?"],
        ),
    ],
    ids=["all", "by callee", "by user", "by caller ID", "by both"],
)
async def test_every_list_of_calls_begins_at_its_page_and_is_sorted_by_an_index(
    plans: _Plans, query: CallQuery, searches: Sequence[str], before: tuple[int, str] | None
) -> None:
    (step,) = await plans.of(lambda reader: reader.calls(query, before, 10))
    page = " AND (call_time,call_id)<(?,?)" if before is not None else ""
    assert step in [f"{_BY_INDEX}{search}{page})" for search in searches]


@pytest.mark.parametrize("before", [None, _BEFORE], ids=["first page", "later page"])
@pytest.mark.parametrize("times", [(None, None), (1, None), (None, 9), (1, 9)])
@pytest.mark.parametrize(
    ("query", "search"),
    [
        (InboundCallQuery(A), "by_time (organization_id=?"),
        (InboundCallQuery(A, caller_number=CALLEE), "by_caller (organization_id=? AND caller_number=?"),
        (InboundCallQuery(A, called_number=X), "by_called (organization_id=? AND called_number=?"),
        (InboundCallQuery(A, user_id="1"), "by_user (organization_id=? AND user_id=?"),
        (InboundCallQuery(A, missed=True), "by_outcome (organization_id=? AND outcome=?"),
    ],
    ids=["all", "by caller", "by called number", "by user", "missed"],
)
async def test_every_list_of_call_backs_begins_at_its_page_and_is_sorted_by_an_index(
    plans: _Plans,
    query: InboundCallQuery,
    search: str,
    times: tuple[int | None, int | None],
    before: tuple[int, str] | None,
) -> None:
    query = replace(query, start_time=times[0], end_time=times[1])
    for step in await plans.of(lambda reader: reader.inbound_calls(query, before, 10)):
        assert step.startswith(f"SEARCH inbound_calls USING INDEX ix_inbound_calls_{search}")


@pytest.mark.parametrize("times", [(1, None), (None, 9), (1, 9)])
async def test_a_list_of_calls_by_time_begins_at_its_time(
    plans: _Plans, times: tuple[int | None, int | None]
) -> None:
    query = CallQuery(A, start_time=times[0], end_time=times[1])
    (step,) = await plans.of(lambda reader: reader.calls(query, None, 10))
    assert step.startswith(f"{_BY_INDEX}by_time (organization_id=? AND call_time")


@pytest.mark.parametrize("before", [None, _BEFORE], ids=["first page", "later page"])
@pytest.mark.parametrize("times", [(None, None), (1, None), (None, 9), (1, 9)])
@pytest.mark.parametrize(
    ("query", "searches"),
    [
        (AuditQuery(A), ["INDEX sqlite_autoindex_audit_events_1 (organization_id=?"]),
        (
            AuditQuery(A, principal="p"),
            ["INDEX ix_audit_events_by_principal (organization_id=? AND principal=?"],
        ),
        (
            AuditQuery(A, kind=AuditEventKind.USER_SET),
            ["INDEX ix_audit_events_by_kind (organization_id=? AND event_kind=?"],
        ),
        (AuditQuery(A, subject=X), ["INDEX ix_audit_events_by_subject (subject=? AND organization_id=?"]),
        (
            AuditQuery(A, kind=AuditEventKind.NUMBER_REMOVED, subject=X),
            ["INDEX ix_audit_events_by_subject (subject=? AND organization_id=?"],
        ),
        (AuditQuery(None), ["INDEX ix_audit_events_all_by_time"]),
        (AuditQuery(None, principal="p"), ["INDEX ix_audit_events_all_by_principal (principal=?"]),
        (
            AuditQuery(None, kind=AuditEventKind.USER_SET),
            ["INDEX ix_audit_events_all_by_kind (event_kind=?"],
        ),
        # A number has few changes, which are sorted.
        (
            AuditQuery(None, subject=X),
            ["INDEX ix_audit_events_by_subject (subject=?", "TEMP B-TREE FOR ORDER BY"],
        ),
    ],
    ids=[
        "all",
        "by principal",
        "by kind",
        "by number",
        "by kind and number",
        *(f"of all, {by}" for by in ("all", "by principal", "by kind", "by number")),
    ],
)
async def test_every_list_of_changes_begins_at_its_page_and_is_sorted_by_an_index(
    plans: _Plans,
    query: AuditQuery,
    searches: Sequence[str],
    times: tuple[int | None, int | None],
    before: tuple[int, str] | None,
) -> None:
    query = replace(query, start_time=times[0], end_time=times[1])
    steps = await plans.of(lambda reader: reader.audit_events(query, before, 10))
    assert len(steps) == len(searches)
    for step, search in zip(steps, searches, strict=True):
        assert search in step
    if times != (None, None) and query.subject is None:
        assert "event_time" in steps[0]


async def test_everything_that_a_call_back_needs_is_found_by_an_index(plans: _Plans) -> None:
    asked = selection([CallBack(X, CALLEE, "call", None), CallBack("+525512345678", None, None, A)])
    steps = await plans.of(lambda reader: asked(cast("SqlReader", reader)._connection))
    searches = {step for step in steps if step.startswith("SEARCH")}
    by_caller_id = "users USING COVERING INDEX ix_users_by_caller_id"
    assert searches == {
        "SEARCH phone_number_owners USING PRIMARY KEY (phone_number=?)",
        f"SEARCH {by_caller_id} (caller_id=?)",
        f"SEARCH {by_caller_id} (caller_id=? AND organization_id=?)",
        "SEARCH organizations USING PRIMARY KEY (organization_id=?)",
        "SEARCH calls USING INDEX ix_outbound_calls_by_callee (organization_id=? AND callee_key=?)",
        "SEARCH users USING PRIMARY KEY (organization_id=? AND user_id=?)",
        "SEARCH users USING PRIMARY KEY (organization_id=? AND user_id=?) LEFT-JOIN",
        "SEARCH inbound_calls USING INDEX sqlite_autoindex_inbound_calls_1 (organization_id=? AND call_id=?)",
    }
    # The statement may scan its own rows, but no table.
    assert {step for step in steps if step.startswith("SCAN")} <= {
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
        "SCAN asked",
        "SCAN found",
        "SCAN routed",
        "SCAN shown_by",
    }
    assert not [step for step in steps if "TEMP B-TREE" in step]


async def test_the_owner_of_a_number_is_found_by_the_primary_key(plans: _Plans) -> None:
    (step,) = await plans.of(lambda reader: reader.owner_of(X))
    assert step == "SEARCH phone_number_owners USING PRIMARY KEY (phone_number=?)"


async def test_a_list_of_organizations_looks_up_the_revisions_of_its_page(plans: _Plans) -> None:
    assert await plans.of(lambda reader: reader.organizations(A, 9)) == [
        "SEARCH organizations USING PRIMARY KEY (organization_id>?)",
        "CORRELATED SCALAR SUBQUERY 1",
        "SEARCH revisions USING PRIMARY KEY (organization_id=?)",
    ]


@pytest.mark.parametrize("state", [None, NumberState.ACTIVE, NumberState.RELEASING])
async def test_a_list_by_area_code_reads_no_other_organization(
    plans: _Plans, state: NumberState | None
) -> None:
    query = NumberQuery(A, "415", state)
    for step in await plans.of(lambda reader: reader.numbers(query, X, 9)):
        assert "SCAN" not in step
        assert not step.startswith("SEARCH") or "organization_id=?" in step


async def test_the_numbers_of_a_request_are_looked_up_by_the_request(plans: _Plans) -> None:
    by_request = (
        "SEARCH purchases USING COVERING INDEX ix_purchases_by_request (organization_id=? AND request_id=?)"
    )
    assert await plans.of(lambda reader: reader.numbers_of_request(A, "r")) == [
        by_request,
        by_request,
        "SEARCH numbers USING PRIMARY KEY (organization_id=? AND phone_number=?)",
    ]
    assert await plans.of(lambda reader: reader.count_orders(A, "r")) == [by_request]


async def test_the_newest_call_of_all_is_found_by_one_entry_for_each_organization(plans: _Plans) -> None:
    steps = await plans.of(lambda reader: newest_call_time(cast("SqlReader", reader)._connection))
    assert [step for step in steps if "outbound_calls" in step] == [
        "SEARCH outbound_calls USING COVERING INDEX ix_outbound_calls_by_time (organization_id=?)"
    ]


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda r: r.revision(A), "SEARCH revisions USING PRIMARY KEY (organization_id=?)"),
        (lambda r: r.organization(A), "SEARCH organizations USING PRIMARY KEY (organization_id=?)"),
        (lambda r: r.user(A, "1"), "SEARCH users USING PRIMARY KEY (organization_id=? AND user_id=?)"),
        (lambda r: r.users(A, "1", 9), "SEARCH users USING PRIMARY KEY (organization_id=? AND user_id>?)"),
        (lambda r: r.number(A, X), "SEARCH numbers USING PRIMARY KEY (organization_id=? AND phone_number=?)"),
        (
            lambda r: r.numbers_by_phone_number(A, [X, "+14155550199"]),
            "SEARCH numbers USING PRIMARY KEY (organization_id=? AND phone_number=?)",
        ),
        (
            lambda r: r.numbers(NumberQuery(A), X, 9),
            "SEARCH numbers USING PRIMARY KEY (organization_id=? AND phone_number>?)",
        ),
        (lambda r: r.open_numbers(), "SEARCH numbers USING INDEX ix_numbers_by_state (state=?)"),
        (
            lambda r: r.call(A, "c"),
            _BY_UNIQUE_INDEX + "(organization_id=? AND call_id=?)",
        ),
        (
            lambda r: r.request(A, "r"),
            "SEARCH requests USING PRIMARY KEY (organization_id=? AND request_id=?)",
        ),
    ],
    ids=[
        "revision",
        "organization",
        "user",
        "users",
        "number",
        "numbers_by_phone_number",
        "numbers",
        "open_numbers",
        "call",
        "request",
    ],
)
async def test_other_look_ups_read_no_whole_table(
    plans: _Plans, work: Callable[[Reader], object], expected: str
) -> None:
    assert await plans.of(work) == [expected]
