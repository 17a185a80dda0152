"""Kill workers under a load of resolves: no answered call may be lost, doubled or changed.

Clients resolve calls, each with its own call_id. Some retry, as the project's client
does; the others see every failure. Meanwhile the users' caller IDs change, so that a
retry which does not return the first answer is noticed. Then PostgreSQL is stopped,
calls go to the spools, and workers are killed while their spools hold calls. In the
end each answered call must be in the database exactly once, as answered. All the while
call-backs that may be degraded must get a phone in time: that of the last caller, or
the organization number while the database is down.
"""

import asyncio
import contextlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest, RouteInboundCallRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import AsyncClient, LocaldialError
from localdial_server.runtime.serve import loop_factory
from tests.drills.arguments import argument_parser
from tests.drills.call_backs import ANSWERED_WITHIN_SECONDS, RECORDS, records_of
from tests.drills.cluster import Cluster
from tests.drills.rounds import print_machine, print_progress
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, until

_USERS = 5

# After this many calls a caller reconnects, so that replacement workers get calls too.
_CALLS_PER_CONNECTION = 100

# How long a client that does not retry waits after a failure.
_PAUSE_SECONDS = 0.05

# How many calls must be answered before the next step of an outage.
_CALLS_PER_STEP = 100

# How long after its answer a call-back may be lost by a crash.
_LOST_WITHIN_SECONDS = 1.0

_COLUMNS = "organization_id, call_id, user_id, callee_number, caller_id"


@dataclass(frozen=True)
class Plan:
    """The number of single kills, and of outages of PostgreSQL with kills in each."""

    kills: int
    outages: int
    callers: int
    organizations: int
    seed: int


@dataclass
class Caller:
    """What one kind of client saw: the answers by call_id, as the fields of a recorded call."""

    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    later: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """The number of failed calls by the phase of the drill."""


@dataclass
class CallBacks:
    """The call-backs of a run. `seconds` has the time that each took.

    `answered` has the number that each was sent to, and `received` when that was known, by call_id.
    """

    seconds: list[float] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    received: dict[str, float] = field(default_factory=dict)
    forgotten: int = 0
    """How many are not recorded, all of them answered just before a kill."""
    degraded: int = 0
    wrong: list[str] = field(default_factory=list)
    """The wrong answers: another phone, an error, or one that is not in the record."""

    @property
    def are_right(self) -> bool:
        """Whether each call-back got the right phone in time, and is recorded."""
        return not self.wrong and max(self.seconds, default=0.0) < ANSWERED_WITHIN_SECONDS


@dataclass
class Results:
    """The results of a run."""

    repeating: Caller = field(default_factory=Caller)
    plain: Caller = field(default_factory=Caller)
    call_backs: CallBacks = field(default_factory=CallBacks)
    replaced: list[float] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    killed: int = 0
    kill_times: list[float] = field(default_factory=list)
    """When workers were killed, by `time.monotonic`."""
    changes: int = 0
    seconds: float = 0.0
    recorded: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    is_cut_short: bool = False
    """Whether the drill was stopped because a step took too long."""

    @property
    def is_complete(self) -> bool:
        """Whether the plan was completed, each answered call is recorded once, and call-backs rang."""
        is_recorded = not (self.lost or self.doubled or self.changed)
        return is_recorded and self.call_backs.are_right and not self.is_cut_short


class Drill:
    """One run on a cluster and its PostgreSQL, in the database named `database`."""

    def __init__(self, server: PostgresServer, database: str, cluster: Cluster, plan: Plan) -> None:
        self._server = server
        self._database = database
        self._cluster = cluster
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._results = Results()
        self._numbers = itertools.count()
        self._called: list[str] = []
        """A number of each organization."""

    async def run(self) -> Results:
        """Kill workers as planned, under load; then compare the answers with the record."""
        plan, results = self._plan, self._results
        patience = DEADLINE_SECONDS * (1 + plan.kills + plan.outages)
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
            # The calls answered until then must be recorded all the same.
            results.is_cut_short = True
        results.seconds = time.monotonic() - begun
        self._compare()
        await self._compare_call_backs()
        return results

    async def _set_up(self, client: AsyncClient) -> None:
        for number in range(self._plan.organizations):
            organization = Organization(
                organization_id=f"org{number}", organization_number=_organization_number(number)
            )
            await client.directory.set_organization(SetOrganizationRequest(organization=organization))
            bought = await client.number_inventory.purchase_numbers(
                PurchaseNumbersRequest(organization_id=f"org{number}", area_code="415")
            )
            self._called.append(bought.numbers[0].phone_number)
            for user in range(_USERS):
                await self._change(client, number, user)

    @contextlib.asynccontextmanager
    async def _load(self, phase: str) -> AsyncIterator[None]:
        """Resolve calls and change caller IDs inside the context; wait for the last calls on exit."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(0, self._plan.callers, 2):
                tasks.create_task(
                    self._call(f"r{number}", phase, self._results.repeating, stop, retries=True)
                )
                tasks.create_task(self._call(f"p{number}", phase, self._results.plain, stop, retries=False))
            tasks.create_task(self._change_always(stop))
            tasks.create_task(self._call_back_always(stop))
            try:
                yield
            finally:
                stop.set()

    async def _call(
        self, name: str, phase: str, caller: Caller, stop: asyncio.Event, *, retries: bool
    ) -> None:
        chosen = random.Random(f"{self._plan.seed}-{name}")
        while not stop.is_set():
            async with self._cluster.client(retries=retries) as client:
                for number in itertools.islice(self._numbers, _CALLS_PER_CONNECTION):
                    if not stop.is_set():
                        try:
                            await self._resolve(f"{name}-{number}", chosen, client, caller)
                        except LocaldialError:
                            caller.failed[phase] += 1
                            await asyncio.sleep(_PAUSE_SECONDS)

    async def _resolve(
        self, call_id: str, chosen: random.Random, client: AsyncClient, caller: Caller
    ) -> None:
        request = ResolveOutboundCallerIdRequest(
            organization_id=f"org{chosen.randrange(self._plan.organizations)}",
            user_id=f"user{chosen.randrange(_USERS)}",
            callee_number=f"+1415{chosen.randrange(2_000_000, 10_000_000)}",
            call_id=call_id,
        )
        answer = await client.call_routing.resolve_outbound_caller_id(request)
        caller.later += answer.recorded_later
        caller.answers[call_id] = (
            request.organization_id,
            request.user_id,
            request.callee_number,
            answer.caller_id,
        )

    async def _call_back_always(self, stop: asyncio.Event) -> None:
        """Let callees of answered calls call back, until `stop` is set."""
        chosen = random.Random(f"{self._plan.seed}-call-backs")
        while not stop.is_set():
            async with self._cluster.client() as client:
                for _ in range(_CALLS_PER_CONNECTION):
                    if not stop.is_set():
                        await asyncio.sleep(_PAUSE_SECONDS)
                        if answers := self._results.plain.answers:
                            await self._call_back(client, *chosen.choice(list(answers.values())))

    async def _call_back(
        self, client: AsyncClient, organization_id: str, user_id: str, callee_number: str, _: str
    ) -> None:
        results, organization = self._results.call_backs, int(organization_id.removeprefix("org"))
        request = RouteInboundCallRequest(
            called_number=self._called[organization],
            caller_number=callee_number,
            call_id=f"b-{next(self._numbers)}",
            allow_degraded=True,
        )
        begun = time.monotonic()
        try:
            answer = await client.call_routing.route_inbound_call(request)
        except LocaldialError as error:
            results.wrong.append(str(error))
            return
        results.seconds.append(time.monotonic() - begun)
        results.answered[answer.call_id] = answer.destination_number
        results.received[answer.call_id] = time.monotonic()
        results.degraded += answer.degraded
        # Each callee is called once.
        right = _organization_number(organization) if answer.degraded else _work_phone(user_id)
        if answer.destination_number != right:
            results.wrong.append(f"{answer.destination_number} for {right}, degraded: {answer.degraded}")

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
            caller_id=f"+4930{self._results.changes:08}",
            work_phone=_work_phone(f"user{user}"),
        )
        self._results.changes += 1
        await client.directory.set_user(SetUserRequest(user=changed))

    async def _kill_one(self) -> None:
        # Vary the time between the replacement of one worker and the kill of the next.
        await asyncio.sleep(self._random.uniform(0, 0.2))
        begun = time.monotonic()
        self._kill(1)
        await self._all_serve()
        self._results.replaced.append(time.monotonic() - begun)

    async def _kill_in_outage(self) -> None:
        answered = self._answered()
        await until(lambda: self._answered() >= answered + _CALLS_PER_STEP)
        await asyncio.to_thread(self._server.stop)
        try:
            later = self._later()
            await until(lambda: self._later() >= later + _CALLS_PER_STEP)
            self._kill(self._random.randrange(1, self._cluster.workers))
            # The remaining workers must go on while the spools of the killed ones are unreplayed.
            later = self._later()
            await until(lambda: self._later() >= later + _CALLS_PER_STEP)
        finally:
            await asyncio.to_thread(self._server.start)
        begun = time.monotonic()
        await self._all_serve()
        await until(lambda: not any(self._cluster.spool.glob("*.waiting")))
        self._results.recovered.append(time.monotonic() - begun)

    async def _load_everywhere(self) -> None:
        """Make every worker load every organization, because it cannot during an outage."""
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
            self._results.killed += 1
            self._results.kill_times.append(time.monotonic())

    async def _all_serve(self) -> None:
        await until(lambda: self._cluster.served() >= self._cluster.workers + self._results.killed)

    def _answered(self) -> int:
        return len(self._results.repeating.answers) + len(self._results.plain.answers)

    def _later(self) -> int:
        return self._results.repeating.later + self._results.plain.later

    def _compare(self) -> None:
        results = self._results
        recorded: dict[str, tuple[str, ...]] = {}
        rows = self._server.execute(f"SELECT {_COLUMNS} FROM outbound_calls", self._database)
        for organization_id, call_id, *rest in rows:
            if call_id in recorded:
                results.doubled.append(call_id)
            recorded[call_id] = (organization_id, *rest)
        results.recorded = len(recorded)
        for call_id, answer in (results.repeating.answers | results.plain.answers).items():
            if call_id not in recorded:
                results.lost.append(call_id)
            elif recorded[call_id] != answer:
                results.changed.append(f"{call_id}: answered {answer}, recorded {recorded[call_id]}")

    async def _compare_call_backs(self) -> None:
        results = self._results.call_backs
        records = await records_of(results.answered, lambda: self._server.execute(RECORDS, self._database))
        for call_id, number in results.answered.items():
            if call_id in records:
                if records[call_id][0] != number:
                    results.wrong.append(f"{call_id}: answered {number}, recorded {records[call_id][0]}")
            elif self._was_killed_after(results.received[call_id]):
                results.forgotten += 1
            else:
                results.wrong.append(f"{call_id}: not recorded")

    def _was_killed_after(self, received: float) -> bool:
        """Return whether a worker was killed so soon after that time that it may not have recorded a call."""
        return any(
            # The answer of a worker that was killed may be read a moment later.
            -_PAUSE_SECONDS < killed - received < _LOST_WITHIN_SECONDS
            for killed in self._results.kill_times
        )


def _organization_number(organization: int) -> str:
    return f"+1303555{1000 + organization}"


def _work_phone(user_id: str) -> str:
    return f"+1303555{2000 + int(user_id.removeprefix('user'))}"


def report(results: Results) -> None:
    """Print the results as a table."""
    print(f"{'clients':24}{'answered':>10}{'of them later':>15}  failed meanwhile")
    for name, caller in ("with repeats", results.repeating), ("without", results.plain):
        print(f"{name:24}{len(caller.answers):>10,}{caller.later:>15,}  {dict(caller.failed) or 0}")
    answered = len(results.repeating.answers) + len(results.plain.answers)
    rate = answered / results.seconds
    print(f"{results.seconds:.0f} s, {rate:,.0f} calls/s, {results.changes:,} changes beside")
    print(f"{results.killed} workers killed" + (", then cut short" if results.is_cut_short else ""))
    for name, seconds in (
        ("replaced after", results.replaced),
        ("all well after an outage", results.recovered),
    ):
        if seconds:
            ordered = sorted(seconds)
            print(f"{name}: median {ordered[len(ordered) // 2]:.1f} s, longest {ordered[-1]:.1f} s")
    print(f"recorded {results.recorded:,} (failed calls may be among them)")
    print(
        f"lost {len(results.lost)}, doubled {len(results.doubled)}, recorded otherwise {len(results.changed)}"
    )
    call_backs = results.call_backs
    print(
        f"call-backs answered {len(call_backs.seconds):,}, of them degraded {call_backs.degraded:,}; "
        f"longest wait {max(call_backs.seconds, default=0.0):.2f} s; "
        f"without the right phone or record {len(call_backs.wrong)}; answered within the last second "
        f"before a kill and not recorded {call_backs.forgotten}"
    )
    for line in (*call_backs.wrong[:3], *results.lost[:3], *results.doubled[:3], *results.changed[:3]):
        print(f"  {line}")
    print_machine()


def main() -> None:
    """Run the drill and print a table; exit with 1 if a call was lost or a call-back did not ring in time."""
    parser = argument_parser(__doc__)
    parser.add_argument("--kills", type=int, default=200, help="default 200")
    parser.add_argument(
        "--outages", type=int, default=10, help="outages of PostgreSQL, with kills in each (default 10)"
    )
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
        results = runner.run(Drill(server, "crash", cluster, plan).run())
    report(results)
    sys.exit(not results.is_complete)


if __name__ == "__main__":
    main()
