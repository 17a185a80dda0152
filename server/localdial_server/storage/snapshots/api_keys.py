"""The API keys in memory, by which calls are authenticated.

Each process holds all keys that are in use. Every change of a key bumps the version of the keys in its own
transaction, so a poll of the version sees every change that was committed before it.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, or_, update
from typing_extensions import override

from localdial_server.app.ports.api_keys import ApiKeysInUse
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.database import Database, Readable
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.schema import API_KEYS, api_keys

_log = logging.getLogger(__name__)

_MICROSECONDS_PER_HOUR: Final = 3600 * 1_000_000

# Until when nothing may be used.
_NEVER: Final = -math.inf


class ApiKeyDirectory(ApiKeysInUse):
    """The keys of any database.

    `loads` reads them. They are used for `max_age` seconds after the database last confirmed them; a
    database that no other process changes needs no confirmation (`math.inf`). `interval` is the time between
    two polls, in seconds. `now` is the monotonic clock in seconds, and `wall_clock` gives microseconds since
    the epoch.
    """

    def __init__(
        self,
        database: Database,
        loads: Readable,
        interval: float,
        max_age: float = math.inf,
        *,
        now: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._database = database
        self._loads = loads
        self._interval = interval
        self._max_age = max_age
        self._now = now
        self._wall_clock = wall_clock
        self.keys: Mapping[str, ApiKey] = MappingProxyType({})
        self.usable_until = _NEVER
        self._version: int | None = None
        # The changes of this process. A load that began before the last one may lack it.
        self._change_count = 0
        self._uses: dict[str, int] = {}

    @override
    def note_use(self, key_id: str, now: int) -> None:
        self._uses[key_id] = now - now % _MICROSECONDS_PER_HOUR

    @override
    async def advance(self) -> None:
        self._change_count += 1
        try:
            await self.refresh()
        except StorageUnavailable:
            # The change is committed, so it must not fail now.
            self.usable_until = _NEVER
        except asyncio.CancelledError:
            self.usable_until = _NEVER
            raise

    async def refresh(self) -> None:
        """Read the keys if their version has changed. Raises `StorageUnavailable`."""
        version, changes, asked_at = self._version, self._change_count, self._now()

        def work(connection: Connection) -> tuple[int, Mapping[str, ApiKey] | None]:
            reader = SqlReader(connection)
            current = reader.version(API_KEYS)
            return current, None if current == version else reader.api_keys_in_use(self._wall_clock())

        current, keys = await self._loads.read("api_keys.refresh", work)
        if changes != self._change_count or version != self._version:
            # Another refresh has overtaken this one.
            return
        if keys is not None:
            self._version, self.keys = current, MappingProxyType(keys)
        self.usable_until = asked_at + self._max_age

    async def write_uses(self) -> None:
        """Write the times of the last uses. Raises `StorageUnavailable`, and then keeps them."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            await self._database.write("api_keys.write_uses", lambda connection: _write(connection, uses))
        except BaseException:
            self._uses = {**uses, **self._uses}
            raise

    async def close(self) -> None:
        """Write the times of the last uses, if the database answers."""
        with contextlib.suppress(StorageUnavailable):
            await self.write_uses()

    async def run(self) -> None:
        """Poll the keys and write their uses at each interval, until cancelled."""
        while True:
            try:
                if self._max_age < math.inf or self.usable_until == _NEVER:
                    await self.refresh()
                await self.write_uses()
            except StorageUnavailable:
                # The database logs this itself.
                pass
            except Exception:  # noqa: BLE001 - without the polls, revoked keys would stay in use
                _log.exception("reading the API keys failed")
            await asyncio.sleep(self._interval)


def _write(connection: Connection, uses: Mapping[str, int]) -> None:
    # In a fixed order, so that no two servers wait for each other.
    for key_id, hour in sorted(uses.items()):
        last = api_keys.c.last_use_time
        is_newer = or_(last.is_(None), last < hour)
        connection.execute(
            update(api_keys).filter_by(key_id=key_id).where(is_newer).values(last_use_time=hour)
        )
