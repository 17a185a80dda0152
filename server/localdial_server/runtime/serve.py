"""The life of one server process: start, health, signals, drain, stop."""

import asyncio
import contextlib
import functools
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from localdial_server.concurrency.stop_signals import handle_signals
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.observability.health import CALL_BACKS, DEGRADED_CALL_BACKS
from localdial_server.observability.logs import configure_logging
from localdial_server.rpc.administration import AdministrationServicer
from localdial_server.rpc.admission import Admission
from localdial_server.rpc.call_routing import CallRoutingServicer
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract
from localdial_server.rpc.directory import DirectoryServicer
from localdial_server.rpc.handlers import RpcHandlers
from localdial_server.rpc.health import HealthServicer
from localdial_server.rpc.number_inventory import NumberInventoryServicer
from localdial_server.rpc.reflection import enable_reflection
from localdial_server.runtime.authentication import authentication
from localdial_server.runtime.bootstrap import Application, application
from localdial_server.runtime.front import Front, front_of
from localdial_server.runtime.http_face import http_face
from localdial_server.runtime.listeners import served
from localdial_server.runtime.ports import exposure
from localdial_server.runtime.side_listeners import metrics_served
from localdial_server.runtime.sqlite_version import wal_reset_bug
from localdial_server.runtime.stopping import stop_gracefully
from localdial_server.runtime.storage import Background, Storage
from localdial_server.tls.server_certificates import (
    ServerCertificates,
    reload_of,
    server_certificates,
    watched,
)

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

_log = logging.getLogger(__name__)

# Shorter than Python's 5 ms, so that threads yield sooner to the event loop, which serves resolves:
# loading a large organization is pure Python.
_SWITCH_INTERVAL_SECONDS = 0.0005

# Python's default (700, 10, 10) scanned the calls that wait again and again under overload, which took two
# thirds of the loop's time. Calls are freed without the collector.
_GC_THRESHOLDS = (50_000, 20, 50)

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

_SERVICE_NAMES = [f"{PACKAGE}.{name}" for name in SERVICES]


def serve(
    settings: "Settings",
    on_ready: Callable[[str, str], None],
    *,
    shared_port: bool = False,
    stop_when: int | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the running calls. SIGHUP reloads the certificate.

    `on_ready` gets the address, host:port, and the URL of the console, which is empty without HTTP. With
    `shared_port`, other processes may listen on the same address.
    `stop_when` is a file descriptor that stops the server when it becomes readable. Raises `StartError`.
    """
    configure_logging(settings.log_level, settings.log_format)
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    certificates = server_certificates(settings)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, certificates, on_ready, shared_port=shared_port, stop_when=stop_when))


async def _serve(
    settings: "Settings",
    certificates: ServerCertificates | None,
    on_ready: Callable[[str, str], None],
    *,
    shared_port: bool,
    stop_when: int | None,
) -> None:
    stop = _stop_event(stop_when, certificates)
    async with (
        watched(certificates),
        application(settings, certificates) as app,
        metrics_served(settings, certificates),
    ):
        contract = Contract()
        checks = await authentication(settings, app.storage)
        front = front_of(settings, contract, shared_port=shared_port)
        rpc = RpcHandlers(
            contract,
            checks.authenticator,
            _admission(settings, app.storage, front),
            app.use_cases.importing.shares_account,
        )
        handlers = rpc.handlers(_servicers(app, contract))
        front.add_generic_rpc_handlers(handlers)
        enable_reflection([*_SERVICE_NAMES, health.SERVICE_NAME], front)
        health_servicer = HealthServicer([*_SERVICE_NAMES, CALL_BACKS, DEGRADED_CALL_BACKS])
        # It calls the two methods of a server that a front has too.
        health_pb2_grpc.add_HealthServicer_to_server(health_servicer, cast("grpc.aio.Server", front))
        await health_servicer.set_all(_NOT_SERVING)
        if shared_port:
            # A worker without a database must not take connections from those that have one.
            await app.wait_until_usable(stop, settings.listen)
            if stop.is_set():
                return
        face = None
        if settings.http_listen or front.speaks_http:
            face = http_face(settings, contract, handlers, health_servicer)
        async with served(front, face, settings, certificates, shared_port=shared_port) as listeners:
            address = listeners.address
            await app.wait_until_usable(stop, address)
            if stop.is_set():
                return
            keep_health = functools.partial(_keep_health, app, health_servicer)
            async with _running([*app.background, *checks.background, keep_health]):
                # Keep the garbage collector from scanning objects that live as long as the process.
                gc.collect()
                gc.freeze()
                gc.set_threshold(*_GC_THRESHOLDS)
                with contextlib.suppress(StorageUnavailable):
                    # If this fails, the next poll reads the keys.
                    await app.storage.api_keys.refresh()
                rpc.life_cycle.open()
                await health_servicer.set_all(_SERVING)
                _log.info(
                    "serving",
                    extra={
                        "address": address,
                        **({"http": listeners.page_url} if listeners.page_url else {}),
                        "database": settings.shown_database_url,
                        "tls": settings.uses_tls,
                    },
                )
                if not shared_port:
                    exposure(settings, listeners.of_the_api).write(_log)
                if warning := wal_reset_bug(settings):
                    _log.warning(warning)
                on_ready(address, listeners.page_url)
                await stop.wait()
                _log.info("stopping")
                await stop_gracefully(front, rpc, health_servicer, listeners.stop_others, settings)
    _log.info("stopped")


def _stop_event(stop_when: int | None, certificates: ServerCertificates | None) -> asyncio.Event:
    """Return an event that is set by a signal, or when the file descriptor `stop_when` is readable."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    handle_signals(stop.set, reload_of(certificates))
    if stop_when is not None:

        def stop_once() -> None:
            # A descriptor at end of file stays readable.
            loop.remove_reader(stop_when)
            stop.set()

        loop.add_reader(stop_when, stop_once)
    return stop


def _admission(settings: "Settings", storage: Storage, front: Front) -> Admission:
    snapshots = storage.snapshots
    return Admission(
        settings.rates,
        lambda organization_id: snapshots.cached(organization_id) is not None,
        calls=front.calls,
    )


def _servicers(app: Application, contract: Contract) -> dict[str, object]:
    use_cases = app.use_cases
    return {
        "Administration": AdministrationServicer(use_cases.administration, app.status),
        "CallRouting": CallRoutingServicer(
            use_cases.outbound, use_cases.inbound, use_cases.explanations, contract
        ),
        "Directory": DirectoryServicer(use_cases.directory),
        "NumberInventory": NumberInventoryServicer(use_cases),
    }


async def _keep_health(app: Application, servicer: HealthServicer) -> None:
    """Update the health of the server and of call-backs at each polling interval, until cancelled."""
    storage = app.storage
    while True:
        records_calls = await asyncio.to_thread(storage.records_calls)
        by_rules = await asyncio.to_thread(storage.routes_call_backs)
        app.state.observe(records_calls=records_calls, routes_call_backs=by_rules)
        states = {
            **dict.fromkeys(["", *_SERVICE_NAMES], records_calls),
            CALL_BACKS: by_rules,
            DEGRADED_CALL_BACKS: by_rules or storage.number_index.is_complete,
        }
        for name, is_serving in states.items():
            await servicer.set(name, _SERVING if is_serving else _NOT_SERVING)
        await asyncio.sleep(app.settings.snapshot_poll_seconds)


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


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the factory of the fastest event loop that is installed."""
    try:
        import uvloop  # noqa: PLC0415 - not available on Windows
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
