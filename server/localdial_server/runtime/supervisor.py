"""Several processes of one command: started, replaced when they die, ended together."""

import asyncio
import contextlib
import json
import logging
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

_log = logging.getLogger(__name__)

# A worker that dies sooner than this after it was ready, or before, is replaced
# after a delay that doubles each time.
_SETTLED_SECONDS: Final = 1.0
_FIRST_DELAY_SECONDS: Final = 0.1
_LONGEST_DELAY_SECONDS: Final = 5.0

# A process on its last steps does not handle signals any more.
_ENDED_AS_TOLD: Final = {0, -signal.SIGTERM}


class WorkersFailed(Exception):
    """The workers cannot start, or did not end; the text is one line that says what happened."""


class _End(NamedTuple):
    ready_seconds: float | None
    """How long the worker was ready; None if it never was."""
    reason: str
    """Why it could not start, in its own words, or how its process ended."""


class Supervisor:
    """Keeps a number of processes of one command running until it is told to stop.

    A worker says on its standard output that it is ready (``{"address": …}``), or
    why it cannot start (``{"error": …}``), in one line. It ends by itself on SIGTERM,
    and when its standard input ends: that is how it learns that nobody supervises it
    any more.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        count: int,
        patience: float,
        *,
        on_ready: Callable[[], None],
        on_end: Callable[[int], None],
    ) -> None:
        """Say what to run, and how many times.

        ``patience``: seconds in which the workers have to end when they are told to.
        ``on_ready`` is called once, when all of them are ready; ``on_end`` is given
        the PID of each that has ended.
        """
        self._command = command
        self._environment = environment
        self._count = count
        self._patience = patience
        self._on_ready = on_ready
        self._on_end = on_end
        self._not_ready_yet = count
        self._running: set[Process] = set()
        self._stopping = asyncio.Event()
        self._problem = ""

    async def run(self) -> None:
        """Run the workers until SIGTERM or SIGINT, then end them; a second signal ends them at once.

        Raises ``WorkersFailed`` if one of the first cannot start, or if one did not end
        well. Nothing is left running then either.
        """
        loop = asyncio.get_running_loop()
        for number in signal.SIGTERM, signal.SIGINT:
            loop.add_signal_handler(number, self._on_signal)
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(self._keep_one()) for _ in range(self._count)]
            await self._stopping.wait()
            for process in self._running:
                _send(process, signal.SIGTERM)
            await asyncio.wait(keeping, timeout=self._patience)
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
            self._problem = self._problem or "workers did not end in time and were killed"
            _log.warning("a worker is killed", extra={"pid": process.pid})
            _send(process, signal.SIGKILL)

    async def _keep_one(self) -> None:
        """Run one worker after the other."""
        end = await self._run_one(self._first_is_ready)
        if end.ready_seconds is None and not self._stopping.is_set():
            # What keeps it from starting (a setting, the database) keeps the others too.
            self._problem = end.reason
            self._stopping.set()
        delay = 0.0
        while not self._stopping.is_set():
            if (end.ready_seconds or 0.0) >= _SETTLED_SECONDS:
                delay = 0.0
            else:
                delay = min(max(2 * delay, _FIRST_DELAY_SECONDS), _LONGEST_DELAY_SECONDS)
            _log.warning("a worker died", extra={"reason": end.reason, "replaced_in_seconds": delay})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return
            end = await self._run_one(lambda: None)

    def _first_is_ready(self) -> None:
        self._not_ready_yet -= 1
        if not self._not_ready_yet:
            self._on_ready()

    async def _run_one(self, on_ready: Callable[[], None]) -> _End:
        """Run a worker to its end."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=PIPE,
                stdout=PIPE,
                # Ctrl-C in a terminal is for the supervisor, which passes it on.
                process_group=0,
            )
        except OSError as error:
            return _End(None, f"a worker cannot be started: {error.strerror}")
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
                    on_ready()
                case {"error": str(text)}:
                    problem = text
        code = await process.wait()
        self._running.discard(process)
        self._on_end(process.pid)
        how = signal.strsignal(-code) if code < 0 else f"exit code {code}"
        reason = problem or f"the worker with PID {process.pid} ended: {how}"
        if ready_at is None:
            return _End(None, reason)
        if self._stopping.is_set() and code not in _ENDED_AS_TOLD:
            self._problem = self._problem or reason
        return _End(clock() - ready_at, reason)


def _message(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        # Somebody else's: a library may print what it likes.
        return None


def _send(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
