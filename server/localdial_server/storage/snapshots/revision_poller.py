"""The watch on a database that others change: it asks, again and again, what is new.

Revisions are bumped in the transaction of each change, so what is asked for is
ordered by commits: a change that was committed before the question is in the
answer. How fast others' changes are decided on is therefore bounded by the time
between two questions and the time of a load.
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
from localdial_server.storage.sql.schema import revisions

_log = logging.getLogger(__name__)

# However much reason there is to doubt the database, it is not asked more often.
_PAUSE_SECONDS = 0.02

# So many organizations are asked for with one question.
_AT_ONCE = 500

_REVISIONS = select(revisions.c.organization_id, revisions.c.revision).where(
    revisions.c.organization_id == any_(bindparam("ids", type_=ARRAY(VARCHAR)))
)


class Watch:
    """Keeps snapshots up to date, and finds out when the database is back.

    ``interval`` is the time between two questions, in seconds.
    """

    def __init__(self, database: PostgresDatabase, snapshots: SnapshotCache, interval: float) -> None:
        self._database = database
        self._snapshots = snapshots
        self._interval = interval

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            begun = time.monotonic()
            try:
                await self.look()
            except StorageUnavailable:
                # Said by the database when it went away.
                pass
            except Exception:  # noqa: BLE001 (without the watch, old snapshots would go on being used)
                _log.exception("the watch on the database failed")
            metrics.DATABASE_DOWN.set(self._database.is_away)
            await asyncio.sleep(_PAUSE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(begun + self._interval - time.monotonic()):
                    await self._database.wait_for_doubt()

    async def look(self) -> None:
        """Ask once."""
        held = self._snapshots.held()
        # In pieces, so that neither the probe nor a resolve waits for all of them; and
        # at least once, to know whether the database is there.
        for begin in range(0, max(1, len(held)), _AT_ONCE):
            piece, asked = held[begin : begin + _AT_ONCE], time.monotonic()
            known = await self._database.probe(functools.partial(_read_revisions, organization_ids=piece))
            for organization_id in piece:
                self._snapshots.confirm(organization_id, known.get(organization_id, 0), asked)


def _read_revisions(connection: Connection, organization_ids: Sequence[str]) -> Mapping[str, int]:
    rows = connection.execute(_REVISIONS, {"ids": list(organization_ids)})
    return {row.organization_id: row.revision for row in rows}
