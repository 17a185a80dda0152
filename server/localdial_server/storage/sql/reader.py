"""The `Reader` port in SQL."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, or_, select
from typing_extensions import override

from localdial_server.app.ports.store import (
    AuditQuery,
    CallQuery,
    InboundCallQuery,
    NumberQuery,
    Reader,
    StoredRequest,
)
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.audit import AuditEvent
from localdial_server.domain.call_counts import CallCount, HourRange
from localdial_server.domain.model import (
    InboundCall,
    InboundCallOutcome,
    Number,
    NumberState,
    Organization,
    OutboundCall,
    User,
)
from localdial_server.domain.phone_keys import phone_key, spellings
from localdial_server.storage.sql.audit import read_events
from localdial_server.storage.sql.call_counts import read_call_counts, read_shown_times
from localdial_server.storage.sql.counting import counted_until
from localdial_server.storage.sql.newest_first import newest_first
from localdial_server.storage.sql.rows import (
    to_api_key,
    to_call,
    to_inbound_call,
    to_number,
    to_organization,
    to_released_number,
    to_request,
    to_user,
)
from localdial_server.storage.sql.schema import (
    api_keys,
    area_code_mappings,
    inbound_calls,
    numbers,
    organizations,
    outbound_calls,
    phone_number_owners,
    purchases,
    requests,
    revisions,
    users,
    versions,
)

# Well under the number of parameters that one statement may have.
_IDS_PER_QUERY = 500

# Up to this many numbers, their mappings are looked up one by one.
_FEW_NUMBERS = 20

# The outcomes of calls that nobody took.
_NOT_TAKEN = InboundCallOutcome.MISSED, InboundCallOutcome.SCREENED_OUT

_OPEN_STATES = [state.value for state in NumberState if state.is_open]


class SqlReader(Reader):
    """Reads through one connection, in the transaction that the connection is in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @override
    def revision(self, organization_id: str) -> int:
        query = select(revisions.c.revision).filter_by(organization_id=organization_id)
        return self._connection.scalar(query) or 0

    @override
    def organization(self, organization_id: str) -> Organization | None:
        query = select(organizations).filter_by(organization_id=organization_id)
        row = self._connection.execute(query).one_or_none()
        return to_organization(row) if row is not None else None

    @override
    def organizations(self, after: str, limit: int) -> Sequence[tuple[Organization, int]]:
        # A subquery looks the revisions up for the page alone; a join may read all of them.
        revision = select(revisions.c.revision).where(
            revisions.c.organization_id == organizations.c.organization_id
        )
        query = (
            select(organizations, func.coalesce(revision.scalar_subquery(), 0).label("revision"))
            .where(organizations.c.organization_id > after)
            .order_by(organizations.c.organization_id)
            .limit(limit)
        )
        return [(to_organization(row), row.revision) for row in self._connection.execute(query)]

    @override
    def count_organizations(self) -> int:
        return self._count(select(func.count()).select_from(organizations))

    @override
    def user(self, organization_id: str, user_id: str) -> User | None:
        query = select(users).filter_by(organization_id=organization_id, user_id=user_id)
        row = self._connection.execute(query).one_or_none()
        return to_user(row) if row is not None else None

    @override
    def users_by_id(self, organization_id: str, user_ids: Sequence[str]) -> Mapping[str, User]:
        found: dict[str, User] = {}
        for begin in range(0, len(user_ids), _IDS_PER_QUERY):
            wanted = user_ids[begin : begin + _IDS_PER_QUERY]
            query = select(users).filter_by(organization_id=organization_id)
            rows = self._connection.execute(query.where(users.c.user_id.in_(wanted)))
            found |= {row.user_id: to_user(row) for row in rows}
        return found

    @override
    def users(self, organization_id: str, after: str, limit: int) -> Sequence[User]:
        query = (
            select(users)
            .filter_by(organization_id=organization_id)
            .where(users.c.user_id > after)
            .order_by(users.c.user_id)
            .limit(limit)
        )
        return [to_user(row) for row in self._connection.execute(query)]

    def caller_ids(self, organization_id: str) -> Mapping[str, str | None]:
        """Return the caller ID (None: none is set) of every user of the organization, by user_id."""
        query = select(users.c.user_id, users.c.caller_id).filter_by(organization_id=organization_id)
        return {row.user_id: row.caller_id for row in self._connection.execute(query)}

    @override
    def count_users(self, organization_id: str) -> int:
        return self._count(select(func.count()).select_from(users).filter_by(organization_id=organization_id))

    @override
    def number(self, organization_id: str, phone_number: str) -> Number | None:
        query = select(numbers).filter_by(organization_id=organization_id, phone_number=phone_number)
        return next(iter(self._numbers(query)), None)

    @override
    def numbers_by_phone_number(
        self, organization_id: str, phone_numbers: Sequence[str]
    ) -> Mapping[str, Number]:
        found: dict[str, Number] = {}
        for begin in range(0, len(phone_numbers), _IDS_PER_QUERY):
            wanted = phone_numbers[begin : begin + _IDS_PER_QUERY]
            query = select(numbers).filter_by(organization_id=organization_id)
            rows = self._numbers(query.where(numbers.c.phone_number.in_(wanted)))
            found |= {number.phone_number: number for number in rows}
        return found

    @override
    def numbers(self, query: NumberQuery, after: str, limit: int) -> Sequence[Number]:
        return self._numbers(
            select(numbers)
            .where(*_matches(query), numbers.c.phone_number > after)
            .order_by(numbers.c.phone_number)
            .limit(limit)
        )

    def active_numbers(self, organization_id: str) -> Mapping[str, str | None]:
        """Return the area code of every active number, by phone number; None if it is not geographic."""
        query = select(numbers.c.phone_number, numbers.c.area_code).filter_by(
            organization_id=organization_id, state=NumberState.ACTIVE.value
        )
        return {row.phone_number: row.area_code for row in self._connection.execute(query)}

    def mappings(self, organization_id: str) -> Sequence[tuple[str, str]]:
        """Return the organization's area code mappings: pairs of area code and phone number, in no order."""
        mappings = area_code_mappings.c
        query = select(mappings.area_code, mappings.phone_number).filter_by(organization_id=organization_id)
        return [(row.area_code, row.phone_number) for row in self._connection.execute(query)]

    @override
    def count_numbers(self, query: NumberQuery) -> int:
        return self._count(select(func.count()).select_from(numbers).where(*_matches(query)))

    @override
    def numbers_of_request(self, organization_id: str, request_id: str) -> Sequence[Number]:
        of_request = purchases.c.organization_id == organization_id, purchases.c.request_id == request_id
        orders = self._connection.execute(
            select(purchases).where(*of_request).order_by(purchases.c.phone_number, purchases.c.purchase_time)
        ).all()
        is_same = and_(
            numbers.c.organization_id == purchases.c.organization_id,
            numbers.c.phone_number == purchases.c.phone_number,
            numbers.c.reference == purchases.c.reference,
        )
        kept = self._numbers(select(numbers).join(purchases, is_same).where(*of_request))
        by_reference = {number.reference: number for number in kept}
        return [by_reference.get(row.reference) or to_released_number(row) for row in orders]

    @override
    def count_orders(self, organization_id: str, request_id: str) -> int:
        of_request = select(func.count()).select_from(purchases)
        return self._count(of_request.filter_by(organization_id=organization_id, request_id=request_id))

    @override
    def purchases_since(self, organization_id: str, since: int) -> tuple[int, int | None]:
        query = select(func.count().label("made"), func.min(purchases.c.purchase_time).label("first")).where(
            purchases.c.organization_id == organization_id, purchases.c.purchase_time >= since
        )
        row = self._connection.execute(query).one()
        return row.made, row.first

    @override
    def owners_of(self, phone_numbers: Sequence[str]) -> Mapping[str, str]:
        owners = phone_number_owners.c
        found: dict[str, str] = {}
        for begin in range(0, len(phone_numbers), _IDS_PER_QUERY):
            wanted = phone_numbers[begin : begin + _IDS_PER_QUERY]
            query = select(owners.phone_number, owners.organization_id).where(owners.phone_number.in_(wanted))
            found |= {row.phone_number: row.organization_id for row in self._connection.execute(query)}
        return found

    @override
    def open_numbers(self) -> Sequence[Number]:
        return self._numbers(select(numbers).where(numbers.c.state.in_(_OPEN_STATES)))

    @override
    def owner_of(self, phone_number: str) -> str | None:
        query = select(phone_number_owners.c.organization_id).filter_by(phone_number=phone_number)
        return self._connection.scalar(query)

    @override
    def call(self, organization_id: str, call_id: str) -> OutboundCall | None:
        query = select(outbound_calls).filter_by(organization_id=organization_id, call_id=call_id)
        row = self._connection.execute(query).one_or_none()
        return to_call(row) if row is not None else None

    @override
    def calls(self, query: CallQuery, before: tuple[int, str] | None, limit: int) -> Sequence[OutboundCall]:
        calls = outbound_calls.c
        matching = select(outbound_calls).filter_by(organization_id=query.organization_id)
        if query.callee_number is not None:
            matching = matching.filter_by(callee_key=phone_key(query.callee_number))
        if query.user_id is not None:
            matching = matching.filter_by(user_id=query.user_id)
        if query.caller_id is not None:
            matching = matching.filter_by(caller_id=query.caller_id)
        page = newest_first(matching, (calls.call_time, calls.call_id), query, before, limit)
        return [to_call(row) for row in self._connection.execute(page)]

    @override
    def inbound_calls(
        self, query: InboundCallQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[InboundCall]:
        calls = inbound_calls.c
        matching = select(inbound_calls).filter_by(organization_id=query.organization_id)
        if query.called_number is None:
            matching = matching.where(calls.called_number.is_not(None))
        if query.user_id is not None:
            matching = matching.where(calls.user_id == query.user_id)
        # One query for each value, because an index has each value's calls in the order of time.
        values: list[list[Any]] = [
            [calls[name] == spelling for spelling in spellings(number)]
            for name in ("caller_number", "called_number")
            if (number := getattr(query, name)) is not None
        ]
        if query.missed:
            values.append([calls.outcome == outcome for outcome in _NOT_TAKEN])
        found = [
            to_inbound_call(row)
            for conditions in itertools.product(*values)
            for row in self._connection.execute(
                newest_first(
                    matching.where(*conditions), (calls.call_time, calls.call_id), query, before, limit
                )
            )
        ]
        return sorted(found, key=lambda call: (call.call_time, call.call_id), reverse=True)[:limit]

    @override
    def count_missed_call_backs(self, organization_id: str | None, since: int) -> int:
        calls = inbound_calls.c
        counted = (
            select(func.count())
            .select_from(revisions)
            .join(inbound_calls, calls.organization_id == revisions.c.organization_id)
        )
        if organization_id is not None:
            counted = counted.where(revisions.c.organization_id == organization_id)
        return self._count(
            counted.where(
                calls.outcome.in_(_NOT_TAKEN), calls.call_time >= since, calls.called_number.is_not(None)
            )
        )

    @override
    def call_counts(
        self, organization_id: str, kind: CallCount, ranges: Sequence[HourRange]
    ) -> Mapping[str, Sequence[int]]:
        return read_call_counts(self._connection, organization_id, kind, ranges)

    @override
    def shown_times(self, organization_id: str, caller_ids: Sequence[str]) -> Mapping[str, int]:
        return read_shown_times(self._connection, organization_id, caller_ids)

    @override
    def counted_until(self) -> int | None:
        return counted_until(self._connection)

    @override
    def request(self, organization_id: str, request_id: str) -> StoredRequest | None:
        query = select(requests).filter_by(organization_id=organization_id, request_id=request_id)
        row = self._connection.execute(query).one_or_none()
        return to_request(row) if row is not None else None

    @override
    def api_key(self, key_id: str) -> ApiKey | None:
        row = self._connection.execute(select(api_keys).filter_by(key_id=key_id)).one_or_none()
        return to_api_key(row) if row is not None else None

    @override
    def api_keys(self, organization_id: str | None, after: str, limit: int) -> Sequence[ApiKey]:
        query = _of_organization(select(api_keys), organization_id).where(api_keys.c.key_id > after)
        rows = self._connection.execute(query.order_by(api_keys.c.key_id).limit(limit))
        return [to_api_key(row) for row in rows]

    @override
    def count_api_keys(self, organization_id: str | None) -> int:
        return self._count(_of_organization(select(func.count()).select_from(api_keys), organization_id))

    def api_keys_in_use(self, now: int) -> Mapping[str, ApiKey]:
        """Return the API keys that are neither revoked nor expired at the time `now`, by key_id."""
        keys = api_keys.c
        is_valid = or_(keys.expire_time.is_(None), keys.expire_time > now)
        rows = self._connection.execute(select(api_keys).where(keys.revoke_time.is_(None), is_valid))
        return {row.key_id: to_api_key(row) for row in rows}

    def version(self, name: str) -> int:
        """Return how many times what the counter of this name counts was changed."""
        return self._connection.scalar(select(versions.c.version).filter_by(name=name)) or 0

    @override
    def audit_events(
        self, query: AuditQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[AuditEvent]:
        return read_events(self._connection, query, before, limit)

    def _count(self, query: Select[int]) -> int:
        return self._connection.execute(query).scalar_one()

    def _numbers(self, query: Select[Any]) -> list[Number]:
        rows = self._connection.execute(query).all()
        mapped, request_ids = self._mappings_of(rows), self._request_ids_of(rows)
        shown = self._shown_times_of(rows)
        return [
            to_number(
                row,
                tuple(mapped[row.organization_id, row.phone_number]),
                request_ids.get((row.organization_id, row.reference)),
                shown[row.organization_id].get(row.phone_number),
            )
            for row in rows
        ]

    def _shown_times_of(self, rows: Sequence[Row[Any]]) -> Mapping[str, Mapping[str, int]]:
        """Return when the numbers of these rows were last shown, by organization_id and phone number."""
        return {
            organization_id: self.shown_times(
                organization_id, [row.phone_number for row in rows if row.organization_id == organization_id]
            )
            for organization_id in {row.organization_id for row in rows}
        }

    def _request_ids_of(self, rows: Sequence[Row[Any]]) -> Mapping[tuple[str, str], str | None]:
        """Return the request_ids of the pending orders among these rows, by organization_id and reference."""
        orders = [row for row in rows if row.state == NumberState.PURCHASING.value]
        found: dict[tuple[str, str], str | None] = {}
        for organization_id in {order.organization_id for order in orders}:
            references = [order.reference for order in orders if order.organization_id == organization_id]
            query = select(purchases.c.reference, purchases.c.request_id).where(
                purchases.c.organization_id == organization_id, purchases.c.reference.in_(references)
            )
            for row in self._connection.execute(query):
                found[organization_id, row.reference] = row.request_id
        return found

    def _mappings_of(self, rows: Sequence[Row[Any]]) -> defaultdict[tuple[str, str], list[str]]:
        """Return the mapped area codes of these rows, sorted, by organization_id and phone number.

        Runs one query for each organization.
        """
        mapped: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        mappings = area_code_mappings.c
        for organization_id in {row.organization_id for row in rows}:
            phone_numbers = [row.phone_number for row in rows if row.organization_id == organization_id]
            # List a few numbers, which may lie far apart. Read many as a range: PostgreSQL reads a range
            # faster than a list, and a whole inventory would make too long a list.
            if len(phone_numbers) <= _FEW_NUMBERS:
                is_wanted = mappings.phone_number.in_(phone_numbers)
            else:
                is_wanted = mappings.phone_number.between(min(phone_numbers), max(phone_numbers))
            query = (
                select(mappings.phone_number, mappings.area_code)
                .where(mappings.organization_id == organization_id, is_wanted)
                .order_by(mappings.area_code)
            )
            for row in self._connection.execute(query):
                mapped[organization_id, row.phone_number].append(row.area_code)
        return mapped


def _of_organization(query: Select[Any], organization_id: str | None) -> Select[Any]:
    """Return the query of `api_keys` for those of the organization; None: for all."""
    return query if organization_id is None else query.filter_by(organization_id=organization_id)


def _matches(query: NumberQuery) -> list[Any]:
    conditions: list[Any] = [numbers.c.organization_id == query.organization_id]
    if query.state is not None:
        conditions.append(numbers.c.state == query.state.value)
    if query.area_code is not None:
        mapped = exists().where(
            area_code_mappings.c.organization_id == query.organization_id,
            area_code_mappings.c.area_code == query.area_code,
            area_code_mappings.c.phone_number == numbers.c.phone_number,
        )
        conditions.append(or_(numbers.c.area_code == query.area_code, mapped))
    return conditions
