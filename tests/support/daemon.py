"""Server programs that tests start, stop, kill and freeze, whether they run as root or not."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from tests.support.lifecycle import Lifecycle
from tests.support.waiting import DEADLINE_SECONDS

# PostgreSQL and pgbouncer refuse to run as root, so root runs them as nobody.
_AS_NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
UNPRIVILEGED: dict[str, Any] = _AS_NOBODY if os.geteuid() == 0 else {}

# These ports are below the ephemeral range, so that no other program gets the port while the
# server is down, and a client that keeps trying cannot connect to itself.
PORTS = range(15_000, 32_000)


# Runs when the pipe to it closes, which happens even if the tests are killed by SIGKILL, and
# ends the server that they could not end.
_AFTERCARE = """
    cat
    pid=$(cat pid) && kill -CONT "$pid" && kill -QUIT "$pid"
    sleep 1
    rm -rf "$PWD"
"""


class Daemon(Lifecycle):
    """A server program with its own folder, on one loopback port that restarts keep.

    As a context manager it runs inside the context and leaves nothing behind.
    """

    def __init__(self) -> None:
        # Only their owner can enter pytest's folders, but the program may run as nobody.
        self.folder = Path(tempfile.mkdtemp(prefix=f"localdial-{type(self).__name__.lower()}-"))
        if UNPRIVILEGED:
            shutil.chown(self.folder, UNPRIVILEGED["user"], UNPRIVILEGED["group"])
        self.log = self.folder / "log"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._pid_file = self.folder / "pid"
        self._aftercare = subprocess.Popen(
            ["sh", "-c", _AFTERCARE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            start_new_session=True,
        )

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Return the command line that serves on `self.port` in the foreground."""

    @abstractmethod
    def connect(self) -> "psycopg.Connection[Any]":
        """Connect with autocommit. Raises `psycopg.OperationalError` until the program serves."""

    @property
    def is_running(self) -> bool:
        """Whether the program was started and neither stopped nor killed."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The PID of the program's first process."""
        assert self._process is not None, "the program is not running"
        return self._process.pid

    def start(self) -> None:
        """Start the program and wait until it serves: first on a free port, then always on that port."""
        assert self._process is None, "the program is already running"
        is_new = not self.port
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if is_new:
                self.port = random.choice(PORTS)
            with self.log.open("ab") as log:
                process = subprocess.Popen(
                    self.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    # Ctrl-C must reach only the tests, which then stop the program.
                    start_new_session=True,
                    **UNPRIVILEGED,
                )
            self._pid_file.write_text(str(process.pid))
            # The program exits if the port is taken, or if children of a killed one are still
            # running. Another attempt helps.
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(psycopg.OperationalError), self.connect():
                    self._process = process
                    return
                time.sleep(0.02)
            process.kill()
            process.wait()
        raise AssertionError(f"{type(self).__name__} did not start: {self.log.read_text('utf-8')[-4000:]}")

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        """Send the signal and wait until the program has ended, if it is running."""
        if self._process is not None:
            self._process.send_signal(with_signal)
            self._wait(self._process)

    def kill(self) -> None:
        """Kill all processes at once, like a power failure that loses no disk cache."""
        if self._process is not None:
            self._signal_all(signal.SIGKILL)
            self._wait(self._process)

    def freeze(self) -> None:
        """Stop all processes with their connections open, like a machine that hangs. Linux only."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume all processes."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """Kill the program and remove its folder."""
        self.kill()
        self._aftercare.kill()
        self._aftercare.communicate()
        shutil.rmtree(self.folder)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        process.wait(DEADLINE_SECONDS)
        self._pid_file.unlink()
        self._process = None

    def _signal_all(self, number: signal.Signals) -> None:
        # Stop the first process before its children are listed, so that it starts no more.
        os.kill(self.pid, signal.SIGSTOP)
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        for pid in [*map(int, children), self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
