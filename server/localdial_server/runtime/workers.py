"""Several server processes on one port.

The supervisor serves no calls. It holds the port, on which each worker listens as
well (SO_REUSEPORT): the kernel spreads the connections over them.
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

from localdial_server.observability import metrics
from localdial_server.observability.logs import configure_logging
from localdial_server.runtime.supervisor import Supervisor, WorkersFailed
from localdial_server.settings.addresses import opened
from localdial_server.settings.settings import CONFIG_ENV, Settings, env_name

_log = logging.getLogger(__name__)

# The settings are not among the arguments, which anybody on the machine can list.
# Nothing is imported from the working directory (-P).
_COMMAND: Final = (sys.executable, "-P", "-m", "localdial_server", "serve", "--worker")

# Names the folder in which prometheus_client counts for several processes.
_METRICS_FOLDER_ENV: Final = "PROMETHEUS_MULTIPROC_DIR"

# What a worker may take to end besides its drains and its last transaction.
_MARGIN_SECONDS: Final = 5.0


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve by several processes until SIGTERM or SIGINT, and let each finish what is under way.

    ``on_ready`` is given the address once all of them serve. Raises ``WorkersFailed``.
    """
    configure_logging(settings.log_level, settings.log_format)
    with (
        _held_port("listen", settings.listen) as address,
        _held_webhook_port(settings.webhook_listen) as webhook_address,
        _metrics(settings.metrics_listen) as (variables, forget),
    ):

        def ready() -> None:
            _log.info("serving", extra={"address": address, "workers": settings.workers})
            if webhook_address:
                _log.info("serving the webhook", extra={"address": webhook_address})
            on_ready(address)

        supervisor = Supervisor(
            _COMMAND,
            {**_environment(settings, address, webhook_address), **variables},
            settings.workers,
            # Changes are drained first, and then all calls.
            2 * settings.drain_seconds + settings.database_timeout_seconds + _MARGIN_SECONDS,
            on_ready=ready,
            on_end=forget,
        )
        asyncio.run(supervisor.run())
    _log.info("stopped")


def _environment(settings: Settings, address: str, webhook_address: str) -> Mapping[str, str]:
    """Write the settings for a worker: it finds all of them in its environment, and reads no file."""
    addresses = {"listen": address, "webhook_listen": webhook_address, "metrics_listen": ""}
    values = {**dict(settings), **addresses, "workers": 1}
    written = {env_name(name): _written(value) for name, value in values.items()}
    # Names are read in any case, and the last one counts.
    others = {name: value for name, value in os.environ.items() if name not in {CONFIG_ENV, *written}}
    return {**others, **written}


def _written(value: object) -> str:
    """Write a setting as its environment variable has it."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Mapping():
            return to_json(value, exclude_none=True).decode()
        case _:
            return str(value)


@contextlib.contextmanager
def _held_port(setting: str, listen: str) -> Iterator[str]:
    """Hold the port of an address; yields the address with port 0 replaced by the real one.

    Raises ``WorkersFailed`` if somebody else is there.
    """
    with contextlib.ExitStack() as held:
        try:
            address, _ = held.enter_context(opened(listen, _bound))
        except OSError:
            raise WorkersFailed(
                f"cannot listen on {listen}: is a server there already? Set {env_name(setting)}"
            ) from None
        yield address


@contextlib.contextmanager
def _held_webhook_port(listen: str) -> Iterator[str]:
    """Hold the port of the webhook, if there is to be one."""
    if not listen:
        yield ""
        return
    with _held_port("webhook_listen", listen) as address:
        yield address


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    """Bind a socket that shares its port with the workers and with nobody else.

    It does not listen, so it gets no connections; it keeps the port while workers
    come and go.
    """
    # Sockets that share a port are not told of each other. So another server there is
    # found by one that does not share, and listens as that one does.
    socket.create_server((host, port), family=family).close()
    bound = socket.socket(family)
    try:
        # Connections that a former server has closed may still have the port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
        # A server that is started now is to be told that the port is taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        bound.close()
        raise
    return bound


@contextlib.contextmanager
def _metrics(listen: str) -> Iterator[tuple[Mapping[str, str], Callable[[int], None]]]:
    """Serve what all workers count together, where ``listen`` says, if anywhere.

    Yields what workers need in their environment, and what is to be told the PID of one
    that has ended. Raises ``WorkersFailed`` if the address cannot be served on.
    """
    if not listen:
        yield {}, lambda _: None
        return
    with tempfile.TemporaryDirectory(prefix="localdial-metrics-") as folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        try:
            stop = metrics.serve(listen, registry)
        except metrics.CannotServe as error:
            raise WorkersFailed(str(error)) from None
        try:
            yield {_METRICS_FOLDER_ENV: folder}, functools.partial(mark_process_dead, path=folder)
        finally:
            stop()
