"""The routing snapshots: what resolves are decided on, in memory.

A snapshot is never changed, only replaced by a newer one, so a decision needs no
lock. One load at a time runs for an organization, and none for another waits.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from localdial_server.domain.errors import (
    OrganizationNotFound,
    RevisionNotReached,
    ServiceError,
)
from localdial_server.domain.routing_snapshot import RoutingSnapshot, build_snapshot, estimated_size
from localdial_server.observability import metrics
from localdial_server.storage.engines.database import Reads
from localdial_server.storage.sql.reader import SqlReader

# Dropping goes on until there is room for some more loads, since it looks at
# everything that is held.
_ROOM = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long snapshots are kept, in seconds, and in how many bytes altogether.

    ``max_age`` is how long one is decided on without word from the database that
    it is the newest. A database that nobody else changes needs no such word.
    """

    max_age: float = math.inf
    idle: float = math.inf
    memory: float = math.inf


@dataclass(slots=True)
class _Held:
    snapshot: RoutingSnapshot
    size: int
    loaded: float
    confirmed: float
    used: float


class SnapshotCache:
    """The ``RoutingSnapshots`` port over any database.

    ``announce`` is told of this process's own changes.
    """

    def __init__(
        self,
        database: Reads,
        keeping: Keeping = Keeping(),
        announce: Callable[[str, int], None] = lambda _organization_id, _revision: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._announce = announce
        self._now = now
        self._held: dict[str, _Held] = {}
        self._size = 0
        self._loads: dict[str, asyncio.Task[RoutingSnapshot]] = {}
        # Revisions that became known while a load was running: if it finds an
        # older one, it began too early and is not kept.
        self._newest: dict[str, int] = {}
        # Revisions that are being caught up with.
        self._wanted: dict[str, int] = {}
        self._catching_up: set[asyncio.Task[None]] = set()

    def cached(self, organization_id: str) -> RoutingSnapshot | None:
        """Answer the snapshot if it is in memory, without waiting for anything."""
        held = self._held.get(organization_id)
        if held is None:
            return None
        held.used = now = self._now()
        return held.snapshot if now - held.confirmed <= self._keeping.max_age else None

    async def get(self, organization_id: str, min_revision: int = 0) -> RoutingSnapshot:
        """Answer a snapshot of at least that revision, loading it where needed.

        Raises ``OrganizationNotFound``, ``RevisionNotReached`` and
        ``StorageUnavailable``.
        """
        # To be kept up to date is not to be asked for: only this and ``cached`` count.
        held = self._held.get(organization_id)
        if held is not None:
            held.used = self._now()
        return await self._get(organization_id, min_revision)

    async def _get(self, organization_id: str, min_revision: int) -> RoutingSnapshot:
        snapshot = self._fresh(organization_id, min_revision)
        if snapshot is not None:
            return snapshot
        running = self._loads.get(organization_id)
        if running is not None:
            # It may have begun to read before what this caller knows of was
            # committed, so whatever it finds does not settle the matter.
            await asyncio.wait({running})
            snapshot = self._fresh(organization_id, min_revision)
            if snapshot is not None:
                return snapshot
        snapshot = await self._load(organization_id)
        if snapshot.revision < min_revision:
            raise RevisionNotReached(organization_id, snapshot.revision)
        return snapshot

    async def advance(self, organization_id: str, revision: int) -> None:
        """Have no snapshot older than that revision in memory on return."""
        self._announce(organization_id, revision)
        if organization_id in self._loads:
            self._newest[organization_id] = max(revision, self._newest.get(organization_id, 0))
        elif organization_id not in self._held:
            return
        try:
            await self._get(organization_id, revision)
        except ServiceError:
            # The change is committed, and the answer to it is no failure: it is
            # for the next resolve to load, not to decide on what was before.
            self._drop(organization_id)
        except asyncio.CancelledError:
            self._drop(organization_id)
            raise

    def held(self) -> list[str]:
        """Answer the organizations that are in memory."""
        return list(self._held)

    def changed_elsewhere(self, organization_id: str, revision: int) -> None:
        """Catch up in the background with a change that another process made."""
        held = self._held.get(organization_id)
        if held is None or held.snapshot.revision >= revision:
            return
        wanted = self._wanted.get(organization_id)
        self._wanted[organization_id] = max(revision, wanted or 0)
        if wanted is None:
            task = asyncio.create_task(self._catch_up(organization_id))
            self._catching_up.add(task)
            task.add_done_callback(self._catching_up.discard)

    def confirm(self, organization_id: str, revision: int, asked: float) -> None:
        """Take the database's word, asked for at that time, for what its revision is."""
        held = self._held.get(organization_id)
        if held is None:
            return
        if revision > held.snapshot.revision:
            self.changed_elsewhere(organization_id, revision)
        elif revision == held.snapshot.revision:
            held.confirmed = max(held.confirmed, asked)
        elif held.loaded < asked:
            # What was committed is gone: a standby that lagged has taken over, or a
            # backup was restored. What it has is the truth now.
            self._drop(organization_id)

    def drop_idle(self) -> None:
        """Drop what nobody asked for lately."""
        idle_since = self._now() - self._keeping.idle
        for organization_id in [id_ for id_, held in self._held.items() if held.used < idle_since]:
            self._drop(organization_id)

    async def drop_idle_always(self) -> None:
        """Drop what is idle, until cancelled."""
        while True:
            await asyncio.sleep(min(self._keeping.idle / 4, 60))
            self.drop_idle()

    async def _catch_up(self, organization_id: str) -> None:
        try:
            while (held := self._held.get(organization_id)) is not None:
                wanted = self._wanted[organization_id]
                if held.snapshot.revision >= wanted:
                    break
                await self._get(organization_id, wanted)
        except ServiceError:
            # The next word from the database will come back to it.
            return
        finally:
            del self._wanted[organization_id]

    def _fresh(self, organization_id: str, min_revision: int) -> RoutingSnapshot | None:
        held = self._held.get(organization_id)
        if held is None or held.snapshot.revision < min_revision:
            return None
        return held.snapshot if self._now() - held.confirmed <= self._keeping.max_age else None

    async def _load(self, organization_id: str) -> RoutingSnapshot:
        task = self._loads.get(organization_id)
        if task is None:
            task = asyncio.create_task(self._replace(organization_id))
            self._loads[organization_id] = task
        # One caller that gives up must not take the load from the others.
        return await asyncio.shield(task)

    async def _replace(self, organization_id: str) -> RoutingSnapshot:
        held = self._held.get(organization_id)
        asked = self._now()
        try:
            with metrics.SNAPSHOT_LOAD_SECONDS.time():
                snapshot = await self._database.read(
                    lambda connection: _read_snapshot(
                        SqlReader(connection), organization_id, held.snapshot if held is not None else None
                    ),
                    name="snapshots.load",
                )
        except OrganizationNotFound:
            self._drop(organization_id)
            raise
        finally:
            # Not in a callback of the task, which runs a little later: nobody may
            # join a load that is over.
            del self._loads[organization_id]
            newest = self._newest.pop(organization_id, 0)
        if snapshot.revision >= newest:
            self._keep(snapshot, asked)
        return snapshot

    def _keep(self, snapshot: RoutingSnapshot, asked: float) -> None:
        now, size = self._now(), estimated_size(snapshot)
        before = self._held.get(snapshot.organization_id)
        used = before.used if before is not None else now
        self._drop(snapshot.organization_id)
        if self._size + size > self._keeping.memory:
            self._make_room(size)
        self._held[snapshot.organization_id] = _Held(snapshot, size, loaded=now, confirmed=asked, used=used)
        self._size += size
        self._show_size()

    def _make_room(self, size: int) -> None:
        """Drop what was not asked for for longest.

        A snapshot that is larger than all the memory is kept alone.
        """
        for organization_id in sorted(self._held, key=lambda id_: self._held[id_].used):
            if self._size + size <= self._keeping.memory * _ROOM:
                break
            self._drop(organization_id)

    def _drop(self, organization_id: str) -> None:
        held = self._held.pop(organization_id, None)
        if held is not None:
            self._size -= held.size
            self._show_size()

    def _show_size(self) -> None:
        metrics.SNAPSHOTS.set(len(self._held))
        metrics.SNAPSHOT_BYTES.set(self._size)


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
        reader.caller_ids(organization_id),
        reader.active_numbers(organization_id),
        reader.mappings(organization_id),
    )
