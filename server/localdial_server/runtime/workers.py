"""Several server processes on one port.

The supervisor serves no calls. It binds the port, and each worker listens on it (SO_REUSEPORT): the
kernel spreads the connections over the workers.
"""

import asyncio
import contextlib
import functools
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from pydantic import SecretStr
from pydantic_core import to_json

from localdial_server.observability.logs import configure_logging
from localdial_server.runtime.connections import raise_file_limit
from localdial_server.runtime.forgotten_state import refuse_forgotten_state
from localdial_server.runtime.ports import log_exposure
from localdial_server.runtime.side_listeners import serve_metrics
from localdial_server.runtime.supervisor import Supervisor
from localdial_server.settings.addresses import listen_alone, opened
from localdial_server.settings.settings import CONFIG_ENV, Settings, env_name
from localdial_server.tls.server_certificates import (
    ServerCertificates,
    reload_of,
    server_certificates,
    watched,
)

_log = logging.getLogger(__name__)

# Settings are passed in the environment: any user of the machine can list arguments.
# -P keeps modules in the working directory from being imported.
_COMMAND: Final = (sys.executable, "-P", "-m", "localdial_server", "serve", "--worker")

# Where prometheus_client finds the folder that it shares between processes.
_METRICS_FOLDER_ENV: Final = "PROMETHEUS_MULTIPROC_DIR"

# How long a worker may take to stop, in addition to its calls and its last transaction.
_MARGIN_SECONDS: Final = 5.0


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve with several processes until SIGTERM or SIGINT, and let each finish its running calls.

    SIGHUP makes them reload the certificate. `on_ready` gets the address once all of them serve. Raises
    `StartError` if they cannot.
    """
    configure_logging(settings.log_level, settings.log_format)
    # Workers inherit the limit, and each has pipes to the supervisor.
    raise_file_limit()
    # Workers get every setting explicitly, so they cannot tell which ones are defaults.
    refuse_forgotten_state(settings)
    certificates = server_certificates(settings)
    with (
        _held_port("listen", settings.listen) as address,
        _held_port("tls_client_listen", settings.tls_client_listen) as client_address,
        _held_port("webhook_listen", settings.webhook_listen) as webhook_address,
        _metrics(settings, certificates) as (variables, forget_worker),
    ):

        def ready() -> None:
            _log.info(
                "serving",
                extra={"address": address, "workers": settings.workers, "tls": settings.uses_tls},
            )
            log_exposure(settings, address)
            if webhook_address:
                _log.info("serving the webhook", extra={"address": webhook_address})
            on_ready(address)

        addresses = {
            "listen": address,
            "tls_client_listen": client_address,
            "webhook_listen": webhook_address,
            "metrics_listen": "",
        }
        supervisor = Supervisor(
            _COMMAND,
            {**_environment(settings, addresses), **variables},
            settings.workers,
            settings.stop_seconds + settings.database_timeout_seconds + _MARGIN_SECONDS,
            on_ready=ready,
            on_exit=forget_worker,
        )
        asyncio.run(_supervise(supervisor, certificates))
    _log.info("stopped")


async def _supervise(supervisor: Supervisor, certificates: ServerCertificates | None) -> None:
    # The supervisor's own certificates are for the metrics, which it serves itself.
    async with watched(certificates):
        await supervisor.run(reload_of(certificates))


def _environment(settings: Settings, addresses: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of a worker. It holds all settings, so the worker reads no file.

    `addresses` are the settings that are other ones for workers.
    """
    values = {**dict(settings), **addresses, "workers": 1}
    ours = {env_name(name): _serialized(value) for name, value in values.items()}
    # Setting names are case-insensitive and the last duplicate wins, so put ours last.
    others = {name: value for name, value in os.environ.items() if name not in {CONFIG_ENV, *ours}}
    return {**others, **ours}


def _serialized(value: object) -> str:
    """Return a setting in the form of its environment variable."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case None:
            # An empty variable counts as not set.
            return ""
        case Mapping():
            return to_json(value, exclude_none=True).decode()
        case frozenset():
            return ",".join(sorted(value))
        case _:
            return str(value)


@contextlib.contextmanager
def _held_port(setting: str, listen: str) -> Iterator[str]:
    """Bind the port of an address; yield the address with port 0 replaced by the real one.

    An empty address stays empty. Raises `StartError` if the port cannot be bound.
    """
    if not listen:
        yield ""
        return
    with opened(listen, env_name(setting), _bound) as (address, _):
        yield address


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    """Bind a socket that shares its port with the workers and with no other server.

    It does not listen, so it gets no connections. It keeps the port while workers come and go.
    """
    # SO_REUSEPORT hides other listeners, so bind once without it to detect a foreign server.
    listen_alone(family, host, port).close()
    bound = socket.socket(family)
    try:
        # Closed connections of a former server may still occupy the port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
        # A foreign server that starts from now on must find the port taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        bound.close()
        raise
    return bound


@contextlib.contextmanager
def _metrics(
    settings: Settings, certificates: ServerCertificates | None
) -> Iterator[tuple[Mapping[str, str], Callable[[int], None]]]:
    """Serve the sum of all workers' metrics if the settings name an address.

    Yields the workers' environment variables, and a function to call with the PID of a worker that has
    exited. Raises `StartError` if the address cannot be bound.
    """
    if not settings.metrics_listen:
        yield {}, lambda _: None
        return
    with tempfile.TemporaryDirectory(prefix="localdial-metrics-") as folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # untyped library
        stop = serve_metrics(settings, certificates, registry)
        try:
            yield {_METRICS_FOLDER_ENV: folder}, functools.partial(mark_process_dead, path=folder)
        finally:
            stop()
