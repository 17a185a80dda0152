"""Server programs that tests start, stop, kill and freeze, root or not."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import psycopg

DEADLINE_SECONDS = 60.0

# PostgreSQL and pgbouncer refuse to run as root, so root runs them as nobody.
_AS_NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
UNPRIVILEGED: dict[str, Any] = _AS_NOBODY if os.geteuid() == 0 else {}

# Below the ports that systems hand out by themselves: while the program is down,
# no one else gets its port, and a client that keeps trying does not end up
# connected to itself.
PORTS = range(15_000, 32_000)


# Waits for the tests to end in whatever way, be it by kill -9, when the pipe to it
# closes; then it ends what they had no time to end.
_AFTERCARE = """
    cat
    pid=$(cat pid) && kill -CONT "$pid" && kill -QUIT "$pid"
    sleep 1
    rm -rf "$PWD"
"""


class Daemon(ABC):
    """A server program with a folder of its own, on one loopback port over all its restarts.

    A context manager: it runs inside, and nothing of it is left outside.
    """

    def __init__(self) -> None:
        # Not below pytest's folders, which are their owner's alone.
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
        """Return the command line that serves on `self.port`, in the foreground."""

    @abstractmethod
    def connect(self) -> "psycopg.Connection[Any]":
        """Connect, with autocommit; raises `psycopg.OperationalError` until it serves."""

    @property
    def is_running(self) -> bool:
        """Whether it was started, and neither stopped nor killed."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The id of the program's first process."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it serves: at first on a free port, later on the same."""
        assert self._process is None, "it runs already"
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
                    # Ctrl-C is for the tests, which then end it.
                    start_new_session=True,
                    **UNPRIVILEGED,
                )
            self._pid_file.write_text(str(process.pid))
            # It ends where the port is taken, or where what a kill left has not
            # ended yet: another try helps.
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(psycopg.OperationalError), self.connect():
                    self._process = process
                    return
                time.sleep(0.02)
            process.kill()
            process.wait()
        raise AssertionError(f"{type(self).__name__} did not start: {self.log.read_text('utf-8')[-4000:]}")

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        """End it by the signal and wait until it has ended; nothing if it does not run."""
        if self._process is not None:
            self._process.send_signal(with_signal)
            self._wait(self._process)

    def kill(self) -> None:
        """End all its processes at once, as the loss of its machine does (but for the disk's cache)."""
        if self._process is not None:
            self._signal_all(signal.SIGKILL)
            self._wait(self._process)

    def freeze(self) -> None:
        """Hold all its processes, connections open: a machine that hangs. Linux only."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        self._aftercare.kill()
        self._aftercare.communicate()
        shutil.rmtree(self.folder)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        process.wait(DEADLINE_SECONDS)
        self._pid_file.unlink()
        self._process = None

    def _signal_all(self, number: signal.Signals) -> None:
        # The first one is held before its children are counted, for it to make
        # no more of them meanwhile.
        os.kill(self.pid, signal.SIGSTOP)
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        for pid in [*map(int, children), self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
