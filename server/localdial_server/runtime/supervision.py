"""What the supervisor of several workers does: it keeps them running, and serves their metrics.

It is a program of its own, which `workers.become_supervisor` starts in its place. So it loads neither gRPC
nor what reads the settings and the database, which would stay in memory for as long as the workers run.
"""

import asyncio
import contextlib
import functools
import json
import logging
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Self

from localdial_server.observability.logs import configure_logging
from localdial_server.runtime.supervisor import Supervisor
from localdial_server.settings.addresses import cannot_listen

if TYPE_CHECKING:
    from localdial_server.tls.server_certificates import ServerCertificates

_log = logging.getLogger(__name__)

HANDED_OVER_ENV: Final = "LOCALDIAL_SUPERVISION"
"""The variable with the `Supervision`. The others are those of the workers."""

# Settings are passed in the environment: any user of the machine can list arguments.
# -P keeps modules in the working directory from being imported.
_WORKER: Final = (sys.executable, "-P", "-m", "localdial_server", "serve", "--worker")

# Where prometheus_client finds the folder that it shares between processes.
_METRICS_FOLDER_ENV: Final = "PROMETHEUS_MULTIPROC_DIR"

# How long the command that loads the demo may take to notice that the server has stopped.
_DEMO_SECONDS: Final = 5.0


class Event(NamedTuple):
    """A line of the log."""

    level: int
    text: str
    fields: Mapping[str, Any]

    def write(self, log: logging.Logger) -> None:
        """Log the event."""
        log.log(self.level, self.text, extra=dict(self.fields))


class Supervision(NamedTuple):
    """What the supervisor needs of the settings and of the command line. It holds no secrets."""

    workers: int
    stop_seconds: float
    """How long the workers may take to stop before they are killed."""
    log_level: str
    log_format: Literal["console", "json"]
    metrics_listen: str
    """The address, host:port, to serve metrics on; empty: none."""
    metrics_use_tls: bool
    events: Sequence[Event]
    """What is logged once all workers serve."""
    ready_line: str
    """What is printed then."""
    demo: Sequence[str]
    """The command that is run then; empty: none."""
    as_json: bool
    """Whether an error is printed as JSON."""

    def to_json(self) -> str:
        """Return it as JSON, for `received`."""
        return json.dumps(self._asdict())

    @classmethod
    def received(cls) -> Self:
        """Return what `workers.become_supervisor` put in the environment, and remove it there."""
        fields = json.loads(os.environ.pop(HANDED_OVER_ENV))
        return cls(**{**fields, "events": [Event(*event) for event in fields["events"]]})


def run(supervision: Supervision) -> None:
    """Serve with several workers until SIGTERM or SIGINT, and let each finish its running calls.

    SIGHUP makes them reload the certificate. Raises `StartError` if they cannot serve.
    """
    configure_logging(supervision.log_level, supervision.log_format)
    with _metrics(supervision.metrics_listen, uses_tls=supervision.metrics_use_tls) as metrics:
        asyncio.run(_supervise(supervision, metrics))
    _log.info("stopped")


class _Metrics(NamedTuple):
    variables: Mapping[str, str]
    """The workers' environment variables."""
    forget_worker: Callable[[int], None]
    """Gets the PID of each worker that has exited."""
    certificates: "ServerCertificates | None"
    """The certificates of the supervisor's own listener."""


async def _supervise(supervision: Supervision, metrics: _Metrics) -> None:
    async with _watched(metrics.certificates) as reload, _demo(supervision.demo) as load_demo:

        def ready() -> None:
            for event in supervision.events:
                event.write(_log)
            # The server keeps running when stdout is closed.
            with contextlib.suppress(BrokenPipeError):
                print(supervision.ready_line, flush=True)  # noqa: T201 - for who started the server
            load_demo()

        supervisor = Supervisor(
            _WORKER,
            {**os.environ, **metrics.variables},
            supervision.workers,
            supervision.stop_seconds,
            on_ready=ready,
            on_exit=metrics.forget_worker,
        )
        await supervisor.run(reload)


@contextlib.asynccontextmanager
async def _demo(command: Sequence[str]) -> AsyncIterator[Callable[[], None]]:
    """Yield the function that starts the command, if there is one; wait for its end."""
    tasks: list[asyncio.Task[None]] = []
    try:
        yield lambda: tasks.append(asyncio.create_task(_run(command))) if command else None
    finally:
        if tasks:
            await asyncio.wait(tasks, timeout=_DEMO_SECONDS)
            tasks[0].cancel()
            await asyncio.wait(tasks)


async def _run(command: Sequence[str]) -> None:
    # Ctrl-C in a terminal is for the supervisor alone.
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, process_group=0)
    try:
        await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


@contextlib.contextmanager
def _metrics(listen: str, *, uses_tls: bool) -> Iterator[_Metrics]:
    """Serve the sum of all workers' metrics at `listen`, host:port, unless that is empty.

    Raises `StartError` if the address cannot be bound.
    """
    if not listen:
        yield _Metrics({}, lambda _: None, None)
        return
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - most supervisors serve no metrics
    from prometheus_client.multiprocess import (  # noqa: PLC0415 - likewise
        MultiProcessCollector,
        mark_process_dead,
    )

    from localdial_server.observability import metrics_server  # noqa: PLC0415 - likewise

    certificates = new_context = None
    if uses_tls:
        from localdial_server.runtime.side_listeners import metrics_context  # noqa: PLC0415 - loads gRPC
        from localdial_server.settings.values import read_values  # noqa: PLC0415 - most need no settings
        from localdial_server.tls.server_certificates import server_certificates  # noqa: PLC0415 - loads gRPC

        settings = read_values(metrics_listen=listen).settings()
        certificates = server_certificates(settings)
        assert certificates is not None
        new_context = metrics_context(settings, certificates)
    with tempfile.TemporaryDirectory(prefix="localdial-metrics-") as folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # untyped library
        try:
            stop = metrics_server.serve(listen, registry, new_context)
        except OSError as error:
            raise cannot_listen(listen, "LOCALDIAL_METRICS_LISTEN", error) from None
        try:
            forget_worker = functools.partial(mark_process_dead, path=folder)
            yield _Metrics({_METRICS_FOLDER_ENV: folder}, forget_worker, certificates)
        finally:
            stop()


@contextlib.asynccontextmanager
async def _watched(certificates: "ServerCertificates | None") -> AsyncIterator[Callable[[], None]]:
    """Follow the files of the certificates; yield the function for a SIGHUP."""
    if certificates is None:
        yield _leave_to_workers
        return
    from localdial_server.tls.server_certificates import watched  # noqa: PLC0415 - loads gRPC

    async with watched(certificates):
        yield certificates.reload


def _leave_to_workers() -> None:
    pass
