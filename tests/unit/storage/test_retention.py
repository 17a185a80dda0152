"""All old calls are deleted, and no others."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from localdial_server.domain.call_counts import CallCount, HourRange
from localdial_server.storage.sql import retention
from localdial_server.storage.sql.counting import mark_uncounted
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.retention import count_calls_before, delete_calls_before
from localdial_server.storage.sql.schema import outbound_calls, uncounted_hours
from localdial_server.storage.sql.transaction import SqlTransaction
from tests.conformance.store_records import CALLEE, A, B, call, create, last_call_to
from tests.unit.storage.conftest import KINDS, NewEngine
from tests.unit.storage.transfer_databases import ignored, record_calls

CUTOFF = 1_000_000


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, new_engine: NewEngine) -> Engine:
    engine = new_engine(request.param)
    with engine.begin() as connection:
        create(A, B)(SqlTransaction(connection))
    return engine


def left(engine: Engine) -> set[str]:
    with engine.begin() as connection:
        return set(connection.scalars(select(outbound_calls.c.call_id)))


def test_calls_before_the_cutoff_are_deleted_and_those_at_the_cutoff_stay(engine: Engine) -> None:
    with engine.begin() as connection:
        record_calls(
            connection,
            [call("older", CUTOFF - 1), call("at", CUTOFF), call("younger", CUTOFF + 1), call("first", 0)],
        )
    assert count_calls_before(engine, CUTOFF) == 2
    assert delete_calls_before(engine, CUTOFF, ignored) == 2
    assert left(engine) == {"at", "younger"}
    assert count_calls_before(engine, CUTOFF) == 0


def test_a_call_back_still_reaches_the_last_caller(engine: Engine) -> None:
    with engine.begin() as connection:
        record_calls(
            connection,
            [
                call("old", CUTOFF - 1, user_id="ann"),
                call("last", CUTOFF, user_id="bob"),
                call("other", CUTOFF - 1, user_id="ann", callee_number="+16285550199"),
            ],
        )
    delete_calls_before(engine, CUTOFF, ignored)
    with engine.begin() as connection:
        reader = SqlReader(connection)
        assert last_call_to(reader, A, CALLEE) == call("last", CUTOFF, user_id="bob")
        assert last_call_to(reader, A, "+16285550199") is None


def test_calls_of_every_organization_are_deleted_even_of_deleted_ones(engine: Engine) -> None:
    with engine.begin() as connection:
        record_calls(
            connection, [call(organization, 1, organization_id=organization) for organization in (A, B)]
        )
        SqlTransaction(connection).delete_organization(B)
    assert delete_calls_before(engine, CUTOFF, ignored) == 2
    assert left(engine) == set()


def test_many_calls_are_deleted_in_batches_that_stay_deleted(engine: Engine) -> None:
    with engine.begin() as connection:
        record_calls(connection, [call(f"c{index}", index) for index in range(45)])
        record_calls(connection, [call("young", CUTOFF)])
    seen: list[int] = []

    def interrupt(deleted: int) -> None:
        seen.append(deleted)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delete_calls_before(engine, CUTOFF, interrupt, batch_size=10)
    assert seen == [10, 20, 30]
    assert left(engine) == {*(f"c{index}" for index in range(30, 45)), "young"}
    assert delete_calls_before(engine, CUTOFF, ignored, batch_size=10) == 15
    assert left(engine) == {"young"}


def test_more_calls_of_one_microsecond_than_a_batch_are_deleted(engine: Engine) -> None:
    with engine.begin() as connection:
        record_calls(connection, [call(f"c{index}", 7 + index // 30) for index in range(60)])
    assert delete_calls_before(engine, CUTOFF, ignored, batch_size=10) == 60


@contextmanager
def statements() -> Iterator[dict[str, Any]]:
    """Collect the statements about calls, each with the parameters of its first execution."""
    seen: dict[str, Any] = {}

    def see(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "outbound_calls" in statement:
            seen.setdefault(statement, parameters)

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", see)


def test_old_calls_are_found_by_the_time_index(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # The counting of calls has a test of its own.
    monkeypatch.setattr(retention, "count_before", ignored)
    with engine.begin() as connection:
        record_calls(connection, [call(f"c{index}", index) for index in range(5000)])
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE outbound_calls")
    with statements() as seen:
        count_calls_before(engine, 500)
        delete_calls_before(engine, 500, ignored, batch_size=10)
    # Count, find the end of a batch, delete it.
    assert len(seen) == 3
    for statement, parameters in seen.items():
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                (step,) = [row.detail for row in plan]
                assert re.fullmatch(
                    r"SEARCH outbound_calls USING (COVERING )?INDEX ix_outbound_calls_by_time "
                    r"\(organization_id=\? AND call_time>\? AND call_time<\?\)",
                    step,
                )
            else:
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                steps = "\n".join(row[0] for row in plan)
                assert "on ix_outbound_calls_by_time" in steps or "using ix_outbound_calls_by_time" in steps
                assert "Seq Scan" not in steps
                assert "Sort" not in steps
                assert "Filter" not in steps


def test_calls_are_counted_before_they_are_deleted(engine: Engine) -> None:
    hour = 3_600_000_000
    times = [0, 1, hour, 5 * hour, 5 * hour + 10, 9 * hour]
    with engine.begin() as connection:
        create(A)(SqlTransaction(connection))
        record_calls(connection, [call(str(time), time) for time in times])
        mark_uncounted(connection, [(A, 0), (A, 9)])
    assert delete_calls_before(engine, 5 * hour + 5, ignored) == 4
    with engine.connect() as connection:
        ranges = [HourRange(each, each + 1) for each in range(10)]
        counts = SqlReader(connection).call_counts(A, CallCount.SHOWN, ranges)
        # The whole hour in which the deletion ends; later hours can be counted later.
        assert list(counts.values()) == [[2, 1, 0, 0, 0, 2, 0, 0, 0, 0]]
        assert connection.scalars(select(uncounted_hours.c.hour)).all() == [9]
    # Deleting again takes nothing away.
    delete_calls_before(engine, 10 * hour, ignored)
    with engine.connect() as connection:
        counts = SqlReader(connection).call_counts(A, CallCount.SHOWN, [HourRange(0, 10)])
        assert list(counts.values()) == [[6]]
