"""The `Transaction` port in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from typing_extensions import override

from localdial_server.app.ports.store import StoredRequest, Transaction
from localdial_server.domain.model import Number, Organization, User
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.rows import from_number, from_organization, from_user
from localdial_server.storage.sql.schema import (
    area_code_mappings,
    numbers,
    organizations,
    phone_number_owners,
    purchases,
    requests,
    revisions,
    users,
)


class SqlTransaction(SqlReader, Transaction):
    """Reads and changes through one connection, in one transaction.

    `revisions` maps the organizations whose revision was bumped or read to the last value.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.revisions: dict[str, int] = {}

    @override
    def revision(self, organization_id: str) -> int:
        revision = self.revisions[organization_id] = super().revision(organization_id)
        return revision

    @override
    def bump_revision(self, organization_id: str) -> int:
        upsert = self._insert(revisions).values(organization_id=organization_id, revision=1)
        self._connection.execute(
            upsert.on_conflict_do_update(
                index_elements=["organization_id"], set_={"revision": revisions.c.revision + 1}
            )
        )
        return self.revision(organization_id)

    @override
    def put_organization(self, organization: Organization) -> None:
        self._put(organizations, [from_organization(organization)])

    @override
    def delete_organization(self, organization_id: str) -> None:
        # A request of an organization that comes back with the same id is another one.
        self._connection.execute(
            update(purchases).where(purchases.c.organization_id == organization_id).values(request_id=None)
        )
        for table in users, phone_number_owners, requests, organizations:
            self._connection.execute(delete(table).where(table.c.organization_id == organization_id))

    @override
    def put_users(self, users_: Sequence[User]) -> None:
        self._put(users, [from_user(user) for user in users_])

    @override
    def delete_user(self, organization_id: str, user_id: str) -> None:
        self._connection.execute(
            delete(users).where(users.c.organization_id == organization_id, users.c.user_id == user_id)
        )

    @override
    def claim(self, phone_number: str, organization_id: str) -> bool:
        self._connection.execute(
            self._insert(phone_number_owners)
            .values(phone_number=phone_number, organization_id=organization_id)
            .on_conflict_do_nothing()
        )
        return self.owner_of(phone_number) == organization_id

    @override
    def disclaim(self, phone_number: str, organization_id: str) -> None:
        in_use = or_(
            exists(select(numbers.c.phone_number)).where(
                numbers.c.organization_id == organization_id, numbers.c.phone_number == phone_number
            ),
            exists(select(organizations.c.organization_id)).where(
                organizations.c.organization_id == organization_id,
                organizations.c.organization_number == phone_number,
            ),
        )
        self._connection.execute(
            delete(phone_number_owners).where(
                phone_number_owners.c.phone_number == phone_number,
                phone_number_owners.c.organization_id == organization_id,
                ~in_use,
            )
        )

    @override
    def add_number(self, number: Number) -> None:
        self._connection.execute(insert(numbers).values(**from_number(number)))

    @override
    def update_number(self, number: Number) -> None:
        self._connection.execute(
            update(numbers)
            .where(
                numbers.c.organization_id == number.organization_id,
                numbers.c.phone_number == number.phone_number,
            )
            .values(**from_number(number))
        )

    @override
    def delete_number(self, organization_id: str, phone_number: str) -> None:
        self.delete_mappings(organization_id, phone_number, None)
        self._connection.execute(
            delete(numbers).where(
                numbers.c.organization_id == organization_id, numbers.c.phone_number == phone_number
            )
        )

    @override
    def add_purchase(self, number: Number) -> None:
        self._connection.execute(
            insert(purchases).values(
                organization_id=number.organization_id,
                reference=number.reference,
                phone_number=number.phone_number,
                request_id=number.request_id,
                purchase_time=number.purchase_time,
            )
        )

    @override
    def delete_purchase(self, organization_id: str, reference: str) -> None:
        self._connection.execute(
            delete(purchases).where(
                purchases.c.organization_id == organization_id, purchases.c.reference == reference
            )
        )

    @override
    def delete_purchases_before(self, organization_id: str, time: int) -> None:
        is_unanswered = exists(requests.c.request_id).where(
            requests.c.organization_id == purchases.c.organization_id,
            requests.c.request_id == purchases.c.request_id,
            requests.c.answer.is_(None),
        )
        self._connection.execute(
            delete(purchases).where(
                purchases.c.organization_id == organization_id,
                purchases.c.purchase_time < time,
                ~is_unanswered,
            )
        )

    @override
    def add_mappings(self, organization_id: str, phone_number: str, area_codes: Sequence[str]) -> int:
        mappings = area_code_mappings.c
        mapped = self._connection.scalars(
            select(mappings.area_code).where(
                mappings.organization_id == organization_id, mappings.phone_number == phone_number
            )
        ).all()
        rows = [
            {"organization_id": organization_id, "area_code": area_code, "phone_number": phone_number}
            for area_code in sorted(set(area_codes).difference(mapped))
        ]
        if rows:
            self._connection.execute(insert(area_code_mappings), rows)
        return len(rows)

    @override
    def delete_mappings(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str] | None
    ) -> int:
        mappings = area_code_mappings.c
        statement = delete(area_code_mappings).where(
            mappings.organization_id == organization_id, mappings.phone_number == phone_number
        )
        if area_codes is not None:
            statement = statement.where(mappings.area_code.in_(area_codes))
        return self._connection.execute(statement).rowcount

    @override
    def add_request(self, request: StoredRequest) -> None:
        self._connection.execute(
            insert(requests).values(
                organization_id=request.organization_id,
                request_id=request.request_id,
                arguments=request.arguments,
                answer=request.answer,
                create_time=request.create_time,
            )
        )

    @override
    def set_answer(self, organization_id: str, request_id: str, answer: str) -> None:
        self._connection.execute(
            update(requests)
            .where(requests.c.organization_id == organization_id, requests.c.request_id == request_id)
            .values(answer=answer)
        )

    @override
    def delete_request(self, organization_id: str, request_id: str) -> None:
        self._connection.execute(
            delete(requests).where(
                requests.c.organization_id == organization_id, requests.c.request_id == request_id
            )
        )

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insert that can be told what to do on a conflict, in either dialect."""
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def _put(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Create or replace whole rows."""
        if not rows:
            return
        statement = self._insert(table)
        keys = [column.name for column in table.primary_key]
        replaced = {column.name: column for column in statement.excluded if column.name not in keys}
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=keys, set_=replaced), list(rows)
        )
