"""NOTIFY, the hint that another process has changed an organization.

Nothing depends on it: what is lost (in a pgbouncer that pools transactions, while
the connection is down) is found by asking, a little later.
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

# Of a BIGINT.
_MAX_DIGITS = 19


class ChangeHints:
    """Tells other processes of changes, and hears of theirs."""

    def __init__(self, database: PostgresDatabase, url: str) -> None:
        self._database = database
        self._url = url
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, organization_id: str, revision: int) -> None:
        """Tell the others, some time soon."""
        task = asyncio.create_task(self._send(f"{revision} {organization_id}"))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def listen(self, on_change: Callable[[str, int], None]) -> None:
        """Pass on what the others tell, until cancelled."""
        while True:
            try:
                await self._listen(on_change)
            except (psycopg.Error, OSError) as error:
                _log.debug("hints of changes are not heard", extra={"cause": str(error)})
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self, on_change: Callable[[str, int], None]) -> None:
        connection = await psycopg.AsyncConnection.connect(
            conninfo(self._url), autocommit=True, prepare_threshold=None
        )
        async with connection:
            await connection.execute(f"LISTEN {_CHANNEL}")
            async for notice in connection.notifies():
                revision, _, organization_id = notice.payload.partition(" ")
                # Anybody who may connect may send.
                if revision.isascii() and revision.isdecimal() and len(revision) <= _MAX_DIGITS:
                    on_change(organization_id, int(revision))

    async def _send(self, payload: str) -> None:
        # Some databases that speak PostgreSQL's protocol have no NOTIFY.
        with contextlib.suppress(StorageUnavailable, DBAPIError):
            await self._database.write(
                lambda connection: connection.execute(select(func.pg_notify(_CHANNEL, payload))),
                name="snapshots.notify",
            )
