"""What a resolve costs over HTTP, beside gRPC on the same server: the p50 on one connection, and CPU time.

The loads take turns: h2load with gRPC, JSON and binary, and curl with JSON, each with one call after the
other on one connection. With two cores or more, the server has the first one and the load the last one.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from tests.bench.data import CALLEE, ORGANIZATION, USER, set_up
from tests.bench.h2load import RESOLVE, percentile
from tests.drills.arguments import argument_parser
from tests.drills.rounds import Figure, print_machine
from tests.functional.server_process import FRONT, ServerProcess

# How many times that of gRPC the p50 of JSON may be.
_BOUND: Final = 1.5

_CORES: Final = sorted(os.sched_getaffinity(0))
_REQUEST: Final = ResolveOutboundCallerIdRequest(
    organization_id=ORGANIZATION, user_id=USER, callee_number=CALLEE
).SerializeToString()
_JSON: Final = json.dumps(
    {"organizationId": ORGANIZATION, "userId": USER, "calleeNumber": CALLEE}, separators=(",", ":")
).encode()


class Load(NamedTuple):
    """One way to call: what is sent and how."""

    name: str
    body: bytes
    arguments: Sequence[str]
    """Those of h2load."""
    is_grpc: bool = False


_LOADS: Final = (
    Load(
        "gRPC",
        b"\0" + len(_REQUEST).to_bytes(4) + _REQUEST,
        ["-H", "content-type: application/grpc", "-H", "te: trailers"],
        is_grpc=True,
    ),
    Load("HTTP, JSON", _JSON, ["--h1", "-H", "content-type: application/json"]),
    Load("HTTP, binary", _REQUEST, ["--h1", "-H", "content-type: application/proto"]),
)


class Taken(NamedTuple):
    """One measurement: milliseconds until the answer, and of CPU time for a call."""

    p50: float
    cpu: float


def main() -> None:
    """Measure, and print the figures."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--calls", type=int, default=2_000, help="calls of each measurement (default 2000)")
    arguments = parser.parse_args()
    print_machine()
    print(f"front: {FRONT}; {arguments.calls} calls, {arguments.rounds} rounds: median (range)")
    with tempfile.TemporaryDirectory(prefix="localdial-http-") as folder:
        server = ServerProcess(Path(folder), LOCALDIAL_HTTP_LISTEN="127.0.0.1:0")
        # Threads of the server inherit the core.
        os.sched_setaffinity(0, _CORES[:1])
        server.start()
        os.sched_setaffinity(0, _CORES[-1:])
        try:
            set_up(server.address)
            taken = _measured(server, Path(folder), arguments.rounds, arguments.calls)
        finally:
            server.stop()
    for name, rounds in taken.items():
        p50, cpu = Figure([each.p50 for each in rounds]), Figure([each.cpu for each in rounds])
        print(f"{name:14} p50 {p50:.3f} ms   CPU {cpu:.3f} ms")
    ratio = Figure(
        [ours.p50 / grpc.p50 for ours, grpc in zip(taken["HTTP, JSON"], taken["gRPC"], strict=True)]
    )
    print(f"JSON ÷ gRPC, p50: {ratio:.2f}, at most {_BOUND} wanted")
    if ratio.median > _BOUND:
        sys.exit("JSON over HTTP is too slow")


def _measured(server: ServerProcess, folder: Path, rounds: int, calls: int) -> dict[str, list[Taken]]:
    taken: dict[str, list[Taken]] = {}
    # The first round is a warm-up.
    for number in range(rounds + 1):
        for name, run in _runs(server, folder, calls):
            before = _cpu_seconds(server.pid)
            latencies = sorted(run())
            cpu = (_cpu_seconds(server.pid) - before) * 1000 / len(latencies)
            if number:
                taken.setdefault(name, []).append(Taken(percentile(latencies, 50), cpu))
    return taken


def _runs(server: ServerProcess, folder: Path, calls: int) -> Sequence[tuple[str, Callable[[], list[float]]]]:
    """Return the loads, each as a function that returns the milliseconds of each call."""
    http = f"{server.page.rstrip('/')}{RESOLVE}"
    grpc = f"http://{server.address}{RESOLVE}"
    runs: list[tuple[str, Callable[[], list[float]]]] = [
        (load.name, lambda load=load: _h2load(folder, load, grpc if load.is_grpc else http, calls))
        for load in _LOADS
    ]
    return [*runs, ("curl, JSON", lambda: _curl(folder, http, calls // 4))]


def _h2load(folder: Path, load: Load, url: str, calls: int) -> list[float]:
    body, log = folder / "body", folder / "log"
    body.write_bytes(load.body)
    log.unlink(missing_ok=True)
    command = ["h2load", "-n", str(calls), "-c", "1", "-m", "1", "-d", str(body), "--log-file", str(log)]
    subprocess.run([*command, *load.arguments, url], check=True, capture_output=True)
    rows = [line.split("\t") for line in log.read_text("ascii").splitlines()]
    assert len(rows) == calls, f"{len(rows)} of {calls} calls were answered"
    assert {status for _, status, _ in rows} == {"200"}, "calls failed"
    return [int(microseconds) / 1000 for _, _, microseconds in rows]


def _curl(folder: Path, url: str, calls: int) -> list[float]:
    """Call by curl, which keeps its connection for all URLs of one command."""
    config = folder / "curl"
    config.write_text(f'url = "{url}"\noutput = "/dev/null"\n' * calls, "ascii")
    command = [
        "curl",
        "-s",
        "-f",
        "-w",
        "%{time_total}\n",
        "-H",
        "content-type: application/json",
        "-d",
        "@-",
    ]
    done = subprocess.run([*command, "-K", config], input=_JSON, check=True, capture_output=True)
    return [float(line) * 1000 for line in done.stdout.split()]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
