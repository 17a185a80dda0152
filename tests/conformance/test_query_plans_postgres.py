"""The look-ups that must be fast use an index on PostgreSQL too.

PostgreSQL plans by its statistics of the rows, so the tables are large and uneven: one
organization has most of the rows, and one user and one callee have most of its calls.
The tests run the statements and count every row that they read.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import Connection

from localdial_server.app.ports.call_backs import CallBack
from localdial_server.app.ports.store import AuditQuery, CallQuery, InboundCallQuery, NumberQuery, Reader
from localdial_server.domain.audit import AuditEventKind
from localdial_server.domain.model import InboundCall, InboundCallOutcome, NumberState, OutboundCall
from localdial_server.storage.call_log.insert import insert_calls, merge_inbound_calls
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.sql.call_backs import selection
from localdial_server.storage.sql.newest_call import newest_call_time
from localdial_server.storage.sql.reader import SqlReader
from tests.conformance.statements import queries_of, seen_statements
from tests.conformance.store_records import call, last_call_to, recorded_call_back
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.stores import store_on

_DATABASE = "query_plans"

# 1,000 organizations with 10 users, 10 numbers and 10 calls each, and one with
# 10,000 users, 10,000 numbers and 30,000 calls. One user made a third of those,
# and one callee got a quarter. Foreign keys are not checked: that would take most of the time.
_POPULATE = """
    SET session_replication_role = replica;
    INSERT INTO organizations (organization_id, display_name)
        SELECT 'org-' || o, '' FROM generate_series(1, 1000) o UNION SELECT 'large', '';
    INSERT INTO revisions (organization_id, revision)
        SELECT organization_id, 1 FROM organizations;
    CREATE TEMPORARY TABLE each AS
        SELECT 'org-' || o AS organization_id, i, o * 10 + i AS line
            FROM generate_series(1, 1000) o, generate_series(0, 9) i
        UNION ALL SELECT 'large', i, 100000 + i FROM generate_series(0, 9999) i;
    INSERT INTO users (organization_id, user_id, display_name)
        SELECT organization_id, 'user-' || i, '' FROM each;
    INSERT INTO phone_number_owners (organization_id, phone_number)
        SELECT organization_id, '+1' || 4150000000 + line FROM each;
    INSERT INTO numbers
            (organization_id, phone_number, area_code, state,
             carrier, carrier_number_id, reference, locality, region, purchase_time)
        SELECT organization_id, '+1' || 4150000000 + line, 200 + line % 100,
               CASE WHEN line % 2000 = 0 THEN 'purchasing' ELSE 'active' END,
               '', '', 'reference-' || line, '', '', 0
            FROM each;
    INSERT INTO purchases (organization_id, reference, purchase_time, phone_number, request_id)
        SELECT organization_id, 'reference-' || line, 0, '+1' || 4150000000 + line, 'request-' || line / 5
            FROM each;
    INSERT INTO area_code_mappings (organization_id, area_code, phone_number)
        SELECT organization_id, 400 + line % 100, '+1' || 4150000000 + line FROM each;
    INSERT INTO requests (organization_id, request_id, arguments, create_time)
        SELECT organization_id, 'request-' || line / 5, '', 0 FROM each WHERE line % 5 = 0;
    INSERT INTO outbound_calls
            (organization_id, call_id, user_id, callee_number, caller_id, reason, call_time, revision)
        SELECT organization_id, 'call-' || line, 'user-' || i,
               '+1' || 6285550000 + i % 2500, '', 'local_presence', line, 1
            FROM each
        UNION ALL
        SELECT 'large', 'more-' || i, 'user-' || CASE WHEN i % 2 = 0 THEN 1 ELSE i % 500 END,
               '+1' || 6285550000 + CASE WHEN i % 3 = 0 THEN 1 ELSE i % 2500 END, '', 'local_presence', i, 1
            FROM generate_series(1, 20000) i;
    INSERT INTO inbound_calls
            (organization_id, call_id, call_time, called_number, caller_number, user_id, degraded, outcome)
        SELECT organization_id, 'call-' || line, line, '+1' || 4150000000 + line,
               '+1' || 6285550000 + i % 2500, 'user-' || i, false,
               CASE WHEN line % 100 = 0 THEN {missed} ELSE {answered} END
            FROM each
        UNION ALL
        SELECT 'large', 'more-' || i, i, '+1' || 4150000000 + CASE WHEN i % 2 = 0 THEN 1 ELSE i % 500 END,
               CASE WHEN i % 3 = 0 THEN '+16285550001' WHEN i % 3 = 1 THEN '+1' || 6285550000 + i % 2500 END,
               'user-' || CASE WHEN i % 2 = 0 THEN 1 ELSE i % 500 END, false,
               CASE WHEN i % 100 = 0 THEN {screened_out} WHEN i % 3 = 0 THEN {missed} ELSE {answered} END
            FROM generate_series(1, 20000) i;
    INSERT INTO audit_events
            (organization_id, event_time, event_id, event_kind, subject, principal,
             address, method, request_id, before, after)
        SELECT organization_id, line, 'event-' || line,
               CASE WHEN line % 100 = 0 THEN 'number_added' ELSE 'user_set' END,
               CASE WHEN line % 100 = 0 THEN '+1' || 4150000000 + line ELSE 'user-' || i END,
               CASE WHEN line % 100 = 0 THEN 'key:' || organization_id ELSE 'key:crm' END, '', '', '', '', ''
            FROM each;
    INSERT INTO shown_caller_ids (organization_id, caller_id, call_time)
        SELECT organization_id, '+1' || 4150000000 + line, line FROM each;
    ANALYZE;
"""

_LARGE, _SMALL = "large", "org-7"
_BUSY_CALLEE, _CALLEE, _STRANGER = "+16285550001", "+16285550003", "+12125550100"
_BUSY_USER, _USER = "user-1", "user-400"
_NUMBER = "+14150105000"
_BUSY_CALLED = "+14150000001"
_PAGE = 51
_MIDDLE = 10_000, "m"

# Some more than the page: the upper levels of the indexes, and look-ups for each row.
_READS_OF_A_PAGE = 4 * _PAGE


@dataclass(frozen=True)
class _Plan:
    """PostgreSQL's plan of one statement, as it was executed."""

    nodes: Sequence[dict[str, Any]]

    @property
    def indexes(self) -> list[str]:
        return [node["Index Name"] for node in self.nodes if "Index Name" in node]

    @property
    def kinds(self) -> set[str]:
        return {node["Node Type"] for node in self.nodes}

    @property
    def pages_read(self) -> int:
        """How many pages of tables and indexes were read."""
        return sum(self.nodes[0][f"Shared {kind} Blocks"] for kind in ("Hit", "Read"))

    @property
    def rows_read(self) -> int:
        """How many rows were read, in tables and by indexes."""
        counts = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        return sum(
            round(node.get(count, 0) * node["Actual Loops"])
            for node in self.nodes
            if node["Node Type"].endswith("Scan") and node["Node Type"] != "Bitmap Index Scan"
            for count in counts
        )


class _Plans:
    """Runs reads of the store and asks PostgreSQL for their plans."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def of(self, work: Callable[[Reader], object]) -> list[_Plan]:
        """Run a read and return the plans of its queries."""
        queries = await queries_of(store_on(self._database), work)

        def explain(connection: Connection) -> list[_Plan]:
            plans = []
            for query in queries:
                (answer,) = connection.exec_driver_sql(
                    f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query.sql}", query.parameters
                ).scalar_one()
                plans.append(_Plan(list(_nodes(answer["Plan"]))))
            return plans

        return await self._database.read("test", explain)

    async def of_insert(self, calls: Sequence[OutboundCall]) -> _Plan:
        """Record the calls in order, and return the plan of that; the calls are known by then."""

        def insert(connection: Connection) -> _Plan:
            with seen_statements("INSERT") as seen:
                insert_calls(connection, calls, in_order=True)
            (inserted,) = seen
            (answer,) = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {inserted.sql}", inserted.parameters
            ).scalar_one()
            return _Plan(list(_nodes(answer["Plan"])))

        return await self._database.append("test", insert)

    async def of_call_backs(self, call_backs: Sequence[CallBack]) -> _Plan:
        """Look the call-backs up, and return the plan of that."""
        statement = selection(call_backs).statement()
        values = [parameter.decode() for parameter in statement.parameters]

        def explain(connection: Connection) -> _Plan:
            raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
            sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql.decode()}"
            (((answer,),),) = psycopg.RawCursor(raw).execute(sql, values).fetchall()
            return _Plan(list(_nodes(answer["Plan"])))

        return await self._database.read("test", explain)

    async def of_merge(self, calls: Sequence[InboundCall]) -> _Plan:
        """Merge the parts of call-backs twice, and return the plan of the second time."""

        def merge(connection: Connection) -> _Plan:
            with seen_statements("INSERT") as seen:
                merge_inbound_calls(connection, calls)
            (merged,) = seen
            (answer,) = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {merged.sql}", merged.parameters
            ).scalar_one()
            return _Plan(list(_nodes(answer["Plan"])))

        return await self._database.append("test", merge)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


@pytest.fixture(scope="module")
def populated(postgres: PostgresServer) -> Iterator[str]:
    url = create_postgres(postgres, _DATABASE)
    outcomes = {outcome.name.lower(): outcome.value for outcome in InboundCallOutcome}
    postgres.execute(_POPULATE.format(**outcomes), _DATABASE)
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def plans(populated: str) -> AsyncIterator[_Plans]:
    database = PostgresDatabase.open(populated, timeout=10, short_timeout=10)
    yield _Plans(database)
    await database.close()


@pytest.mark.parametrize(("callee_number", "found"), [(_BUSY_CALLEE, 1), (_CALLEE, 1), (_STRANGER, 0)])
async def test_the_last_call_to_a_callee_is_one_row_found_by_its_index(
    plans: _Plans, callee_number: str, found: int
) -> None:
    (plan,) = await plans.of(lambda reader: last_call_to(reader, _LARGE, callee_number))
    assert plan.kinds == {"Limit", "Index Scan"}
    assert plan.indexes == ["ix_outbound_calls_by_callee"]
    assert plan.rows_read == found
    assert plan.pages_read <= 5


@pytest.mark.parametrize("callee_number", [_BUSY_CALLEE, _CALLEE, _STRANGER])
async def test_everything_that_a_call_back_needs_is_found_by_an_index(
    plans: _Plans, callee_number: str
) -> None:
    plan = await plans.of_call_backs([CallBack(_NUMBER, callee_number, "call-105000", None)] * 3)
    assert set(plan.indexes) == {
        "pk_phone_number_owners",
        "ix_users_by_caller_id",
        "pk_organizations",
        "ix_outbound_calls_by_callee",
        "pk_users",
        "pk_inbound_calls",
    }
    assert not {"Seq Scan", "Bitmap Heap Scan", "Sort"} & plan.kinds
    assert plan.pages_read <= 40 * 3


async def test_the_newest_call_of_all_is_found_by_one_row_for_each_organization(plans: _Plans) -> None:
    (plan,) = await plans.of(lambda reader: newest_call_time(cast("SqlReader", reader)._connection))
    assert "ix_outbound_calls_by_time" in plan.indexes
    assert plan.rows_read <= 2 * 1001


@pytest.mark.parametrize("callee_number", [_BUSY_CALLEE, _CALLEE, _STRANGER])
async def test_recording_a_call_in_order_reads_only_the_newest_call_to_its_callee(
    plans: _Plans, callee_number: str
) -> None:
    made = call(f"made-{callee_number}", organization_id=_LARGE, callee_number=callee_number)
    plan = await plans.of_insert([made])
    assert set(plan.indexes) == {"ix_outbound_calls_by_callee"}
    # The call itself and the callee's newest one.
    assert plan.rows_read <= 2


@pytest.mark.parametrize("before", [None, _MIDDLE], ids=["first page", "later page"])
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (CallQuery(_LARGE), {"by_time"}),
        (CallQuery(_LARGE, _BUSY_CALLEE), {"by_callee"}),
        (CallQuery(_LARGE, _CALLEE), {"by_callee"}),
        (CallQuery(_LARGE, None, _BUSY_USER), {"by_user"}),
        (CallQuery(_LARGE, None, _USER), {"by_user"}),
        (CallQuery(_LARGE, _BUSY_CALLEE, _BUSY_USER), {"by_callee", "by_user"}),
        (CallQuery(_LARGE, _CALLEE, _BUSY_USER), {"by_callee"}),
        (CallQuery(_LARGE, _BUSY_CALLEE, _USER), {"by_user"}),
        (CallQuery(_SMALL), {"by_time", "by_callee", "by_user", "by_caller_id"}),
    ],
    ids=[
        "all",
        "busy callee",
        "callee",
        "busy user",
        "user",
        "busy callee, busy user",
        "callee, busy user",
        "busy callee, user",
        "all of a small organization",
    ],
)
async def test_every_list_of_calls_reads_about_its_page_by_an_index(
    plans: _Plans, query: CallQuery, indexes: set[str], before: tuple[int, str] | None
) -> None:
    (plan,) = await plans.of(lambda reader: reader.calls(query, before, _PAGE))
    (index,) = plan.indexes
    assert index.removeprefix("ix_outbound_calls_") in indexes
    assert plan.rows_read <= _READS_OF_A_PAGE
    assert plan.pages_read <= _READS_OF_A_PAGE


@pytest.mark.parametrize("before", [None, _MIDDLE], ids=["first page", "later page"])
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (InboundCallQuery(_LARGE), {"by_time"}),
        (InboundCallQuery(_LARGE, _BUSY_CALLEE), {"by_caller"}),
        (InboundCallQuery(_LARGE, _CALLEE), {"by_caller"}),
        (InboundCallQuery(_LARGE, None, _BUSY_CALLED), {"by_called"}),
        (InboundCallQuery(_LARGE, None, None, _BUSY_USER), {"by_user"}),
        (InboundCallQuery(_LARGE, None, None, _USER), {"by_user"}),
        (InboundCallQuery(_LARGE, missed=True), {"by_outcome"}),
        (InboundCallQuery(_LARGE, start_time=5_000, end_time=9_000), {"by_time"}),
        (InboundCallQuery(_LARGE, _BUSY_CALLEE, start_time=5_000, end_time=9_000), {"by_caller"}),
        (InboundCallQuery(_SMALL), {"by_time", "by_caller", "by_called", "by_user", "by_outcome"}),
    ],
    ids=[
        "all",
        "busy caller",
        "caller",
        "busy number",
        "busy user",
        "user",
        "missed",
        "times",
        "busy caller, times",
        "all of a small organization",
    ],
)
async def test_every_list_of_call_backs_reads_about_its_page_by_an_index(
    plans: _Plans, query: InboundCallQuery, indexes: set[str], before: tuple[int, str] | None
) -> None:
    found = await plans.of(lambda reader: reader.inbound_calls(query, before, _PAGE))
    # One for each outcome of a call that nobody took.
    assert len(found) == (2 if query.missed else 1)
    for plan in found:
        (index,) = plan.indexes
        assert index.removeprefix("ix_inbound_calls_") in indexes
        assert plan.rows_read <= _READS_OF_A_PAGE
        assert plan.pages_read <= _READS_OF_A_PAGE


@pytest.mark.parametrize("before", [None, (105_000, "m")], ids=["first page", "later page"])
@pytest.mark.parametrize("times", [(None, None), (5_000, 109_000)])
@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (AuditQuery(_LARGE), {"pk"}),
        (AuditQuery(_LARGE, principal="key:crm"), {"pk", "by_principal"}),
        (AuditQuery(_LARGE, principal="key:large"), {"by_principal"}),
        (AuditQuery(_LARGE, kind=AuditEventKind.USER_SET), {"pk", "by_kind"}),
        # Most of the rows are of this organization.
        (AuditQuery(_LARGE, kind=AuditEventKind.NUMBER_ADDED), {"by_kind", "all_by_kind"}),
        (AuditQuery(_LARGE, subject=_NUMBER), {"by_subject"}),
        (AuditQuery(_LARGE, kind=AuditEventKind.NUMBER_ADDED, subject=_NUMBER), {"by_subject"}),
        (AuditQuery(_SMALL), {"pk", "by_principal", "by_kind"}),
        (AuditQuery(None), {"all_by_time"}),
        (AuditQuery(None, principal="key:crm"), {"all_by_time", "all_by_principal"}),
        (AuditQuery(None, principal="key:org-7"), {"all_by_principal"}),
        (AuditQuery(None, kind=AuditEventKind.USER_SET), {"all_by_time", "all_by_kind"}),
        (AuditQuery(None, kind=AuditEventKind.NUMBER_ADDED), {"all_by_kind"}),
        (AuditQuery(None, kind=AuditEventKind.API_KEY_REVOKED), {"all_by_kind"}),
        (AuditQuery(None, subject=_NUMBER), {"by_subject"}),
    ],
    ids=[
        "all",
        "busy principal",
        "principal",
        "frequent kind",
        "kind",
        "number",
        "kind of a number",
        "all of a small organization",
        "all of all",
        "busy principal of all",
        "principal of all",
        "frequent kind of all",
        "kind of all",
        "unused kind of all",
        "number of all",
    ],
)
async def test_every_list_of_changes_reads_about_its_page_by_an_index(
    plans: _Plans,
    query: AuditQuery,
    indexes: set[str],
    times: tuple[int | None, int | None],
    before: tuple[int, str] | None,
) -> None:
    query = replace(query, start_time=times[0], end_time=times[1])
    (plan,) = await plans.of(lambda reader: reader.audit_events(query, before, _PAGE))
    (index,) = plan.indexes
    assert index.removeprefix("ix_audit_events_").removesuffix("_audit_events") in indexes
    assert plan.rows_read <= _READS_OF_A_PAGE
    assert plan.pages_read <= _READS_OF_A_PAGE


_LISTS: dict[str, tuple[Callable[[Reader], object], set[str]]] = {
    "organizations": (lambda r: r.organizations("", _PAGE), {"pk_organizations", "pk_revisions"}),
    "later organizations": (lambda r: r.organizations("org-5", _PAGE), {"pk_organizations", "pk_revisions"}),
    "users": (lambda r: r.users(_LARGE, "", _PAGE), {"pk_users"}),
    "later users": (lambda r: r.users(_LARGE, "user-5", _PAGE), {"pk_users"}),
    "users of a small organization": (lambda r: r.users(_SMALL, "", _PAGE), {"pk_users"}),
    "users by id": (lambda r: r.users_by_id(_LARGE, ["user-7", "user-9000"]), {"pk_users"}),
    "numbers by phone number": (lambda r: r.numbers_by_phone_number(_LARGE, [_NUMBER]), {"pk_numbers"}),
    "numbers": (lambda r: r.numbers(NumberQuery(_LARGE), "", _PAGE), {"pk_numbers"}),
    "later numbers": (lambda r: r.numbers(NumberQuery(_LARGE), _NUMBER, _PAGE), {"pk_numbers"}),
    "numbers of a small organization": (
        lambda r: r.numbers(NumberQuery(_SMALL), "", _PAGE),
        {"pk_numbers", "ix_numbers_by_state"},
    ),
    "active numbers": (
        lambda r: r.numbers(NumberQuery(_LARGE, None, NumberState.ACTIVE), _NUMBER, _PAGE),
        {"pk_numbers", "ix_numbers_by_state"},
    ),
    "numbers that are being bought": (
        lambda r: r.numbers(NumberQuery(_LARGE, None, NumberState.PURCHASING), "", _PAGE),
        {"ix_numbers_by_state"},
    ),
    "what the sweep looks after": (lambda r: r.open_numbers(), {"ix_numbers_by_state"}),
}


@pytest.mark.parametrize(("work", "indexes"), _LISTS.values(), ids=_LISTS)
async def test_every_other_list_reads_about_its_page_by_an_index(
    plans: _Plans, work: Callable[[Reader], object], indexes: set[str]
) -> None:
    listing, *mappings = await plans.of(work)
    assert listing.indexes
    assert set(listing.indexes) <= indexes
    for plan in listing, *mappings:
        assert "Seq Scan" not in plan.kinds
        assert plan.rows_read <= _READS_OF_A_PAGE
        assert plan.pages_read <= _READS_OF_A_PAGE


@pytest.mark.parametrize("area_code", ["250", "450", "999"], ids=["own", "mapped", "unknown"])
@pytest.mark.parametrize(("organization_id", "its_numbers"), [(_SMALL, 10), (_LARGE, 10_000)])
async def test_a_list_by_area_code_reads_no_other_organization(
    plans: _Plans, organization_id: str, its_numbers: int, area_code: str
) -> None:
    query = NumberQuery(organization_id, area_code)
    for plan in await plans.of(lambda reader: reader.numbers(query, "", _PAGE)):
        assert "Seq Scan" not in plan.kinds
        # Each number, and a look-up of its mapping.
        assert plan.rows_read <= 2 * its_numbers


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (lambda r: r.owner_of(_NUMBER), "pk_phone_number_owners"),
        (lambda r: r.revision(_LARGE), "pk_revisions"),
        (lambda r: r.organization(_LARGE), "pk_organizations"),
        (lambda r: r.user(_LARGE, _USER), "pk_users"),
        (lambda r: r.number(_LARGE, _NUMBER), "pk_numbers"),
        (lambda r: r.call(_LARGE, "call-105000"), "pk_outbound_calls"),
        (lambda r: recorded_call_back(r, _LARGE, "call-105000"), "pk_inbound_calls"),
        (lambda r: r.request(_LARGE, "request-21000"), "pk_requests"),
    ],
    ids=["owner", "revision", "organization", "user", "number", "call", "call-back", "request"],
)
async def test_a_look_up_reads_one_row_by_the_primary_key(
    plans: _Plans, work: Callable[[Reader], object], index: str
) -> None:
    plan, *_ = await plans.of(work)
    assert plan.indexes == [index]
    assert plan.rows_read == 1


async def test_an_outcome_is_merged_by_the_primary_key(plans: _Plans) -> None:
    calls = [
        InboundCall(_LARGE, f"call-{number}", 1, outcome=InboundCallOutcome.ANSWERED, outcome_time=1)
        for number in (104_000, 105_000, 999_999)
    ]
    plan = await plans.of_merge(calls)
    assert plan.nodes[0]["Conflict Arbiter Indexes"] == ["pk_inbound_calls"]
    assert not {"Seq Scan", "Bitmap Heap Scan"} & plan.kinds
    # The table and each of its indexes, for each row.
    assert plan.pages_read <= 40 * len(calls)


@pytest.mark.usefixtures("populated")
def test_keys_are_in_the_order_of_bytes_whatever_the_language_of_the_database(
    postgres: PostgresServer,
) -> None:
    # The server may have no other collation. Its default is not named "C", so a column without a
    # collation of its own is found.
    orders = """
        SELECT DISTINCT attname, collname
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
            JOIN pg_collation ON pg_collation.oid = attcollation
        WHERE contype = 'p' AND connamespace = 'public'::regnamespace
    """
    keys = dict(postgres.execute(orders, _DATABASE))
    assert keys.pop("version_num") == "default"
    assert {"organization_id", "user_id", "call_id", "phone_number", "area_code"} <= set(keys)
    assert set(keys.values()) == {"C"}
