"""Let the carrier hang: resolves must not slow down, purchases must return in time, and nothing may pile up.

A real server buys from the simulated carrier over Twilio's API. The carrier alternately
answers and hangs, for `--minutes` each, while resolves and purchases arrive at steady
rates. Each purchase has a deadline. The drill compares the latencies of resolves, the
duration of purchases, and the server's numbers of threads and tasks.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import AsyncClient, LocaldialError
from localdial_server.runtime.serve import loop_factory
from tests.drills import open_loop
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine
from tests.functional.server_process import ServerProcess
from tests.functional.simulator_process import SimulatorProcess

_ORGANIZATION = "acme"

_PURCHASE_DEADLINE_SECONDS = 3.0

# How long after its deadline a purchase may return on a busy machine.
_GRACE_SECONDS = 0.5

_TASKS = "tasks"


@dataclass(frozen=True)
class Plan:
    """The length of each turn, the number of turns, and the rates of calls per second."""

    seconds: float
    turns: int
    resolves: float
    purchases: float


@dataclass
class Turn:
    """The measurements of one turn, in which the carrier answered or hung."""

    resolves: list[float] = field(default_factory=list)
    purchases: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    most_threads: int = 0
    most_tasks: int = 0


@dataclass
class Results:
    """The results of a run: all turns, by whether the carrier hung."""

    answering: list[Turn] = field(default_factory=list)
    hanging: list[Turn] = field(default_factory=list)


class Drill:
    """One run against a simulated carrier."""

    def __init__(self, carrier: SimulatorProcess, folder: Path, plan: Plan) -> None:
        self._carrier = carrier
        self._folder = folder
        self._plan = plan
        self._ids = 0

    async def run(self) -> Results:
        """Run all turns, and return their results."""
        counting = Path(__file__).parent / "counted_tasks"
        server = ServerProcess(
            self._folder,
            **self._carrier.settings,
            LOCALDIAL_MAX_PURCHASES_PER_DAY="1000000",
            LOCALDIAL_MAX_NUMBERS="1000000",
            PYTHONPATH=os.pathsep.join([str(counting), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            DRILL_TASKS_FILE=str(self._folder / _TASKS),
        )
        results = Results()
        try:
            await asyncio.to_thread(server.start)
            async with AsyncClient(server.address, carrier_timeout=60) as client:
                await self._set_up(client)
                # Discard the first turn, in which the server loads and connects.
                await self._turn(client, server.pid, min(self._plan.seconds, 5.0))
                for _ in range(self._plan.turns):
                    # Remove the faults that the last turn did not use up.
                    self._carrier.clear_faults()
                    results.answering.append(await self._turn(client, server.pid, self._plan.seconds))
                    self._hang()
                    results.hanging.append(await self._turn(client, server.pid, self._plan.seconds))
        finally:
            server.kill()
        return results

    def _hang(self) -> None:
        """Make every request to the carrier hang for longer than the turn."""
        count = int(self._plan.seconds * self._plan.purchases * 40) + 1000
        for operation in "search", "order", "find_by_number", "find_by_reference", "list_owned":
            fault = {"kind": "timeout", "when": "before", "seconds": self._plan.seconds + 60}
            self._carrier.tell("faults", {"operation": operation, "fault": fault, "count": count})

    async def _set_up(self, client: AsyncClient) -> None:
        organization = Organization(organization_id=_ORGANIZATION, organization_number="+18005550150")
        await client.directory.set_organization(SetOrganizationRequest(organization=organization))
        user = User(organization_id=_ORGANIZATION, user_id="ann", caller_id="+12125550142")
        await client.directory.set_user(SetUserRequest(user=user))

    async def _turn(self, client: AsyncClient, pid: int, seconds: float) -> Turn:
        turn, stop = Turn(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(open_loop.run(self._plan.resolves, stop, lambda _: self._resolve(client, turn)))
            tasks.create_task(open_loop.run(self._plan.purchases, stop, lambda _: self._buy(client, turn)))
            tasks.create_task(self._watch(pid, turn, stop))
            await asyncio.sleep(seconds)
            stop.set()
        return turn

    async def _resolve(self, client: AsyncClient, turn: Turn) -> None:
        self._ids += 1
        request = ResolveOutboundCallerIdRequest(
            organization_id=_ORGANIZATION, user_id="ann", callee_number=f"+1415{2000000 + self._ids}"
        )
        answer = await open_loop.ask(client.call_routing.resolve_outbound_caller_id, request)
        assert answer.error is None, answer.error
        turn.resolves.append(answer.seconds)

    async def _buy(self, client: AsyncClient, turn: Turn) -> None:
        self._ids += 1
        request = PurchaseNumbersRequest(
            organization_id=_ORGANIZATION, area_code="415", request_id=f"buy-{self._ids}"
        )
        begun = time.monotonic()
        outcome = "bought"
        try:
            await client.number_inventory.purchase_numbers(request, timeout=_PURCHASE_DEADLINE_SECONDS)
        except LocaldialError as error:
            outcome = error.reason or error.code.name
        turn.purchases.append(time.monotonic() - begun)
        turn.outcomes[outcome] += 1

    async def _watch(self, pid: int, turn: Turn, stop: asyncio.Event) -> None:
        while not stop.is_set():
            turn.most_threads = max(turn.most_threads, _threads_of(pid))
            turn.most_tasks = max(turn.most_tasks, int((self._folder / _TASKS).read_text("ascii")))
            await asyncio.sleep(0.1)


def _threads_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("Threads:")).split()[1])


def p99(turns: Sequence[Turn]) -> float:
    """Return the median over the turns of the 99th percentile of resolves, in seconds."""
    each = sorted(sorted(turn.resolves)[len(turn.resolves) * 99 // 100] for turn in turns)
    return each[len(each) // 2]


def is_bounded(results: Results) -> bool:
    """Return whether all purchases returned in time."""
    slowest = max(max(turn.purchases) for turn in results.hanging)
    return slowest <= _PURCHASE_DEADLINE_SECONDS + _GRACE_SECONDS


def report(plan: Plan, results: Results) -> None:
    """Print the results as a table."""
    print(f"{plan.resolves:g} resolves/s, {plan.purchases:g} purchases/s, turns of {plan.seconds:g} s")
    print(f"{'the carrier':14}{open_loop.LATENCIES_HEAD}{'purchase max s':>16}{'threads':>9}{'tasks':>7}")
    for name, turns in ("answers", results.answering), ("hangs", results.hanging):
        for turn in turns:
            print(
                f"{name:14}{open_loop.latencies(turn.resolves)}{max(turn.purchases):>16.2f}"
                f"{turn.most_threads:>9}{turn.most_tasks:>7}  {dict(turn.outcomes)}"
            )
    print(f"p99 of resolves, hanging to answering: {p99(results.hanging) / p99(results.answering):.2f}")
    print_machine()


def main() -> None:
    """Run the drill and print a table; exit with 1 if a purchase returned late."""
    parser = argument_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of each turn (default 10)")
    parser.add_argument("--turns", type=int, default=1, help="turns of each kind (default 1)")
    parser.add_argument("--resolves", type=float, default=200.0, help="resolves a second (default 200)")
    parser.add_argument("--purchases", type=float, default=2.0, help="purchases a second (default 2)")
    arguments = parser.parse_args()
    plan = Plan(arguments.minutes * 60, arguments.turns, arguments.resolves, arguments.purchases)
    with (
        SimulatorProcess("--balance", "1000000") as carrier,
        tempfile.TemporaryDirectory(prefix="localdial-hanging-") as folder,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        results = runner.run(Drill(carrier, Path(folder), plan).run())
    report(plan, results)
    sys.exit(not is_bounded(results))


if __name__ == "__main__":
    main()
