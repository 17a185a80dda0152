"""What a start costs: time until the server serves, short commands, idle memory, and each import.

CPU times are those of the process and of the child that reads its settings, so that other work on the
machine matters less. Memory is read one second after the server serves, and again after resolves: RSS counts
libraries that other processes share in full, PSS in part.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc
from sqlalchemy import insert

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial_server.domain.model import Organization
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.migrate import migrate
from localdial_server.storage.sql.rows import to_row
from localdial_server.storage.sql.schema import numbers, organizations, phone_number_owners, revisions, users
from tests.drills.arguments import argument_parser
from tests.drills.import_costs import (
    OF_RESOLVE,
    OF_RESOLVE_ITSELF,
    OF_SERVER,
    OF_SERVER_ITSELF,
    import_costs,
)
from tests.drills.rounds import Figure, print_machine
from tests.drills.sizes_data import MANY, made_number, made_user
from tests.support.postgres import PostgresServer

_COMMAND: Final = (sys.executable, "-m", "localdial_server")
_SERVE: Final = (*_COMMAND, "--json", "serve", "--listen", "127.0.0.1:0")
_SETTLED_SECONDS: Final = 1.0
_CALLS: Final = 10_000
_OPEN_CALLS: Final = 50
_LOADED: Final = dataclasses.replace(MANY, organizations=200)

# The greatest memory of a child includes that of the process that starts it, so a small one does.
_MEASURING: Final = """
import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""

# What `localdial resolve` cannot take less than, since it is a gRPC call in Python.
_BARE_CALL: Final = """
import sys, grpc
from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
with grpc.insecure_channel(sys.argv[1]) as channel:
    request = ResolveOutboundCallerIdRequest(
        organization_id="demo", user_id="bob", callee_number="+13105550155", validate_only=True
    )
    print(CallRoutingStub(channel).ResolveOutboundCallerId(request, timeout=5))
"""

Figures = dict[str, list[float]]


class _Server(NamedTuple):
    address: str
    pid: int


@contextlib.contextmanager
def _served(figures: Figures, subject: str, settings: Mapping[str, str]) -> Iterator[_Server]:
    """Start a server, note its times and memory under `subject`, and yield it."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        _SERVE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **settings}
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{subject}: the server did not start; `localdial serve` says why"
        figures[f"{subject}: start to SERVING, s"].append(time.perf_counter() - begun)
        figures[f"{subject}: CPU until SERVING, s"].append(_cpu_seconds(process.pid))
        _note_memory(figures, f"{subject}: idle", process.pid)
        yield _Server(json.loads(line)["address"], process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _cpu_seconds(pid: int) -> float:
    # The fields after the command's name, which may contain spaces: the 12th to 15th are ticks of CPU time,
    # of the process and of children that ended.
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _note_memory(figures: Figures, subject: str, pid: int) -> None:
    time.sleep(_SETTLED_SECONDS)
    for kind, megabytes in _memory(pid).items():
        figures[f"{subject} {kind}, MB"].append(megabytes)


def _memory(pid: int) -> Mapping[str, float]:
    """Return the RSS and PSS of the process in MB (1,000,000 bytes)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]
    kilobytes = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
    return {kind: kilobytes[name] * 1024 / 1e6 for kind, name in (("RSS", "Rss"), ("PSS", "Pss"))}


def _run(figures: Figures, subject: str, *command: str) -> None:
    """Run a command to its end, and note its times and its greatest memory."""
    run = subprocess.run([sys.executable, "-c", _MEASURING, *command], stdout=subprocess.PIPE, check=True)
    taken, cpu, kilobytes = map(float, run.stdout.split()[-3:])
    figures[f"{subject}: time, s"].append(taken)
    figures[f"{subject}: CPU, s"].append(cpu)
    figures[f"{subject}: greatest RSS, MB"].append(kilobytes * 1024 / 1e6)


def _round(figures: Figures, postgres: PostgresServer) -> None:
    with tempfile.TemporaryDirectory(prefix="localdial-startup-") as folder:
        state = {"LOCALDIAL_STATE_DIRECTORY": folder}
        with _served(figures, "server, first start", state) as server:
            _run(defaultdict(list), "localdial demo", *_COMMAND, "--server", server.address, "demo")
        for front in "fast", "grpc":
            with _served(figures, f"server, front {front}", {**state, "LOCALDIAL_FRONT": front}) as server:
                asyncio.run(_resolve(server.address))
                _note_memory(figures, f"server, front {front}: after {_CALLS:,} resolves", server.pid)
        with _served(defaultdict(list), "server", state) as (address, _):
            _run(figures, "localdial --version", *_COMMAND, "--version")
            call = "--server", address, "resolve", "demo", "bob", "+13105550155"
            _run(figures, "localdial resolve", *_COMMAND, *call)
            _run(figures, "a bare gRPC call", sys.executable, "-c", _BARE_CALL, address)
        url = postgres.create_database()
        shared = {**state, "LOCALDIAL_DATABASE_URL": url}
        subprocess.run(
            [*_COMMAND, "migrate"], env={**os.environ, **shared}, check=True, stdout=subprocess.DEVNULL
        )
        with _served(figures, "supervisor of 2 workers", {**shared, "LOCALDIAL_WORKERS": "2"}):
            pass
        postgres.drop_database(url)


async def _resolve(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = CallRoutingStub(channel)
        request = ResolveOutboundCallerIdRequest(
            organization_id="demo", user_id="bob", callee_number="+13105550155"
        )
        for _ in range(_CALLS // _OPEN_CALLS):
            calls = (stub.ResolveOutboundCallerId(request, timeout=20) for _ in range(_OPEN_CALLS))
            await asyncio.gather(*calls)


async def _bytes_per_organization() -> float:
    """Return the memory that Python allocates for each organization when its snapshot is loaded."""
    with tempfile.TemporaryDirectory(prefix="localdial-startup-") as folder:
        database = SqliteDatabase.open(Path(folder, "localdial.db"))
        migrate(database.engine)
        _fill(database)
        snapshots = SnapshotCache(database)
        # The first load also fills the caches of SQLAlchemy.
        await snapshots.get(_LOADED.organization_id(0))
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for organization in range(1, _LOADED.organizations):
            await snapshots.get(_LOADED.organization_id(organization))
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await database.close()
    return (after - before) / (_LOADED.organizations - 1)


def _fill(database: SqliteDatabase) -> None:
    with database.engine.begin() as connection:
        for index in range(_LOADED.organizations):
            id_ = _LOADED.organization_id(index)
            owned = [
                made_number(id_, _LOADED.phone_number(index, number)) for number in range(_LOADED.numbers)
            ]
            connection.execute(
                insert(organizations), to_row(organizations, Organization(id_, f"Lender {id_}"))
            )
            connection.execute(insert(revisions), {"organization_id": id_, "revision": 1})
            connection.execute(
                insert(users), [to_row(users, made_user(id_, user)) for user in range(_LOADED.users)]
            )
            connection.execute(
                insert(phone_number_owners),
                [{"phone_number": each.phone_number, "organization_id": id_} for each in owned],
            )
            connection.execute(insert(numbers), [to_row(numbers, each) for each in owned])


def _print_imports(subject: str, modules: Sequence[str], rounds: int) -> None:
    costs = import_costs(modules, rounds)
    print(f"imports of {subject}, each without what is loaded already:")
    for name, cost in costs.items():
        print(f"  {name:32} {cost.cpu:6.3f} s CPU {cost.megabytes:6.1f} MB")


def main() -> None:
    """Print the median and the range of each figure."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each figure (default 5)")
    arguments = parser.parse_args()
    print_machine()
    figures: Figures = defaultdict(list)
    with PostgresServer() as postgres:
        # The first round writes the bytecode, and is discarded.
        _round(defaultdict(list), postgres)
        for _ in range(arguments.rounds):
            _round(figures, postgres)
    for name, measured in figures.items():
        print(f"{name:44} {Figure(measured):.2f}")
    for subject, libraries, own in (
        ("localdial resolve", OF_RESOLVE, OF_RESOLVE_ITSELF),
        ("server on SQLite", OF_SERVER, OF_SERVER_ITSELF),
    ):
        _print_imports(subject, [*libraries, *own], arguments.rounds)
    size = asyncio.run(_bytes_per_organization())
    print(
        f"memory per loaded organization of {_LOADED.users} users and {_LOADED.numbers} numbers: "
        f"{size / 1e3:.1f} KB"
    )
    print_machine()


if __name__ == "__main__":
    main()
