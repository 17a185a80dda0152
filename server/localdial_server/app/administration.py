"""API keys, which admins make, list, rotate and revoke, and the record of changes."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import AuditQuery, Reader, Store, Transaction
from localdial_server.domain.api_keys import ApiKey, NewKey, hash_of, new_key
from localdial_server.domain.audit import AuditEvent
from localdial_server.domain.errors import (
    ApiKeyNotActive,
    ApiKeyNotFound,
    FieldViolation,
    InvalidFields,
)
from localdial_server.domain.principals import Role

FORMER_VALID_FOR: Final = 24 * 3600 * 1_000_000
"""How long a former secret stays valid after a rotation, unless the caller says otherwise: microseconds."""

# Changes of keys run one at a time in this process: they all bump the version of the keys.
_SERIALIZE_ON: Final = "api keys"


class MadeKey(NamedTuple):
    """An API key with a new secret."""

    api_key: ApiKey
    text: str
    """The whole key, which cannot be read again."""


class Administration:
    """The use cases of the Administration service. `make_key` makes a key for an identifier, or a new one."""

    def __init__(
        self, store: Store, clock: Clock, make_key: Callable[[str | None], NewKey] = new_key
    ) -> None:
        self._store = store
        self._clock = clock
        self._make_key = make_key

    async def create_api_key(
        self, display_name: str, role: Role, organization_id: str | None, valid_for: int | None
    ) -> MadeKey:
        """Create a key that expires `valid_for` microseconds from now; None: it does not expire.

        Raises `InvalidFields` if the role needs an organization or must not have one, and
        `OrganizationNotFound`.
        """
        if role.has_organization and organization_id is None:
            raise InvalidFields([FieldViolation("organization_id", f"is required for the role {role}")])
        if organization_id is not None and not role.has_organization:
            description = f"must be empty for the role {role}, which is for all organizations"
            raise InvalidFields([FieldViolation("organization_id", description)])
        made, now = self._make_key(None), self._clock.now()
        api_key = ApiKey(
            key_id=made.key_id,
            display_name=display_name,
            role=role,
            organization_id=organization_id,
            secret_hash=hash_of(made.text),
            create_time=now,
            expire_time=None if valid_for is None else now + valid_for,
        )

        def work(transaction: Transaction) -> None:
            if organization_id is not None:
                require_organization(transaction, organization_id)
            transaction.put_api_key(api_key)

        await self._store.write("administration.create_api_key", work, serialize_on=_SERIALIZE_ON)
        return MadeKey(api_key, made.text)

    async def list_api_keys(
        self, organization_id: str | None, after: str, limit: int
    ) -> tuple[Sequence[ApiKey], int]:
        """Return up to `limit` keys after the key_id `after`, by key_id, and how many there are in all.

        `organization_id`: only keys for this organization; None: all keys.
        """

        def work(reader: Reader) -> tuple[Sequence[ApiKey], int]:
            return reader.api_keys(organization_id, after, limit), reader.count_api_keys(organization_id)

        return await self._store.read("administration.list_api_keys", work)

    async def rotate_api_key(self, key_id: str, former_valid_for: int = FORMER_VALID_FOR) -> MadeKey:
        """Give the key a new secret; the present one stays valid for `former_valid_for` microseconds.

        The secret before the present one ends at once. Raises `ApiKeyNotFound` and `ApiKeyNotActive`.
        """
        made, now = self._make_key(key_id), self._clock.now()
        secret_hash = hash_of(made.text)

        def work(transaction: Transaction) -> ApiKey:
            api_key = _require_api_key(transaction, key_id)
            if not api_key.is_active(now):
                raise ApiKeyNotActive(key_id)
            rotated = api_key.rotated(secret_hash, now, now + former_valid_for)
            transaction.put_api_key(rotated)
            return rotated

        rotated = await self._store.write("administration.rotate_api_key", work, serialize_on=_SERIALIZE_ON)
        return MadeKey(rotated, made.text)

    async def revoke_api_key(self, key_id: str) -> ApiKey:
        """Revoke the key, if it is not revoked yet. Raises `ApiKeyNotFound`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> ApiKey:
            api_key = _require_api_key(transaction, key_id)
            if api_key.revoke_time is not None:
                return api_key
            revoked = api_key.revoked(now)
            transaction.put_api_key(revoked)
            return revoked

        return await self._store.write("administration.revoke_api_key", work, serialize_on=_SERIALIZE_ON)

    async def list_audit_events(
        self, query: AuditQuery, before: tuple[int, str], limit: int
    ) -> Sequence[AuditEvent]:
        """Return up to `limit` recorded changes that match, newest first, after the pair `before`.

        `before` is the (event_time, event_id) of the change that the list continues after. The changes of
        an organization that was deleted are still there.
        """
        return await self._store.read(
            "administration.list_audit_events", lambda reader: reader.audit_events(query, before, limit)
        )


def _require_api_key(reader: Reader, key_id: str) -> ApiKey:
    api_key = reader.api_key(key_id)
    if api_key is None:
        raise ApiKeyNotFound(key_id)
    return api_key
