"""Runs several processes of one command: starts them, replaces those that die, stops them together."""

import asyncio
import contextlib
import json
import logging
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from localdial_server.concurrency.stop_signals import handle_signals
from localdial_server.settings.errors import StartError

_log = logging.getLogger(__name__)

# Exit codes of a worker that stopped when it was told to. SIGTERM is among them: a
# process that is exiting has already removed its signal handlers.
_STOPPED_CODES: Final = {0, -signal.SIGTERM}


class WorkersFailed(StartError):
    """The workers could not start or did not stop. The text is one line that says what happened."""


class RestartDelays(NamedTuple):
    """How long the supervisor waits before it replaces a dead worker, in seconds.

    A worker that was ready for at least `settled_after` is replaced at once. Otherwise the delay begins at
    `first` and doubles with each death, up to `longest`.
    """

    settled_after: float = 1.0
    first: float = 0.1
    longest: float = 5.0

    def after(self, previous: float, ready_seconds: float | None) -> float:
        """Return the next delay. `ready_seconds` is how long the worker was ready; None if it never was."""
        if ready_seconds is not None and ready_seconds >= self.settled_after:
            return 0.0
        return min(max(2 * previous, self.first), self.longest)


DEFAULT_RESTART_DELAYS: Final = RestartDelays()


class _Exit(NamedTuple):
    ready_seconds: float | None
    """How long the worker was ready; None if it never was."""
    reason: str
    """Why it could not start, in its own words, or how its process ended."""


class Supervisor:
    """Keeps several worker processes running until it is told to stop.

    A worker prints one line of JSON on its standard output when it is ready (`{"address": …}`) or cannot
    start (`{"error": …}`). It stops on SIGTERM, and when its standard input ends, which tells it that the
    supervisor is gone.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        count: int,
        stop_timeout: float,
        *,
        on_ready: Callable[[], None],
        on_exit: Callable[[int], None],
        restart_delays: RestartDelays = DEFAULT_RESTART_DELAYS,
    ) -> None:
        """Run `command` `count` times.

        Workers that have not stopped `stop_timeout` seconds after they were told to are killed. `on_ready`
        is called once, when all of them are ready; `on_exit` gets the PID of each that has exited.
        """
        self._command = command
        self._environment = environment
        self._count = count
        self._stop_timeout = stop_timeout
        self._on_ready = on_ready
        self._on_exit = on_exit
        self._restart_delays = restart_delays
        self._not_ready_count = count
        self._running: set[Process] = set()
        self._ready: set[Process] = set()
        self._stopping = asyncio.Event()
        self._problem = ""

    async def run(self, on_hangup: Callable[[], None]) -> None:
        """Run the workers until SIGTERM or SIGINT, then stop them; a second signal kills them.

        SIGHUP is passed on to them, and `on_hangup` is called. Raises `WorkersFailed` if one of the first
        workers cannot start, or if one stops with an error. No process is left running in either case.
        """

        def pass_on_hangup() -> None:
            on_hangup()
            # A worker that is not ready may not handle SIGHUP yet, which would end it.
            for process in self._ready:
                _send(process, signal.SIGHUP)

        handle_signals(self._on_signal, pass_on_hangup)
        async with asyncio.TaskGroup() as tasks:
            slots = [tasks.create_task(self._keep_running()) for _ in range(self._count)]
            await self._stopping.wait()
            for process in self._running:
                _send(process, signal.SIGTERM)
            await asyncio.wait(slots, timeout=self._stop_timeout)
            self._kill()
        if self._problem:
            raise WorkersFailed(self._problem)

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            self._kill()
        else:
            _log.info("stopping")
        self._stopping.set()

    def _kill(self) -> None:
        for process in self._running:
            self._problem = self._problem or "workers did not stop in time and were killed"
            _log.warning("killing a worker", extra={"pid": process.pid})
            _send(process, signal.SIGKILL)

    async def _keep_running(self) -> None:
        """Run a worker, and another one each time it dies."""
        exited = await self._run_worker(self._count_ready)
        if exited.ready_seconds is None and not self._stopping.is_set():
            # A setting or the database keeps it from starting, and would keep the others from starting too.
            self._problem = exited.reason
            self._stopping.set()
        delay = 0.0
        while not self._stopping.is_set():
            delay = self._restart_delays.after(delay, exited.ready_seconds)
            _log.warning("a worker died", extra={"reason": exited.reason, "replaced_in_seconds": delay})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return
            exited = await self._run_worker(lambda: None)

    def _count_ready(self) -> None:
        self._not_ready_count -= 1
        if not self._not_ready_count:
            self._on_ready()

    async def _run_worker(self, on_ready: Callable[[], None]) -> _Exit:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=PIPE,
                stdout=PIPE,
                # Ctrl-C in a terminal reaches the supervisor alone, which tells the workers to stop.
                process_group=0,
            )
        except OSError as error:
            return _Exit(None, f"a worker cannot be started: {error.strerror}")
        assert process.stdout is not None
        clock = asyncio.get_running_loop().time
        ready_at = None
        problem = ""
        self._running.add(process)
        if self._stopping.is_set():
            _send(process, signal.SIGTERM)
        async for line in process.stdout:
            match _message(line):
                case {"address": str()}:
                    ready_at = clock()
                    self._ready.add(process)
                    on_ready()
                case {"error": str(text)}:
                    problem = text
        code = await process.wait()
        self._running.discard(process)
        self._ready.discard(process)
        self._on_exit(process.pid)
        cause = signal.strsignal(-code) if code < 0 else f"exit code {code}"
        reason = problem or f"the worker with PID {process.pid} exited: {cause}"
        if ready_at is None:
            return _Exit(None, reason)
        if self._stopping.is_set() and code not in _STOPPED_CODES:
            self._problem = self._problem or reason
        return _Exit(clock() - ready_at, reason)


def _message(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        # A library may print lines of its own.
        return None


def _send(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
