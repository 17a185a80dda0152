"""The servers under test, all on one core. PostgreSQL and the load run on another."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client
from localdial_server.runtime import bootstrap
from localdial_server.settings.settings import read_settings
from tests.bench.h2load import RESOLVE
from tests.bench.subjects import ORGANIZATION, USER
from tests.functional.server_process import ServerProcess
from tests.support.postgres import PostgresServer

Command = Sequence[str | Path]

_REPOSITORY = Path(__file__).parents[2]

# `scripts/bench` builds the rivals there.
_BUILT = _REPOSITORY / "build" / "bench"
_RIVALS: Mapping[str, Command] = {
    "go": [_BUILT / "go-rival"],
    "node": [
        *("node", _BUILT / "node-rival" / "server.js"),
        *(_REPOSITORY / "proto", _REPOSITORY / "third_party" / "proto"),
    ],
}
_NO_OPS: Mapping[str, Command] = {
    "go-no-op": _RIVALS["go"],
    "node-no-op": _RIVALS["node"],
    "localdial-no-op": [sys.executable, "-m", "tests.bench.no_op_server"],
}

_CORES = sorted(os.sched_getaffinity(0))
_SERVER_CORE, _LOAD_CORE = _CORES[0], _CORES[-1]

_COUNT = "SELECT count(*) FROM outbound_calls"


@dataclass(frozen=True)
class Server:
    """A running server: its address, and how many calls are in its database."""

    address: str
    recorded_calls: Callable[[], int] = lambda: 0

    def response_bytes(self, request: bytes, method: str = RESOLVE) -> int:
        """Make one call, and return the size of its response on the wire, in bytes."""
        with grpc.insecure_channel(self.address) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            return 5 + len(call(request, timeout=5))


@contextlib.contextmanager
def running(wanted: Iterable[str]) -> Iterator[Mapping[str, Server]]:
    """Start the wanted servers and yield them by name, each with a database of its own."""
    if _SERVER_CORE == _LOAD_CORE:
        sys.exit("this machine lets the benchmark use one core; it needs two, one of them for the load")
    _move_to(_LOAD_CORE)
    with (
        tempfile.TemporaryDirectory(prefix="localdial-bench-") as folder,
        # With PostgreSQL's own settings, so with fsync.
        PostgresServer({}) as postgres,
        contextlib.ExitStack() as stack,
    ):
        starter = _Starter(stack, Path(folder), postgres)
        yield {name: starter.start(name) for name in wanted}


class _Starter:
    """Starts servers that run until the stack is closed."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, postgres: PostgresServer) -> None:
        self._stack = stack
        self._folder = folder
        self._postgres = postgres
        # Each server gets a copy of this database.
        url = postgres.create_database("template")
        bootstrap.migrate(read_settings(database_url=url))
        with _localdial(folder / "template", LOCALDIAL_DATABASE_URL=url) as address:
            _set_up(address)

    def start(self, name: str) -> Server:
        if name in _NO_OPS:
            return Server(self._program(_NO_OPS[name]))
        if name == "localdial-sqlite":
            return self._on_sqlite(name)
        url = self._postgres.create_database(name, "template")
        if name in _RIVALS:
            address = self._program([*_RIVALS[name], "--database", url])
        else:
            running = _localdial(self._folder / name, LOCALDIAL_DATABASE_URL=url)
            address = self._stack.enter_context(running)
        return Server(address, lambda: int(self._postgres.execute(_COUNT, name)[0][0]))

    def _on_sqlite(self, name: str) -> Server:
        folder = self._folder / name
        address = self._stack.enter_context(_localdial(folder))
        _set_up(address)

        def count() -> int:
            with contextlib.closing(sqlite3.connect(folder / "localdial.db")) as connection:
                return int(connection.execute(_COUNT).fetchone()[0])

        return Server(address, count)

    def _program(self, command: Command) -> str:
        """Start a program that prints its address, and return that."""
        with _on_server_core():
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY)
        self._stack.callback(_end, process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, f"{command[0]} did not start"
        return address


def _set_up(address: str) -> None:
    """Create the organization, with a user and five numbers to choose from."""
    with Client(address) as client:
        organization = Organization(organization_id=ORGANIZATION, organization_number="+13125550150")
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        user = User(organization_id=ORGANIZATION, user_id=USER)
        client.directory.set_user(SetUserRequest(user=user))
        client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(organization_id=ORGANIZATION, area_code="415", quantity=5)
        )


@contextlib.contextmanager
def _localdial(folder: Path, **settings: str) -> Iterator[str]:
    folder.mkdir()
    server = ServerProcess(folder, LOCALDIAL_SPOOL_DIRECTORY=str(folder / "spool"), **settings)
    with _on_server_core():
        server.start()
    try:
        yield server.address
    finally:
        server.stop()


@contextlib.contextmanager
def _on_server_core() -> Iterator[None]:
    """Start processes on the core of the servers: a child inherits where its parent may run."""
    _move_to(_SERVER_CORE)
    try:
        yield
    finally:
        _move_to(_LOAD_CORE)


def _move_to(core: int) -> None:
    os.sched_setaffinity(0, {core})


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=30)
