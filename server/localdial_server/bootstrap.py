"""The one place where the parts are put together."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg
import uuid_utils
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from localdial_server.app.call_routing import CallRouting
from localdial_server.app.changes import Changes
from localdial_server.app.clock import SystemClock
from localdial_server.app.deleting import Deleting
from localdial_server.app.directory import Directory
from localdial_server.app.inventory import Inventory
from localdial_server.app.purchasing import Purchasing
from localdial_server.app.store import Store
from localdial_server.app.sweep import Sweep
from localdial_server.carriers.simulator import SimulatedCarrier
from localdial_server.config import Settings, is_postgresql
from localdial_server.logs import configure_logging
from localdial_server.rpc.call_routing import CallRoutingServicer
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract
from localdial_server.rpc.directory import DirectoryServicer
from localdial_server.rpc.number_inventory import NumberInventoryServicer
from localdial_server.rpc.serving import TRANSPORT_LIMIT_FACTOR, Serving
from localdial_server.storage.call_log import GroupCommitLog
from localdial_server.storage.migrate import SchemaError
from localdial_server.storage.migrate import migrate as migrate_schema
from localdial_server.storage.postgres import PostgresDatabase
from localdial_server.storage.simulator_state import SqlSimulatorState
from localdial_server.storage.snapshots import SnapshotCache
from localdial_server.storage.sqlite import DatabaseInUse, SqliteDatabase
from localdial_server.storage.store import SqlStore

_log = logging.getLogger(__name__)


class StartError(Exception):
    """The server cannot start; the text is one line that says what to do."""


@dataclass(frozen=True)
class Application:
    """The use cases, put together over one database and one carrier."""

    store: Store
    directory: Directory
    inventory: Inventory
    purchasing: Purchasing
    deleting: Deleting
    routing: CallRouting
    sweep: Sweep


def migrate(settings: Settings) -> str:
    """Bring the database's schema up to date; answer what was done.

    Raises ``StartError``.
    """

    async def run() -> str:
        database = open_database(settings)
        try:
            return _migrate(database, settings)
        finally:
            await database.close()

    return asyncio.run(run())


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    ``on_ready`` is given the address that is served. Raises ``StartError``.
    """
    configure_logging(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, on_ready))


@contextlib.asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """Put the use cases together; on leaving, all that was recorded is committed."""
    database = open_database(settings)
    try:
        _migrate(database, settings)
        store = SqlStore(database)
        snapshots = SnapshotCache(database)
        changes = Changes(store, snapshots)
        clock = SystemClock()
        call_log = GroupCommitLog(database, settings.call_log_max_delay_ms / 1000)
        carrier = SimulatedCarrier(SqlSimulatorState(database), latency=settings.simulator_latency_ms / 1000)
        purchasing = Purchasing(store, changes, carrier, clock)
        deleting = Deleting(changes, carrier, clock)
        try:
            yield Application(
                store=store,
                directory=Directory(store, changes),
                inventory=Inventory(store, changes, carrier, clock),
                purchasing=purchasing,
                deleting=deleting,
                # Version 7 begins with the time, which keeps inserts together in
                # the index.
                routing=CallRouting(store, snapshots, call_log, clock, lambda: str(uuid_utils.uuid7())),
                sweep=Sweep(store, purchasing, deleting, settings.sweep_interval_seconds),
            )
        finally:
            await call_log.close()
    finally:
        await database.close()


async def _serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in signal.SIGTERM, signal.SIGINT:
        loop.add_signal_handler(signal_number, stop.set)
    async with application(settings) as app:
        contract = Contract()
        serving = Serving(contract, settings.max_request_bytes)
        server = grpc_server(settings)
        services = {
            "CallRouting": CallRoutingServicer(app.routing, contract),
            "Directory": DirectoryServicer(app.directory),
            "NumberInventory": NumberInventoryServicer(app.inventory, app.purchasing, app.deleting),
        }
        server.add_generic_rpc_handlers(serving.handlers(services))
        names = [f"{PACKAGE}.{name}" for name in SERVICES]
        health_servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        port = _bind(server, settings.listen)
        await server.start()
        for name in ["", *names]:
            await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        sweeping = asyncio.create_task(app.sweep.run())
        address = f"{settings.listen.rpartition(':')[0]}:{port}"
        _log.info("serving", extra={"address": address, "database": settings.shown_database_url})
        on_ready(address)
        await stop.wait()
        _log.info("stopping")
        await health_servicer.enter_graceful_shutdown()
        sweeping.cancel()
        # Changes first, be a client still waiting for them or not: they end with an
        # answer, or with SHUTTING_DOWN, before the connections close.
        await serving.drain(settings.drain_seconds)
        await server.stop(settings.drain_seconds)
        with contextlib.suppress(asyncio.CancelledError):
            await sweeping
    _log.info("stopped")


def grpc_server(settings: Settings) -> grpc.aio.Server:
    """Make a server without services. It belongs to the running event loop."""
    return grpc.aio.server(
        options=(
            # A second server on the same port is a mistake, not a peer.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", settings.max_request_bytes * TRANSPORT_LIMIT_FACTOR),
            # Clients may keep idle connections open through firewalls.
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
        )
    )


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Answer what makes the fastest event loop there is here."""
    try:
        import uvloop  # noqa: PLC0415  (not made for Windows)
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _bind(server: grpc.aio.Server, listen: str) -> int:
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError:
        port = 0
    if port == 0:
        raise StartError(f"cannot listen on {listen}: is a server there already? Set LOCALDIAL_LISTEN")
    return port


def open_database(settings: Settings) -> SqliteDatabase | PostgresDatabase:
    """Open the database of the settings. Raises ``StartError``."""
    url = settings.database_url
    if is_postgresql(url):
        return _open_postgres(url.get_secret_value(), settings)
    file = make_url(url.get_secret_value()).database
    assert file is not None
    return _open_sqlite(Path(file))


def _open_sqlite(file: Path) -> SqliteDatabase:
    try:
        return SqliteDatabase.open(file)
    except DatabaseInUse:
        raise StartError(
            f"another localdial uses {file}; stop it first, or set LOCALDIAL_DATABASE_URL to another file"
        ) from None
    except OSError as error:
        raise StartError(f"cannot open {file}: {error.strerror}; set LOCALDIAL_DATABASE_URL") from None


def _open_postgres(url: str, settings: Settings) -> PostgresDatabase:
    try:
        return PostgresDatabase.open(url, settings.database_timeout_seconds)
    except psycopg.OperationalError as error:
        raise StartError(
            f"cannot use {settings.shown_database_url} (LOCALDIAL_DATABASE_URL): {_one_line(error)}"
        ) from None


def _one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split())


def _migrate(database: SqliteDatabase | PostgresDatabase, settings: Settings) -> str:
    try:
        before, after = migrate_schema(database.engine)
    except SchemaError as error:
        raise StartError(f"{settings.shown_database_url}: {error}") from None
    except DBAPIError as error:
        raise StartError(f"cannot use {settings.shown_database_url}: {_one_line(error.orig)}") from None
    if before == after:
        return f"the schema is up to date ({after})"
    return f"the schema was migrated from {before or 'nothing'} to {after}"
