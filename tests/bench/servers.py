"""The servers under test, all on one core. PostgreSQL and the load run on another.

Only servers that are compared as workers share all cores with a PostgreSQL of their own and the load.
"""

import contextlib
import functools
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from localdial_server.runtime import bootstrap
from localdial_server.settings.settings import read_settings
from tests.bench.data import set_up, set_up_choices
from tests.functional.server_process import ServerProcess, environment_with
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until

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
_OUR_NO_OP: Command = [sys.executable, "-m", "tests.bench.no_op_server"]
_NO_OPS: Mapping[str, Command] = {
    "go-no-op": _RIVALS["go"],
    "node-no-op": _RIVALS["node"],
    "localdial-no-op": _OUR_NO_OP,
    "fast-no-op": _OUR_NO_OP,
}

# The names of servers with so many workers.
_WORKERS: Mapping[str, int] = {"localdial-workers-1": 1, "localdial-workers-2": 2}

_CORES = sorted(os.sched_getaffinity(0))
_SERVER_CORE, _LOAD_CORE = _CORES[:1], _CORES[-1:]

_COUNT = "SELECT (SELECT count(*) FROM outbound_calls) + (SELECT count(*) FROM inbound_calls)"


@dataclass(frozen=True)
class Server:
    """A running server: its address, how many calls are in its database, and the cores of the load."""

    address: str
    recorded_calls: Callable[[], int] = lambda: 0
    load_cores: Sequence[int] = tuple(_LOAD_CORE)

    def response_bytes(self, method: str, request: bytes) -> int:
        """Make one call, and return the size of its response on the wire, in bytes."""
        with grpc.insecure_channel(self.address) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
            return 5 + len(call(request, timeout=5))


@contextlib.contextmanager
def running(wanted: Iterable[str]) -> Iterator[Mapping[str, Server]]:
    """Start the wanted servers and yield them by name, each with a database of its own."""
    if len(_CORES) < 2:
        sys.exit("this machine lets the benchmark use one core; it needs two, one of them for the load")
    with (
        on_cores(_LOAD_CORE),
        tempfile.TemporaryDirectory(prefix="localdial-bench-") as folder,
        contextlib.ExitStack() as stack,
    ):
        starter = _Starter(stack, Path(folder))
        yield {name: starter.start(name) for name in wanted}


class _Starter:
    """Starts servers that run until the stack is closed."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder

    @functools.cached_property
    def _pinned(self) -> PostgresServer:
        return self._postgres(_LOAD_CORE)

    @functools.cached_property
    def _unpinned(self) -> PostgresServer:
        return self._postgres(_CORES)

    def _postgres(self, cores: Sequence[int]) -> PostgresServer:
        """Start PostgreSQL with a database that each server gets a copy of."""
        with on_cores(cores):
            # With PostgreSQL's own settings, so with fsync.
            postgres = self._stack.enter_context(PostgresServer({}))
        url = postgres.create_database("template")
        bootstrap.migrate(read_settings(database_url=url))
        with tempfile.TemporaryDirectory() as folder, _localdial(Path(folder), _SERVER_CORE, url) as process:
            set_up(process.address)
        return postgres

    def start(self, name: str) -> Server:
        if name in _NO_OPS:
            return Server(self._program(_NO_OPS[name], _front(name)))
        if name in _WORKERS:
            return self._with_workers(name)
        if name.endswith("-sqlite"):
            return self._on_sqlite(name)
        url = self._pinned.create_database(name, "template")
        if name in _RIVALS:
            address = self._program([*_RIVALS[name], "--database", url], {})
        else:
            address = self._localdial(name, _SERVER_CORE, url, **_front(name)).address
        return Server(address, _count(self._pinned, name))

    def _with_workers(self, name: str) -> Server:
        url = self._unpinned.create_database(name, "template")
        count = _WORKERS[name]
        process = self._localdial(name, _CORES, url, LOCALDIAL_WORKERS=str(count))
        if count > 1:
            # The address is known when the first worker serves.
            wait_until(lambda: any(event.get("workers") == count for event in process.logged()))
        return Server(process.address, _count(self._unpinned, name), _CORES)

    def _on_sqlite(self, name: str) -> Server:
        address = self._localdial(name, _SERVER_CORE, **_front(name)).address
        set_up(address)
        # Only here, so that the rivals' query does not run in a table with many more numbers.
        set_up_choices(address)

        def count() -> int:
            with contextlib.closing(sqlite3.connect(self._folder / name / "localdial.db")) as connection:
                return int(connection.execute(_COUNT).fetchone()[0])

        return Server(address, count)

    def _localdial(
        self, name: str, cores: Sequence[int], database_url: str = "", **settings: str
    ) -> ServerProcess:
        folder = self._folder / name
        folder.mkdir()
        return self._stack.enter_context(_localdial(folder, cores, database_url, **settings))

    def _program(self, command: Command, settings: Mapping[str, str]) -> str:
        """Start a program that prints its address, and return that."""
        with on_cores(_SERVER_CORE):
            process = subprocess.Popen(
                command, env=environment_with(**settings), stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY
            )
        self._stack.callback(_end, process)
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, f"{command[0]} did not start"
        return address


@contextlib.contextmanager
def _localdial(
    folder: Path, cores: Sequence[int], database_url: str = "", **settings: str
) -> Iterator[ServerProcess]:
    """Run the server with its files in the folder. Without a URL, it uses SQLite there."""
    if database_url:
        settings["LOCALDIAL_DATABASE_URL"] = database_url
    process = ServerProcess(folder, LOCALDIAL_SPOOL_DIRECTORY=str(folder / "spool"), **settings)
    with on_cores(cores):
        process.start()
    try:
        yield process
    finally:
        process.stop()


def _front(server: str) -> Mapping[str, str]:
    """Return the settings that give the server its front."""
    return {"LOCALDIAL_FRONT": "fast"} if server.startswith("fast-") else {}


def _count(postgres: PostgresServer, database: str) -> Callable[[], int]:
    return lambda: int(postgres.execute(_COUNT, database)[0][0])


@contextlib.contextmanager
def on_cores(cores: Iterable[int]) -> Iterator[None]:
    """Start processes on these cores: a child inherits where its parent may run."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=30)
