"""Export of organizations from a database."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, and_, func, select, union

from localdial_server.storage.sql.schema import (
    HOURS,
    area_code_mappings,
    audit_events,
    call_counts,
    inbound_calls,
    numbers,
    organizations,
    outbound_calls,
    purchases,
    requests,
    revisions,
    shown_caller_ids,
    users,
)
from localdial_server.storage.transfer.records import (
    FORMAT,
    WITH_COUNTS,
    AuditEventRecord,
    CallCountRecord,
    CallRecord,
    End,
    Header,
    InboundCallRecord,
    NumberRecord,
    PurchaseRecord,
    RequestRecord,
    ShownCallerIdRecord,
    Tally,
    UserRecord,
    serialize,
)

# Enough that round trips to the database do not matter; a chunk is about a megabyte.
_ROWS_PER_CHUNK = 5000


class UnknownOrganizations(Exception):
    """No organizations with these ids have ever existed."""

    def __init__(self, organization_ids: Sequence[str]) -> None:
        super().__init__(", ".join(organization_ids))
        self.organization_ids = organization_ids


def export_all(
    engine: Engine,
    organization_ids: Sequence[str],
    write: Callable[[bytes], object],
    on_progress: Callable[[str, int, int | None], None],
) -> End:
    """Export these organizations (all, if the list is empty) as of one moment; return the last line.

    `write` gets the lines. `on_progress` gets the step, the number of records done, and their total.

    Raises `UnknownOrganizations`.
    """
    tally = Tally()
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            wanted = _ids_to_export(connection, organization_ids)
            total = len(wanted) + _count_rows(connection, organization_ids)
            for lines in export_lines(connection, wanted, tally):
                write(lines)
                on_progress("exporting", tally.records, total)
    return tally.end()


def export_lines(
    connection: Connection,
    organization_ids: Sequence[str],
    tally: Tally,
    shown_revisions: Mapping[str, int] = MappingProxyType({}),
    hidden_events: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Iterator[bytes]:
    """Yield the lines of an export of these organizations, in chunks of whole lines.

    The ids must be sorted. Each chunk is counted in `tally` before it is yielded. The revisions in
    `shown_revisions` replace those of the database, and `hidden_events`, event_ids by organization, are
    left out.
    """
    header = serialize([Header(kind="header", format=FORMAT, version=tally.version)])
    tally.add("header", 1, header)
    yield header
    for organization_id in organization_ids:
        revision, hidden = shown_revisions.get(organization_id), hidden_events.get(organization_id, ())
        for kind, records in _records(connection, organization_id, revision, hidden, tally.version):
            lines = serialize(records)
            tally.add(kind, len(records), lines)
            yield lines
    yield serialize([tally.end()])


def _ids_to_export(connection: Connection, organization_ids: Sequence[str]) -> Sequence[str]:
    """Return these ids, sorted; if there are none, those of all organizations, deleted ones included.

    Raises `UnknownOrganizations`.
    """
    ids = union(select(revisions.c.organization_id), select(organizations.c.organization_id))
    known = set(connection.scalars(ids))
    unknown = sorted(set(organization_ids) - known)
    if unknown:
        raise UnknownOrganizations(unknown)
    return sorted(set(organization_ids) or known)


def _count_rows(connection: Connection, organization_ids: Sequence[str]) -> int:
    """Return how many records these organizations (empty: all) have, without themselves."""
    count = 0
    for table in (
        *(users, numbers, requests, outbound_calls, inbound_calls),
        *(audit_events, call_counts, shown_caller_ids),
    ):
        # Changes that belong to no organization are not exported.
        query = select(func.count()).select_from(table).where(table.c.organization_id != "")
        if organization_ids:
            query = query.where(table.c.organization_id.in_(organization_ids))
        count += connection.execute(query).scalar_one()
    return count


_Chunk = tuple[str, Sequence[dict[str, Any]]]


def _records(
    connection: Connection,
    organization_id: str,
    shown_revision: int | None,
    hidden_events: Collection[str],
    version: int,
) -> Iterator[_Chunk]:
    """Yield the records of one organization, in the order of an export in this version of the format."""
    revision = connection.scalar(_select(organization_id, revisions, ("revision",))) or 0
    names = "display_name", "organization_number"
    organization = connection.execute(_select(organization_id, organizations, names)).one_or_none()
    if organization is None:
        kind, fields = "deleted_organization", {}
    else:
        kind, fields = "organization", dict(zip(names, organization, strict=True))
    shown = revision if shown_revision is None else shown_revision
    yield kind, [{"kind": kind, "organization_id": organization_id, "revision": shown, **fields}]
    stream = partial(_stream, connection, organization_id)
    yield from stream(users, "user", UserRecord, users.c.user_id)
    mappings = _mappings(connection, organization_id)
    for kind, records in stream(numbers, "number", NumberRecord, numbers.c.phone_number):
        if version < WITH_COUNTS:
            for record in records:
                del record["created_by"], record["release_time"]
        yield kind, [{**record, "mapped_area_codes": mappings[record["phone_number"]]} for record in records]
    orders = _orders_of_unanswered_requests(connection, organization_id)
    for kind, records in stream(requests, "request", RequestRecord, requests.c.request_id):
        yield kind, [{**record, "purchases": orders[record["request_id"]]} for record in records]
    calls = outbound_calls.c
    yield from stream(outbound_calls, "call", CallRecord, calls.call_time, calls.call_id)
    inbound = inbound_calls.c
    yield from stream(inbound_calls, "inbound_call", InboundCallRecord, inbound.call_time, inbound.call_id)
    events = audit_events.c
    for kind, records in stream(
        audit_events, "audit_event", AuditEventRecord, events.event_time, events.event_id
    ):
        yield kind, [record for record in records if record["event_id"] not in hidden_events]
    if version < WITH_COUNTS:
        return
    counts = call_counts.c
    order = counts.count_kind, counts.day, counts.subject
    for kind, records in stream(call_counts, "call_count", CallCountRecord, *order):
        for record in records:
            record["hours"] = [record.pop(hour) for hour in HOURS]
        yield kind, records
    shown = shown_caller_ids.c.caller_id
    yield from stream(shown_caller_ids, "shown_caller_id", ShownCallerIdRecord, shown)


def _select(organization_id: str, table: Table, columns: Sequence[str]) -> Select[Any]:
    return select(*(table.c[name] for name in columns)).filter_by(organization_id=organization_id)


def _stream(
    connection: Connection,
    organization_id: str,
    table: Table,
    kind: str,
    record: type[Any],
    *order: ColumnElement[Any],
) -> Iterator[_Chunk]:
    """Yield the organization's rows of the table as records, in chunks."""
    fields = [field for field in record.__annotations__ if field in table.c]
    if table is call_counts:
        fields += HOURS
    rows = connection.execute(
        _select(organization_id, table, fields).order_by(*order),
        # A cursor on the server: years of calls do not fit into memory.
        execution_options={"stream_results": True, "yield_per": _ROWS_PER_CHUNK},
    )
    names = ("kind", *fields)
    for part in rows.partitions():
        yield kind, [dict(zip(names, (kind, *row), strict=True)) for row in part]


def _orders_of_unanswered_requests(
    connection: Connection, organization_id: str
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return the orders of the organization's unanswered requests by request_id, sorted by reference."""
    fields = tuple(PurchaseRecord.__annotations__)
    is_its_request = and_(
        requests.c.organization_id == purchases.c.organization_id,
        requests.c.request_id == purchases.c.request_id,
    )
    of_requests = _select(organization_id, purchases, ("request_id", *fields)).join(requests, is_its_request)
    query = of_requests.where(requests.c.answer.is_(None)).order_by(purchases.c.reference)
    orders: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for request_id, *values in connection.execute(query):
        orders[request_id].append(dict(zip(fields, values, strict=True)))
    return orders


def _mappings(connection: Connection, organization_id: str) -> Mapping[str, Sequence[str]]:
    """Return the mapped area codes of the organization's numbers, sorted, by phone number."""
    query = _select(organization_id, area_code_mappings, ("phone_number", "area_code"))
    mapped: defaultdict[str, list[str]] = defaultdict(list)
    for phone_number, area_code in connection.execute(query.order_by(area_code_mappings.c.area_code)):
        mapped[phone_number].append(area_code)
    return mapped
