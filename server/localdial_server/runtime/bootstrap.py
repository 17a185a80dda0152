"""The composition root: the adapters that the settings name, and the use cases over them."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uuid_utils
from sqlalchemy.exc import DBAPIError, OperationalError

from localdial_server.app.ports.clock import SystemClock
from localdial_server.app.status import Status
from localdial_server.app.use_cases import UseCases, use_cases
from localdial_server.carriers.watched import WatchedCarriers
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.runtime.carriers import opened_carriers
from localdial_server.runtime.clock_watch import ClockWatch
from localdial_server.runtime.server_state import ProcessState
from localdial_server.runtime.storage import (
    Background,
    Storage,
    migrate_database,
    one_line,
    open_database,
    opened_storage,
    unusable_database,
)
from localdial_server.settings.errors import StartError
from localdial_server.storage.sql.call_back_groups import GroupedCallBacks
from localdial_server.storage.sql.migrate import SchemaError
from localdial_server.storage.sql.store import SqlStore

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings
    from localdial_server.tls.server_certificates import ServerCertificates

_log = logging.getLogger(__name__)

# How often a starting server asks the database whether it can be used.
_CHECK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Application:
    """The use cases over one database and one carrier, and the state of this process.

    Call `wait_until_usable` first, then run `background` while calls are served.
    """

    use_cases: UseCases
    background: Sequence[Background]
    settings: "Settings"
    storage: Storage
    clock_watch: ClockWatch
    state: ProcessState
    status: Status

    async def wait_until_usable(self, stop: asyncio.Event, address: str) -> None:
        """Wait until the database answers and has this release's schema, or until `stop` is set.

        `address` is where the server listens or is going to, for the log. Raises `StartError` when the
        database cannot be used, or is not ready in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.database_wait_seconds
        logged = ""
        while not stop.is_set():
            event = "waiting for the schema"
            try:
                missing = await asyncio.to_thread(self.storage.claim)
                if missing is None:
                    await self.clock_watch.start()
                    return
            except (OperationalError, StorageUnavailable) as error:
                # The database may be restarting, or failing over to a standby.
                event, missing = "waiting for the database", f"LOCALDIAL_DATABASE_URL: {one_line(error)}"
            except (SchemaError, DBAPIError) as error:
                raise unusable_database(self.settings, error) from None
            left = deadline - loop.time()
            if left <= 0:
                raise StartError(f"{self.settings.shown_database_url}: {missing}")
            if missing != logged:
                logged = missing
                _log.warning(event, extra={"address": address, "cause": missing, "seconds": round(left, 1)})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _CHECK_SECONDS)):
                    await stop.wait()


@contextlib.asynccontextmanager
async def application(
    settings: "Settings", certificates: "ServerCertificates | None" = None
) -> AsyncIterator[Application]:
    """Build the use cases for the settings; on exit, every recorded call is durable."""
    async with opened_storage(settings) as storage, opened_carriers(settings, storage.database) as opened:
        carriers = WatchedCarriers(opened)
        state = ProcessState(storage, carriers, certificates)
        store = SqlStore(storage.database, storage.snapshots, storage.api_keys)
        # A clock of its own: it stands still for as long as the machine's clock is behind recorded calls.
        call_clock = SystemClock()
        clock_watch = ClockWatch(storage.database, call_clock)
        built = use_cases(
            store=store,
            snapshots=storage.snapshots,
            number_index=storage.number_index,
            call_backs=GroupedCallBacks(storage.database, storage.call_log.require_complete),
            call_log=storage.call_log,
            inbound_call_log=storage.inbound_call_log,
            carriers=carriers,
            clock=SystemClock(),
            call_clock=call_clock,
            # Version 7 begins with the time, which keeps inserts together in the index.
            new_call_id=lambda: str(uuid_utils.uuid7()),
            limits=settings.spending_limits,
            permissions=settings.dialing_permissions,
            order_timeout=settings.carrier_timeout_seconds,
            degraded_after=settings.degraded_after_seconds,
            default_country=settings.default_country,
        )
        try:
            yield Application(
                built,
                [*storage.background, built.sweep.run, clock_watch.run],
                settings,
                storage,
                clock_watch,
                state,
                Status(store, SystemClock(), state),
            )
        finally:
            await storage.api_keys.close()
            await storage.call_log.close()
            await storage.inbound_call_log.close()


def migrate(settings: "Settings") -> str:
    """Bring the database's schema up to date; return one line that says what was done.

    Raises `StartError`.
    """
    database = open_database(settings)
    try:
        return migrate_database(database, settings)
    finally:
        asyncio.run(database.close())
