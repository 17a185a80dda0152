"""Buy numbers while the carrier fails and the server is killed: nothing may be bought twice or lost.

A real server buys from the simulated carrier over Twilio's API, where a share of all
requests fails in some way. Many clients buy and delete numbers at the same time for
several organizations, and retry unanswered requests, as a CRM does. Meanwhile the
server is killed (kill -9) at named points of a purchase or a deletion and at random
times, and restarted. After one ReconcileNumbers the drill compares the inventory with
what the carrier has sold. With `--without-pending-orders` it must fail.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest
from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    PurchaseNumbersRequest,
    ReconcileNumbersRequest,
)
from localdial_client import AsyncClient, LocaldialError
from tests.drills.arguments import argument_parser
from tests.drills.purchase_results import (
    LIMITED,
    MAX_NUMBERS,
    MAX_PURCHASES,
    READ_LAG_SECONDS,
    Plan,
    Request,
    Results,
    compare,
    report,
)
from tests.functional.server_process import ServerProcess
from tests.functional.simulator_process import SimulatorProcess
from tests.support.waiting import DEADLINE_SECONDS, until

POINTS = (
    "purchase-begun",
    "order-opened",
    "order-asked",
    "order-answered",
    "adopted",
    "answer-kept",
    "release-begun",
    "release-answered",
)

# Enough area codes that only some buyers compete for the same numbers.
# Only the limited organization may be refused with these.
_LIMITS = {"NUMBER_LIMIT_REACHED", "PURCHASE_LIMIT_REACHED"}

_AREA_CODES = ("212", "303", "312", "415", "503", "512", "602", "617", "702", "713")

_MAX_QUANTITY = 4

# Limits of what the drill chooses at random: how often a point is passed before the kill
# there, and the seconds from the start of a server to a kill at a random time.
_MAX_PASSES = 6
_MAX_RANDOM_SECONDS = 1.5

# How long the drill waits for a point to be reached. Deletions can be rare.
_POINT_TIMEOUT_SECONDS = 60.0

_CLIENT_TIMEOUT_SECONDS = 4.0


class Drill:
    """One run against a simulated carrier, with the server's files in `folder`."""

    def __init__(self, carrier: SimulatorProcess, folder: Path, plan: Plan) -> None:
        self._carrier = carrier
        self._folder = folder
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._results = Results()
        self._requests: list[Request] = []
        self._ids = itertools.count()
        self._address = ""
        self._server: ServerProcess | None = None
        self._organizations = [f"org{number}" for number in range(plan.organizations)] + [LIMITED]

    async def run(self) -> Results:
        """Kill the server as planned, under load; then reconcile once, and compare."""
        plan, results = self._plan, self._results
        begun = time.monotonic()
        try:
            await self._start("")
            async with self._client() as client:
                for organization_id in self._organizations:
                    wanted = Organization(organization_id=organization_id)
                    await client.directory.set_organization(SetOrganizationRequest(organization=wanted))
            self._carrier.tell("chance", {"rate": plan.fault_rate, "seed": plan.seed, "timeout_seconds": 3})
            async with self._load():
                # Mix the kinds of kills.
                kills = [*POINTS * plan.kills_at_points, *["random time"] * plan.random_kills]
                self._random.shuffle(kills)
                for kill in kills:
                    await self._kill(kill)
            results.faults = self._carrier.ask("faults")["suffered"]
            self._carrier.tell("chance", {"rate": 0.0})
            await self._start("")
            await self._reconcile()
            compare(results, self._requests, self._carrier, self._folder / "localdial.db")
        finally:
            if self._server is not None:
                self._server.kill()
        results.seconds = time.monotonic() - begun
        return results

    async def _start(self, kill_at: str) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.kill)
        killing = Path(__file__).parent / "killed_at"
        self._server = ServerProcess(
            self._folder,
            PYTHONPATH=os.pathsep.join([str(killing), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            DRILL_KILL_AT=kill_at,
            DRILL_READ_LAG_SECONDS=f"{READ_LAG_SECONDS}",
            DRILL_SWEEP_SECONDS="2",
            DRILL_KILL_AFTER=str(self._random.randrange(_MAX_PASSES)),
            **({"DRILL_WITHOUT_PENDING_ORDERS": "1"} if self._plan.without_pending_orders else {}),
            **self._carrier.settings,
            LOCALDIAL_CARRIER_TIMEOUT_SECONDS="1",
            LOCALDIAL_MAX_NUMBERS="100000",
            LOCALDIAL_MAX_PURCHASES_PER_DAY="100000",
            LOCALDIAL_ORGANIZATION_LIMITS=json.dumps(
                {LIMITED: {"max_numbers": MAX_NUMBERS, "max_purchases_per_day": MAX_PURCHASES}}
            ),
        )
        await asyncio.to_thread(self._server.start)
        self._address = self._server.address

    async def _kill(self, kill: str) -> None:
        """Start a server, and kill it at the point or the random time."""
        if kill == "random time":
            await self._start("")
            await asyncio.sleep(self._random.uniform(0, _MAX_RANDOM_SECONDS))
            assert self._server is not None
            await asyncio.to_thread(self._server.kill)
        else:
            await self._start(kill)
            assert self._server is not None
            pid = self._server.pid
            try:
                async with asyncio.timeout(_POINT_TIMEOUT_SECONDS):
                    await until(lambda: not _is_alive(pid))
            except TimeoutError:
                self._results.not_reached.append(kill)
            await asyncio.to_thread(self._server.kill)
        self._results.killed[kill] += 1

    @contextlib.asynccontextmanager
    async def _load(self) -> AsyncIterator[None]:
        """Buy and delete numbers inside the context; wait for the last calls on exit."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._plan.buyers):
                tasks.create_task(self._buy_always(random.Random(f"{self._plan.seed}-{number}"), stop))
            try:
                yield
            finally:
                stop.set()

    async def _buy_always(self, chosen: random.Random, stop: asyncio.Event) -> None:
        while not stop.is_set():
            request = Request(
                organization_id=chosen.choice(self._organizations),
                area_code=chosen.choice(_AREA_CODES),
                quantity=chosen.randint(1, _MAX_QUANTITY),
                request_id=f"buy-{next(self._ids)}",
            )
            self._requests.append(request)
            await self._until_answered(lambda client, request=request: self._buy(client, request), stop)
            # Delete most purchases again, so that deletions go on all the time.
            if request.numbers and chosen.random() < 0.8:
                deletion = DeleteNumbersRequest(
                    organization_id=request.organization_id,
                    phone_numbers=list(request.numbers.values()),
                    request_id=f"delete-{next(self._ids)}",
                )
                await self._until_answered(
                    lambda client, deletion=deletion: client.number_inventory.delete_numbers(
                        deletion, timeout=_CLIENT_TIMEOUT_SECONDS
                    ),
                    stop,
                )

    async def _until_answered(self, call: Callable[[AsyncClient], Any], stop: asyncio.Event) -> None:
        """Repeat the call, on the current server, until the answer is final or `stop` is set."""
        while not stop.is_set():
            try:
                async with self._client() as client:
                    await call(client)
            except LocaldialError as error:
                self._results.answered[error.reason or error.code.name] += 1
                if error.code.name not in {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}:
                    return
                await asyncio.sleep(0.1)
            else:
                return

    async def _buy(self, client: AsyncClient, request: Request) -> None:
        try:
            answer = await client.number_inventory.purchase_numbers(
                PurchaseNumbersRequest(
                    organization_id=request.organization_id,
                    area_code=request.area_code,
                    quantity=request.quantity,
                    request_id=request.request_id,
                ),
                timeout=_CLIENT_TIMEOUT_SECONDS,
            )
        except LocaldialError as error:
            if error.reason in _LIMITS and request.organization_id != LIMITED:
                self._results.stopped_by_limits.append(f"{request.organization_id}: {error.reason}")
            raise
        self._results.answered["bought"] += 1
        numbers = {number.carrier_number_id: number.phone_number for number in answer.numbers}
        if request.numbers and numbers != request.numbers:
            self._results.bought_twice.append(f"{request.request_id} was answered twice, and differently")
        request.numbers = numbers

    def _client(self) -> AsyncClient:
        return AsyncClient(
            self._address,
            timeout=DEADLINE_SECONDS,
            carrier_timeout=DEADLINE_SECONDS,
            options=[("grpc.use_local_subchannel_pool", 1)],
        )

    async def _reconcile(self) -> None:
        async with self._client() as client:
            self._results.report = await client.number_inventory.reconcile_numbers(ReconcileNumbersRequest())
            await asyncio.sleep(READ_LAG_SECONDS + 1)
            again = await client.number_inventory.reconcile_numbers(ReconcileNumbersRequest())
            self._results.open_in_the_end = again.open_count


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@contextlib.contextmanager
def prepared(plan: Plan) -> Iterator[Drill]:
    """Start the carrier, and yield a run against it."""
    with (
        SimulatorProcess("--balance", "1000000") as carrier,
        tempfile.TemporaryDirectory(prefix="localdial-purchases-") as folder,
    ):
        yield Drill(carrier, Path(folder), plan)


def main() -> None:
    """Run the drill and print the results; exit with 1 if the carrier and the inventory differ."""
    parser = argument_parser(__doc__)
    parser.add_argument("--kills", type=int, default=25, help="kills at each point (default 25)")
    parser.add_argument("--random-kills", type=int, default=100, help="default 100")
    parser.add_argument("--buyers", type=int, default=200, help="purchases at a time (default 200)")
    parser.add_argument("--organizations", type=int, default=8, help="default 8")
    parser.add_argument("--fault-rate", type=float, default=0.3, help="default 0.3")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument(
        "--without-pending-orders",
        action="store_true",
        help="remove the protection; the drill must then fail",
    )
    arguments = parser.parse_args()
    plan = Plan(
        kills_at_points=arguments.kills,
        random_kills=arguments.random_kills,
        buyers=arguments.buyers,
        organizations=arguments.organizations,
        fault_rate=arguments.fault_rate,
        seed=arguments.seed,
        without_pending_orders=arguments.without_pending_orders,
    )
    with prepared(plan) as drill:
        results = asyncio.run(drill.run())
    report(plan, results)
    sys.exit(not results.is_right)


if __name__ == "__main__":
    main()
