"""Measure committed and validate-only resolves against a no-op method of the same gRPC server.

The ceiling is a gRPC server configured like localdial's, with one method that returns
at once. It runs on the same core as localdial, and each is idle while the other is
measured. The rounds alternate, so that drift in the machine's speed affects all alike.
"""

import argparse
import asyncio
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client
from localdial_server.runtime import bootstrap, connections
from localdial_server.runtime import serve as server_process
from localdial_server.settings.settings import read_settings
from tests.support.postgres import PostgresServer

RESOLVE = "/localdial.v1.CallRouting/ResolveOutboundCallerId"
CEILING = "/bench.Ceiling/NoOp"
SERVER_CORE, LOAD_CORE = 0, 1
HEAD = "{:>10}  {:24}{:>9}{:>16}{:>11}{:>9}{:>9}".format(
    "open calls", "what", "calls/s", "(min-max)", "of no-op", "p50 ms", "p99 ms"
)
LEG = ResolveOutboundCallerIdRequest(organization_id="bench", user_id="ann", callee_number="+14155550123")


@dataclass(frozen=True)
class Subject:
    """A method of a server to measure, with the serialized request."""

    name: str
    address: str
    method: str
    body: bytes


@dataclass(frozen=True)
class Load:
    """Connections, concurrent calls on each, and the total number of calls."""

    connections: int
    streams: int
    calls: int


@dataclass(frozen=True)
class Figures:
    """The results of one round: calls per second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement (default 5)")
    parser.add_argument(
        "--postgresql",
        action="store_true",
        help="record in a real PostgreSQL (fsync on) rather than in SQLite",
    )
    parser.add_argument("--calls", type=int, default=10_000, help="calls in a round (default 10,000)")
    arguments = parser.parse_args()
    if shutil.which("h2load") is None:
        sys.exit("h2load is missing; on Debian: apt-get install nghttp2-client")
    loads = [
        Load(1, 1, max(1, arguments.calls // 4)),
        Load(10, 1, arguments.calls),
        Load(10, 10, arguments.calls),
    ]
    with (
        temporary_database(postgresql=arguments.postgresql) as database_url,
        server("ceiling") as ceiling,
        server(database_url) as localdial,
    ):
        set_up(localdial)
        subjects = [
            Subject("no-op", ceiling, CEILING, LEG.SerializeToString()),
            Subject("resolve, validate_only", localdial, RESOLVE, validate_only_leg().SerializeToString()),
            Subject("resolve, committed", localdial, RESOLVE, LEG.SerializeToString()),
        ]
        print(HEAD)
        for load in loads:
            report(load, dict(measure(subjects, load, arguments.rounds)))


@contextmanager
def temporary_database(*, postgresql: bool) -> Iterator[str]:
    """Make an empty database and yield its URL."""
    if postgresql:
        with PostgresServer({}) as postgres:
            url = postgres.create_database()
            bootstrap.migrate(read_settings(database_url=url))
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"


def measure(subjects: list[Subject], load: Load, rounds: int) -> Iterator[tuple[str, list[Figures]]]:
    """Run the rounds, alternating between subjects; discard the first round of each."""
    taken: dict[str, list[Figures]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds + 1):
        for subject in subjects:
            taken[subject.name].append(run(subject, load))
    for subject in subjects:
        yield subject.name, taken[subject.name][1:]


def report(load: Load, taken: dict[str, list[Figures]]) -> None:
    """Print the medians over the rounds."""
    ceiling = statistics.median(figures.rate for figures in taken["no-op"])
    for name, rounds in taken.items():
        rates = [figures.rate for figures in rounds]
        rate = statistics.median(rates)
        spread = f"({min(rates):,.0f}-{max(rates):,.0f})"
        p50 = statistics.median(figures.p50 for figures in rounds)
        p99 = statistics.median(figures.p99 for figures in rounds)
        open_calls = load.connections * load.streams
        share = f"{rate / ceiling:.0%}"
        print(f"{open_calls:>10}  {name:24}{rate:>9,.0f}{spread:>16}{share:>11}{p50:>9.2f}{p99:>9.2f}")


def run(subject: Subject, load: Load) -> Figures:
    """Put the load on the subject once; exit if a call fails."""
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body"), Path(folder, "log")
        # A gRPC message on the wire: the compression flag (0), the length, the message.
        body.write_bytes(b"\0" + struct.pack(">I", len(subject.body)) + subject.body)
        output = subprocess.run(
            [
                *("taskset", "--cpu-list", str(LOAD_CORE), "h2load"),
                *("-n", str(load.calls), "-c", str(load.connections), "-m", str(load.streams)),
                *("-d", str(body), "--log-file", str(log)),
                *("-H", "content-type: application/grpc", "-H", "te: trailers"),
                f"http://{subject.address}{subject.method}",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        took = sorted(int(line.split("\t")[2]) for line in log.read_text("ascii").splitlines())
    # h2load counts failed gRPC calls as successful, but those return no message.
    data = int(search(r"\((\d+)\) data", output))
    expected = load.calls * response_size(subject)
    if data != expected:
        sys.exit(f"{subject.name}: {data} bytes were returned instead of {expected}: some calls failed")
    return Figures(
        rate=float(search(r"([\d.]+) req/s", output)),
        p50=took[len(took) // 2] / 1000,
        p99=took[len(took) * 99 // 100] / 1000,
    )


def response_size(subject: Subject) -> int:
    """Make one call, and return the size of its response on the wire, in bytes."""
    with grpc.insecure_channel(subject.address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(subject.method)
        return 5 + len(call(subject.body, timeout=5))


def search(pattern: str, text: str) -> str:
    """Return the first group of the pattern in h2load's output; exit if it does not match."""
    match = re.search(pattern, text)
    if match is None:
        sys.exit(f"h2load printed nothing that matches {pattern}:\n{text}")
    return match[1]


def validate_only_leg() -> ResolveOutboundCallerIdRequest:
    """Return the leg as a request that records nothing."""
    leg = ResolveOutboundCallerIdRequest(validate_only=True)
    leg.MergeFrom(LEG)
    return leg


def set_up(address: str) -> None:
    """Create an organization with five numbers to choose from."""
    with Client(address) as client:
        organization = Organization(organization_id="bench", organization_number="+13125550150")
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        client.directory.set_user(SetUserRequest(user=User(organization_id="bench", user_id="ann")))
        client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(organization_id="bench", area_code="415", quantity=5)
        )


@contextmanager
def server(what: str) -> Iterator[str]:
    """Run a server process on its core and yield its address.

    `what` is `ceiling`, or the URL of localdial's database.
    """
    command = ["taskset", "--cpu-list", str(SERVER_CORE), sys.executable, __file__, "--serve", what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            yield address
        finally:
            process.terminate()


def serve(what: str) -> None:
    """Serve `what`, as for `server`, and print the address."""
    if what == "ceiling":
        with asyncio.Runner(loop_factory=server_process.loop_factory()) as runner:
            runner.run(serve_ceiling())
    with tempfile.TemporaryDirectory() as spool:
        settings = read_settings(
            listen="127.0.0.1:0", database_url=what, spool_directory=spool, log_level="warning"
        )
        server_process.serve(settings, lambda address: print(address, flush=True))


async def serve_ceiling() -> None:
    """Serve a method that returns its request at once."""

    async def echo(request: bytes, _context: object) -> bytes:
        return request

    ceiling = server_process.grpc_server(connections.channel_arguments(1_000, 1_800, 65_536))
    service, _, method = CEILING.removeprefix("/").partition("/")
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {method: grpc.unary_unary_rpc_method_handler(echo)}
    ceiling.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = ceiling.add_insecure_port("127.0.0.1:0")
    await ceiling.start()
    print(f"127.0.0.1:{port}", flush=True)
    await ceiling.wait_for_termination()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        for name in [name for name in os.environ if name.startswith("LOCALDIAL_")]:
            del os.environ[name]
        serve(sys.argv[2])
    else:
        main()
