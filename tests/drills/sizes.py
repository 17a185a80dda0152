"""Serve 10,000 organizations, and large ones: loads, memory, resolves once loaded, and stalls of others.

One server process holds the demo organization, 10,000 organizations with 50 users and
20 numbers each, and some with 20,000 users and 20,000 numbers. The claims: once an
organization is loaded, a resolve takes at most 1.2 times as long as for the demo
organization, and loading a large organization does not delay others. Exits with 1 if
a claim does not hold. Linux only.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import SetUserRequest, User
from localdial_client import AsyncClient, Client
from localdial_server.cli import demo_setup
from localdial_server.runtime import bootstrap
from localdial_server.runtime.serve import loop_factory
from localdial_server.settings.settings import read_settings
from tests.drills import metrics, open_loop, sizes_inside
from tests.drills.arguments import argument_parser
from tests.drills.open_loop import LATENCIES_HEAD, latencies
from tests.drills.rounds import print_machine
from tests.drills.sizes_data import LARGE, MANY, Size, fill, user_id
from tests.functional.server_process import ServerProcess
from tests.support.postgres import PostgresServer

DEMO_RATE = 200.0
CONCURRENCY = 2
ROUNDS = 5
PAUSE_BETWEEN_WRITES_SECONDS = 0.3

# The claims: the ratio to the demo organization's median, and the added p99 of others during a load.
MAX_RATIO_TO_DEMO = 1.2
MAX_DELAY_SECONDS = 0.01

# The number of uncounted calls of each subject at the start.
WARM_UP = 200


@dataclass(frozen=True)
class Subject:
    """Organizations of one kind, with a function that returns a call of theirs by its index."""

    name: str
    call: Callable[[int], ResolveOutboundCallerIdRequest]


def main() -> None:
    """Measure and print tables; exit with 1 if a claim does not hold."""
    parser = argument_parser(__doc__)
    parser.add_argument("--calls", type=int, default=3_000, help="calls of each kind (default 3,000)")
    parser.add_argument(
        "--seconds", type=float, default=15, help="how long stalls are looked for (default 15)"
    )
    arguments = parser.parse_args()
    with PostgresServer({}) as postgres, tempfile.TemporaryDirectory() as folder:
        url = postgres.create_database()
        bootstrap.migrate(read_settings(database_url=url))
        begun = time.monotonic()
        fill(url, [MANY, LARGE])
        print(f"tables filled in {time.monotonic() - begun:.0f} s")
        server = ServerProcess(
            Path(folder),
            LOCALDIAL_DATABASE_URL=url,
            LOCALDIAL_SPOOL_DIRECTORY=str(Path(folder, "spool")),
            LOCALDIAL_METRICS_LISTEN="127.0.0.1:0",
        )
        server.start()
        try:
            with Client(server.address) as client:
                demo_setup.load(client)
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                problems = runner.run(measure(server, arguments.calls, arguments.seconds))
        finally:
            server.stop()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(sizes_inside.measure(url))
    print_machine()
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


async def measure(server: ServerProcess, calls: int, seconds: float) -> Sequence[str]:
    """Measure the server, and return the claims that did not hold."""
    async with AsyncClient(server.address, timeout=open_loop.TIMEOUT_SECONDS) as client:
        demo = Subject("demo", demo_call)
        many = Subject(f"{MANY.organizations:,} of {MANY.users} users, {MANY.numbers} numbers", call_of(MANY))
        large = Subject(f"of {LARGE.users:,} users, {LARGE.numbers:,} numbers", call_of(LARGE))
        print(f"\n{'first resolves':44}{LATENCIES_HEAD}{'RSS each':>12}{'estimate each':>15}")
        await first_resolves(server, client, Subject("(warm-up)", call_of(MANY)), 1)
        await first_resolves(server, client, large, LARGE.organizations)
        await first_resolves(server, client, many, MANY.organizations)
        slow = await once_loaded(client, [demo, many, large], calls)
        return [*slow, *await stalls(client, seconds)]


def demo_call(number: int) -> ResolveOutboundCallerIdRequest:
    """Return a call that shows a local presence number."""
    return ResolveOutboundCallerIdRequest(
        organization_id=demo_setup.DEMO, user_id="bob", callee_number=f"+1415555{number % 10_000:04}"
    )


def call_of(size: Size) -> Callable[[int], ResolveOutboundCallerIdRequest]:
    """Return a function that makes calls of these organizations in turn, to areas where they have numbers."""

    def call(number: int) -> ResolveOutboundCallerIdRequest:
        organization = number % size.organizations
        near = size.phone_number(organization, number)
        return ResolveOutboundCallerIdRequest(
            organization_id=size.organization_id(organization),
            # Users with an even index have no caller ID of their own.
            user_id=user_id(number * 2 % size.users),
            callee_number=f"{near[:5]}555{number % 10_000:04}",
        )

    return call


async def first_resolves(server: ServerProcess, client: AsyncClient, subject: Subject, count: int) -> None:
    """Measure the first call of each organization, which waits for its load; a few at a time."""
    rss, estimate = resident(server), estimated(server)
    took: list[float] = []
    for first in range(0, count, CONCURRENCY):
        requests = [subject.call(number) for number in range(first, min(first + CONCURRENCY, count))]
        took += await asyncio.gather(*(resolve(client, each, validate_only=True) for each in requests))
    rss, estimate = (resident(server) - rss) / count, (estimated(server) - estimate) / count
    print(f"{subject.name:44}{latencies(took)}{rss / 1024:>9,.1f} KB{estimate / 1024:>12,.1f} KB")


async def once_loaded(client: AsyncClient, subjects: Sequence[Subject], calls: int) -> Sequence[str]:
    """Compare resolves, one at a time, alternating between subjects; return the claims that did not hold."""
    print(f"\n{'resolves, loaded':44}{LATENCIES_HEAD}{'of demo':>9}")
    problems = []
    for what, validate_only in ("deciding only", True), ("recorded", False):
        took: dict[str, list[float]] = {subject.name: [] for subject in subjects}
        for number in range(calls + WARM_UP):
            for subject in subjects:
                seconds = await resolve(client, subject.call(number), validate_only=validate_only)
                took[subject.name].append(seconds)
        medians = {name: statistics.median(times[WARM_UP:]) for name, times in took.items()}
        for name, times in took.items():
            ratio = medians[name] / medians[subjects[0].name]
            print(f"{f'{name}: {what}':44}{latencies(times[WARM_UP:])}{ratio:>9.2f}")
            if ratio > MAX_RATIO_TO_DEMO:
                problems.append(f"{name}, {what}: {ratio:.2f} times the demo organization's")
    return problems


async def stalls(client: AsyncClient, seconds: float) -> Sequence[str]:
    """Resolve for the demo organization during other loads; return the claims that did not hold."""
    print(f"\n{'resolves of the demo organization':44}{LATENCIES_HEAD}{'loads':>8}{LATENCIES_HEAD}")
    beside: Mapping[str, Callable[[], Awaitable[float]]] = {
        "alone": partial(nothing, seconds / 50),
        "while a large one is changed and reloaded": partial(change_large, client),
    }
    resolved: dict[str, list[float]] = {name: [] for name in beside}
    worked: dict[str, list[float]] = {name: [] for name in beside}
    p99s: dict[str, list[float]] = {name: [] for name in beside}
    for _ in range(ROUNDS):
        for name, work in beside.items():
            of_resolves, of_work = await demo_during(client, work, seconds / ROUNDS)
            resolved[name] += of_resolves
            worked[name] += of_work
            p99s[name].append(sorted(of_resolves)[len(of_resolves) * 99 // 100])
    for name in beside:
        print(f"{name:44}{latencies(resolved[name])}{len(worked[name]):>8}{latencies(worked[name])}")
    # Both are medians of alternating rounds, so that a temporary load on the machine affects both alike.
    alone, loading = map(statistics.median, p99s.values())
    if loading - alone > MAX_DELAY_SECONDS:
        return [f"p99 beside loads {loading * 1000:.1f} ms, alone {alone * 1000:.1f} ms"]
    return []


async def demo_during(
    client: AsyncClient, work: Callable[[], Awaitable[float]], seconds: float
) -> tuple[Sequence[float], Sequence[float]]:
    """Return the durations of the resolves, and of the work repeated meanwhile, in seconds."""
    resolved: list[float] = []
    worked: list[float] = []
    stop = asyncio.Event()

    async def one(number: int) -> None:
        resolved.append(await resolve(client, demo_call(number), validate_only=True))

    running = asyncio.create_task(open_loop.run(DEMO_RATE, stop, one))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        worked.append(await work())
        await asyncio.sleep(PAUSE_BETWEEN_WRITES_SECONDS)
    stop.set()
    await running
    return resolved, worked


async def nothing(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return seconds


async def change_large(client: AsyncClient) -> float:
    """Change a user, which reloads the organization first; return the duration in seconds."""
    # The value must change, or the organization is not reloaded.
    user = User(
        organization_id=LARGE.organization_id(0), user_id=user_id(1), display_name=f"{time.monotonic_ns()}"
    )
    begun = time.monotonic()
    await client.directory.set_user(SetUserRequest(user=user))
    return time.monotonic() - begun


async def resolve(
    client: AsyncClient, request: ResolveOutboundCallerIdRequest, *, validate_only: bool
) -> float:
    """Resolve, and return the duration in seconds."""
    request.validate_only = validate_only
    begun = time.monotonic()
    await client.call_routing.resolve_outbound_caller_id(request)
    return time.monotonic() - begun


def resident(server: ServerProcess) -> float:
    """Return the server's resident memory, in bytes."""
    pages = int(Path(f"/proc/{server.pid}/statm").read_text("ascii").split()[1])
    return float(pages * resource.getpagesize())


def estimated(server: ServerProcess) -> float:
    """Return the server's estimate of the memory of its cached organizations, in bytes."""
    return metrics.read(server.log)["localdial_snapshot_bytes"]


if __name__ == "__main__":
    main()
