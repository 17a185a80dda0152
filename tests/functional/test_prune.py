"""A command deletes old calls, and call-backs to newer ones still reach their agents."""

import functools
import itertools
import json
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event, update

from localdial.v1.call_routing_pb2 import RouteInboundCallRequest, RouteInboundCallResponse
from localdial_client import Client, FailedPrecondition
from localdial_server.admin import maintenance
from localdial_server.domain.model import Organization, OutboundCall, User
from localdial_server.storage.call_log.insert import insert_calls
from localdial_server.storage.sql import retention
from localdial_server.storage.sql.schema import audit_events
from localdial_server.storage.sql.transaction import SqlTransaction
from tests.conformance.store_records import CALLEE, A, X, call, create, number, own
from tests.functional.databases import NewDatabase, contents, document, run_on
from tests.functional.server_process import ServerProcess
from tests.functional.test_cli import typed

DAY = 86_400_000_000
WORK_PHONES = (("ann", "+13125550142"), ("bob", "+13125550143"))


def batches_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `calls prune` delete that many calls in one transaction."""
    delete = functools.partial(retention.delete_calls_before, batch_size=size)
    monkeypatch.setattr(maintenance, "delete_calls_before", delete)


def days_ago(days: float) -> int:
    return time.time_ns() // 1000 - int(days * DAY)


def with_calls(*calls: OutboundCall) -> Callable[[Engine], None]:
    def work(engine: Engine) -> None:
        with engine.begin() as connection:
            transaction = SqlTransaction(connection)
            create(Organization(A))(transaction)
            transaction.put_users([User(A, name, work_phone=phone) for name, phone in WORK_PHONES])
            own(number(X))(transaction)
            insert_calls(connection, calls)

    return work


def call_ids(url: str) -> set[str]:
    return {row[1] for row in contents(url)["outbound_calls"]}


def test_prune_deletes_old_calls_and_keeps_call_backs_to_newer_ones_working(
    new_database: NewDatabase, start_server: Callable[..., ServerProcess]
) -> None:
    url = new_database(
        "postgresql",
        with_calls(
            call("old", days_ago(401), user_id="ann"),
            call("last", days_ago(399), user_id="bob"),
            call("forgotten", days_ago(500), user_id="bob", callee_number="+16285550199"),
        ),
    )
    # On PostgreSQL the server may keep running.
    server = start_server(LOCALDIAL_DATABASE_URL=url)
    assert document(run_on(url, "calls", "prune", "--older-than", "400d", "--json")) == {"deleted": 2}
    assert call_ids(url) == {"last"}
    with Client(server.address) as client:

        def route(caller: str) -> RouteInboundCallResponse:
            return client.call_routing.route_inbound_call(
                RouteInboundCallRequest(called_number=X, caller_number=caller)
            )

        assert (route(CALLEE).destination_number, route(CALLEE).last_call_id) == ("+13125550143", "last")
        with pytest.raises(FailedPrecondition):
            route("+16285550199")


def test_a_dry_run_counts_and_deletes_nothing(new_database: NewDatabase) -> None:
    url = new_database("sqlite", with_calls(call("old", days_ago(3)), call("young", days_ago(1))))
    command = ("calls", "prune", "--older-than", "2d")
    assert run_on(url, *command, "--dry-run").stdout == "1 call is older than 2d\n"
    assert document(run_on(url, *command, "--dry-run", "--json")) == {"would_delete": 1}
    assert call_ids(url) == {"old", "young"}
    assert run_on(url, *command).stdout == "deleted 1 call older than 2d\n"
    assert call_ids(url) == {"young"}


@pytest.mark.parametrize(("age", "days"), [("1d", 1), ("24h", 1), ("2w", 14), ("100h", 100 / 24)])
def test_an_age_is_hours_days_or_weeks(new_database: NewDatabase, age: str, days: float) -> None:
    calls = (call("older", days_ago(days + 0.01)), call("younger", days_ago(days - 0.01)))
    url = new_database("sqlite", with_calls(*calls))
    assert document(run_on(url, "calls", "prune", "--older-than", age, "--json")) == {"deleted": 1}
    assert call_ids(url) == {"younger"}


@pytest.mark.parametrize(
    "age", ["23h", "0d", "-1d", "400", "d", "1.5d", "1y", "1 d", "1000000d", "\uff11d", ""]
)
def test_an_age_that_is_malformed_or_too_short_is_refused(new_database: NewDatabase, age: str) -> None:
    url = new_database("sqlite", with_calls(call("old", 1)))
    refused = run_on(url, "calls", "prune", "--older-than", age)
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"Error: --older-than is {age!r}, but must be a number of days, weeks or hours, such as 400d, 57w or "
        "9600h, and at least 1d\n"
    )
    assert call_ids(url) == {"old"}


def test_the_age_is_required(new_database: NewDatabase) -> None:
    assert run_on(new_database("sqlite"), "calls", "prune").exit_code == 2


def test_the_cutoff_is_fixed_at_the_start(new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    url = new_database("sqlite", with_calls(*(call(f"c{index}", index) for index in range(9))))
    batches_of(1, monkeypatch)
    seconds = itertools.count(86_400, 1)
    monkeypatch.setattr(time, "time_ns", lambda: next(seconds) * 10**9 + 4000)
    assert document(run_on(url, "calls", "prune", "--older-than", "1d", "--json")) == {"deleted": 4}
    assert call_ids(url) == {f"c{index}" for index in range(4, 9)}


def test_an_interrupted_prune_says_how_many_calls_it_deleted(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database("sqlite", with_calls(*(call(f"c{index}", index) for index in range(9))))
    batches_of(4, monkeypatch)
    batches = 0

    def interrupt(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal batches
        batches += statement.startswith("DELETE")
        if batches == 2:
            raise KeyboardInterrupt

    event.listen(Engine, "after_cursor_execute", interrupt)
    try:
        interrupted = run_on(url, "calls", "prune", "--older-than", "1d")
    finally:
        event.remove(Engine, "after_cursor_execute", interrupt)
    assert interrupted.exit_code != 0
    assert "4 calls deleted so far; the rest are still there" in interrupted.stderr
    assert call_ids(url) == {f"c{index}" for index in range(4, 9)}


def test_on_a_terminal_progress_is_shown(new_database: NewDatabase) -> None:
    url = new_database("sqlite", with_calls(call("old", 1)))
    code, shown = typed("calls", "prune", "--older-than", "1d", LOCALDIAL_DATABASE_URL=url)
    assert code == 0, shown
    assert "deleting" in shown
    assert "100%" in shown


def with_changes(days: float) -> Callable[[Engine], None]:
    """Return how to fill a database with two changes that are as old as that, and a new one."""

    def work(engine: Engine) -> None:
        with engine.begin() as connection:
            transaction = SqlTransaction(connection)
            create(Organization(A), Organization("other"))(transaction)
            connection.execute(update(audit_events).values(event_time=days_ago(days)))
            transaction.put_users([User(A, "ann")])

    return work


def recorded(url: str) -> list[tuple[str, str, str]]:
    """Return the kind, the principal and the content of each recorded change, oldest first."""
    names = [column.name for column in audit_events.columns]
    rows = [dict(zip(names, row, strict=True)) for row in contents(url)["audit_events"]]
    found = sorted(rows, key=lambda row: (row["event_time"], row["event_id"]))
    return [(row["event_kind"], row["principal"], row["after"]) for row in found]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_old_changes_are_pruned_and_that_is_recorded(new_database: NewDatabase, database: str) -> None:
    url = new_database(database, with_changes(401))
    command = ("audit", "prune", "--older-than", "400d")
    assert run_on(url, *command, "--dry-run").stdout == "2 changes are older than 400d\n"
    assert len(recorded(url)) == 3
    assert run_on(url, *command).stdout == "deleted 2 changes older than 400d\n"
    kept, pruned = recorded(url)
    assert kept[:2] == ("user_set", "system")
    assert pruned[:2] == ("records_pruned", "cli")
    assert json.loads(pruned[2])["audit_events"] == 2
    assert document(run_on(url, *command, "--json")) == {"deleted": 0}
    assert recorded(url) == [kept, pruned]


def test_the_pruning_of_calls_is_recorded(new_database: NewDatabase) -> None:
    url = new_database("sqlite", with_calls(call("old", 1)))
    run_on(url, "calls", "prune", "--older-than", "1d")
    kind, principal, content = recorded(url)[-1]
    assert (kind, principal) == ("records_pruned", "cli")
    assert json.loads(content)["calls"] == 1
