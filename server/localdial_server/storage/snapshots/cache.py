"""The routing snapshots in memory, on which resolves are decided.

A snapshot is never changed, only replaced by a newer one, so a decision needs no
lock. Each organization has at most one load at a time, and no load waits for the
load of another organization.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from typing_extensions import override

from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.domain.errors import OrganizationNotFound, RevisionNotReached, ServiceError
from localdial_server.domain.routing_snapshot import (
    NumberChanges,
    RoutingSnapshot,
    build_snapshot,
    change_numbers,
    estimated_size,
)
from localdial_server.observability import metrics
from localdial_server.storage.engines.database import Readable
from localdial_server.storage.sql.reader import SqlReader

# When the memory is full, drop snapshots until this share of it is used: finding the least
# recently used ones is too slow to do at every load.
_USED_AFTER_DROPPING = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """Bounds on the snapshots in memory: times in seconds, and the total size in bytes.

    `max_age` is how long a snapshot is used after the database last confirmed that it is the
    newest. `idle` is how long one is kept after it was last asked for. A database that no other
    process changes needs no confirmation.
    """

    max_age: float = math.inf
    idle: float = math.inf
    memory: float = math.inf


@dataclass(slots=True)
class _Entry:
    """The state of one organization in the cache: a snapshot, a running load, or both.

    Times are those of the cache's clock, in seconds.
    """

    last_used_at: float
    snapshot: RoutingSnapshot | None = None
    size: int = 0
    """The size of the snapshot, in bytes."""
    loaded_at: float = 0
    """When the snapshot was loaded, or changed to the newest revision."""
    confirmed_at: float = 0
    """When the database was asked and had no newer revision."""
    load: "asyncio.Task[RoutingSnapshot] | None" = None
    required_revision: int = 0
    """The revision of a change that was committed during the load. A load that finds an older one
    began too early, and its snapshot is not kept."""
    catch_up_to: int = 0
    """The revision that a background task is loading; 0 if none is running."""


def read_snapshot(reader: SqlReader, organization_id: str, cached: RoutingSnapshot | None) -> RoutingSnapshot:
    """Return the organization's snapshot; `cached` itself if that is of the newest revision.

    Raises `OrganizationNotFound`.
    """
    organization = reader.organization(organization_id)
    if organization is None:
        raise OrganizationNotFound(organization_id)
    revision = reader.revision(organization_id)
    if cached is not None and cached.revision == revision:
        # A caller asked for a revision that never existed, which must not cost a full load.
        return cached
    return build_snapshot(
        organization,
        revision,
        reader.caller_ids(organization_id),
        reader.active_numbers(organization_id),
        reader.mappings(organization_id),
    )


class SnapshotCache(RoutingSnapshots):
    """A snapshot cache over any database.

    `announce` is called with the organization_id and the revision of each change that this process
    makes. `now` is the clock, in seconds. `read` reads a snapshot, given the one in memory.
    """

    def __init__(
        self,
        database: Readable,
        policy: CachePolicy = CachePolicy(),
        announce: Callable[[str, int], None] = lambda _organization_id, _revision: None,
        *,
        now: Callable[[], float] = time.monotonic,
        read: Callable[[SqlReader, str, RoutingSnapshot | None], RoutingSnapshot] = read_snapshot,
    ) -> None:
        self._database = database
        self._policy = policy
        self._announce = announce
        self._now = now
        self._read = read
        self._entries: dict[str, _Entry] = {}
        self._snapshot_count = 0
        self._size = 0
        self._catching_up: set[asyncio.Task[None]] = set()

    @override
    def cached(self, organization_id: str) -> RoutingSnapshot | None:
        entry = self._entries.get(organization_id)
        if entry is None:
            return None
        entry.last_used_at = self._now()
        return self._usable(entry)

    @override
    async def get(self, organization_id: str, min_revision: int = 0) -> RoutingSnapshot:
        entry = self._entries.get(organization_id)
        if entry is not None:
            entry.last_used_at = self._now()
        return await self._get(organization_id, min_revision)

    @override
    async def advance(
        self, organization_id: str, revision: int, changes: NumberChanges | None = None
    ) -> None:
        self._announce(organization_id, revision)
        entry = self._entries.get(organization_id)
        if entry is None:
            return
        if entry.load is not None:
            entry.required_revision = max(revision, entry.required_revision)
        elif entry.snapshot is None:
            return
        elif changes is not None and entry.snapshot.revision == changes.since:
            # Nothing came between, so the snapshot needs no load. That it was the newest is no
            # newer knowledge than before.
            changed = change_numbers(entry.snapshot, revision, changes)
            self._keep(entry, changed, entry.confirmed_at)
            return
        try:
            await self._get(organization_id, revision)
        except ServiceError:
            # The change is committed, so it must not fail now. With no snapshot, the next resolve
            # loads one instead of using the old revision.
            self._drop(organization_id)
        except asyncio.CancelledError:
            self._drop(organization_id)
            raise

    def organization_ids(self) -> list[str]:
        """Return the organizations whose snapshots are in memory."""
        return [id_ for id_, entry in self._entries.items() if entry.snapshot is not None]

    def changed_elsewhere(self, organization_id: str, revision: int) -> None:
        """Load, in the background, a change that another process made."""
        entry = self._entries.get(organization_id)
        if entry is None or entry.snapshot is None or entry.snapshot.revision >= revision:
            return
        is_running = entry.catch_up_to != 0
        entry.catch_up_to = max(revision, entry.catch_up_to)
        if not is_running:
            task = asyncio.create_task(self._catch_up(organization_id, entry))
            self._catching_up.add(task)
            task.add_done_callback(self._catching_up.discard)

    def confirm(self, organization_id: str, revision: int, asked_at: float) -> None:
        """Record that the database, asked at `asked_at`, has the organization at `revision`."""
        entry = self._entries.get(organization_id)
        if entry is None or entry.snapshot is None:
            return
        if revision > entry.snapshot.revision:
            self.changed_elsewhere(organization_id, revision)
        elif revision == entry.snapshot.revision:
            entry.confirmed_at = max(entry.confirmed_at, asked_at)
        elif entry.loaded_at < asked_at:
            # The database lost commits: a standby that lagged has taken over, or a backup was
            # restored. Its state is the truth now.
            self._drop(organization_id)

    def drop_idle(self) -> None:
        """Drop the snapshots that no caller has asked for within `CachePolicy.idle`."""
        idle_since = self._now() - self._policy.idle
        for organization_id, entry in list(self._entries.items()):
            if entry.last_used_at < idle_since:
                self._drop(organization_id)

    async def drop_idle_always(self) -> None:
        """Drop idle snapshots at intervals, until cancelled."""
        while True:
            await asyncio.sleep(min(self._policy.idle / 4, 60))
            self.drop_idle()

    async def _get(self, organization_id: str, min_revision: int) -> RoutingSnapshot:
        """Do what `get` does, without counting as a use."""
        snapshot = self._find(organization_id, min_revision)
        if snapshot is not None:
            return snapshot
        entry = self._entries.get(organization_id)
        if entry is not None and entry.load is not None:
            # This load may have begun before the change that the caller knows of was committed,
            # so its outcome, even an error, is not final.
            await asyncio.wait({entry.load})
            snapshot = self._find(organization_id, min_revision)
            if snapshot is not None:
                return snapshot
        snapshot = await self._load(organization_id)
        if snapshot.revision < min_revision:
            raise RevisionNotReached(organization_id, snapshot.revision)
        return snapshot

    async def _catch_up(self, organization_id: str, entry: _Entry) -> None:
        try:
            while entry.snapshot is not None and entry.snapshot.revision < entry.catch_up_to:
                await self._get(organization_id, entry.catch_up_to)
        except ServiceError:
            # The next poll finds the change again.
            pass
        finally:
            entry.catch_up_to = 0
            self._remove_if_empty(organization_id, entry)

    def _find(self, organization_id: str, min_revision: int) -> RoutingSnapshot | None:
        entry = self._entries.get(organization_id)
        snapshot = self._usable(entry) if entry is not None else None
        return snapshot if snapshot is not None and snapshot.revision >= min_revision else None

    def _usable(self, entry: _Entry) -> RoutingSnapshot | None:
        return entry.snapshot if self._now() - entry.confirmed_at <= self._policy.max_age else None

    async def _load(self, organization_id: str) -> RoutingSnapshot:
        """Return the snapshot of the load that is running, or else of a new one."""
        entry = self._entries.get(organization_id)
        if entry is None:
            entry = self._entries[organization_id] = _Entry(last_used_at=self._now())
        if entry.load is None:
            entry.load = asyncio.create_task(self._replace(organization_id, entry))
        # A caller that is cancelled must not cancel the load for the others.
        return await asyncio.shield(entry.load)

    async def _replace(self, organization_id: str, entry: _Entry) -> RoutingSnapshot:
        cached, asked_at = entry.snapshot, self._now()
        try:
            with metrics.SNAPSHOT_LOAD_SECONDS.time():
                snapshot = await self._database.read(
                    "snapshots.load",
                    lambda connection: self._read(SqlReader(connection), organization_id, cached),
                )
        except OrganizationNotFound:
            self._drop(organization_id)
            raise
        else:
            if snapshot.revision >= entry.required_revision:
                self._keep(entry, snapshot, asked_at)
            return snapshot
        finally:
            # Reset these here: a callback of the task would run a little later, and a caller must not
            # join a finished load.
            entry.load, entry.required_revision = None, 0
            self._remove_if_empty(organization_id, entry)

    def _keep(self, entry: _Entry, snapshot: RoutingSnapshot, confirmed_at: float) -> None:
        now, size = self._now(), estimated_size(snapshot)
        if entry.snapshot is None:
            entry.last_used_at = now
        self._empty(entry)
        if self._size + size > self._policy.memory:
            self._make_room(size)
        entry.snapshot, entry.size = snapshot, size
        entry.loaded_at, entry.confirmed_at = now, confirmed_at
        self._count(1, size)

    def _make_room(self, size: int) -> None:
        """Drop the least recently used snapshots, so that one of `size` bytes fits.

        A snapshot that is larger than the whole memory is kept alone.
        """
        by_last_use = sorted(self._entries.items(), key=lambda item: item[1].last_used_at)
        for organization_id, _ in by_last_use:
            if self._size + size <= self._policy.memory * _USED_AFTER_DROPPING:
                break
            self._drop(organization_id)

    def _drop(self, organization_id: str) -> None:
        entry = self._entries.get(organization_id)
        if entry is None or entry.snapshot is None:
            return
        self._empty(entry)
        self._remove_if_empty(organization_id, entry)

    def _empty(self, entry: _Entry) -> None:
        if entry.snapshot is not None:
            self._count(-1, -entry.size)
            entry.snapshot = None

    def _remove_if_empty(self, organization_id: str, entry: _Entry) -> None:
        if entry.snapshot is None and entry.load is None and entry.catch_up_to == 0:
            self._entries.pop(organization_id, None)

    def _count(self, snapshots: int, size: int) -> None:
        self._snapshot_count += snapshots
        self._size += size
        metrics.SNAPSHOTS.set(self._snapshot_count)
        metrics.SNAPSHOT_BYTES.set(self._size)
