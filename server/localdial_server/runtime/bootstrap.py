"""The one place where the parts are put together."""

import asyncio
import contextlib
import functools
import gc
import logging
import math
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import uuid_utils
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from sqlalchemy.exc import DBAPIError, OperationalError

from localdial_server.app.call_routing import CallRouting
from localdial_server.app.directory import Directory
from localdial_server.app.numbers.delete import Deleting
from localdial_server.app.numbers.import_numbers import Importing
from localdial_server.app.numbers.inventory import Inventory
from localdial_server.app.numbers.purchase import Purchasing
from localdial_server.app.numbers.reconcile import Reconciling
from localdial_server.app.numbers.settle import Sweep
from localdial_server.app.ports.carrier import Carriers
from localdial_server.app.ports.clock import SystemClock
from localdial_server.app.ports.store import Store
from localdial_server.carriers.simulator.carrier import SimulatedCarrier
from localdial_server.carriers.single_account import SingleAccount
from localdial_server.observability.logs import configure_logging
from localdial_server.rpc.call_routing import CallRoutingServicer
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract
from localdial_server.rpc.directory import DirectoryServicer
from localdial_server.rpc.handlers import TRANSPORT_LIMIT_FACTOR, Serving
from localdial_server.rpc.number_inventory import NumberInventoryServicer
from localdial_server.rpc.reflection import enable_reflection
from localdial_server.runtime.databases import migrate_database, one_line, open_database, unusable
from localdial_server.runtime.side_listeners import metrics_served, webhook_served
from localdial_server.runtime.spools import claim_spool, take_spool
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings
from localdial_server.storage.call_log.group_commit import GroupCommitLog, Recorder
from localdial_server.storage.call_log.recorders import DatabaseRecorder, SpoolingRecorder
from localdial_server.storage.call_log.spool import SpoolFolder
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.snapshots.cache import Keeping, SnapshotCache
from localdial_server.storage.snapshots.notify import ChangeHints
from localdial_server.storage.snapshots.revision_poller import Watch
from localdial_server.storage.sql.migrate import SchemaError, missing_migration
from localdial_server.storage.sql.simulator_state import SqlSimulatorState
from localdial_server.storage.sql.store import SqlStore

_log = logging.getLogger(__name__)

_BYTES_PER_MB = 1024 * 1024

# How long an organization without calls stays in memory.
_SNAPSHOT_IDLE_SECONDS = 3_600.0

# How often the schema is looked at, while it is waited for.
_SCHEMA_LOOK_SECONDS = 0.5

_SWITCH_INTERVAL_SECONDS = 0.0005

Background = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Application:
    """The use cases, put together over one database and one carrier.

    ``background`` is to be run while calls are served. Before that,
    ``missing_migration`` must answer None (see ``migrate.missing_migration``), and
    ``claim_spool`` is to be called. It raises ``StartError``.
    """

    store: Store
    directory: Directory
    inventory: Inventory
    purchasing: Purchasing
    deleting: Deleting
    importing: Importing
    reconciling: Reconciling
    routing: CallRouting
    background: Sequence[Background]
    missing_migration: Callable[[], str | None]
    claim_spool: Callable[[], None]


def migrate(settings: Settings) -> str:
    """Bring the database's schema up to date; answer what was done.

    Raises ``StartError``.
    """

    async def run() -> str:
        database = open_database(settings)
        try:
            return migrate_database(database, settings)
        finally:
            await database.close()

    return asyncio.run(run())


def serve(
    settings: Settings,
    on_ready: Callable[[str], None],
    *,
    shared_port: bool = False,
    stop_when: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    ``on_ready`` is given the address that is served. ``shared_port``: others may
    serve on the same one. ``stop_when`` is a file descriptor that says as much
    as SIGTERM when it can be read from. Raises ``StartError``.
    """
    configure_logging(settings.log_level, settings.log_format)
    # Threads give way to the event loop, on which the resolves are, sooner than they
    # would by themselves: a load of a large organization is all Python.
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, on_ready, shared_port=shared_port, stop_when=stop_when))


@contextlib.asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[Application]:
    """Put the use cases together; on leaving, all that was recorded is durable."""
    async with _storage(settings) as storage, _carriers(settings, storage.database) as carriers:
        database, snapshots = storage.database, storage.snapshots
        store = SqlStore(database, snapshots)
        clock = SystemClock()
        call_log = GroupCommitLog(storage.recorder)
        purchasing = Purchasing(
            store,
            carriers,
            clock,
            limits=settings.spending_limits,
            order_timeout=settings.carrier_timeout_seconds,
        )
        deleting = Deleting(store, carriers, clock)
        sweep = Sweep(store, purchasing, deleting, settings.sweep_interval_seconds)
        try:
            yield Application(
                store=store,
                directory=Directory(store),
                inventory=Inventory(store, carriers),
                purchasing=purchasing,
                deleting=deleting,
                importing=Importing(store, carriers, clock),
                reconciling=Reconciling(store, carriers, sweep, clock),
                # Version 7 begins with the time, which keeps inserts together in
                # the index.
                routing=CallRouting(store, snapshots, call_log, clock, lambda: str(uuid_utils.uuid7())),
                background=[*storage.background, sweep.run],
                missing_migration=functools.partial(missing_migration, database.engine),
                claim_spool=storage.claim_spool,
            )
        finally:
            await call_log.close()


@contextlib.asynccontextmanager
async def _carriers(
    settings: Settings, database: SqliteDatabase | PostgresDatabase
) -> AsyncIterator[Carriers]:
    if settings.carrier == "simulator":
        yield SingleAccount(
            SimulatedCarrier(
                SqlSimulatorState(database),
                latency=settings.simulator_latency_ms / 1000,
                timeout=settings.carrier_timeout_seconds,
            )
        )
        return
    # 18 MiB and 80 ms, for those who buy there.
    from localdial_server.carriers.twilio.adapter import TwilioCarriers  # noqa: PLC0415 (see above)
    from localdial_server.runtime.twilio_account import twilio_account  # noqa: PLC0415 (see above)

    carriers = TwilioCarriers(twilio_account(settings))
    try:
        yield carriers
    finally:
        carriers.close()


@dataclass(frozen=True)
class _Storage:
    database: SqliteDatabase | PostgresDatabase
    snapshots: SnapshotCache
    recorder: Recorder
    background: Sequence[Background]
    claim_spool: Callable[[], None]


@contextlib.asynccontextmanager
async def _storage(settings: Settings) -> AsyncIterator[_Storage]:
    database = open_database(settings)
    try:
        if isinstance(database, SqliteDatabase):
            migrate_database(database, settings)
            snapshots = SnapshotCache(database, _keeping(settings))
            background = [snapshots.drop_idle_always]
            yield _Storage(database, snapshots, DatabaseRecorder(database), background, _no_spool)
        else:
            async with _shared_storage(database, settings) as storage:
                yield storage
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def _shared_storage(database: PostgresDatabase, settings: Settings) -> AsyncIterator[_Storage]:
    keeping = _keeping(settings, max_age=settings.snapshot_max_age_seconds)
    hints = ChangeHints(database, settings.database_url.get_secret_value())
    snapshots = SnapshotCache(database.loads, keeping, hints.send)
    folder = SpoolFolder(settings.spool_directory, settings.spool_max_mb * _BYTES_PER_MB)
    spool = take_spool(folder, settings)
    recorder = SpoolingRecorder(database, folder, spool)
    watch = Watch(database, snapshots, settings.snapshot_poll_seconds)
    background: list[Background] = [
        functools.partial(hints.listen, snapshots.changed_elsewhere),
        snapshots.drop_idle_always,
        watch.run,
        recorder.empty_spools,
    ]
    try:
        yield _Storage(
            database,
            snapshots,
            recorder,
            background,
            functools.partial(claim_spool, folder, spool, database, settings),
        )
    finally:
        await recorder.close()


def _no_spool() -> None:
    """Claim nothing."""


def _keeping(settings: Settings, max_age: float = math.inf) -> Keeping:
    return Keeping(
        max_age=max_age,
        idle=_SNAPSHOT_IDLE_SECONDS,
        memory=settings.snapshot_memory_mb * _BYTES_PER_MB,
    )


async def _serve(
    settings: Settings, on_ready: Callable[[str], None], *, shared_port: bool, stop_when: int | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in signal.SIGTERM, signal.SIGINT:
        loop.add_signal_handler(signal_number, stop.set)
    if stop_when is not None:
        loop.add_reader(stop_when, _stop_once, loop, stop_when, stop)
    async with application(settings) as app, metrics_served(settings):
        contract = Contract()
        serving = Serving(contract, settings.max_request_bytes)
        server = grpc_server(settings, shared_port=shared_port)
        services = {
            "CallRouting": CallRoutingServicer(app.routing, contract),
            "Directory": DirectoryServicer(app.directory),
            "NumberInventory": NumberInventoryServicer(
                app.inventory, app.purchasing, app.deleting, app.importing, app.reconciling
            ),
        }
        server.add_generic_rpc_handlers(serving.handlers(services))
        names = [f"{PACKAGE}.{name}" for name in SERVICES]
        health_servicer = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
        enable_reflection([*names, health.SERVICE_NAME], server)
        for name in ["", *names]:
            await health_servicer.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)
        address = f"{settings.listen.rpartition(':')[0]}:{_bind(server, settings.listen)}"
        async with (
            _started(server),
            webhook_served(settings, address, shared_port=shared_port) as stop_webhook,
        ):
            await _schema_is_current(app, settings, address, stop)
            if stop.is_set():
                return
            async with _running(app.background):
                # What is there now stays: the garbage collector need not walk over it.
                gc.collect()
                gc.freeze()
                serving.open()
                for name in ["", *names]:
                    await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
                _log.info("serving", extra={"address": address, "database": settings.shown_database_url})
                on_ready(address)
                await stop.wait()
                _log.info("stopping")
                await stop_webhook()
                await health_servicer.enter_graceful_shutdown()
                # Changes first, be a client still waiting for them or not: they end
                # with an answer, or with SHUTTING_DOWN, before the connections close.
                await serving.drain(settings.drain_seconds)
                await server.stop(settings.drain_seconds)
    _log.info("stopped")


@contextlib.asynccontextmanager
async def _started(server: grpc.aio.Server) -> AsyncIterator[None]:
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


def _stop_once(loop: asyncio.AbstractEventLoop, descriptor: int, stop: asyncio.Event) -> None:
    # It can be read from ever after.
    loop.remove_reader(descriptor)
    stop.set()


async def _schema_is_current(app: Application, settings: Settings, address: str, stop: asyncio.Event) -> None:
    """Wait until the schema is this release's, or until told to stop; then take the spool for this database.

    Raises ``StartError``.
    """
    give_up = asyncio.get_running_loop().time() + settings.schema_wait_seconds
    said = False
    while not stop.is_set():
        try:
            missing = await asyncio.to_thread(app.missing_migration)
            if missing is None:
                await asyncio.to_thread(app.claim_spool)
                return
        except OperationalError as error:
            # It may be restarted in the course of an upgrade.
            missing = one_line(error)
        except (SchemaError, DBAPIError) as error:
            raise unusable(settings, error) from None
        left = give_up - asyncio.get_running_loop().time()
        if left <= 0:
            raise StartError(f"{settings.shown_database_url}: {missing}")
        if not said:
            said = True
            waiting = {"address": address, "cause": missing, "seconds": round(left, 1)}
            _log.warning("waiting for the schema", extra=waiting)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(left, _SCHEMA_LOOK_SECONDS)):
                await stop.wait()


@contextlib.asynccontextmanager
async def _running(background: Sequence[Background]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(run()) for run in background]
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("a background task failed; restart the server", exc_info=task.exception())


def grpc_server(settings: Settings, *, shared_port: bool = False) -> grpc.aio.Server:
    """Make a server without services. It belongs to the running event loop."""
    return grpc.aio.server(
        options=(
            # A second server on the same port is a mistake, if it is not a peer.
            ("grpc.so_reuseport", int(shared_port)),
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
