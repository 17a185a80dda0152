"""Change a user, then resolve with `min_revision`, through random workers: none may return older state.

Each writer sets a user's caller ID to a value never used before through one worker,
and resolves a call of that user through another. Writers share organizations, each
with its own user, so other loads and changes go on all the time.
"""

import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import (
    BatchSetUsersRequest,
    Organization,
    SetOrganizationRequest,
    SetUserRequest,
    User,
)
from localdial_client import AsyncClient, LocaldialError
from localdial_server.runtime.serve import loop_factory
from tests.drills.arguments import argument_parser
from tests.drills.cluster import Cluster
from tests.drills.rounds import print_machine, print_progress
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS

CALLEE = "+14155550123"

# The sitecustomize in this folder removes the protection that a variable names.
_WITHOUT = {"PYTHONPATH": str(Path(__file__).parent / "without")}
WITHOUT_CHECK = {**_WITHOUT, "DRILL_WITHOUT_CHECK": "1"}
WITHOUT_HINTS = {**_WITHOUT, "DRILL_WITHOUT_HINTS": "1"}

Clients = Mapping[int, Sequence[AsyncClient]]


@dataclass(frozen=True)
class Plan:
    """The number of pairs of a write and a resolve, and of concurrent writers."""

    pairs: int
    writers: int
    organizations: int
    seed: int


@dataclass
class Results:
    """The results of a run."""

    pairs: int = 0
    stale: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    writes: Counter[int] = field(default_factory=Counter)
    resolves: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def is_coherent(self) -> bool:
        """Whether every resolve was answered from the revision just written, or a newer one."""
        return not self.stale and not self.failed


async def run(cluster: Cluster, plan: Plan) -> Results:
    """Run the planned pairs, and return the results."""
    results = Results()
    async with _clients(cluster) as clients:
        await _set_up(plan, clients)
        begun = time.monotonic()
        numbers = itertools.count()
        async with asyncio.timeout(DEADLINE_SECONDS + plan.pairs / 10), asyncio.TaskGroup() as writers:
            for writer in range(plan.writers):
                writers.create_task(_write_and_resolve(writer, numbers, plan, clients, results))
        results.seconds = time.monotonic() - begun
    return results


async def _set_up(plan: Plan, clients: Clients) -> None:
    """Create all users, and make every worker load every organization."""
    all_clients = [each[0] for each in clients.values()]
    for number in range(plan.organizations):
        id_ = f"org{number}"
        organization = Organization(organization_id=id_)
        users = [
            User(organization_id=id_, user_id=f"user{writer}", caller_id="+493099999999")
            for writer in range(plan.writers)
        ]
        directory = all_clients[0].directory
        await directory.set_organization(SetOrganizationRequest(organization=organization))
        made = await directory.batch_set_users(BatchSetUsersRequest(organization_id=id_, users=users))
        for client in all_clients:
            await client.call_routing.resolve_outbound_caller_id(_call_of(users[0], made.revision))


def _call_of(user: User, min_revision: int) -> ResolveOutboundCallerIdRequest:
    return ResolveOutboundCallerIdRequest(
        organization_id=user.organization_id,
        user_id=user.user_id,
        callee_number=CALLEE,
        validate_only=True,
        min_revision=min_revision,
    )


async def _write_and_resolve(
    writer: int, numbers: "itertools.count[int]", plan: Plan, clients: Clients, results: Results
) -> None:
    chosen = random.Random(f"{plan.seed}-{writer}")
    while (number := next(numbers)) < plan.pairs:
        writes_at, resolves_at = chosen.sample(sorted(clients), 2)
        user = User(
            organization_id=f"org{chosen.randrange(plan.organizations)}",
            user_id=f"user{writer}",
            caller_id=f"+4930{number:08}",
        )
        results.pairs += 1
        print_progress("pairs", results.pairs, plan.pairs)
        results.writes[writes_at] += 1
        results.resolves[resolves_at] += 1
        try:
            written = await chosen.choice(clients[writes_at]).directory.set_user(SetUserRequest(user=user))
            resolved = await chosen.choice(clients[resolves_at]).call_routing.resolve_outbound_caller_id(
                _call_of(user, written.revision)
            )
        except LocaldialError as error:
            results.failed[f"{error.code.name} {error.reason}"] += 1
            continue
        # Only this writer sets this user, so no newer value exists.
        if resolved.caller_id != user.caller_id or resolved.revision < written.revision:
            results.stale.append(
                f"{user.organization_id} {user.user_id}: {user.caller_id} was written as revision "
                f"{written.revision}, {resolved.caller_id} was shown as of revision {resolved.revision}"
            )


@contextlib.asynccontextmanager
async def _clients(cluster: Cluster) -> AsyncIterator[Clients]:
    clients = await cluster.clients(each=2)
    try:
        yield clients
    finally:
        for client in itertools.chain.from_iterable(clients.values()):
            await client.close()


def report(results: Results) -> None:
    """Print the results as a table."""
    print(f"{'worker':>10}{'writes':>10}{'resolves':>10}")
    for pid in sorted(results.writes):
        print(f"{pid:>10}{results.writes[pid]:>10,}{results.resolves[pid]:>10,}")
    print(
        f"{results.pairs:,} pairs in {results.seconds:.0f} s: {results.pairs / results.seconds:,.0f} a second"
    )
    print(f"stale: {len(results.stale):,}; failed: {dict(results.failed) or 0}")
    for line in results.stale[:3]:
        print(f"  {line}")
    print_machine()


def main() -> None:
    """Run the drill and print a table; exit with 1 if a resolve was stale or a call failed."""
    parser = argument_parser(__doc__)
    parser.add_argument("--pairs", type=int, default=100_000, help="default 100,000")
    parser.add_argument("--workers", type=int, default=4, help="server processes (default 4)")
    parser.add_argument("--writers", type=int, default=32, help="pairs at a time (default 32)")
    parser.add_argument("--organizations", type=int, default=50, help="default 50")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument(
        "--without-hints", action="store_true", help="disable notifications: the servers only poll"
    )
    parser.add_argument(
        "--without-check",
        action="store_true",
        help="make the servers ignore min_revision and only poll; the drill must then fail",
    )
    arguments = parser.parse_args()
    plan = Plan(arguments.pairs, arguments.writers, arguments.organizations, arguments.seed)
    environment: dict[str, str] = {}
    if arguments.without_hints or arguments.without_check:
        environment |= WITHOUT_HINTS
    if arguments.without_check:
        environment |= WITHOUT_CHECK
    with (
        PostgresServer({}) as server,
        Cluster(server.create_database(), arguments.workers, **environment) as cluster,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        results = runner.run(run(cluster, plan))
    report(results)
    sys.exit(not results.is_coherent)


if __name__ == "__main__":
    main()
