"""One run of h2load against resolve: its command line, and what its output and log say."""

import math
import re
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RESOLVE = "/localdial.v1.CallRouting/ResolveOutboundCallerId"

# A server does less for more connections, so both loops have the same number at most.
_CONNECTIONS = 10

# localdial allows 100 calls under way on a connection, and counts one for a moment after it is answered.
_STREAMS = 50

# How often a connection of h2load's open loop sends at most. Calls that are due earlier wait.
_SENDS_EVERY_MS = 10


class LoadError(Exception):
    """A call failed, or the output of h2load is not understood."""


@dataclass(frozen=True)
class ClosedLoop:
    """So many calls are open at any time."""

    open_calls: int

    @property
    def connections(self) -> int:
        """The number of connections."""
        return min(self.open_calls, _CONNECTIONS)

    @property
    def arguments(self) -> Sequence[str]:
        """h2load's arguments."""
        return ["-c", str(self.connections), "-m", str(self.open_calls // self.connections)]


@dataclass(frozen=True)
class TimedLoop:
    """So many calls are open at any time, until the time is up; then those under way are cut off.

    In a `ClosedLoop` each connection has its share of the calls. If servers that share a port have different
    numbers of connections, one of them would be idle at the end.
    """

    open_calls: int
    connections: int
    seconds: float

    @property
    def arguments(self) -> Sequence[str]:
        """h2load's arguments."""
        streams = self.open_calls // self.connections
        return ["-c", str(self.connections), "-m", str(streams), "-D", f"{self.seconds * 1000:.0f}ms"]


@dataclass(frozen=True)
class OpenLoop:
    """So many calls start per second, whether earlier ones are answered or not."""

    rate: float

    @property
    def connections(self) -> int:
        """The number of connections."""
        return _CONNECTIONS

    @property
    def arguments(self) -> Sequence[str]:
        """h2load's arguments."""
        rate = self.rate / self.connections
        # Spread the start of the connections over the time between two sends of one of them. Otherwise all
        # would send at the same moment.
        apart = max(round(max(1000 / rate, _SENDS_EVERY_MS) / self.connections), 1)
        return [
            *("-c", str(self.connections), "-m", str(_STREAMS), f"--rps={rate:.4f}"),
            *("-r", "1", f"--rate-period={apart}ms"),
        ]


@dataclass(frozen=True)
class Figures:
    """The results of a run: calls per second, and percentiles of the latency in milliseconds.

    `failed` is how many of the `calls` failed; they are included in the others.
    """

    calls: int
    rate: float
    p50: float
    p90: float
    p99: float
    p999: float
    failed: int


def run(
    url: str,
    message: bytes,
    load: ClosedLoop | TimedLoop | OpenLoop,
    calls: int | None,
    response_bytes: int,
) -> Figures:
    """Send the message `calls` times to the method's URL, and return the results.

    `response_bytes` is the size of each response on the wire. `calls` must be a multiple of the load's
    connections, or None for a `TimedLoop`. Raises `LoadError` if calls are left without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body"), Path(folder, "log")
        # A gRPC message on the wire: the compression flag (0), the length, the message.
        body.write_bytes(b"\0" + struct.pack(">I", len(message)) + message)
        done = subprocess.run(
            [
                *("h2load", *([] if calls is None else ["-n", str(calls)]), *load.arguments),
                *("-d", str(body), "--log-file", str(log)),
                *("-H", "content-type: application/grpc", "-H", "te: trailers"),
                url,
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise LoadError(f"h2load failed: {done.stderr or done.stdout}")
        return figures(done.stdout, log.read_text("ascii"), calls, response_bytes)


def figures(output: str, log: str, calls: int | None, response_bytes: int) -> Figures:
    """Return what h2load's output and its log of calls say. Raises `LoadError` as `run` does.

    If `calls` is None, there are as many calls as the log has.

    h2load does not read the status of gRPC, which comes in the trailers, and counts a failed call as a
    success. But a gRPC server sends no message with an error, so the bytes received tell how many failed.
    """
    rows = [line.split("\t") for line in log.splitlines()]
    calls = len(rows) if calls is None else calls
    failed = [status for _, status, _ in rows if status != "200"]
    if len(rows) != calls or failed:
        raise LoadError(
            f"{len(rows)} of {calls} calls were answered, {len(failed)} of them not with HTTP status 200:\n"
            f"{output}"
        )
    received = int(_search(r"\((\d+)\) data", output))
    answered, rest = divmod(received, response_bytes)
    if rest or answered > calls:
        raise LoadError(f"{received} bytes were returned for {calls} calls, not {response_bytes} for each")
    latencies = sorted(int(microseconds) / 1000 for _, _, microseconds in rows)
    return Figures(
        calls=calls,
        rate=float(_search(r"([\d.]+) req/s", output)),
        p50=percentile(latencies, 50),
        p90=percentile(latencies, 90),
        p99=percentile(latencies, 99),
        p999=percentile(latencies, 99.9),
        failed=calls - answered,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the values do not exceed."""
    return ordered[max(math.ceil(len(ordered) * percent / 100 - 1e-9), 1) - 1]


def _search(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise LoadError(f"h2load printed nothing that matches {pattern}:\n{text}")
    return match[1]
