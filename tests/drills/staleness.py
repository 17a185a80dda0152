"""Measure how long workers return stale state after another one's change, and check the bound.

A caller ID is changed through a random worker. From the response on, the drill polls
the other workers without `min_revision` until they return the new caller ID. Each
figure is an upper bound: it ends with the first correct response.
"""

import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ResolveOutboundCallerIdRequest,
)
from localdial.v1.directory_pb2 import (
    BatchSetUsersRequest,
    Organization,
    SetOrganizationRequest,
    SetUserRequest,
    User,
)
from localdial_client import AsyncClient
from localdial_server.runtime.serve import loop_factory
from tests.drills.arguments import argument_parser
from tests.drills.cluster import Cluster
from tests.drills.coherence import WITHOUT_HINTS
from tests.drills.rounds import print_machine
from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS

_CALLEE = "+14155550123"
_USER = "ann"

# The default of the setting. The bound is one interval plus a poll and a load, for which it allows
# another interval.
POLL_SECONDS = 0.5
BOUND_SECONDS = 2 * POLL_SECONDS

LARGE, LARGE_SIZE = "large", 20_000
_USERS_PER_REQUEST = 1_000

# The pause between two requests to the same worker.
_PAUSE_SECONDS = 0.002

Clients = Mapping[int, AsyncClient]


@dataclass(frozen=True)
class Plan:
    """The number of organizations, and of changes to each."""

    organizations: int
    changes: int
    seed: int
    large: bool = False
    """Whether an organization of 20,000 users is also changed all the time."""


@dataclass
class Results:
    """The seconds from the response to each change until each other worker returned it."""

    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)


class Observer:
    """Polls one worker until it returns the awaited caller IDs, with one batch call for all of them."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._waited_for: dict[str, tuple[str, asyncio.Future[float]]] = {}
        self._something = asyncio.Event()

    async def shown(self, organization_id: str, caller_id: str) -> float:
        """Wait until the worker returns the caller ID, and return the `time.monotonic` time of that."""
        shown: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waited_for[organization_id] = caller_id, shown
        self._something.set()
        return await shown

    async def run(self) -> None:
        """Poll until cancelled."""
        method = self._client.call_routing.batch_resolve_outbound_caller_ids
        while True:
            await self._something.wait()
            asked = sorted(self._waited_for)
            answer = await method(
                BatchResolveOutboundCallerIdsRequest(requests=[_call_of(each) for each in asked]),
            )
            now = time.monotonic()
            for organization_id, result in zip(asked, answer.results, strict=True):
                caller_id, shown = self._waited_for[organization_id]
                if result.response.caller_id == caller_id:
                    del self._waited_for[organization_id]
                    shown.set_result(now)
            if not self._waited_for:
                self._something.clear()
            await asyncio.sleep(_PAUSE_SECONDS)


async def run(cluster: Cluster, plan: Plan) -> Results:
    """Change and observe the organizations as planned, and return the results."""
    results = Results()
    async with _clients(cluster) as clients:
        await _set_up(plan, list(clients.values()))
        observers = {pid: Observer(client) for pid, client in clients.items()}
        changer = _Changer(clients, observers, plan.seed)
        large = [changer.change(LARGE, itertools.count(), results.large)] if plan.large else []
        async with (
            asyncio.timeout(DEADLINE_SECONDS + 10 * BOUND_SECONDS * plan.changes),
            _in_background(observer.run() for observer in observers.values()),
            _in_background(large),
            asyncio.TaskGroup() as changes,
        ):
            for number in range(plan.organizations):
                changes.create_task(changer.change(f"watched{number}", range(plan.changes), results.small))
    return results


@dataclass(frozen=True)
class _Changer:
    clients: Clients
    observers: Mapping[int, Observer]
    seed: int

    async def change(self, organization_id: str, numbers: Iterable[int], results: list[float]) -> None:
        """Change the organization repeatedly; append to `results` when the others returned each change."""
        chosen = random.Random(f"{self.seed}-{organization_id}")
        for number in numbers:
            # Without the random pause, every change would follow right after a poll.
            await asyncio.sleep(chosen.uniform(0, POLL_SECONDS))
            pid = chosen.choice(sorted(self.clients))
            user = User(organization_id=organization_id, user_id=_USER, caller_id=f"+4930{number:08}")
            await self.clients[pid].directory.set_user(SetUserRequest(user=user))
            answered = time.monotonic()
            others = [observer for other, observer in self.observers.items() if other != pid]
            shown = await asyncio.gather(*(other.shown(organization_id, user.caller_id) for other in others))
            results.extend(when - answered for when in shown)


async def _set_up(plan: Plan, clients: Sequence[AsyncClient]) -> None:
    """Create the organizations, and make every worker load them."""
    directory = clients[0].directory
    sizes = {f"watched{number}": 0 for number in range(plan.organizations)}
    if plan.large:
        sizes[LARGE] = LARGE_SIZE
    for id_, size in sizes.items():
        organization = Organization(organization_id=id_)
        await directory.set_organization(SetOrganizationRequest(organization=organization))
        names = [_USER, *(f"user{number}" for number in range(size))]
        for begin in range(0, len(names), _USERS_PER_REQUEST):
            users = [
                User(organization_id=id_, user_id=name, caller_id="+493099999999")
                for name in names[begin : begin + _USERS_PER_REQUEST]
            ]
            batch = BatchSetUsersRequest(organization_id=id_, users=users)
            made = await directory.batch_set_users(batch)
        for client in clients:
            request = _call_of(id_, made.revision)
            await client.call_routing.resolve_outbound_caller_id(request)


def _call_of(organization_id: str, min_revision: int = 0) -> ResolveOutboundCallerIdRequest:
    return ResolveOutboundCallerIdRequest(
        organization_id=organization_id,
        user_id=_USER,
        callee_number=_CALLEE,
        validate_only=True,
        min_revision=min_revision,
    )


@contextlib.asynccontextmanager
async def _clients(cluster: Cluster) -> AsyncIterator[Clients]:
    clients = {pid: each[0] for pid, each in (await cluster.clients(each=1)).items()}
    try:
        yield clients
    finally:
        for client in clients.values():
            await client.close()


@contextlib.asynccontextmanager
async def _in_background(endless: Iterable[Coroutine[object, object, None]]) -> AsyncIterator[None]:
    """Run the coroutines inside the context; a failure in one ends all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in endless]
        yield
        for task in tasks:
            task.cancel()


HEAD = f"{'':44}{'samples':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}"


def report(name: str, seconds: Sequence[float]) -> None:
    """Print a line of the table, for durations in seconds."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[len(ordered) * percent // 100] for percent in (50, 99))
    figures = "".join(f"{figure * 1000:>9,.0f}" for figure in (p50, p99, ordered[-1]))
    print(f"{name:44}{len(ordered):>9,}{figures}", flush=True)


def main() -> None:
    """Run all variants and print a table; exit with 1 if a change took longer than the bound."""
    parser = argument_parser(__doc__)
    parser.add_argument("--changes", type=int, default=50, help="changes of each organization (default 50)")
    parser.add_argument("--organizations", type=int, default=10, help="default 10")
    parser.add_argument("--workers", type=int, default=4, help="server processes (default 4)")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    arguments = parser.parse_args()
    plan = Plan(arguments.organizations, arguments.changes, arguments.seed)
    if PROGRAM is None:
        sys.exit("pgbouncer is missing; on Debian: apt-get install pgbouncer")
    slowest = 0.0
    print(HEAD)
    with PostgresServer({}) as server, PgBouncer(server) as pgbouncer:
        for name, through, environment, large in (
            ("polling", server, WITHOUT_HINTS, False),
            ("hints", server, {}, False),
            ("through a pgbouncer that pools transactions", pgbouncer, {}, False),
            ("polling, large organization", server, WITHOUT_HINTS, True),
            ("hints, large organization", server, {}, True),
        ):
            url = server.create_database()
            if through is pgbouncer:
                url = pgbouncer.url_of(url)
            with (
                Cluster(url, arguments.workers, **environment) as cluster,
                asyncio.Runner(loop_factory=loop_factory()) as runner,
            ):
                results = runner.run(run(cluster, replace(plan, large=large)))
            report(name + (": beside it" if large else ""), results.small)
            if large:
                report(f"{name}: itself", results.large)
            slowest = max([slowest, *results.small, *results.large])
    print(f"the bound is {BOUND_SECONDS * 1000:,.0f} ms")
    print_machine()
    sys.exit(slowest > BOUND_SECONDS)


if __name__ == "__main__":
    main()
