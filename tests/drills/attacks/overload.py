"""One organization that calls more often than the server can answer, by h2load and by batches."""

import collections
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import grpc

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ResolveOutboundCallerIdRequest,
)
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from tests.drills.attacks.scene import Report
from tests.drills.attacks.server import ATTACKER, CALLEE, USER
from tests.support import http2

# The attacks count what the server recorded by its metrics.
METRICS = "127.0.0.1:50973"
SETTINGS = {"LOCALDIAL_METRICS_LISTEN": METRICS}

# About five times what the server records per second at capacity, on 50 connections.
_CALLS_PER_SECOND = 55_000
_CONNECTIONS = 50

_HEADERS = ("-H", "te: trailers", "-H", "content-type: application/grpc")

# An organization that may call less often than it does. A resolve is one unit.
OVER_ITS_RATE = {
    "LOCALDIAL_ORGANIZATION_LIMITS": json.dumps(
        {ATTACKER: {"rate_units_per_second": 50, "rate_burst_units": 50}}
    )
}
_OVER_ITS_RATE_PER_SECOND = 300
P99_OF_REFUSALS = "p99 of a refusal, in us"

_COUNTERS = {
    "localdial_calls_recorded_total": "recorded",
    'localdial_admission_refused_total{cause="calls"}': "refused",
}

BATCH_CALLERS = 8
_LEGS = 500


def overload(address: str, seconds: float, _number: int) -> Report:
    """Call five times as often as the server can answer."""
    each = _CALLS_PER_SECOND // _CONNECTIONS
    return _h2load(address, seconds, "-c", str(_CONNECTIONS), "-m", "2000", f"--rps={each}")


def at_capacity(address: str, seconds: float, _number: int) -> Report:
    """Call as fast as the server answers a hundred calls at a time: what it can answer at most."""
    return _h2load(address, seconds, "-c", "10", "-m", "10")


def batches(address: str, seconds: float, _number: int) -> Report:
    """Have callers send batch after batch. A caller that is refused waits as long as it is told."""
    report, lock = Report(), threading.Lock()
    until = time.monotonic() + seconds

    def call() -> None:
        request = BatchResolveOutboundCallerIdsRequest(
            requests=[
                ResolveOutboundCallerIdRequest(
                    organization_id=ATTACKER, user_id=USER, callee_number=f"+1415555{line:04}"
                )
                for line in range(_LEGS)
            ]
        )
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(address, options) as channel:
            resolve = CallRoutingStub(channel).BatchResolveOutboundCallerIds
            while time.monotonic() < until:
                begun = time.monotonic()
                try:
                    resolve(request, timeout=30)
                    status, text, pause = "OK", "", 0.0
                except grpc.RpcError as error:
                    status, text = error.code().name, error.details() or ""
                    pause = _pushback(error)
                with lock:
                    report.add(status, text, time.monotonic() - begun)
                time.sleep(max(pause, 0.0))

    threads = [threading.Thread(target=call) for _ in range(BATCH_CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return report


def over_its_rate(address: str, seconds: float, _number: int) -> Report:
    """Call more often than the organization's rate limit allows, but not as fast as a flood."""
    report = Report()
    took: list[float] = []
    request = ResolveOutboundCallerIdRequest(organization_id=ATTACKER, user_id=USER, callee_number=CALLEE)
    with grpc.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
        resolve = CallRoutingStub(channel).ResolveOutboundCallerId
        begun = time.monotonic()
        while (due := begun + report.sent / _OVER_ITS_RATE_PER_SECOND) < begun + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            sent = time.monotonic()
            try:
                resolve(request, timeout=30)
                report.add("OK")
            except grpc.RpcError as error:
                took.append(time.monotonic() - sent)
                report.add(error.code().name, error.details() or "", took[-1])
    report.statuses[P99_OF_REFUSALS] = round(sorted(took)[len(took) * 99 // 100] * 1e6)
    return report


def _pushback(error: Any) -> float:
    """Return how many seconds the server asks to wait."""
    return float(dict(error.trailing_metadata() or ()).get("grpc-retry-pushback-ms", 0)) / 1000


def _h2load(address: str, seconds: float, *how: str) -> Report:
    program = shutil.which("h2load")
    if program is None:
        sys.exit("h2load is missing; install nghttp2-client (Debian) or nghttp2 (Homebrew)")
    request = ResolveOutboundCallerIdRequest(organization_id=ATTACKER, user_id=USER, callee_number=CALLEE)
    before = _counts()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "call"
        body.write_bytes(http2.message(request.SerializeToString()))
        headers = [
            part for header in ("te: trailers", "content-type: application/grpc") for part in ("-H", header)
        ]
        subprocess.run(
            [
                program,
                "-t1",
                *how,
                "-D",
                str(round(seconds)),
                "-d",
                body,
                *headers,
                f"http://{address}{http2.RESOLVE}",
            ],
            stdout=subprocess.DEVNULL,
            check=True,
        )
    took = time.monotonic() - begun
    report = Report()
    for name, count in (_counts() - before).items():
        report.statuses[f"{name} per second"] = round(count / took)
        report.sent += int(count)
    return report


def _counts() -> collections.Counter[str]:
    counts: collections.Counter[str] = collections.Counter()
    with urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=30) as page:
        for line in page.read().decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name in _COUNTERS:
                counts[_COUNTERS[name]] = int(float(value))
    return counts
