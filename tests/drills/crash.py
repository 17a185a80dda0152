"""Workers killed under a load of resolves: no answered call may be lost, doubled or changed.

Clients resolve calls, each with a call_id of its own: some as the project's client
does, with repeats, and some without, who see every failure. Meanwhile the users'
caller IDs change, so that a repeat which is not given the first answer shows. Then
PostgreSQL is stopped, calls go to the spools, and workers are killed with calls in
theirs. At the end each answered call must be in the database once, as answered.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import AsyncClient, LocaldialError
from localdial_server.runtime.serve import loop_factory
from tests.drills.cluster import PATIENCE_SECONDS, Cluster
from tests.drills.rounds import print_machine, print_progress
from tests.support.postgres import PostgresServer
from tests.support.waiting import until

_USERS = 5

# Then a caller connects anew, so that workers that replaced others get their share.
_CALLS_PER_CONNECTION = 100

# How long a client without repeats waits after a failure; others wait for theirs.
_PAUSE_SECONDS = 0.05

# How many calls are to be answered before the next thing happens to the servers.
_SOME = 100

_COLUMNS = "organization_id, call_id, user_id, callee_number, caller_id"


@dataclass(frozen=True)
class Plan:
    """How often one worker is killed; and how often some are while PostgreSQL is stopped."""

    kills: int
    outages: int
    callers: int
    organizations: int
    seed: int


@dataclass
class Caller:
    """What one kind of client saw: the answers by call_id, with all that is in the record."""

    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    later: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """By what was done to the servers meanwhile."""


@dataclass
class Seen:
    """What came of it."""

    repeating: Caller = field(default_factory=Caller)
    plain: Caller = field(default_factory=Caller)
    replaced: list[float] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    killed: int = 0
    changes: int = 0
    seconds: float = 0.0
    recorded: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    is_cut_short: bool = False
    """Whether something took so long that it was waited for no more."""

    @property
    def is_complete(self) -> bool:
        """Whether all was done, and each answered call is recorded once, as it was answered."""
        return not (self.lost or self.doubled or self.changed or self.is_cut_short)


class Drill:
    """One run on a cluster and the PostgreSQL that it uses, ``database`` by name."""

    def __init__(self, server: PostgresServer, database: str, cluster: Cluster, plan: Plan) -> None:
        self._server = server
        self._database = database
        self._cluster = cluster
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._seen = Seen()
        self._numbers = itertools.count()

    async def run(self) -> Seen:
        """Kill as planned, under load; then compare."""
        plan, seen = self._plan, self._seen
        patience = PATIENCE_SECONDS * (1 + plan.kills + plan.outages)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(patience), self._cluster.client() as client:
                await self._set_up(client)
                async with self._load("kills"):
                    for number in range(plan.kills):
                        await self._kill_one()
                        print_progress("kills", number + 1, plan.kills)
                for number in range(plan.outages):
                    await self._load_everywhere()
                    async with self._load("outages"):
                        await self._kill_in_outage()
                    print_progress("outages", number + 1, plan.outages)
        except* TimeoutError:
            # What was answered until then must be there all the same, or be in a spool.
            seen.is_cut_short = True
        seen.seconds = time.monotonic() - begun
        self._compare()
        return seen

    async def _set_up(self, client: AsyncClient) -> None:
        for number in range(self._plan.organizations):
            organization = Organization(organization_id=f"org{number}")
            await client.directory.set_organization(SetOrganizationRequest(organization=organization))
            for user in range(_USERS):
                await self._change(client, number, user)

    @contextlib.asynccontextmanager
    async def _load(self, phase: str) -> AsyncIterator[None]:
        """Call, and change what is shown, for as long as this is open; let the last calls end."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(0, self._plan.callers, 2):
                tasks.create_task(self._call(f"r{number}", phase, self._seen.repeating, stop, retries=True))
                tasks.create_task(self._call(f"p{number}", phase, self._seen.plain, stop, retries=False))
            tasks.create_task(self._change_always(stop))
            try:
                yield
            finally:
                stop.set()

    async def _call(self, name: str, phase: str, seen: Caller, stop: asyncio.Event, *, retries: bool) -> None:
        chosen = random.Random(f"{self._plan.seed}-{name}")
        while not stop.is_set():
            async with self._cluster.client(retries=retries) as client:
                for number in itertools.islice(self._numbers, _CALLS_PER_CONNECTION):
                    if not stop.is_set():
                        try:
                            await self._resolve(f"{name}-{number}", chosen, client, seen)
                        except LocaldialError:
                            seen.failed[phase] += 1
                            await asyncio.sleep(_PAUSE_SECONDS)

    async def _resolve(self, call_id: str, chosen: random.Random, client: AsyncClient, seen: Caller) -> None:
        request = ResolveOutboundCallerIdRequest(
            organization_id=f"org{chosen.randrange(self._plan.organizations)}",
            user_id=f"user{chosen.randrange(_USERS)}",
            callee_number=f"+1415{chosen.randrange(2_000_000, 10_000_000)}",
            call_id=call_id,
        )
        answer = await client.call_routing.resolve_outbound_caller_id(request)
        seen.later += answer.recorded_later
        seen.answers[call_id] = (
            request.organization_id,
            request.user_id,
            request.callee_number,
            answer.caller_id,
        )

    async def _change_always(self, stop: asyncio.Event) -> None:
        chosen = random.Random(f"{self._plan.seed}-changes")
        while not stop.is_set():
            async with self._cluster.client() as client:
                with contextlib.suppress(LocaldialError):
                    await self._change(
                        client, chosen.randrange(self._plan.organizations), chosen.randrange(_USERS)
                    )
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _change(self, client: AsyncClient, organization: int, user: int) -> None:
        changed = User(
            organization_id=f"org{organization}",
            user_id=f"user{user}",
            caller_id=f"+4930{self._seen.changes:08}",
        )
        self._seen.changes += 1
        await client.directory.set_user(SetUserRequest(user=changed))

    async def _kill_one(self) -> None:
        # Not always as soon as the last one is replaced.
        await asyncio.sleep(self._random.uniform(0, 0.2))
        begun = time.monotonic()
        self._kill(1)
        await self._all_serve()
        self._seen.replaced.append(time.monotonic() - begun)

    async def _kill_in_outage(self) -> None:
        answered = self._answered()
        await until(lambda: self._answered() >= answered + _SOME)
        await asyncio.to_thread(self._server.stop)
        try:
            later = self._later()
            await until(lambda: self._later() >= later + _SOME)
            self._kill(self._random.randrange(1, self._cluster.workers))
            # The others go on, with what the killed ones left beside theirs.
            later = self._later()
            await until(lambda: self._later() >= later + _SOME)
        finally:
            await asyncio.to_thread(self._server.start)
        begun = time.monotonic()
        await self._all_serve()
        await until(lambda: not any(self._cluster.spool.glob("*.waiting")))
        self._seen.recovered.append(time.monotonic() - begun)

    async def _load_everywhere(self) -> None:
        """Have every worker hold every organization: without a database it can load none."""
        for clients in (await self._cluster.clients(each=1)).values():
            for client in clients:
                for number in range(self._plan.organizations):
                    request = ResolveOutboundCallerIdRequest(
                        organization_id=f"org{number}",
                        user_id="user0",
                        callee_number="+14155550123",
                        validate_only=True,
                    )
                    await client.call_routing.resolve_outbound_caller_id(request)
                await client.close()

    def _kill(self, count: int) -> None:
        for pid in self._random.sample(self._cluster.pids(), count):
            self._cluster.kill(pid)
            self._seen.killed += 1

    async def _all_serve(self) -> None:
        await until(lambda: self._cluster.served() >= self._cluster.workers + self._seen.killed)

    def _answered(self) -> int:
        return len(self._seen.repeating.answers) + len(self._seen.plain.answers)

    def _later(self) -> int:
        return self._seen.repeating.later + self._seen.plain.later

    def _compare(self) -> None:
        seen = self._seen
        recorded: dict[str, tuple[str, ...]] = {}
        rows = self._server.execute(f"SELECT {_COLUMNS} FROM outbound_calls", self._database)
        for organization_id, call_id, *rest in rows:
            if call_id in recorded:
                seen.doubled.append(call_id)
            recorded[call_id] = (organization_id, *rest)
        seen.recorded = len(recorded)
        for call_id, answer in (seen.repeating.answers | seen.plain.answers).items():
            if call_id not in recorded:
                seen.lost.append(call_id)
            elif recorded[call_id] != answer:
                seen.changed.append(f"{call_id}: answered {answer}, recorded {recorded[call_id]}")


def report(seen: Seen) -> None:
    """Print a table."""
    print(f"{'clients':24}{'answered':>10}{'of them later':>15}  failed meanwhile")
    for name, caller in ("with repeats", seen.repeating), ("without", seen.plain):
        print(f"{name:24}{len(caller.answers):>10,}{caller.later:>15,}  {dict(caller.failed) or 0}")
    answered = len(seen.repeating.answers) + len(seen.plain.answers)
    print(f"{seen.seconds:.0f} s, {answered / seen.seconds:,.0f} calls/s, {seen.changes:,} changes beside")
    print(f"{seen.killed} workers killed" + (", then cut short" if seen.is_cut_short else ""))
    for name, seconds in ("replaced after", seen.replaced), ("all well after an outage", seen.recovered):
        if seconds:
            ordered = sorted(seconds)
            print(f"{name}: median {ordered[len(ordered) // 2]:.1f} s, longest {ordered[-1]:.1f} s")
    print(f"recorded {seen.recorded:,} (those that failed are among them or not)")
    print(f"lost {len(seen.lost)}, doubled {len(seen.doubled)}, recorded otherwise {len(seen.changed)}")
    for line in (*seen.lost[:3], *seen.doubled[:3], *seen.changed[:3]):
        print(f"  {line}")
    print_machine()


def main() -> None:
    """Run it and print a table; exits with 1 where a call was lost, doubled or changed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="default 200")
    parser.add_argument("--outages", type=int, default=10, help="with kills in each (default 10)")
    parser.add_argument("--workers", type=int, default=4, help="server processes (default 4)")
    parser.add_argument("--callers", type=int, default=32, help="calls at a time (default 32)")
    parser.add_argument("--organizations", type=int, default=20, help="default 20")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    arguments = parser.parse_args()
    plan = Plan(
        arguments.kills, arguments.outages, arguments.callers, arguments.organizations, arguments.seed
    )
    with (
        PostgresServer({}) as server,
        Cluster(server.create_database("crash"), arguments.workers) as cluster,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        seen = runner.run(Drill(server, "crash", cluster, plan).run())
    report(seen)
    sys.exit(not seen.is_complete)


if __name__ == "__main__":
    main()
