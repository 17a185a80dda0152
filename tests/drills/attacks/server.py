"""The server that a drill attacks, and what it uses while it is attacked. Linux only."""

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.support.lifecycle import Lifecycle

# The organization of the client beside, the attacker's, and one whose numbers nobody else may see.
VICTIM, ATTACKER, CANARY = "victim", "attacker", "canary"
CANARY_NUMBER = "+19175550123"

USER = "ann"
CALLEE = "+14155550123"

_SAMPLE_SECONDS = 0.1


class ServerUnderTest(Lifecycle):
    """A server on SQLite, with three organizations. `settings` are its settings (`LOCALDIAL_…`)."""

    def __init__(self, **settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="localdial-attack-")
        self._process = ServerProcess(Path(self._folder.name), **settings)

    @property
    def address(self) -> str:
        """The address of gRPC, host:port."""
        return self._process.address

    @property
    def pid(self) -> int:
        """The PID."""
        return self._process.pid

    @override
    def start(self) -> None:
        self._process.start()
        with Client(self.address) as client:
            for name, number in (
                (VICTIM, "+13125550142"),
                (ATTACKER, "+13125550143"),
                (CANARY, CANARY_NUMBER),
            ):
                organization = Organization(organization_id=name)
                client.directory.set_organization(SetOrganizationRequest(organization=organization))
                user = User(organization_id=name, user_id=USER, caller_id=number)
                client.directory.set_user(SetUserRequest(user=user))

    @override
    def close(self) -> None:
        self._process.kill()
        self._folder.cleanup()

    def is_alive(self) -> bool:
        """Return whether the process still runs."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        return state != "Z"

    def open_files(self) -> int:
        """Return the number of open file descriptors, sockets included."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def resident_mb(self) -> float:
        """Return the resident memory, in MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def log_bytes(self) -> int:
        """Return the size of the log, in bytes."""
        return self._process.log.stat().st_size

    def log_text(self) -> str:
        """Return the log."""
        return self._process.log.read_text("utf-8", "backslashreplace")


@dataclass
class Use:
    """What a server used between two points in time."""

    seconds: float = 0.0
    files_before: int = 0
    files_most: int = 0
    files_after: int = 0
    mb_before: float = 0.0
    mb_most: float = 0.0
    mb_after: float = 0.0
    log_bytes: int = 0


class Watch:
    """Measures what a server uses inside the context, and how long its files take to be given back."""

    def __init__(self, server: ServerUnderTest) -> None:
        self._server = server
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.use = Use()

    def __enter__(self) -> Use:
        self.use.files_before = self.use.files_most = self._server.open_files()
        self.use.mb_before = self.use.mb_most = self._server.resident_mb()
        self._log_before = self._server.log_bytes()
        self._begun = time.monotonic()
        self._thread.start()
        return self.use

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.use.seconds = time.monotonic() - self._begun
        self.use.log_bytes = self._server.log_bytes() - self._log_before

    def _sample(self) -> None:
        while not self._end.wait(_SAMPLE_SECONDS) and self._server.is_alive():
            self.use.files_most = max(self.use.files_most, self._server.open_files())
            self.use.mb_most = max(self.use.mb_most, self._server.resident_mb())
