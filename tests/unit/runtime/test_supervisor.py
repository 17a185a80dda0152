"""The supervisor, with small programs as workers."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from localdial_server.runtime.supervisor import (
    DEFAULT_RESTART_DELAYS,
    RestartDelays,
    Supervisor,
    WorkersFailed,
)
from tests.support.waiting import until

# This worker creates a file that is named after its PID, and exits when it is told to.
WORKER = """
import os, pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
folder = pathlib.Path(sys.argv[1])
(folder / str(os.getpid())).touch()
print('{"address": "127.0.0.1:1"}', flush=True)
sys.stdin.read()
"""
DEAF_WORKER = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
(pathlib.Path(sys.argv[1]) / str(os.getpid())).touch()
print('{"address": "127.0.0.1:1"}', flush=True)
time.sleep(60)
"""


class Workers:
    """A supervisor of these workers, and what it reports."""

    def __init__(
        self,
        folder: Path,
        script: str,
        count: int = 2,
        stop_timeout: float = 20,
        *,
        restart_delays: RestartDelays = DEFAULT_RESTART_DELAYS,
        program: str = sys.executable,
    ) -> None:
        self.folder = folder
        self.ready = 0
        self.hangups = 0
        self.ended: list[int] = []
        self.supervisor = Supervisor(
            (program, "-I", "-S", "-c", script, str(folder)),
            dict(os.environ),
            count,
            stop_timeout,
            on_ready=self._on_ready,
            on_exit=self.ended.append,
            restart_delays=restart_delays,
        )

    def _on_ready(self) -> None:
        self.ready += 1

    @property
    def started(self) -> set[int]:
        """The PIDs of all workers that have started."""
        return {int(file.name) for file in self.folder.iterdir() if file.name.isdecimal()}

    def _count_hangup(self) -> None:
        self.hangups += 1

    @property
    def running(self) -> set[int]:
        return {pid for pid in self.started if pid not in self.ended}

    @asynccontextmanager
    async def run(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Start the workers and wait until they are ready; stop them on exit, by force if necessary."""
        running = asyncio.create_task(self.supervisor.run(self._count_hangup))
        try:
            await until(lambda: self.ready or running.done())
            yield running
        finally:
            if not running.done():
                send(signal.SIGTERM)
                await asyncio.wait([running], timeout=20)
                assert running.done()


def send(number: signal.Signals) -> None:
    """Send a signal to the supervisor, which runs in this process."""
    os.kill(os.getpid(), number)


async def test_the_supervisor_reports_ready_once_when_all_workers_are_ready(tmp_path: Path) -> None:
    # The last worker waits for the others.
    workers = Workers(
        tmp_path,
        WORKER.replace(
            "print(",
            "import time\nwhile len(list(folder.glob('[0-9]*'))) < 3: time.sleep(0.01)\nprint(",
        ),
        count=3,
    )
    async with workers.run():
        assert len(workers.started) == 3
        os.kill(min(workers.started), signal.SIGKILL)
        await until(lambda: len(workers.started) == 4)
    assert workers.ready == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_all_workers_and_replaces_none(tmp_path: Path, number: signal.Signals) -> None:
    workers = Workers(tmp_path, WORKER, count=3)
    async with workers.run() as running:
        send(number)
        await asyncio.wait_for(running, 20)
    assert len(workers.ended) == len(workers.started) == 3


HANGUP_WORKER = WORKER.replace(
    "folder = pathlib.Path(sys.argv[1])\n",
    "folder = pathlib.Path(sys.argv[1])\n"
    "signal.signal(signal.SIGHUP, lambda *_: (folder / f'hangup-{os.getpid()}').touch())\n",
)


async def test_a_hangup_is_passed_on_to_the_workers_that_are_ready(tmp_path: Path) -> None:
    workers = Workers(tmp_path, HANGUP_WORKER)
    async with workers.run():
        send(signal.SIGHUP)
        await until(lambda: len(list(tmp_path.glob("hangup-*"))) == 2)
        assert workers.running == workers.started
    assert workers.hangups == 1


async def test_a_hangup_does_not_end_a_worker_that_is_not_ready(tmp_path: Path) -> None:
    # Until it is ready, a worker may have no handler for SIGHUP.
    workers = Workers(tmp_path, WORKER.replace("print(", "import time\ntime.sleep(0.5)\nprint("))
    running = asyncio.create_task(workers.supervisor.run(lambda: None))
    await until(lambda: len(workers.started) == 2)
    send(signal.SIGHUP)
    await until(lambda: workers.ready == 1)
    assert len(workers.started) == 2
    send(signal.SIGTERM)
    await asyncio.wait_for(running, 20)


async def test_a_signal_during_the_start_ends_all_workers(tmp_path: Path) -> None:
    workers = Workers(tmp_path, WORKER, stop_timeout=1000)
    workers.supervisor._on_signal()
    await asyncio.wait_for(workers.supervisor.run(lambda: None), 20)
    assert len(workers.ended) == 2


async def test_a_worker_that_dies_is_replaced_and_the_others_keep_running(tmp_path: Path) -> None:
    workers = Workers(tmp_path, WORKER, count=3)
    async with workers.run():
        first = workers.started
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        await until(lambda: len(workers.started) == 4)
        assert workers.ended == [victim]
        assert first - {victim} < workers.running


async def test_a_worker_that_was_ready_for_a_while_is_replaced_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workers = Workers(tmp_path, WORKER, restart_delays=RestartDelays(settled_after=0.0))
    async with workers.run():
        os.kill(min(workers.started), signal.SIGKILL)
        await until(lambda: len(workers.started) == 3)
    assert delays(caplog) == [0]


async def test_a_worker_that_keeps_dying_is_replaced_after_growing_delays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = WORKER.replace("sys.stdin.read()", "sys.exit(3)")
    short_delays = RestartDelays(first=0.01, longest=0.05)
    workers = Workers(tmp_path, script, count=1, restart_delays=short_delays)
    async with workers.run():
        await until(lambda: len(workers.started) == 6)
    assert delays(caplog)[:5] == [0.01, 0.02, 0.04, 0.05, 0.05]
    assert "exit code 3" in vars(caplog.records[0])["reason"]


def delays(caplog: pytest.LogCaptureFixture) -> list[float]:
    return [
        vars(record)["replaced_in_seconds"]
        for record in caplog.records
        if record.getMessage() == "a worker died"
    ]


async def test_if_a_first_worker_cannot_start_all_stop_and_the_reason_is_reported(tmp_path: Path) -> None:
    # One worker fails after the others are ready.
    script = WORKER.replace(
        "print(",
        "import time\n"
        "try: (folder / 'fails').mkdir()\n"
        "except FileExistsError: pass\n"
        "else:\n"
        "    while len(list(folder.glob('[0-9]*'))) < 3: time.sleep(0.01)\n"
        """    print('{"error": "the schema is too new"}')\n"""
        "    sys.exit(1)\n"
        "print(",
    )
    workers = Workers(tmp_path, script, count=3)
    async with workers.run() as running:
        with pytest.raises(WorkersFailed, match=r"^the schema is too new$"):
            await asyncio.wait_for(running, 20)
    assert workers.ready == 0
    assert len(workers.ended) == len(workers.started) == 3


async def test_if_a_first_worker_dies_silently_all_stop(tmp_path: Path) -> None:
    workers = Workers(tmp_path, "import os; os.abort()")
    async with workers.run() as running:
        with pytest.raises(WorkersFailed, match="Aborted"):
            await asyncio.wait_for(running, 20)


async def test_a_replacement_that_cannot_start_is_retried_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = WORKER.replace(
        "print(",
        "if (folder / 'away').exists():\n"
        """    print('{"error": "the database is away"}')\n"""
        "    sys.exit(1)\n"
        "print(",
    )
    workers = Workers(tmp_path, script)
    async with workers.run():
        (tmp_path / "away").touch()
        os.kill(min(workers.started), signal.SIGKILL)
        await until(lambda: len(delays(caplog)) >= 3)
        (tmp_path / "away").unlink()
        await until(lambda: len(workers.running) == 2)
    assert "the database is away" in [vars(record).get("reason") for record in caplog.records]


async def test_a_missing_program_is_reported(tmp_path: Path) -> None:
    workers = Workers(tmp_path, "", program=str(tmp_path / "nothing"))
    async with workers.run() as running:
        with pytest.raises(WorkersFailed, match="No such file"):
            await asyncio.wait_for(running, 20)


async def test_a_worker_that_fails_while_it_stops_is_reported(tmp_path: Path) -> None:
    workers = Workers(tmp_path, WORKER.replace("sys.exit()", "sys.exit(7)"))
    async with workers.run() as running:
        send(signal.SIGTERM)
        with pytest.raises(WorkersFailed, match="exit code 7"):
            await asyncio.wait_for(running, 20)


async def test_workers_that_do_not_stop_in_time_are_killed(tmp_path: Path) -> None:
    workers = Workers(tmp_path, DEAF_WORKER, stop_timeout=0.1)
    async with workers.run() as running:
        send(signal.SIGTERM)
        with pytest.raises(WorkersFailed, match="were killed"):
            await asyncio.wait_for(running, 20)
    assert set(workers.ended) == workers.started


async def test_a_second_signal_kills_the_workers(tmp_path: Path) -> None:
    workers = Workers(tmp_path, DEAF_WORKER, stop_timeout=1000)
    async with workers.run() as running:
        send(signal.SIGINT)
        send(signal.SIGINT)
        with pytest.raises(WorkersFailed, match="were killed"):
            await asyncio.wait_for(running, 20)


async def test_ctrl_c_in_a_terminal_does_not_reach_the_workers(tmp_path: Path) -> None:
    workers = Workers(tmp_path, WORKER)
    async with workers.run():
        # A terminal sends Ctrl-C to its foreground process group.
        assert os.getpgid(0) not in {os.getpgid(pid) for pid in workers.started}


async def test_a_worker_may_print_more_than_a_pipe_holds(tmp_path: Path) -> None:
    chatter = "import sys\nfor _ in range(100_000): print('{}')\nopen(f'{folder}/done', 'w').close()\n"
    workers = Workers(tmp_path, WORKER.replace("sys.stdin.read()", f"{chatter}sys.stdin.read()"), count=1)
    async with workers.run():
        await until((tmp_path / "done").exists)


def test_workers_exit_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    script = f"""
import asyncio, os, sys
from localdial_server.runtime.supervisor import Supervisor
command = (sys.executable, "-I", "-S", "-c", {WORKER!r}, sys.argv[1])
ready = lambda: print("ready", flush=True)
asyncio.run(Supervisor(command, dict(os.environ), 3, 20, on_ready=ready, on_exit=lambda pid: None)
    .run(lambda: None))
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.kill()
        # The workers share its standard error, which ends when the last of them exits.
        _, said = process.communicate(timeout=30)
    assert said == b""
    assert len(list(tmp_path.iterdir())) == 3
