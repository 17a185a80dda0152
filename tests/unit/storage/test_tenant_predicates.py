"""Every predicate that keeps organizations apart in SQL is needed: without it, this suite fails.

Two databases have the same records of one organization; the second also has other organizations with
the same identifiers and numbers. Whatever is read or changed for the first organization must not differ.
"""

import ast
import functools
import inspect
import json
import re
import sqlite3
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest
from sqlalchemy import Connection, Table, create_engine, select
from sqlalchemy.pool import StaticPool

from localdial_server.app.ports.store import (
    AuditQuery,
    CallQuery,
    InboundCallQuery,
    NumberQuery,
    Reader,
    StoredRequest,
    Transaction,
)
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.call_counts import CallCount, HourRange
from localdial_server.domain.model import (
    CallerIdReason,
    InboundCall,
    InboundCallOutcome,
    Number,
    NumberState,
    Organization,
    OutboundCall,
    User,
)
from localdial_server.domain.principals import Role
from localdial_server.storage.call_log.insert import insert_calls
from localdial_server.storage.sql import (
    audit,
    call_backs,
    call_counts,
    phone_number_claims,
    reader,
    transaction,
)
from localdial_server.storage.sql.hour_counts import HourCounts, store_counts
from localdial_server.storage.sql.rows import to_row
from localdial_server.storage.sql.schema import audit_events, inbound_calls, metadata
from localdial_server.storage.sql.transaction import SqlTransaction

# `A` sorts between the others, so that a query without its predicate finds theirs first, or last.
A, OTHERS = "m", ("b", "x")
X, Y, CALLEE, NEW = "+14155550100", "+14155550101", "+16285550123", "+14155550109"
MAPPED, MINE, THEIRS = "628", "925", "510"

_MODULES: Final = (audit, call_counts, reader, phone_number_claims, transaction)


class Predicate(NamedTuple):
    """A condition on the organization, by its place in the source."""

    module: types.ModuleType
    line: int
    column: int

    @property
    def name(self) -> str:
        lines = inspect.getsource(self.module).splitlines()
        return f"{self.module.__name__.rpartition('.')[2]}:{self.line} {lines[self.line - 1].strip()}"


class _Remover(ast.NodeTransformer):
    """Finds the predicates, and removes the one that is asked for."""

    def __init__(self, unwanted: tuple[int, int] | None = None) -> None:
        self.found: list[tuple[int, int]] = []
        self._unwanted = unwanted

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "filter_by":
            node.keywords = [
                each
                for each in node.keywords
                if each.arg != "organization_id" or not self._is_unwanted(each.value)
            ]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        left = node.left
        is_predicate = isinstance(left, ast.Attribute) and left.attr == "organization_id"
        if is_predicate and isinstance(node.ops[0], ast.Eq) and _is_column(left) and self._is_unwanted(node):
            return ast.copy_location(ast.parse("__import__('sqlalchemy').true()", mode="eval").body, node)
        return node

    def _is_unwanted(self, node: ast.expr) -> bool:
        place = node.lineno, node.col_offset
        self.found.append(place)
        return place == self._unwanted


def _is_column(node: ast.expr) -> bool:
    # `table.c.organization_id`, or `columns.organization_id` with `columns = table.c`; no field of a value.
    return isinstance(node, ast.Attribute) and ast.unparse(node.value).removesuffix(".c") in {
        *metadata.tables,
        "mappings",
        "calls",
        "counts",
        "owners",
        "shown",
    }


def _predicates() -> list[Predicate]:
    found = []
    for module in _MODULES:
        finder = _Remover()
        finder.visit(ast.parse(inspect.getsource(module)))
        found += [Predicate(module, *place) for place in finder.found]
    return found


def _without(predicate: Predicate, monkeypatch: pytest.MonkeyPatch) -> type[SqlTransaction]:
    """Return the transaction without this predicate."""
    built: dict[str, types.ModuleType] = {}
    for module in _MODULES:
        tree = ast.parse(inspect.getsource(module))
        if module is predicate.module:
            tree = _Remover((predicate.line, predicate.column)).visit(tree)
        copy = types.ModuleType(module.__name__)
        copy.__file__ = module.__file__
        exec(compile(ast.fix_missing_locations(tree), str(module.__file__), "exec"), copy.__dict__)
        built[module.__name__] = copy
        monkeypatch.setitem(sys.modules, module.__name__, copy)
    found: type[SqlTransaction] = built[transaction.__name__].SqlTransaction
    return found


def _number(organization_id: str, phone_number: str, state: NumberState = NumberState.ACTIVE) -> Number:
    return Number(
        organization_id=organization_id,
        phone_number=phone_number,
        area_code="415",
        state=state,
        carrier="simulator",
        reference=f"reference-{phone_number}",
        purchase_time=5,
        locality=organization_id,
    )


def _api_key(organization_id: str, display_name: str = "") -> ApiKey:
    return ApiKey(
        key_id=f"key-{organization_id}",
        display_name=display_name,
        role=Role.VIEWER,
        organization_id=organization_id,
        secret_hash="hash",
        create_time=1,
    )


def _fill(connection: Connection, organization_id: str) -> None:
    """Store an organization with the same identifiers as all others, and other values."""
    own = SqlTransaction(connection)
    of_a = organization_id == A
    own.put_organization(Organization(organization_id, f"name of {organization_id}", X if of_a else NEW))
    for _ in range(2 if of_a else 7):
        own.bump_revision(organization_id)
    own.put_users([User(organization_id, "ann", organization_id, CALLEE, None if of_a else NEW)])
    if not of_a:
        own.put_users([User(organization_id, "zoe", organization_id, X, NEW)])
        own.add_numbers([_number(organization_id, NEW)])
        own.add_purchases([replace(_number(organization_id, NEW), request_id="done")])
        own.claim(f"{CALLEE[:-1]}{OTHERS.index(organization_id)}", organization_id)
    request_id = "request" if of_a else "of another"
    for each in (_number(organization_id, X), _number(organization_id, Y, NumberState.PURCHASING)):
        own.add_numbers([each])
        own.add_purchases([replace(each, request_id=request_id)])
        own.add_mappings(organization_id, each.phone_number, [MAPPED, MINE if of_a else THEIRS])
    own.put_api_key(_api_key(organization_id))
    own.add_request(StoredRequest(organization_id, "request", organization_id, None, 1))
    if not of_a:
        # So that A's request finds a purchase of another organization.
        own.add_purchases([replace(_number(organization_id, X), reference="r", request_id="request")])
    own.add_request(StoredRequest(organization_id, "done", organization_id, organization_id, 1))
    if of_a:
        own.claim(X, organization_id)
        own.claim(Y, organization_id)
    call = OutboundCall(
        organization_id, "call", "ann", CALLEE, X, CallerIdReason.LOCAL_PRESENCE, 5 if of_a else 9, 1
    )
    insert_calls(connection, [call])
    back = InboundCall(
        organization_id,
        "call",
        5 if of_a else 9,
        X,
        CALLEE,
        NEW,
        None,
        "ann",
        outcome=InboundCallOutcome.MISSED,
    )
    connection.execute(inbound_calls.insert().values(to_row(inbound_calls, back)))
    counts = HourCounts()
    for is_local in (False, True):
        calls, last_time = (3, 5) if of_a else (8, 9)
        counts.add(X, CALLEE, is_local=is_local, calls=calls, last_time=last_time)
    for hour in (0, 24):
        store_counts(connection, organization_id, hour, counts)


def _connect(content: bytes | None = None) -> Connection:
    """Return a connection to a new database in memory, with this content."""
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    if content is not None:
        raw.deserialize(content)
    return create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool).connect()


@functools.cache
def _content(*organizations: str) -> bytes:
    """Return a database with these organizations."""
    with _connect() as connection:
        metadata.create_all(connection)
        for organization_id in organizations:
            _fill(connection, organization_id)
        connection.commit()
        raw: Any = connection.connection.dbapi_connection
        return bytes(raw.serialize())


def _dump(connection: Connection, organization_id: str) -> dict[str, list[str]]:
    """Return all rows of the organization, as texts, by table."""
    return {
        name: sorted(map(repr, map(tuple, connection.execute(_of(table, organization_id)))))
        for name, table in metadata.tables.items()
        if "organization_id" in table.c
    }


def _of(table: Table, organization_id: str) -> Any:
    # The times and the identifiers of events are never the same in two databases.
    random = {"event_time", "event_id"} if table is audit_events else set()
    columns = [column for column in table.c if column.name not in random]
    return select(*columns).where(table.c.organization_id == organization_id)


Work = Callable[[Any], object]

READS: Final[dict[str, Work]] = {
    "revision": lambda t: t.revision(A),
    "organization": lambda t: t.organization(A),
    "organizations": lambda t: [each for each in t.organizations("", 9) if each[0].organization_id == A],
    "user": lambda t: (t.user(A, "ann"), t.user(A, "zoe")),
    "users_by_id": lambda t: t.users_by_id(A, ["ann", "zoe"]),
    "users": lambda t: t.users(A, "", 10),
    "caller_ids": lambda t: t.caller_ids(A),
    "count_users": lambda t: t.count_users(A),
    "number": lambda t: (t.number(A, X), t.number(A, Y)),
    "numbers_by_phone_number": lambda t: t.numbers_by_phone_number(A, [X, Y]),
    "numbers": lambda t: [t.numbers(NumberQuery(A, code), "", 10) for code in (None, "415", MAPPED, THEIRS)],
    "active_numbers": lambda t: t.active_numbers(A),
    "mappings": lambda t: sorted(t.mappings(A)),
    "count_numbers": lambda t: [t.count_numbers(NumberQuery(A, code)) for code in (None, MAPPED, THEIRS)],
    "numbers_of_request": lambda t: t.numbers_of_request(A, "request"),
    "count_orders": lambda t: t.count_orders(A, "request"),
    "purchases_since": lambda t: t.purchases_since(A, 0),
    "call": lambda t: t.call(A, "call"),
    "calls": lambda t: t.calls(CallQuery(A), None, 10),
    "inbound_calls": lambda t: t.inbound_calls(InboundCallQuery(A), None, 10),
    "api_key": lambda t: t.api_key(f"key-{A}"),
    "api_keys": lambda t: t.api_keys(A, "", 10),
    "count_api_keys": lambda t: t.count_api_keys(A),
    "request": lambda t: (t.request(A, "request"), t.request(A, "done")),
    "call_counts": lambda t: [
        t.call_counts(A, kind, ranges)
        for kind in CallCount
        for ranges in ([HourRange(0, 30)], [HourRange(0, 1), HourRange(1, 30)])
    ],
    "shown_times": lambda t: t.shown_times(A, [X, Y]),
    "count_missed_call_backs": lambda t: t.count_missed_call_backs(A, 0),
    "audit_events": lambda t: [
        (each.kind, each.subject, each.before, each.after) for each in t.audit_events(AuditQuery(A), None, 99)
    ],
}

WRITES: Final[dict[str, Work]] = {
    "bump_revision": lambda t: t.bump_revision(A),
    "put_organization": lambda t: t.put_organization(Organization(A, "new")),
    "delete_organization": lambda t: [
        [t.delete_number(A, each) for each in (X, Y)],
        t.delete_organization(A),
    ],
    "put_users": lambda t: t.put_users([User(A, "ann", "new")]),
    "delete_user": lambda t: t.delete_user(A, "ann"),
    "claim": lambda t: t.claim(NEW, A),
    "claim_all": lambda t: sorted(t.claim_all([NEW, X], A)),
    "disclaim": lambda t: (t.claim(NEW, A), t.put_organization(Organization(A)), t.disclaim(NEW, A)),
    "disclaim in use": lambda t: t.disclaim(X, A),
    "disclaim of another": lambda t: t.disclaim(f"{CALLEE[:-1]}0", A),
    "add_numbers": lambda t: t.add_numbers([_number(A, NEW)]),
    "update_numbers": lambda t: t.update_numbers([replace(_number(A, X), region="US-CA")]),
    "delete_number": lambda t: t.delete_number(A, X),
    "add_purchases": lambda t: t.add_purchases([replace(_number(A, NEW), request_id="r")]),
    "delete_purchase": lambda t: t.delete_purchase(A, f"reference-{X}"),
    "delete_purchases_before": lambda t: (t.set_answer(A, "request", "a"), t.delete_purchases_before(A, 99)),
    "add_mappings": lambda t: t.add_mappings(A, X, [THEIRS, MINE]),
    "delete_mappings": lambda t: (t.delete_mappings(A, X, [MAPPED]), t.delete_mappings(A, Y, None)),
    "add_request": lambda t: t.add_request(StoredRequest(A, "new", "arguments", None, 1)),
    "set_answer": lambda t: t.set_answer(A, "request", "answer"),
    "put_api_key": lambda t: t.put_api_key(_api_key(A, "new")),
    "delete_request": lambda t: t.delete_request(A, "done"),
}

# These are about all organizations, or find one by a number; the use cases decide who may know.
ACROSS_ORGANIZATIONS: Final = {
    "count_organizations",
    "owners_of",
    "open_numbers",
    "owner_of",
    "counted_until",
}


def _differences(transaction_class: type[SqlTransaction]) -> Iterator[str]:
    """Yield the methods whose results or effects depend on other organizations, or reach them."""
    for name, work in {**READS, **WRITES}.items():
        with _connect(_content(A)) as alone, _connect(_content(OTHERS[0], A, OTHERS[1])) as among_others:
            before = [_dump(among_others, other) for other in OTHERS]
            try:
                results = [work(transaction_class(each)) for each in (alone, among_others)]
            except Exception as error:  # noqa: BLE001 - a difference too
                yield f"{name}: {type(error).__name__}"
                continue
            if results[0] != results[1]:
                yield f"{name}: another result"
            if _dump(alone, A) != _dump(among_others, A):
                yield f"{name}: another effect"
            if before != [_dump(among_others, other) for other in OTHERS]:
                yield f"{name}: another organization was changed"


def test_an_organization_sees_and_changes_nothing_of_another() -> None:
    assert list(_differences(SqlTransaction)) == []


def test_every_method_of_the_store_is_covered() -> None:
    methods = {name for port in (Reader, Transaction) for name in vars(port) if not name.startswith("_")}
    assert {*READS, *WRITES, *ACROSS_ORGANIZATIONS} >= methods


def _call_backs(connection: Connection, sql: str) -> object:
    """Return what the call-backs of A's numbers find, by this statement."""
    asked = [[0, X, X, CALLEE, "call", None], [1, Y, CALLEE, CALLEE, "call", A]]
    rows = json.loads(connection.exec_driver_sql(sql, (json.dumps(asked),)).scalar_one())
    # Not the organizations whose users have the number as their caller ID: those are of all.
    return sorted((place, owner, *of_one) for place, owner, _, _, *of_one in rows)


_OF_ORGANIZATION: Final = [
    match.span()
    for match in re.finditer(
        r"(?:\w+\.)?organization_id = (?:\w+\.)?organization(?:_id)?\b", call_backs._FOR_SQLITE
    )
]


@pytest.mark.parametrize("place", [None, *_OF_ORGANIZATION])
def test_a_call_back_finds_nothing_of_another_organization(place: tuple[int, int] | None) -> None:
    sql = call_backs._FOR_SQLITE
    if place is not None:
        sql = f"{sql[: place[0]]}TRUE{sql[place[1] :]}"
    with _connect(_content(A)) as alone, _connect(_content(OTHERS[0], A, OTHERS[1])) as among_others:
        # With `TRUE`, the test of the test: each predicate is needed.
        assert (_call_backs(alone, sql) == _call_backs(among_others, sql)) is (place is None)


@pytest.mark.parametrize("predicate", _predicates(), ids=lambda predicate: predicate.name)
def test_without_any_one_tenant_predicate_organizations_mix(
    predicate: Predicate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert next(_differences(_without(predicate, monkeypatch)), None) is not None
