"""A database with records of every kind, and what a database contains."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, select

from localdial_server.app.ports.store import AuditQuery, CallQuery, InboundCallQuery, NumberQuery
from localdial_server.domain.audit import AuditEvent
from localdial_server.domain.model import (
    DestinationReason,
    InboundCall,
    InboundCallOutcome,
    NumberState,
    Organization,
    OutboundCall,
    User,
)
from localdial_server.storage.call_log.insert import insert_calls, merge_inbound_calls
from localdial_server.storage.sql.counting import count_before
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.schema import audit_events, metadata
from localdial_server.storage.sql.transaction import SqlTransaction
from localdial_server.storage.transfer.export_file import export_all
from localdial_server.storage.transfer.import_file import import_all
from localdial_server.storage.transfer.records import End
from tests.conformance.store_records import A, B, X, Y, Z, call, create, number, own, request, user

MAIN, OTHER, GONE = "+13125550150", "+13125550151", "gone"


def ignored(*_: object) -> None:
    """Show no progress."""


def exported(engine: Engine, *organization_ids: str) -> bytes:
    file = io.BytesIO()
    export_all(engine, organization_ids, file.write, ignored)
    return file.getvalue()


def imported(engine: Engine, export: bytes) -> End:
    return import_all(engine, io.BytesIO(export), ignored)


def records(export: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.splitlines()]


def lines_of(records: Iterable[Mapping[str, Any]]) -> bytes:
    texts = [json.dumps(record, separators=(",", ":"), ensure_ascii=False) for record in records]
    return "".join(f"{text}\n" for text in texts).encode()


def events(engine: Engine, organization_id: str | None) -> Sequence[AuditEvent]:
    """Return the recorded changes, newest first."""
    with engine.begin() as connection:
        return SqlReader(connection).audit_events(AuditQuery(organization_id), None, 100)


def record_calls(connection: Connection, calls: Iterable[OutboundCall]) -> None:
    insert_calls(connection, list(calls))


def fill(engine: Engine) -> None:
    """Add records of every kind."""
    with engine.begin() as connection:
        transaction = SqlTransaction(connection)
        create(Organization(A, "Zoë & Søn", MAIN), B)(transaction)
        assert transaction.claim(MAIN, A)
        transaction.bump_revision(A)
        transaction.put_users(
            [
                User(A, "ann", "Ann", "+13125550142", "+13125550143"),
                User(A, "Bob", 'quote " backslash \\ 雪'),
                user("1", B),
            ]
        )
        full = replace(
            number(X),
            mapped_area_codes=("510", "628"),
            locality="San José",
            region="CA",
            carrier_number_id="PN1",
            purchase_time=1_790_000_000_123_456,
        )
        own(full, number(Y))(transaction)
        refused = replace(
            number("+18005550103", B, NumberState.RELEASING),
            area_code=None,
            release_refusal="Remove the emergency address first.",
            release_refusal_cause="regulatory",
            release_refused_time=2,
            release_retry_time=3,
        )
        own(number(Z, B, NumberState.PURCHASING), refused)(transaction)
        transaction.add_request(request("r1"))
        transaction.set_answer(A, "r1", '{"numbers":["a\\"b"]}')
        transaction.add_request(request("r2"))
        # The order of the unanswered request.
        for reference in "order-b", "order-a":
            transaction.add_purchases([replace(number(Y), reference=reference, request_id="r2")])
        for _ in range(5):
            transaction.bump_revision(GONE)
        record_calls(
            connection,
            [
                call("b", 7, user_id="ann"),
                call("a", 7),
                call("B", 7),
                call("z", 3),
                call("c", 9, organization_id=GONE),
            ],
        )
        merge_inbound_calls(
            connection,
            [
                InboundCall(A, "i2", 8, outcome=InboundCallOutcome.MISSED, outcome_time=8),
                InboundCall(
                    A,
                    "i1",
                    9,
                    X,
                    "+16285550123",
                    MAIN,
                    DestinationReason.LAST_CALLER,
                    "ann",
                    OTHER,
                    "a",
                    7,
                    degraded=True,
                    outcome=InboundCallOutcome.ANSWERED,
                    outcome_time=10,
                ),
                InboundCall(GONE, "i3", 9, X),
            ],
        )
    count_before(engine, 10)


def everything(engine: Engine) -> list[object]:
    """Return what the store returns."""
    with engine.begin() as connection:
        reader = SqlReader(connection)
        found: list[object] = [list(reader.organizations("", 100)), reader.revision(GONE)]
        for organization_id in A, B, GONE:
            found += [
                reader.users(organization_id, "", 100),
                reader.numbers(NumberQuery(organization_id), "", 100),
                reader.calls(CallQuery(organization_id), None, 100),
                reader.inbound_calls(InboundCallQuery(organization_id), None, 100),
                reader.audit_events(AuditQuery(organization_id), None, 100),
                [reader.request(organization_id, request_id) for request_id in ("r1", "r2")],
            ]
        return [*found, [reader.owner_of(owned) for owned in (MAIN, X, Y, Z, OTHER)]]


def rows(engine: Engine) -> dict[str, list[Any]]:
    """Return all rows, except the events of no organization, such as that of an import."""
    with engine.begin() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key))
                if table is not audit_events or row.organization_id
            ]
            for table in metadata.sorted_tables
        }
