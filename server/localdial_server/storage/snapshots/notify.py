"""NOTIFY: a hint that another process has changed an organization.

Nothing depends on it. A notification that is lost (while the connection is down, or
with pgbouncer in transaction mode) only means that the poller finds the change a little later.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import psycopg
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.postgres import PostgresDatabase, conninfo

_log = logging.getLogger(__name__)

_CHANNEL = "localdial_changes"
_RECONNECT_SECONDS = 5.0

# The number of digits in the largest BIGINT.
_MAX_DIGITS = 19


class RevisionNotifications:
    """Sends the new revisions of organizations to other processes and receives theirs.

    `reconnect_seconds` is the wait before a lost connection is opened again.
    """

    def __init__(
        self, database: PostgresDatabase, url: str, reconnect_seconds: float = _RECONNECT_SECONDS
    ) -> None:
        self._database = database
        self._url = url
        self._reconnect_seconds = reconnect_seconds
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, organization_id: str, revision: int) -> None:
        """Notify the other processes soon, without waiting for it."""
        task = asyncio.create_task(self._send(f"{revision} {organization_id}"))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def listen(self, on_change: Callable[[str, int], None]) -> None:
        """Call `on_change` with each organization_id and revision that arrives, until cancelled."""
        while True:
            try:
                await self._listen(on_change)
            except (psycopg.Error, OSError) as error:
                _log.debug("notifications of changes cannot be received", extra={"cause": str(error)})
            await asyncio.sleep(self._reconnect_seconds)

    async def _listen(self, on_change: Callable[[str, int], None]) -> None:
        connection = await psycopg.AsyncConnection.connect(
            conninfo(self._url), autocommit=True, prepare_threshold=None
        )
        async with connection:
            await connection.execute(f"LISTEN {_CHANNEL}")
            async for notification in connection.notifies():
                revision, _, organization_id = notification.payload.partition(" ")
                # Anyone who may connect to the database may send any payload.
                if revision.isascii() and revision.isdecimal() and len(revision) <= _MAX_DIGITS:
                    on_change(organization_id, int(revision))

    async def _send(self, payload: str) -> None:
        # Some databases that speak PostgreSQL's protocol have no NOTIFY. PostgreSQL allows it in a
        # read-only transaction, and connections that read are less scarce than those that write.
        with contextlib.suppress(StorageUnavailable, DBAPIError):
            await self._database.read(
                "snapshots.notify",
                lambda connection: connection.execute(select(func.pg_notify(_CHANNEL, payload))),
            )
