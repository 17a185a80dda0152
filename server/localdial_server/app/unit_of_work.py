"""Changes of an organization: one transaction, then the process's own snapshot."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.domain.errors import NumberNotFound, OrganizationNotFound, UserNotFound
from localdial_server.domain.model import Number, Organization, User

T = TypeVar("T")


class Changes:
    """Runs changes so that this process decides on them from the answer on."""

    def __init__(self, store: Store, snapshots: RoutingSnapshots) -> None:
        self._store = store
        self._snapshots = snapshots
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, organization_id: str, work: Callable[[Transaction], T]) -> tuple[T, int]:
        """Run ``work`` in a transaction; answer its result and the revision after it.

        ``work`` calls ``bump_revision`` where it changes what calls or lists are
        answered from.
        """

        def change(transaction: Transaction) -> tuple[T, int]:
            return work(transaction), transaction.revision(organization_id)

        # One at a time: every change bumps the same row, and those that meet there
        # would have to be run again.
        turn = self._turns.setdefault(organization_id, asyncio.Lock())
        async with turn:
            result, revision = await self._store.write(change)
        await self._snapshots.advance(organization_id, revision)
        return result, revision

    async def step(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction; it changes nothing that calls are decided on."""
        return await self._store.write(work)


def require_organization(reader: Reader, organization_id: str) -> Organization:
    """Answer the organization or raise ``OrganizationNotFound``."""
    organization = reader.organization(organization_id)
    if organization is None:
        raise OrganizationNotFound(organization_id)
    return organization


def require_user(reader: Reader, organization_id: str, user_id: str) -> User:
    """Answer the user or raise ``OrganizationNotFound`` or ``UserNotFound``."""
    require_organization(reader, organization_id)
    user = reader.user(organization_id, user_id)
    if user is None:
        raise UserNotFound(organization_id, user_id)
    return user


def require_number(reader: Reader, organization_id: str, phone_number: str) -> Number:
    """Answer the number or raise ``OrganizationNotFound`` or ``NumberNotFound``."""
    require_organization(reader, organization_id)
    number = reader.number(organization_id, phone_number)
    if number is None:
        raise NumberNotFound(phone_number)
    return number
