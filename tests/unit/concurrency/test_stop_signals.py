"""What signals mean to a process that reloads, with a terminal and without."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

# It writes its PID into a file, and then what its signals mean.
PROGRAM = """
import asyncio, os, sys
from localdial_server.concurrency.stop_signals import handle_signals

async def main():
    stop = asyncio.Event()
    with open(sys.argv[1], "a", buffering=1) as said:
        handle_signals(lambda: (said.write("stop\\n"), stop.set()), lambda: said.write("reload\\n"))
        said.write(f"{os.getpid()}\\n")
        await stop.wait()

asyncio.run(main())
"""


class Started:
    """The program, in a session of its own, with a terminal or without one."""

    def __init__(self, file: Path, through: Sequence[str] = (), *, terminal: bool) -> None:
        self._file = file
        self.terminal: int | None = None
        own: int | None = None
        if terminal:
            self.terminal, own = os.openpty()

        def take_terminal() -> None:
            if own is not None:
                fcntl.ioctl(own, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [*through, sys.executable, "-c", PROGRAM, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509 - no other thread runs
        )
        if own is not None:
            os.close(own)
        self.pid = int(wait_until(self._said)[0])

    def _said(self) -> list[str]:
        return self._file.read_text("ascii").splitlines() if self._file.exists() else []

    def hear(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def close_terminal(self) -> None:
        assert self.terminal is not None
        os.close(self.terminal)
        self.terminal = None

    def means(self, count: int = 1) -> list[str]:
        """Wait until that many signals had a meaning, and return the meanings."""
        return wait_until(lambda: said[1:] if len(said := self._said()) > count else None)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        if self.terminal is not None:
            os.close(self.terminal)


@pytest.fixture
def with_terminal(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path / "said", terminal=True)
    yield started
    started.end()


@pytest.fixture
def without_terminal(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path / "said", terminal=False)
    yield started
    started.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_sigint_stop(without_terminal: Started, number: signal.Signals) -> None:
    without_terminal.hear(number)
    assert without_terminal.means() == ["stop"]


def test_a_hangup_reloads_a_service(without_terminal: Started) -> None:
    without_terminal.hear(signal.SIGHUP)
    assert without_terminal.means() == ["reload"]


def test_a_hangup_reloads_while_the_terminal_is_open(with_terminal: Started) -> None:
    with_terminal.hear(signal.SIGHUP)
    assert with_terminal.means() == ["reload"]


def test_closing_the_terminal_stops(with_terminal: Started) -> None:
    with_terminal.close_terminal()
    assert with_terminal.means() == ["stop"]


def test_the_end_of_the_shell_stops(tmp_path: Path) -> None:
    # The second command keeps the shell from replacing itself by the first.
    started = Started(tmp_path / "said", ["sh", "-c", '"$@"; true', "sh"], terminal=True)
    try:
        os.kill(started.process.pid, signal.SIGKILL)
        assert started.means() == ["stop"]
    finally:
        started.end()


def test_under_nohup_a_hangup_means_nothing(tmp_path: Path) -> None:
    started = Started(tmp_path / "said", ["nohup"], terminal=False)
    try:
        started.hear(signal.SIGHUP)
        started.hear(signal.SIGTERM)
        assert started.means() == ["stop"]
    finally:
        started.end()
