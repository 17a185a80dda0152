"""Insertion of the records of an export, many rows at a time."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Row, Select, Table, delete, exists, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from localdial_server.domain.phone_keys import phone_key, spellings
from localdial_server.storage.sql.schema import (
    HOURS,
    area_code_mappings,
    audit_events,
    call_counts,
    counting,
    inbound_calls,
    numbers,
    organizations,
    outbound_calls,
    phone_number_owners,
    purchases,
    requests,
    revisions,
    shown_caller_ids,
    users,
)
from localdial_server.storage.transfer.problems import ImportRefused, Problem
from localdial_server.storage.transfer.records import (
    DeletedOrganizationRecord,
    NumberRecord,
    OrganizationRecord,
    Record,
    RequestRecord,
)

# A larger batch is hardly faster, and its keys must fit into one query, which has at most 32,766
# parameters.
_RECORDS_AT_ONCE: Final = 5000

# In this order, each row is inserted after those that it refers to.
_TABLES: Final = (
    organizations,
    revisions,
    users,
    numbers,
    area_code_mappings,
    phone_number_owners,
    requests,
    purchases,
    outbound_calls,
    inbound_calls,
    audit_events,
    call_counts,
    shown_caller_ids,
)

_TABLE_OF: Final = {
    "user": users,
    "call": outbound_calls,
    "inbound_call": inbound_calls,
    "audit_event": audit_events,
    "shown_caller_id": shown_caller_ids,
}

_Row = tuple[Any, ...]


def _columns(table: Table) -> Sequence[str]:
    """Return the names of the columns that the database does not compute itself."""
    return [column.name for column in table.columns if column.computed is None]


# Each function makes a row of its table from a record.
_ROW_OF: Final[Mapping[Table, Callable[[Any], _Row]]] = {
    table: itemgetter(*_columns(table)) for table in _TABLES
}


_EVENT_KEY: Final = itemgetter(
    *(_columns(audit_events).index(name) for name in ("organization_id", "event_id"))
)


class _Claim(NamedTuple):
    """A claim of a phone number by an organization, and the field it comes from."""

    line: int
    field: str
    organization_id: str
    phone_number: str


class Inserter:
    """Inserts records in the caller's transaction, and adds the reasons not to import them to `problems`.

    `problems` are those of the whole import. Nothing is inserted while there are any.
    """

    def __init__(self, connection: Connection, problems: list[Problem]) -> None:
        self._connection = connection
        self._problems = problems
        self.file_revisions: dict[str, int] = {}
        """By organization_id, the revision in the file if the organization gets another one here."""
        self.other_events: dict[str, set[str]] = {}
        """By organization_id, the event_ids that the database had before and the file does not have."""
        self.has_counts = True
        """Whether the file has the counts of calls."""
        self._start_batch()

    def _start_batch(self) -> None:
        self._rows: defaultdict[Table, list[_Row]] = defaultdict(list)
        self._new_organizations: dict[str, tuple[int, int]] = {}
        self._claims: defaultdict[str, list[_Claim]] = defaultdict(list)
        self._lines: list[int] = []

    def add(self, line: int, record: Record) -> None:
        """Insert the record of this line, now or in a later batch. Raises `ImportRefused`."""
        if record["kind"] == "organization" or record["kind"] == "deleted_organization":
            self._add_organization(line, record)
        elif record["kind"] == "number":
            self._add_number(line, record)
        elif record["kind"] == "request":
            self._add_request(record)
        elif record["kind"] == "call_count":
            hours = record["hours"]
            by_hour = dict(zip(HOURS, hours, strict=True))
            self._add_row(call_counts, {**record, "total": sum(hours), **by_hour})
        else:
            self._add_row(_TABLE_OF[record["kind"]], record)
        self._lines.append(line)
        if len(self._lines) >= _RECORDS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Insert the records that wait. Raises `ImportRefused`."""
        self._check_claims()
        self._check_organizations()
        if not self._problems:
            self._leave_out_known_events()
            try:
                for table in _TABLES:
                    _insert(self._connection, table, self._rows[table])
            except IntegrityError:
                # PostgreSQL allows no further query in this transaction, so the line cannot be found.
                last = self._lines[-1]
                message = f"this line, or one up to line {last}, has an id that is taken, such as a call_id"
                raise ImportRefused(Problem(self._lines[0], "", message)) from None
        self._start_batch()

    def _add_organization(self, line: int, record: OrganizationRecord | DeletedOrganizationRecord) -> None:
        organization_id = record["organization_id"]
        self._new_organizations[organization_id] = line, record["revision"]
        if record["kind"] == "organization":
            self._add_row(organizations, record)
            if record["organization_number"] is not None:
                self._add_claim(line, "organization_number", organization_id, record["organization_number"])

    def _add_number(self, line: int, record: NumberRecord) -> None:
        organization_id, phone_number = record["organization_id"], record["phone_number"]
        self._add_row(numbers, {"created_by": "", "release_time": None, **record})
        self._rows[area_code_mappings] += [
            (organization_id, area_code, phone_number) for area_code in record["mapped_area_codes"]
        ]
        self._add_claim(line, "phone_number", organization_id, phone_number)

    def _add_request(self, record: RequestRecord) -> None:
        self._add_row(requests, record)
        for purchase in record["purchases"]:
            self._add_row(purchases, {**record, **purchase})

    def _add_claim(self, line: int, field: str, organization_id: str, phone_number: str) -> None:
        claim = _Claim(line, field, organization_id, phone_number)
        self._claims[phone_key(phone_number)].append(claim)

    def _add_row(self, table: Table, record: Mapping[str, Any]) -> None:
        self._rows[table].append(_ROW_OF[table](record))

    def _check_organizations(self) -> None:
        """Refuse organizations that exist; give the others their revisions."""
        if not self._new_organizations:
            return
        self._find_events()
        self._delete_counts()
        existing = self._rows_of_batch(select(organizations.c.organization_id), organizations)
        has_calls = or_(
            *(
                exists().where(table.c.organization_id == revisions.c.organization_id)
                for table in (outbound_calls, inbound_calls)
            )
        )
        with_calls = self._rows_of_batch(select(revisions.c.organization_id).where(has_calls), revisions)
        deleted = self._rows_of_batch(select(revisions.c.organization_id, revisions.c.revision), revisions)
        for organization_id, (line, revision) in self._new_organizations.items():
            if organization_id in existing:
                problem = f"the organization {organization_id} exists already"
                self._problems.append(Problem(line, "organization_id", problem))
            elif organization_id in with_calls:
                problem = f"calls of a deleted organization {organization_id} exist already"
                self._problems.append(Problem(line, "organization_id", problem))
            elif organization_id in deleted:
                self._continue_revision(organization_id, deleted[organization_id].revision, revision)
            else:
                self._rows[revisions].append((organization_id, revision))

    def _delete_counts(self) -> None:
        """Delete the counts of former organizations, which those of the file replace, and count all again."""
        for table in (counting, *((call_counts, shown_caller_ids) if self.has_counts else ())):
            is_imported = table.c.organization_id.in_(list(self._new_organizations))
            self._connection.execute(delete(table).where(is_imported))

    def _find_events(self) -> None:
        """Find the events of former organizations with the identifiers of this batch."""
        events = audit_events.c
        query = select(events.organization_id, events.event_id)
        former = query.where(events.organization_id.in_(list(self._new_organizations)))
        for organization_id, event_id in self._connection.execute(former):
            self.other_events.setdefault(organization_id, set()).add(event_id)

    def _leave_out_known_events(self) -> None:
        """Leave out the events that the database has, since an organization may come back to it."""
        new = []
        for row in self._rows[audit_events]:
            organization_id, event_id = _EVENT_KEY(row)
            known = self.other_events.get(organization_id, set())
            if event_id in known:
                known.remove(event_id)
            else:
                new.append(row)
        self._rows[audit_events] = new

    def _rows_of_batch(self, query: Select[Any], table: Table) -> Mapping[str, Row[Any]]:
        """Return the rows of the query for the organizations of this batch, by organization_id."""
        rows = self._connection.execute(
            query.where(table.c.organization_id.in_(list(self._new_organizations)))
        )
        return {row.organization_id: row for row in rows}

    def _continue_revision(self, organization_id: str, last: int, revision: int) -> None:
        """Set a revision after `last`, which the organization had before, so that none is used again."""
        if last >= revision:
            self.file_revisions[organization_id] = revision
            revision = last + 1
        self._connection.execute(
            update(revisions).where(revisions.c.organization_id == organization_id).values(revision=revision)
        )

    def _check_claims(self) -> None:
        """Refuse numbers that other organizations have claimed; claim the others."""
        if not self._claims:
            return
        query = select(phone_number_owners.c.phone_number, phone_number_owners.c.organization_id)
        claimed = query.where(phone_number_owners.c.phone_number.in_(list(self._claims)))
        owners = {row.phone_number: row.organization_id for row in self._connection.execute(claimed)}
        for key, claims in self._claims.items():
            owner = owners.get(key)
            if owner is None:
                owner = claims[0].organization_id
                self._rows[phone_number_owners] += [(spelling, owner) for spelling in spellings(key)]
            self._problems += [
                Problem(claim.line, claim.field, f"{claim.phone_number} belongs to the organization {owner}")
                for claim in claims
                if claim.organization_id != owner
            ]


def _insert(connection: Connection, table: Table, rows: Sequence[_Row]) -> None:
    """Insert the rows, each with a value for every column."""
    if not rows:
        return
    columns = _columns(table)
    if connection.dialect.name == "postgresql":
        # COPY is four times as fast as INSERT, and also part of the transaction.
        names = sql.SQL(",").join(map(sql.Identifier, columns))
        command = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        raw: Any = connection.connection.driver_connection
        try:
            with raw.cursor() as cursor, cursor.copy(command) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            # The callers handle the errors of SQLAlchemy only.
            raise DBAPIError.instance("COPY", None, error, psycopg.Error, hide_parameters=True) from error
    else:
        connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
