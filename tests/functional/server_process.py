"""A real server process for a test, with its own database, on a free port."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from typing_extensions import override

from tests.support.daemon import PORTS
from tests.support.lifecycle import Lifecycle

# The front of every server that tests and drills start, unless they name one.
FRONT = os.environ.get("LOCALDIAL_TEST_FRONT", "grpc")


def environment_with(**settings: str) -> dict[str, str]:
    """Return this process's environment with these settings of localdial, and no others of it or of gRPC."""
    others = {
        name: value for name, value in os.environ.items() if not name.startswith(("LOCALDIAL_", "GRPC_"))
    }
    return {**others, "LOCALDIAL_LISTEN": "127.0.0.1:0", "LOCALDIAL_FRONT": FRONT, **settings}


class ServerProcess(Lifecycle):
    """`localdial serve` in a folder. It can be stopped, killed and started again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.database = folder / "localdial.db"
        self.log = folder / "server.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""
        self.page = ""
        """The URL of the console; empty without HTTP."""

    @property
    def pid(self) -> int:
        """The PID of the server, or of its supervisor if it has several workers."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @override
    def close(self) -> None:
        self.kill()

    @override
    def start(self) -> None:
        """Start the server and wait until it serves."""
        environment = environment_with(
            **{
                "LOCALDIAL_DATABASE_URL": f"sqlite:///{self.database}",
                "LOCALDIAL_LOG_FORMAT": "json",
                **self._settings,
            }
        )
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localdial_server", "serve"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        with self.log.open("rb") as log:
            self.address = self._wait_for_address(log)

    def change(self, **settings: str) -> None:
        """Change settings for the next start."""
        self._settings |= settings

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server with SIGTERM, as an orchestrator does, and return its exit code."""
        return self._end(by)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal that does not end the server."""
        assert self._process is not None, "the server is not running"
        self._process.send_signal(number)

    def kill(self) -> int:
        """Kill the server with SIGKILL, and return its exit code."""
        return self._end(signal.SIGKILL)

    def logged(self) -> list[dict[str, object]]:
        """Return the events logged since the last start, without the warning of this machine's SQLite."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and "WAL-reset bug" not in line]

    def _wait_for_address(self, log: IO[bytes]) -> str:
        assert self._process is not None
        while True:
            line = log.readline()
            if line.startswith(b"{") and (event := json.loads(line))["event"] == "serving":
                self.page = event.get("http", "")
                return str(event["address"])
            if not line:
                try:
                    self._process.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
                raise AssertionError(f"the server did not start: {self.log.read_text('utf-8')}")

    def _end(self, signal_number: int) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(signal_number)
        code = self._process.wait(30)
        self._process = None
        return code


class SameAddressServer(ServerProcess):
    """A server on PostgreSQL that keeps its address, on a port below the ephemeral range."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        folder.mkdir()
        spool = str(folder / "spool")
        super().__init__(
            folder, LOCALDIAL_DATABASE_URL=database_url, LOCALDIAL_SPOOL_DIRECTORY=spool, **settings
        )

    @override
    def start(self) -> None:
        if self.address:
            super().start()
            return
        for _ in range(20):
            self._settings["LOCALDIAL_LISTEN"] = f"127.0.0.1:{random.choice(PORTS)}"
            try:
                super().start()
            except AssertionError:
                # Another program has the port.
                continue
            return
        raise AssertionError("no port is free")
