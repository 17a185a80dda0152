"""Stop and restart servers under load: no call of our client fails, and none is cancelled for others.

First, clients without retries call one server after the other, each of which gets SIGTERM: a call may end
with UNAVAILABLE, never with CANCELLED. Then our Python client calls several servers on one PostgreSQL,
which are restarted one at a time, evenly spread over the calls. None may fail, and each must be recorded
exactly once.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial_client import AsyncClient, LocaldialError
from localdial_server.runtime import bootstrap
from localdial_server.runtime.serve import loop_factory
from localdial_server.settings.settings import read_settings
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine, print_progress
from tests.functional.server_process import SameAddressServer
from tests.support.postgres import PostgresServer
from tests.support.raw_clients import raw_clients, set_up_caller
from tests.support.waiting import until, wait_until

_REQUEST = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550123")

# An orchestrator waits before the next restart; clients find a new server within a second.
_PAUSE_SECONDS = 1.0

# Longer than the default, so that a busy machine alone causes no failure.
_TIMEOUT_SECONDS = 60.0


@dataclass
class Load:
    """What the callers of our client saw."""

    wanted: int
    calls: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    """The longest call, in seconds."""

    async def put(self, client: AsyncClient) -> None:
        """Call until all callers together have made enough calls."""
        while self.calls < self.wanted:
            self.calls += 1
            started = time.monotonic()
            try:
                await client.call_routing.resolve_outbound_caller_id(_REQUEST)
            except LocaldialError as error:
                self.failed[f"{error.code.name}: {error}"] += 1
            self.longest = max(self.longest, time.monotonic() - started)


def stop_under_raw_clients(server: SameAddressServer, workers: int, stops: int, clients: int) -> Counter[str]:
    """Stop the server under the calls of raw clients; return how many calls ended with each status."""
    seen: Counter[str] = Counter()
    for number in range(stops):
        server.start()
        wait_until(lambda: _is_serving(server, workers))
        set_up_caller(server.address)
        with raw_clients(server.address, clients) as statuses:
            time.sleep(1)
            server.stop()
        seen += statuses
        print_progress("stops", number + 1, stops)
    return seen


def _is_serving(server: SameAddressServer, workers: int) -> bool:
    """Return whether all workers serve. After them, their supervisor says so."""
    events = [event["event"] for event in server.logged()]
    return events.count("serving") == (1 if workers == 1 else workers + 1)


async def restart_under_load(
    servers: Sequence[SameAddressServer], load: Load, restarts: int, callers: int
) -> None:
    """Restart the servers in turn while callers make the calls of `load`."""
    addresses = [server.address for server in servers]
    async with AsyncClient(addresses, timeout=_TIMEOUT_SECONDS) as client, asyncio.TaskGroup() as tasks:
        for _ in range(callers):
            tasks.create_task(load.put(client))
        for number, server in enumerate(itertools.islice(itertools.cycle(servers), restarts)):
            due = load.wanted * number // restarts
            await until(lambda due=due: load.calls >= due)
            await asyncio.sleep(_PAUSE_SECONDS)
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            print_progress("restarts", number + 1, restarts)


def recorded(database_url: str) -> int:
    """Return how many calls are recorded."""
    with closing(psycopg.connect(database_url)) as connection:
        row = connection.execute("SELECT count(*) FROM outbound_calls").fetchone()
    assert row is not None
    return int(row[0])


def report(seen: Mapping[int, Counter[str]], load: Load, restarts: int, seconds: float) -> None:
    """Print the results."""
    for workers, statuses in seen.items():
        print(f"raw clients, stops of a server with {workers} workers: {dict(statuses)}")
    print(
        f"our client, {restarts} restarts in {seconds:.0f} s: {load.calls:,} calls, failed: "
        f"{dict(load.failed) or 0}, longest {load.longest:.1f} s"
    )
    print_machine()


def main() -> None:
    """Run the drill; exit with 1 if a call failed or was cancelled, or is not recorded exactly once."""
    parser = argument_parser(__doc__)
    parser.add_argument("--stops", type=int, default=10, help="stops under raw clients (default 10)")
    parser.add_argument("--clients", type=int, default=24, help="raw clients (default 24)")
    parser.add_argument("--workers", type=int, default=4, help="workers of the stopped server (default 4)")
    parser.add_argument("--restarts", type=int, default=100, help="rolling restarts (default 100)")
    parser.add_argument("--calls", type=int, default=500_000, help="calls meanwhile (default 500,000)")
    parser.add_argument("--servers", type=int, default=3, help="servers that are restarted (default 3)")
    parser.add_argument("--callers", type=int, default=48, help="calls at a time (default 48)")
    arguments = parser.parse_args()
    load = Load(arguments.calls)
    with PostgresServer() as postgres, tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        seen = {}
        for workers in sorted({1, 2, arguments.workers}):
            url = postgres.create_database()
            bootstrap.migrate(read_settings(database_url=url))
            server = SameAddressServer(folder / f"raw{workers}", url, LOCALDIAL_WORKERS=str(workers))
            stack.callback(server.kill)
            seen[workers] = stop_under_raw_clients(server, workers, arguments.stops, arguments.clients)
        url = postgres.create_database()
        bootstrap.migrate(read_settings(database_url=url))
        servers = [SameAddressServer(folder / f"{number}", url) for number in range(arguments.servers)]
        for server in servers:
            stack.enter_context(server)
        set_up_caller(servers[0].address)
        started = time.monotonic()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(restart_under_load(servers, load, arguments.restarts, arguments.callers))
        seconds = time.monotonic() - started
        wait_until(lambda: recorded(url) >= load.calls - load.failed.total(), pause=0.5)
        is_recorded = recorded(url) == load.calls
    report(seen, load, arguments.restarts, seconds)
    is_cut_off = any("CANCELLED" in statuses for statuses in seen.values())
    sys.exit(bool(load.failed or is_cut_off or not is_recorded))


if __name__ == "__main__":
    main()
