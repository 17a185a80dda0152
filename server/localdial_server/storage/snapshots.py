"""The routing snapshots: what resolves are decided on, in memory.

A snapshot is never changed, only replaced by a newer one, so a decision needs no
lock. One load at a time runs for an organization, and none for another waits.
"""

import asyncio

from localdial_server.domain.errors import (
    LocaldialError,
    OrganizationNotFound,
    RevisionNotReached,
)
from localdial_server.domain.routing import RoutingSnapshot, build_snapshot
from localdial_server.storage.database import Database
from localdial_server.storage.reader import SqlReader


class SnapshotCache:
    """The ``RoutingSnapshots`` port over any ``Database``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._snapshots: dict[str, RoutingSnapshot] = {}
        self._loads: dict[str, asyncio.Task[RoutingSnapshot]] = {}
        # The newest revisions that this process knows of: a load that began
        # before one of them is not kept.
        self._newest: dict[str, int] = {}

    def cached(self, organization_id: str) -> RoutingSnapshot | None:
        """Answer the snapshot if it is in memory, without waiting for anything."""
        return self._snapshots.get(organization_id)

    async def get(self, organization_id: str, min_revision: int = 0) -> RoutingSnapshot:
        """Answer a snapshot of at least that revision, loading it where needed.

        Raises ``OrganizationNotFound``, ``RevisionNotReached`` and
        ``StorageUnavailable``.
        """
        snapshot = self._snapshots.get(organization_id)
        if snapshot is not None and snapshot.revision >= min_revision:
            return snapshot
        running = self._loads.get(organization_id)
        if running is not None:
            # It may have begun to read before what this caller knows of was
            # committed, so whatever it finds does not settle the matter.
            await asyncio.wait({running})
            snapshot = self._snapshots.get(organization_id)
            if snapshot is not None and snapshot.revision >= min_revision:
                return snapshot
        snapshot = await self._load(organization_id)
        if snapshot.revision < min_revision:
            raise RevisionNotReached(organization_id, snapshot.revision)
        return snapshot

    async def advance(self, organization_id: str, revision: int) -> None:
        """Have no snapshot older than that revision in memory on return."""
        if organization_id not in self._snapshots and organization_id not in self._loads:
            return
        self._newest[organization_id] = max(revision, self._newest.get(organization_id, 0))
        try:
            await self.get(organization_id, revision)
        except LocaldialError:
            # The change is committed, and the answer to it is no failure: it is
            # for the next resolve to load, not to decide on what was before.
            self._snapshots.pop(organization_id, None)
        except asyncio.CancelledError:
            self._snapshots.pop(organization_id, None)
            raise

    async def _load(self, organization_id: str) -> RoutingSnapshot:
        task = self._loads.get(organization_id)
        if task is None:
            task = asyncio.create_task(self._replace(organization_id))
            self._loads[organization_id] = task
        # One caller that gives up must not take the load from the others.
        return await asyncio.shield(task)

    async def _replace(self, organization_id: str) -> RoutingSnapshot:
        try:
            snapshot = await self._database.read(
                lambda connection: _read_snapshot(
                    SqlReader(connection), organization_id, self._snapshots.get(organization_id)
                )
            )
        except OrganizationNotFound:
            self._snapshots.pop(organization_id, None)
            raise
        finally:
            # Not in a callback of the task, which runs a little later: nobody may
            # join a load that is over.
            del self._loads[organization_id]
        if snapshot.revision >= self._newest.get(organization_id, 0):
            self._snapshots[organization_id] = snapshot
        return snapshot


def _read_snapshot(
    reader: SqlReader, organization_id: str, cached: RoutingSnapshot | None
) -> RoutingSnapshot:
    organization = reader.organization(organization_id)
    if organization is None:
        raise OrganizationNotFound(organization_id)
    revision = reader.revision(organization_id)
    if cached is not None and cached.revision == revision:
        # Asked for a revision that never was: that must not cost a whole load.
        return cached
    return build_snapshot(
        organization,
        revision,
        reader.all_users(organization_id),
        reader.all_numbers(organization_id),
    )
