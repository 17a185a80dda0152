"""Organizations and users, which the CRM keeps in step with its own records."""

import sys
from collections.abc import Sequence

from localdial_server.app.lookup import require_organization, require_user
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import NumberQuery, Reader, Store, Transaction
from localdial_server.app.toll_fraud import refused_number
from localdial_server.domain.dialing_permissions import DialingPermission, DialingPermissions
from localdial_server.domain.errors import FieldViolation, InvalidFields, NumberInUse, OrganizationHasNumbers
from localdial_server.domain.model import Organization, User


class Directory:
    """The use cases of the Directory service."""

    def __init__(self, store: Store, clock: Clock, permissions: DialingPermissions) -> None:
        self._store = store
        self._clock = clock
        self._permissions = permissions

    async def set_organization(self, organization: Organization) -> int:
        """Create or replace the organization, and return its revision.

        Raises `InvalidFields` if its organization number may not be dialed, and `NumberInUse` if that belongs
        to another organization.
        """
        organization_id = organization.organization_id
        number = organization.organization_number
        if number is not None:
            objection = self._permissions.of(organization_id).against_dialing(number)
            field = "organization.organization_number"
            if violations := refused_number(organization_id, field, objection):
                raise InvalidFields(violations)

        def work(transaction: Transaction) -> int:
            before = transaction.organization(organization_id)
            if before == organization:
                return transaction.revision(organization_id)
            # The row comes first, because a claim refers to it.
            transaction.put_organization(organization)
            if number is not None and not transaction.claim(number, organization_id):
                raise NumberInUse(number)
            if before is not None and before.organization_number is not None:
                transaction.disclaim(before.organization_number, organization_id)
            return transaction.bump_revision(organization_id)

        return await self._store.write("directory.set_organization", work, serialize_on=organization_id)

    async def get_organization(self, organization_id: str) -> tuple[Organization, int]:
        """Return the organization and its revision. Raises `OrganizationNotFound`."""
        return await self._store.read(
            "directory.get_organization",
            lambda reader: (require_organization(reader, organization_id), reader.revision(organization_id)),
        )

    async def list_organizations(
        self, after: str, limit: int
    ) -> tuple[Sequence[tuple[Organization, int]], int]:
        """Return up to `limit` organizations after the id `after`, by id, and how many there are in all.

        Each organization comes with its revision.
        """
        return await self._store.read(
            "directory.list_organizations",
            lambda reader: (reader.organizations(after, limit), reader.count_organizations()),
        )

    async def delete_organization(self, organization_id: str) -> int:
        """Delete the organization and its users, revoke its API keys, and return its last revision.

        Raises `OrganizationNotFound` and `OrganizationHasNumbers`.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> int:
            require_organization(transaction, organization_id)
            owned = transaction.count_numbers(NumberQuery(organization_id))
            if owned:
                raise OrganizationHasNumbers(organization_id, owned)
            transaction.delete_organization(organization_id)
            # Another organization may get its identifier, and must not be open to its keys.
            for api_key in transaction.api_keys(organization_id, "", sys.maxsize):
                if api_key.revoke_time is None:
                    transaction.put_api_key(api_key.revoked(now))
            return transaction.bump_revision(organization_id)

        return await self._store.write("directory.delete_organization", work, serialize_on=organization_id)

    async def set_user(self, user: User) -> int:
        """Create or replace the user, and return the organization's revision.

        Raises `OrganizationNotFound`, and `InvalidFields` for a number that may not be shown or dialed.
        """
        permission = self._permissions.of(user.organization_id)
        if violations := _refused_numbers(permission, user, "user"):
            raise InvalidFields(violations)
        return await self._set_users(user.organization_id, [user])

    async def set_users(
        self, organization_id: str, users: Sequence[User], *, validate_only: bool = False
    ) -> int:
        """Create or replace the users, all or none, and return the organization's revision.

        With `validate_only` nothing is changed. Raises `OrganizationNotFound`, and `InvalidFields` for a
        user of another organization, a user_id that occurs twice, or a number that may not be shown or
        dialed.
        """
        permission = self._permissions.of(organization_id)
        violations: list[FieldViolation] = []
        first: dict[str, int] = {}
        for index, user in enumerate(users):
            path = f"users[{index}]"
            if user.organization_id != organization_id:
                requirement = "must be the organization_id of the request"
                violations.append(FieldViolation(f"{path}.organization_id", requirement))
            if user.user_id in first:
                repeated = f"repeats that of users[{first[user.user_id]}]"
                violations.append(FieldViolation(f"{path}.user_id", repeated))
            first.setdefault(user.user_id, index)
            violations += _refused_numbers(permission, user, path)
        if violations:
            raise InvalidFields(violations)
        if not validate_only:
            return await self._set_users(organization_id, users)

        def check(reader: Reader) -> int:
            require_organization(reader, organization_id)
            return reader.revision(organization_id)

        return await self._store.read("directory.check_users", check)

    async def _set_users(self, organization_id: str, users: Sequence[User]) -> int:
        def work(transaction: Transaction) -> int:
            require_organization(transaction, organization_id)
            known = transaction.users_by_id(organization_id, [user.user_id for user in users])
            changed = [user for user in users if known.get(user.user_id) != user]
            if not changed:
                return transaction.revision(organization_id)
            transaction.put_users(changed)
            return transaction.bump_revision(organization_id)

        return await self._store.write("directory.set_users", work, serialize_on=organization_id)

    async def get_user(self, organization_id: str, user_id: str) -> User:
        """Return the user. Raises `OrganizationNotFound` or `UserNotFound`."""
        return await self._store.read(
            "directory.get_user", lambda reader: require_user(reader, organization_id, user_id)
        )

    async def list_users(self, organization_id: str, after: str, limit: int) -> tuple[Sequence[User], int]:
        """Return up to `limit` users after the user_id `after`, by user_id, and how many there are in all.

        Raises `OrganizationNotFound`.
        """

        def work(reader: Reader) -> tuple[Sequence[User], int]:
            require_organization(reader, organization_id)
            return reader.users(organization_id, after, limit), reader.count_users(organization_id)

        return await self._store.read("directory.list_users", work)

    async def delete_user(self, organization_id: str, user_id: str) -> int:
        """Delete the user, and return the organization's revision.

        Raises `OrganizationNotFound` and `UserNotFound`.
        """

        def work(transaction: Transaction) -> int:
            require_user(transaction, organization_id, user_id)
            transaction.delete_user(organization_id, user_id)
            return transaction.bump_revision(organization_id)

        return await self._store.write("directory.delete_user", work, serialize_on=organization_id)


def _refused_numbers(permission: DialingPermission, user: User, path: str) -> Sequence[FieldViolation]:
    """Return the fields of the user with a number that may not be shown or dialed."""
    violations = []
    if user.caller_id is not None:
        objection = permission.against_showing(user.caller_id)
        violations += refused_number(user.organization_id, f"{path}.caller_id", objection)
    if user.work_phone is not None:
        objection = permission.against_dialing(user.work_phone)
        violations += refused_number(user.organization_id, f"{path}.work_phone", objection)
    return violations
