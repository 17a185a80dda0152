"""A client of some language, behind the driver protocol: one JSON object a line, in and out.

The program is in `clients/LANGUAGE/interop`, and uses only the public client of its
language. It answers each command with one line, in order, and exits at the end of
its input. `README.md` documents the commands.
"""

import contextlib
import json
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.waiting import DEADLINE_SECONDS


class DriverBroken(Exception):
    """The driver violated the protocol: it hung, ended, or answered something else."""


@dataclass(frozen=True)
class Failure:
    """An error as the language's client reports it."""

    type: str
    code: str
    reason: str = ""
    message: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    retry_delay_ms: float | None = None

    @classmethod
    def of(cls, error: dict[str, Any]) -> "Failure":
        """Read the error object of the protocol. Raises `DriverBroken`."""
        try:
            violations = tuple((each["field"], each["description"]) for each in error.pop("violations", []))
            # Some languages write 1500 and others 1500.0.
            delay = error.pop("retry_delay_ms", None)
            return cls(**error, violations=violations, retry_delay_ms=None if delay is None else float(delay))
        except (AttributeError, KeyError, TypeError) as wrong:
            raise DriverBroken(f"no error object: {error}") from wrong


class Driver:
    """The process of a driver. As a context manager it runs inside the context."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = command
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""

    @property
    def pid(self) -> int:
        """The PID of the driver."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process runs, which it does until it is ended or breaks."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.end(patience=5.0)

    def end(self, patience: float = DEADLINE_SECONDS) -> int | None:
        """Close the driver's input and wait; return its exit code, or None if it had to be killed."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        assert process.stdin is not None
        assert process.stdout is not None
        # The driver may have ended before the last command was written.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None
        finally:
            process.stdout.close()

    def ask(self, command: dict[str, Any], patience: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """Send one command and return its answer. Raises `DriverBroken`."""
        assert self._process is not None, "it does not run"
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode("utf-8") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._broken("has ended before", command) from error
        line = self._read_line(command, time.monotonic() + patience)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise self._broken(f"answered {line!r} to", command)
        return answer

    def sockets(self) -> int:
        """Return the number of sockets that the process has open. Linux only."""
        count = 0
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                count += str(descriptor.readlink()).startswith("socket:")
            except FileNotFoundError:
                continue
        return count

    def _read_line(self, command: dict[str, Any], deadline: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self._process.kill()
                    raise self._broken("hangs on", command)
                read = os.read(descriptor, 1 << 20)
                if not read:
                    raise self._broken("has ended on", command)
                self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _broken(self, how: str, command: dict[str, Any]) -> DriverBroken:
        said = self.log.read_text("utf-8", errors="replace")[-4000:]
        return DriverBroken(f"the driver {how} {json.dumps(command)[:1000]}\n{said}")
