"""The look-ups that must stay quick read what they need by an index, whatever lies beside it.

The statements are those that the store runs, seen on their way to SQLite.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from localdial_server.app.store import CallQuery, NumberQuery, Reader, Store
from localdial_server.storage.call_log import GroupCommitLog
from localdial_server.storage.database import Database
from localdial_server.storage.migrate import migrate
from localdial_server.storage.recorders import DatabaseRecorder
from localdial_server.storage.sqlite import SqliteDatabase
from localdial_server.storage.store import SqlStore
from tests.conformance.store_records import CALLEE, A, X, call

_BEFORE = 5, "c"

# Nothing else in a plan: no sorting by a temporary b-tree.
_BY_INDEX = "SEARCH outbound_calls USING INDEX ix_outbound_calls_"
_BY_UNIQUE_INDEX = "SEARCH outbound_calls USING INDEX sqlite_autoindex_outbound_calls_1 "


@dataclass(frozen=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]


@contextmanager
def _statements() -> Iterator[list[_Statement]]:
    """Collect the SELECT statements that are run."""
    seen: list[_Statement] = []

    def see(
        _connection: object, _cursor: object, statement: str, parameters: Sequence[Any], *_: object
    ) -> None:
        if statement.startswith("SELECT"):
            seen.append(_Statement(statement, parameters))

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)


class _Plans:
    """Runs a read of the store and asks SQLite how it goes about it."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self.database = database
        self._store: Store = SqlStore(database)

    async def of(self, work: Callable[[Reader], object]) -> list[str]:
        """Answer SQLite's plan of the one statement that the work runs."""
        statement = await self._statement(work)
        with closing(sqlite3.connect(self._path)) as connection:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)
            return [detail for *_, detail in rows]

    async def steps(self, work: Callable[[Reader], object]) -> int:
        """Answer how many instructions SQLite's machine runs for the statement."""
        statement = await self._statement(work)
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        with closing(sqlite3.connect(self._path)) as connection:
            connection.set_progress_handler(step, 1)
            connection.execute(statement.sql, statement.parameters).fetchall()
        return count

    async def _statement(self, work: Callable[[Reader], object]) -> _Statement:
        with _statements() as seen:
            await self._store.read(work)
        (statement,) = seen
        return statement


@pytest.fixture
async def plans(tmp_path: Path) -> AsyncIterator[_Plans]:
    path = tmp_path / "localdial.db"
    database = SqliteDatabase.open(path)
    migrate(database.engine)
    yield _Plans(path, database)
    await database.close()


async def test_the_last_call_to_a_callee_is_found_by_its_index(plans: _Plans) -> None:
    (step,) = await plans.of(lambda reader: reader.last_call_to(A, CALLEE))
    assert step == f"{_BY_INDEX}by_callee (organization_id=? AND callee_number=?)"


async def test_the_last_call_costs_the_same_whatever_the_size_of_the_history(plans: _Plans) -> None:
    call_log = GroupCommitLog(DatabaseRecorder(plans.database), 0)
    await call_log.append([call("first", 1)])
    of_one = await plans.steps(lambda reader: reader.last_call_to(A, CALLEE))
    await call_log.append([call(f"c{index}", index) for index in range(2, 3000)])
    await call_log.append([call(f"d{index}", index, callee_number=X) for index in range(3000)])
    assert await plans.steps(lambda reader: reader.last_call_to(A, CALLEE)) == of_one


@pytest.mark.parametrize("before", [None, _BEFORE], ids=["first page", "later page"])
@pytest.mark.parametrize(
    ("query", "searches"),
    [
        (CallQuery(A), ["by_time (organization_id=?"]),
        (CallQuery(A, callee_number=CALLEE), ["by_callee (organization_id=? AND callee_number=?"]),
        (CallQuery(A, user_id="1"), ["by_user (organization_id=? AND user_id=?"]),
        (
            CallQuery(A, CALLEE, "1"),
            ["by_callee (organization_id=? AND callee_number=?", "by_user (organization_id=? AND user_id=?"],
        ),
    ],
    ids=["all", "by callee", "by user", "by both"],
)
async def test_every_list_of_calls_begins_at_its_page_and_is_sorted_by_an_index(
    plans: _Plans, query: CallQuery, searches: Sequence[str], before: tuple[int, str] | None
) -> None:
    (step,) = await plans.of(lambda reader: reader.calls(query, before, 10))
    page = " AND (call_time,call_id)<(?,?)" if before is not None else ""
    assert step in [f"{_BY_INDEX}{search}{page})" for search in searches]


async def test_the_owner_of_a_number_is_found_by_the_primary_key(plans: _Plans) -> None:
    (step,) = await plans.of(lambda reader: reader.owner_of(X))
    assert step == "SEARCH phone_number_owners USING PRIMARY KEY (phone_number=?)"


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda r: r.revision(A), "SEARCH revisions USING PRIMARY KEY (organization_id=?)"),
        (lambda r: r.organization(A), "SEARCH organizations USING PRIMARY KEY (organization_id=?)"),
        (lambda r: r.user(A, "1"), "SEARCH users USING PRIMARY KEY (organization_id=? AND user_id=?)"),
        (lambda r: r.users(A, "1", 9), "SEARCH users USING PRIMARY KEY (organization_id=? AND user_id>?)"),
        (lambda r: r.number(A, X), "SEARCH numbers USING PRIMARY KEY (organization_id=? AND phone_number=?)"),
        (
            lambda r: r.numbers(NumberQuery(A), X, 9),
            "SEARCH numbers USING PRIMARY KEY (organization_id=? AND phone_number>?)",
        ),
        (lambda r: r.unsettled_numbers(), "SEARCH numbers USING INDEX ix_numbers_by_state (state=?)"),
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
        "numbers",
        "unsettled_numbers",
        "call",
        "request",
    ],
)
async def test_other_look_ups_read_no_whole_table(
    plans: _Plans, work: Callable[[Reader], object], expected: str
) -> None:
    assert await plans.of(work) == [expected]
