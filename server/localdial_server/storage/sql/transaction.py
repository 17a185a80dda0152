"""The `Transaction` port in SQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update
from typing_extensions import override

from localdial_server.app.current_caller import Caller
from localdial_server.app.ports.store import StoredRequest, Transaction
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.audit import (
    NOTHING,
    AuditEventKind,
    Content,
    api_key_content,
    area_code_contents,
    number_content,
    organization_content,
    user_content,
)
from localdial_server.domain.model import Number, Organization, User
from localdial_server.domain.routing_snapshot import NumberChanges
from localdial_server.storage.sql.audit import AuditTrail, Change
from localdial_server.storage.sql.dialect_insert import dialect_insert
from localdial_server.storage.sql.phone_number_claims import claim_all, disclaim
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.rows import to_number, to_row
from localdial_server.storage.sql.schema import (
    API_KEYS,
    api_keys,
    area_code_mappings,
    numbers,
    organizations,
    phone_number_owners,
    purchases,
    requests,
    revisions,
    users,
    versions,
)
from localdial_server.storage.sql.touched_numbers import TouchedNumbers
from localdial_server.storage.sql.upsert import upsert

# The columns to set are those among the parameters.
_UPDATE_NUMBER: Final = update(numbers).where(
    numbers.c.organization_id == bindparam("of"), numbers.c.phone_number == bindparam("number")
)

# An organization that is deleted may have any number of users.
_USERS_PER_PAGE = 1000


class SqlTransaction(SqlReader, Transaction):
    """Reads and changes through one connection, in one transaction.

    `revisions` maps the organizations whose revision was bumped or read to the last value.
    `has_changed_api_keys`: API keys were changed. `caller` is who asked for the changes; None: the server
    itself.
    """

    def __init__(self, connection: Connection, caller: Caller | None = None) -> None:
        super().__init__(connection)
        self.revisions: dict[str, int] = {}
        self.has_changed_api_keys = False
        self._touched = TouchedNumbers()
        self._audit = AuditTrail(connection, caller)

    def number_changes(self) -> Mapping[str, NumberChanges]:
        """Return what changed since the last revisions, where that is numbers only; call this at the end."""
        return self._touched.changes(self)

    @override
    def revision(self, organization_id: str) -> int:
        revision = self.revisions[organization_id] = super().revision(organization_id)
        return revision

    @override
    def bump_revision(self, organization_id: str) -> int:
        first = dialect_insert(self._connection, revisions).values(
            organization_id=organization_id, revision=1
        )
        bumped = first.on_conflict_do_update(
            index_elements=["organization_id"], set_={"revision": revisions.c.revision + 1}
        )
        revision: int = self._connection.execute(bumped.returning(revisions.c.revision)).scalar_one()
        self.revisions[organization_id] = revision
        self._touched.bumped(organization_id, revision)
        return revision

    @override
    def put_organization(self, organization: Organization) -> None:
        self._touched.add_more(organization.organization_id)
        organization_id = organization.organization_id
        before = organization_content(self.organization(organization_id))
        upsert(self._connection, organizations, [organization])
        change = Change("", before, organization_content(organization))
        self._audit.record(organization_id, AuditEventKind.ORGANIZATION_SET, change)

    @override
    def delete_organization(self, organization_id: str) -> None:
        self._touched.add_more(organization_id)
        self._record_deletion(organization_id)
        # If the organization is created again, a request with the same request_id is another one.
        of_organization = update(purchases).filter_by(organization_id=organization_id)
        self._connection.execute(of_organization.values(request_id=None))
        for table in users, phone_number_owners, requests, organizations:
            self._connection.execute(delete(table).filter_by(organization_id=organization_id))

    @override
    def put_users(self, users_: Sequence[User]) -> None:
        by_organization: defaultdict[str, dict[str, User]] = defaultdict(dict)
        for user in users_:
            by_organization[user.organization_id][user.user_id] = user
        for organization_id, new in by_organization.items():
            self._touched.add_more(organization_id)
            known = self.users_by_id(organization_id, list(new))
            changes = [
                Change(user_id, user_content(known.get(user_id)), user_content(user))
                for user_id, user in new.items()
            ]
            self._audit.record(organization_id, AuditEventKind.USER_SET, *changes)
        upsert(self._connection, users, users_)

    @override
    def delete_user(self, organization_id: str, user_id: str) -> None:
        self._touched.add_more(organization_id)
        change = Change(user_id, user_content(self.user(organization_id, user_id)))
        self._audit.record(organization_id, AuditEventKind.USER_DELETED, change)
        self._connection.execute(delete(users).filter_by(organization_id=organization_id, user_id=user_id))

    @override
    def claim(self, phone_number: str, organization_id: str) -> bool:
        return bool(self.claim_all([phone_number], organization_id))

    @override
    def claim_all(self, phone_numbers: Sequence[str], organization_id: str) -> Collection[str]:
        return claim_all(self._connection, phone_numbers, organization_id)

    @override
    def disclaim(self, phone_number: str, organization_id: str) -> None:
        disclaim(self._connection, phone_number, organization_id)

    @override
    def add_numbers(self, numbers_: Sequence[Number]) -> None:
        if not numbers_:
            return
        self._connection.execute(insert(numbers), [to_row(numbers, number) for number in numbers_])
        for organization_id, added in _by_organization(numbers_).items():
            changes = [Change(number.phone_number, after=number_content(number)) for number in added]
            self._audit.record(organization_id, AuditEventKind.NUMBER_ADDED, *changes)
            self._touched.add_numbers(organization_id, [number.phone_number for number in added])

    @override
    def update_numbers(self, numbers_: Sequence[Number]) -> Sequence[Number]:
        if not numbers_:
            return []
        for organization_id, changed in _by_organization(numbers_).items():
            phone_numbers = [number.phone_number for number in changed]
            before = self._number_contents(organization_id, phone_numbers)
            changes = [
                Change(number.phone_number, before.get(number.phone_number, NOTHING), number_content(number))
                for number in changed
            ]
            self._audit.record(organization_id, AuditEventKind.NUMBER_CHANGED, *changes)
            self._touched.add_numbers(organization_id, phone_numbers)
        updated = [replace(number, version=number.version + 1) for number in numbers_]
        self._connection.execute(_UPDATE_NUMBER, [_to_update(number) for number in updated])
        return updated

    @override
    def delete_number(self, organization_id: str, phone_number: str) -> None:
        self.delete_mappings(organization_id, phone_number, None)
        before = self._number_contents(organization_id, [phone_number])
        change = Change(phone_number, before.get(phone_number, NOTHING))
        self._audit.record(organization_id, AuditEventKind.NUMBER_REMOVED, change)
        self._connection.execute(
            delete(numbers).filter_by(organization_id=organization_id, phone_number=phone_number)
        )

    @override
    def add_purchases(self, orders: Sequence[Number]) -> None:
        if orders:
            self._connection.execute(insert(purchases), [to_row(purchases, order) for order in orders])

    @override
    def delete_purchase(self, organization_id: str, reference: str) -> None:
        self._connection.execute(
            delete(purchases).filter_by(organization_id=organization_id, reference=reference)
        )

    @override
    def delete_purchases_before(self, organization_id: str, time: int) -> None:
        is_unanswered = exists(requests.c.request_id).where(
            requests.c.organization_id == purchases.c.organization_id,
            requests.c.request_id == purchases.c.request_id,
            requests.c.answer.is_(None),
        )
        of_organization = delete(purchases).filter_by(organization_id=organization_id)
        self._connection.execute(of_organization.where(purchases.c.purchase_time < time, ~is_unanswered))

    @override
    def add_mappings(self, organization_id: str, phone_number: str, area_codes: Sequence[str]) -> int:
        self._touched.add_numbers(organization_id, [phone_number])
        query = select(area_code_mappings.c.area_code).filter_by(
            organization_id=organization_id, phone_number=phone_number
        )
        mapped = self._connection.scalars(query).all()
        new = sorted(set(area_codes).difference(mapped))
        rows = [
            {"organization_id": organization_id, "area_code": area_code, "phone_number": phone_number}
            for area_code in new
        ]
        if rows:
            self._connection.execute(insert(area_code_mappings), rows)
        changes = [Change(phone_number, after=part) for part in area_code_contents(new)]
        self._audit.record(organization_id, AuditEventKind.AREA_CODES_MAPPED, *changes)
        return len(rows)

    @override
    def delete_mappings(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str] | None
    ) -> int:
        self._touched.add_numbers(organization_id, [phone_number])
        statement = delete(area_code_mappings).filter_by(
            organization_id=organization_id, phone_number=phone_number
        )
        if area_codes is not None:
            statement = statement.where(area_code_mappings.c.area_code.in_(area_codes))
        mapped = self._connection.scalars(statement.returning(area_code_mappings.c.area_code)).all()
        changes = [Change(phone_number, part) for part in area_code_contents(sorted(mapped))]
        self._audit.record(organization_id, AuditEventKind.AREA_CODES_UNMAPPED, *changes)
        return len(mapped)

    @override
    def add_request(self, request: StoredRequest) -> None:
        self._connection.execute(insert(requests).values(to_row(requests, request)))

    @override
    def set_answer(self, organization_id: str, request_id: str, answer: str) -> None:
        request = update(requests).filter_by(organization_id=organization_id, request_id=request_id)
        self._connection.execute(request.values(answer=answer))

    @override
    def delete_request(self, organization_id: str, request_id: str) -> None:
        self._connection.execute(
            delete(requests).filter_by(organization_id=organization_id, request_id=request_id)
        )

    @override
    def put_api_key(self, api_key: ApiKey) -> None:
        self.has_changed_api_keys = True
        self._record_api_key(api_key)
        # The time of the last use is written on its own, and may be newer than what the caller has read.
        upsert(self._connection, api_keys, [api_key], kept={"last_use_time"})
        first = dialect_insert(self._connection, versions).values(name=API_KEYS, version=1)
        self._connection.execute(
            first.on_conflict_do_update(index_elements=["name"], set_={"version": versions.c.version + 1})
        )

    def _number_contents(self, organization_id: str, phone_numbers: Sequence[str]) -> Mapping[str, Content]:
        """Return those of the numbers that exist as events have them, without their mappings."""
        query = select(numbers).filter_by(organization_id=organization_id)
        rows = self._connection.execute(query.where(numbers.c.phone_number.in_(phone_numbers)))
        return {row.phone_number: number_content(to_number(row, (), None, None)) for row in rows}

    def _record_api_key(self, api_key: ApiKey) -> None:
        known = self.api_key(api_key.key_id)
        kind = AuditEventKind.API_KEY_ROTATED
        if known is None:
            kind = AuditEventKind.API_KEY_CREATED
        elif api_key.revoke_time != known.revoke_time:
            kind = AuditEventKind.API_KEY_REVOKED
        change = Change(api_key.key_id, api_key_content(known), api_key_content(api_key))
        self._audit.record(api_key.organization_id or "", kind, change)

    def _record_deletion(self, organization_id: str) -> None:
        """Record the deletion of the organization and of each of its users."""
        after = ""
        while page := self.users(organization_id, after, _USERS_PER_PAGE):
            changes = [Change(user.user_id, user_content(user)) for user in page]
            self._audit.record(organization_id, AuditEventKind.USER_DELETED, *changes)
            after = page[-1].user_id
        change = Change("", organization_content(self.organization(organization_id)))
        self._audit.record(organization_id, AuditEventKind.ORGANIZATION_DELETED, change)


def _by_organization(numbers_: Sequence[Number]) -> Mapping[str, Sequence[Number]]:
    by_organization: defaultdict[str, list[Number]] = defaultdict(list)
    for number in numbers_:
        by_organization[number.organization_id].append(number)
    return by_organization


def _to_update(number: Number) -> Mapping[str, object]:
    """Return the parameters of `_UPDATE_NUMBER`: the columns to set, and the key."""
    row = to_row(numbers, number)
    return {"of": row.pop("organization_id"), "number": row.pop("phone_number"), **row}
