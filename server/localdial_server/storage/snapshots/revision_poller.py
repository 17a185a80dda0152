"""The poller keeps snapshots up to date when other processes change the database.

Each change bumps its organization's revision in its own transaction, so a poll sees every
change that was committed before it. A change by another process is therefore used in
decisions within one polling interval plus the time of a poll and a load.
"""

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY, VARCHAR

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability import metrics
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.snapshots.number_index import SqlNumberIndex
from localdial_server.storage.sql.schema import revisions

_log = logging.getLogger(__name__)

# Minimum pause between polls, even after repeated failures.
_PAUSE_SECONDS = 0.02

# How many organizations one query asks for.
_BATCH_SIZE = 500

_REVISIONS = select(revisions.c.organization_id, revisions.c.revision).where(
    revisions.c.organization_id == any_(bindparam("ids", type_=ARRAY(VARCHAR)))
)


class RevisionPoller:
    """Polls the revisions of the organizations in memory, and finds out when the database is up again.

    `interval` is the time between two polls, in seconds. `number_index` learns of the revisions too.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        snapshots: SnapshotCache,
        number_index: SqlNumberIndex,
        interval: float,
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._number_index = number_index
        self._interval = interval
        self._polled_at: float | None = None

    def staleness(self) -> float | None:
        """Return how many seconds ago the last poll that succeeded began; None while the database is down."""
        if self._polled_at is None or self._database.is_down:
            return None
        return time.monotonic() - self._polled_at

    async def run(self) -> None:
        """Poll until cancelled: at each interval, and at once when a transaction fails."""
        while True:
            begun_at = time.monotonic()
            try:
                await self.poll()
            except StorageUnavailable:
                # The database logs this itself.
                pass
            except Exception:  # noqa: BLE001 - without the poller, old snapshots would stay in use
                _log.exception("polling the database for changes failed")
            metrics.DATABASE_DOWN.set(self._database.is_down)
            await asyncio.sleep(_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(begun_at + self._interval - time.monotonic()):
                    await self._database.wait_for_failure()

    async def poll(self) -> None:
        """Poll once. Raises `StorageUnavailable`."""
        begun_at = time.monotonic()
        organization_ids = self._snapshots.organization_ids()
        # In batches, so that neither the probe nor a resolve waits for all of them, and at least
        # once, to find out whether the database is up.
        for begin in range(0, max(1, len(organization_ids)), _BATCH_SIZE):
            batch, asked_at = organization_ids[begin : begin + _BATCH_SIZE], time.monotonic()
            current = await self._database.probe(
                "snapshots.poll", functools.partial(_read_revisions, organization_ids=batch)
            )
            for organization_id in batch:
                revision = current.get(organization_id, 0)
                self._snapshots.confirm(organization_id, revision, asked_at)
                self._number_index.changed(organization_id, revision)
        self._polled_at = begun_at


def _read_revisions(connection: Connection, organization_ids: Sequence[str]) -> Mapping[str, int]:
    rows = connection.execute(_REVISIONS, {"ids": list(organization_ids)})
    return {row.organization_id: row.revision for row in rows}
