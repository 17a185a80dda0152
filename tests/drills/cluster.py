"""`localdial serve --workers N` as an operator starts it, with clients for each worker. Linux only."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import override

from localdial.v1.directory_pb2 import ListOrganizationsRequest
from localdial_client import AsyncClient
from localdial_server.runtime import bootstrap
from localdial_server.settings.settings import read_settings
from tests.functional.server_process import environment_with
from tests.support.lifecycle import Lifecycle
from tests.support.waiting import DEADLINE_SECONDS

_LISTED = ListOrganizationsRequest(page_size=1)

# TCP_ESTABLISHED in /proc/net/tcp.
_ESTABLISHED = "01"


class Cluster(Lifecycle):
    """Workers on one port and one database, with their own spool folder.

    `environment` adds variables to theirs, such as settings (`LOCALDIAL_…`). Serves
    as a context manager, and removes its processes and files on exit.
    """

    def __init__(self, database_url: str, workers: int, **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="localdial-cluster-")
        folder = Path(self._folder.name)
        self.workers = workers
        self._database_url = database_url
        self.spool = folder / "spool"
        self.log = folder / "log"
        self.address = ""
        self._environment = environment_with(
            LOCALDIAL_DATABASE_URL=database_url,
            LOCALDIAL_SPOOL_DIRECTORY=str(self.spool),
            LOCALDIAL_LOG_FORMAT="json",
            **environment,
        )
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._position = 0

    @override
    def close(self) -> None:
        if self._supervisor is not None:
            with self._supervisor as supervisor:
                supervisor.terminate()
                try:
                    supervisor.wait(DEADLINE_SECONDS)
                except subprocess.TimeoutExpired:
                    # The workers notice that it is gone, and exit.
                    supervisor.kill()
        self._folder.cleanup()

    def pids(self) -> Sequence[int]:
        """Return the PIDs of the running workers."""
        assert self._supervisor is not None
        pid = self._supervisor.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]

    def kill(self, pid: int) -> None:
        """Kill one worker (SIGKILL)."""
        os.kill(pid, signal.SIGKILL)

    def served(self) -> int:
        """Return how many workers have begun to serve since the start, including replacements."""
        with self.log.open("rb") as log:
            log.seek(self._position)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._position += len(line)
                # The supervisor logs the same event once for all workers, so count only the workers' own.
                self._served += b'"serving"' in line and b"localdial_server.runtime.serve" in line
        return self._served

    async def clients(self, each: int, *, retries: bool = True) -> Mapping[int, Sequence[AsyncClient]]:
        """Return `each` clients for every worker, by PID, each client with its own connection.

        The kernel chooses the worker of a connection, so this tries until every worker
        has enough. The clients stay with these workers for as long as the workers live.
        """
        found: dict[int, list[AsyncClient]] = {pid: [] for pid in self.pids()}
        for _ in range(100 * self.workers * each):
            if all(len(clients) >= each for clients in found.values()):
                return found
            before = _connections(os.getpid())
            client = self.client(retries=retries)
            await client.directory.list_organizations(_LISTED)
            (ours,) = _connections(os.getpid()) - before
            theirs = tuple(reversed(ours))
            (pid,) = [pid for pid in found if theirs in _connections(pid)]
            if len(found[pid]) < each:
                found[pid].append(client)
            else:
                await client.close()
        raise AssertionError("the kernel gave some worker too few connections")

    def client(self, *, retries: bool = True) -> AsyncClient:
        """Return a client with its own connection, to a worker that the kernel chooses.

        Without `retries` the client raises every failure that gRPC would otherwise retry.
        """
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", int(retries))]
        return AsyncClient(self.address, timeout=DEADLINE_SECONDS, options=options)

    @override
    def start(self) -> None:
        bootstrap.migrate(read_settings(database_url=self._database_url))
        with self.log.open("wb") as log:
            self._supervisor = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "localdial_server",
                    "serve",
                    "--workers",
                    str(self.workers),
                    "--json",
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._supervisor.stdout is not None
        said = b""
        if select.select([self._supervisor.stdout], [], [], DEADLINE_SECONDS)[0]:
            said = self._supervisor.stdout.readline()
        assert said, f"the workers did not start: {self.log.read_text('utf-8')}"
        self.address = json.loads(said)["address"]


def _connections(pid: int) -> set[tuple[str, str]]:
    """Return the process's established TCP connections, each as its local and remote port in hexadecimal."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        # The process may have closed it meanwhile.
        with contextlib.suppress(FileNotFoundError):
            inodes.add(descriptor.readlink().name)
    found = set()
    # gRPC uses IPv6 sockets for IPv4 addresses too.
    for table in "tcp", "tcp6":
        for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
            _, local, remote, state, _, _, _, _, _, inode, *_ = line.split()
            if state == _ESTABLISHED and f"socket:[{inode}]" in inodes:
                found.add((local.rpartition(":")[2], remote.rpartition(":")[2]))
    return found
