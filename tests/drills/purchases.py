"""Purchases while the carrier fails and the server is killed: nothing may be bought twice or lost.

A real server buys from the simulated carrier over Twilio's API, where a share of all
requests fails in some way. Many clients buy and delete numbers at the same time for
several organizations, and repeat what was not answered, as a CRM does. Meanwhile the
server is killed (kill -9) at named points of a purchase or a deletion, and at random
times, and started again. After one ReconcileNumbers the inventory is compared with what
the carrier has sold. ``--without-intent`` takes away what protects, and must be seen to fail.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest
from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    PurchaseNumbersRequest,
    ReconcileNumbersRequest,
    ReconcileNumbersResponse,
)
from localdial_client import AsyncClient, LocaldialError
from tests.drills.cluster import PATIENCE_SECONDS
from tests.drills.rounds import print_machine
from tests.functional.server_process import ServerProcess, environment_with

POINTS = (
    "purchase-begun",
    "intent-committed",
    "order-asked",
    "order-answered",
    "adopted",
    "answer-kept",
    "release-begun",
    "release-answered",
)

_ACCOUNT = "AC" + "5" * 32
_TOKEN = "drill"

# Spread, so that not everybody wants the same numbers, but some do.
_AREA_CODES = ("212", "303", "312", "415", "503", "512", "602", "617", "702", "713")

_MOST_AT_ONCE = 4

# The organization whose limits are within reach, and those limits.
_LIMITED = "limited"
_MAX_NUMBERS = 25
_MAX_PURCHASES = 60

# How often a point is passed, at most, before the server is killed there, and how long
# a kill at a random time may be in coming.
_PASSED = 6
_RANDOM_SECONDS = 1.5

# How long a point may be in being reached: a deletion may be far between.
_REACHED_SECONDS = 60.0

# An order that was lost counts as lost only after this (the adapter's read lag).
_READ_LAG_SECONDS = 125.0

_CLIENT_SECONDS = 4.0


@dataclass(frozen=True)
class Plan:
    """How many kills at each point and at random times, and what goes on meanwhile."""

    kills_at_points: int
    random_kills: int
    buyers: int
    organizations: int
    fault_rate: float
    seed: int
    without_intent: bool = False
    until_all_is_known: bool = False


@dataclass
class Request:
    """A purchase that a client wants, and what it was answered."""

    organization_id: str
    area_code: str
    quantity: int
    request_id: str
    numbers: dict[str, str] = field(default_factory=dict)
    """Phone numbers by the carrier's identifiers."""


@dataclass
class Seen:
    """What came of it."""

    killed: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: Mapping[str, int] = field(default_factory=dict)
    bought: int = 0
    released: int = 0
    report: ReconcileNumbersResponse = field(default_factory=ReconcileNumbersResponse)
    open_in_the_end: int | None = None
    seconds: float = 0.0
    not_reached: list[str] = field(default_factory=list)
    bought_twice: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    not_owned: list[str] = field(default_factory=list)
    over_limit: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether carrier and inventory agree, and all was done that was planned."""
        wrong = self.bought_twice, self.unrecorded, self.not_owned, self.over_limit
        return not (any(wrong) or self.not_reached or self.open_in_the_end)


class SimulatorProcess:
    """``localdial simulator serve``: the carrier, in a process that is not killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "localdial_server", "simulator", "serve", "--json", "--listen", "127.0.0.1:0"),
                *("--account", f"{_ACCOUNT}:{_TOKEN}", "--balance", "1000000"),
            ],
            env=environment_with(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            process.terminate()

    def tell(self, path: str, what: Mapping[str, Any]) -> None:
        """Tell it how to behave."""
        request = urllib.request.Request(
            f"{self.url}/simulator/{path}",
            json.dumps(what).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def forget_faults(self) -> None:
        """Let every request go well from now on."""
        request = urllib.request.Request(f"{self.url}/simulator/faults", method="DELETE")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def ask(self, path: str) -> Any:
        """Ask what has happened."""
        with urllib.request.urlopen(f"{self.url}/simulator/{path}", timeout=30) as answer:
            return json.load(answer)


def twilio_settings(url: str) -> Mapping[str, str]:
    """Answer the settings of a server that buys there."""
    return {
        "LOCALDIAL_CARRIER": "twilio",
        "LOCALDIAL_TWILIO_ACCOUNT_SID": _ACCOUNT,
        "LOCALDIAL_TWILIO_AUTH_TOKEN": _TOKEN,
        "LOCALDIAL_TWILIO_BASE_URL": url,
    }


class Drill:
    """One run against a carrier, in a folder of its own."""

    def __init__(self, carrier: SimulatorProcess, folder: Path, plan: Plan) -> None:
        self._carrier = carrier
        self._folder = folder
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._seen = Seen()
        self._requests: list[Request] = []
        self._ids = itertools.count()
        self._address = ""
        self._server: ServerProcess | None = None
        self._organizations = [f"org{number}" for number in range(plan.organizations)] + [_LIMITED]

    async def run(self) -> Seen:
        """Kill as planned, under load; then reconcile once, and compare."""
        plan, seen = self._plan, self._seen
        begun = time.monotonic()
        try:
            await self._start("")
            async with self._client() as client:
                for organization_id in self._organizations:
                    wanted = Organization(organization_id=organization_id)
                    await client.directory.set_organization(SetOrganizationRequest(organization=wanted))
            self._carrier.tell("chance", {"rate": plan.fault_rate, "seed": plan.seed, "hang_seconds": 3})
            async with self._load():
                # In an order that mixes them.
                kills = [*POINTS * plan.kills_at_points, *["random time"] * plan.random_kills]
                self._random.shuffle(kills)
                for kill in kills:
                    await self._kill(kill)
            seen.faults = self._carrier.ask("faults")["suffered"]
            self._carrier.tell("chance", {"rate": 0.0})
            await self._start("")
            await self._reconcile()
            self._compare()
        finally:
            if self._server is not None:
                self._server.kill()
        seen.seconds = time.monotonic() - begun
        return seen

    async def _start(self, kill_at: str) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.kill)
        killing = Path(__file__).parent / "killed_at"
        self._server = ServerProcess(
            self._folder,
            PYTHONPATH=os.pathsep.join([str(killing), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            DRILL_KILL_AT=kill_at,
            DRILL_KILL_AFTER=str(self._random.randrange(_PASSED)),
            **({"DRILL_WITHOUT_INTENT": "1"} if self._plan.without_intent else {}),
            **twilio_settings(self._carrier.url),
            LOCALDIAL_CARRIER_TIMEOUT_SECONDS="1",
            LOCALDIAL_SWEEP_INTERVAL_SECONDS="2",
            LOCALDIAL_MAX_NUMBERS="100000",
            LOCALDIAL_MAX_PURCHASES_PER_DAY="100000",
            LOCALDIAL_ORGANIZATION_LIMITS=json.dumps(
                {_LIMITED: {"max_numbers": _MAX_NUMBERS, "max_purchases_per_day": _MAX_PURCHASES}}
            ),
        )
        await asyncio.to_thread(self._server.start)
        self._address = self._server.address

    async def _kill(self, kill: str) -> None:
        """Have the server killed there, and start the next one."""
        if kill == "random time":
            await self._start("")
            await asyncio.sleep(self._random.uniform(0, _RANDOM_SECONDS))
            assert self._server is not None
            await asyncio.to_thread(self._server.kill)
        else:
            await self._start(kill)
            assert self._server is not None
            pid = self._server.pid
            try:
                async with asyncio.timeout(_REACHED_SECONDS):
                    while _is_alive(pid):  # noqa: ASYNC110 (another process sets no event here)
                        await asyncio.sleep(0.01)
            except TimeoutError:
                self._seen.not_reached.append(kill)
            await asyncio.to_thread(self._server.kill)
        self._seen.killed[kill] += 1

    @contextlib.asynccontextmanager
    async def _load(self) -> AsyncIterator[None]:
        """Buy and delete for as long as this is open; let the last calls end."""
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
                quantity=chosen.randint(1, _MOST_AT_ONCE),
                request_id=f"buy-{next(self._ids)}",
            )
            self._requests.append(request)
            await self._until_answered(lambda client, request=request: self._buy(client, request), stop)
            # Most of it is given back, now or later, so that there is always something to delete.
            if request.numbers and chosen.random() < 0.8:
                deletion = DeleteNumbersRequest(
                    organization_id=request.organization_id,
                    phone_numbers=list(request.numbers.values()),
                    request_id=f"delete-{next(self._ids)}",
                )
                await self._until_answered(
                    lambda client, deletion=deletion: client.number_inventory.delete_numbers(
                        deletion, timeout=_CLIENT_SECONDS
                    ),
                    stop,
                )

    async def _until_answered(self, call: Callable[[AsyncClient], Any], stop: asyncio.Event) -> None:
        """Repeat the call, on whatever server there is, until it is answered for good."""
        while not stop.is_set():
            try:
                async with self._client() as client:
                    await call(client)
            except LocaldialError as error:
                self._seen.answered[error.reason or error.code.name] += 1
                if error.code.name not in {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"}:
                    return
                await asyncio.sleep(0.1)
            else:
                return

    async def _buy(self, client: AsyncClient, request: Request) -> None:
        answer = await client.number_inventory.purchase_numbers(
            PurchaseNumbersRequest(
                organization_id=request.organization_id,
                area_code=request.area_code,
                quantity=request.quantity,
                request_id=request.request_id,
            ),
            timeout=_CLIENT_SECONDS,
        )
        self._seen.answered["bought"] += 1
        numbers = {number.carrier_number_id: number.phone_number for number in answer.numbers}
        if request.numbers and numbers != request.numbers:
            self._seen.bought_twice.append(f"{request.request_id} was answered twice, and differently")
        request.numbers = numbers

    def _client(self) -> AsyncClient:
        return AsyncClient(
            self._address,
            timeout=PATIENCE_SECONDS,
            carrier_timeout=PATIENCE_SECONDS,
            options=[("grpc.use_local_subchannel_pool", 1)],
        )

    async def _reconcile(self) -> None:
        async with self._client() as client:
            self._seen.report = await client.number_inventory.reconcile_numbers(ReconcileNumbersRequest())
            if self._plan.until_all_is_known:
                await asyncio.sleep(_READ_LAG_SECONDS)
                again = await client.number_inventory.reconcile_numbers(ReconcileNumbersRequest())
                self._seen.open_in_the_end = again.open_count

    def _compare(self) -> None:
        """Compare what the carrier has sold with what the inventory has and had."""
        seen = self._seen
        journal = self._carrier.ask("journal")["events"]
        owned = {number["sid"]: number for number in self._carrier.ask("numbers")["numbers"]}
        rows = _rows(self._folder / "localdial.db")
        bought = [event for event in journal if event["event"] == "number_bought"]
        released = [event for event in journal if event["event"] == "number_released"]
        seen.bought, seen.released = len(bought), len(released)

        recorded = {row.sid: row for row in rows if row.sid}
        for sid, number in owned.items():
            if sid not in recorded:
                seen.unrecorded.append(f"{number['phone_number']} ({sid})")
        for row in rows:
            if row.state == "active" and row.sid not in owned:
                seen.not_owned.append(f"{row.phone_number} of {row.organization_id}")

        # Whose each purchase was: as its client was told, or as it stands in the inventory.
        organization_of = {sid: row.organization_id for sid, row in recorded.items()}
        by_request: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row.sid and row.request_id:
                by_request[row.request_id].add(row.sid)
        for request in self._requests:
            by_request[request.request_id] |= request.numbers.keys()
            organization_of |= dict.fromkeys(request.numbers, request.organization_id)
            if len(by_request[request.request_id]) > request.quantity:
                seen.bought_twice.append(
                    f"{request.request_id}: {len(by_request[request.request_id])} for {request.quantity}"
                )
        references = Counter(event["fields"].get("FriendlyName", "") for event in bought)
        seen.bought_twice += [
            f"reference {name} {count} times" for name, count in references.items() if count > 1
        ]
        self._compare_limits(journal, organization_of)

    def _compare_limits(
        self, journal: Sequence[Mapping[str, Any]], organization_of: Mapping[str, str]
    ) -> None:
        held = purchases = 0
        for event in journal:
            if organization_of.get(event.get("sid", "")) != _LIMITED:
                continue
            if event["event"] == "number_bought":
                held, purchases = held + 1, purchases + 1
            elif event["event"] == "number_released":
                held -= 1
            if held > _MAX_NUMBERS or purchases > _MAX_PURCHASES:
                self._seen.over_limit.append(f"{held} held, {purchases} bought")


@dataclass(frozen=True, slots=True)
class Row:
    """A number of the inventory."""

    organization_id: str
    phone_number: str
    state: str
    sid: str
    request_id: str | None


def _rows(database: Path) -> list[Row]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        query = "SELECT organization_id, phone_number, state, carrier_number_id, request_id FROM numbers"
        return [Row(*row) for row in connection.execute(query)]


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@contextlib.contextmanager
def prepared(plan: Plan) -> Iterator[Drill]:
    """Start the carrier, and make a run of it."""
    with (
        SimulatorProcess() as carrier,
        tempfile.TemporaryDirectory(prefix="localdial-purchases-") as folder,
    ):
        yield Drill(carrier, Path(folder), plan)


def report(plan: Plan, seen: Seen) -> None:
    """Print what came of it."""
    print(f"{seen.seconds:.0f} s, {plan.buyers} buyers, seed {plan.seed}, faults {plan.fault_rate:.0%}")
    print(f"killed {seen.killed.total()} times: {dict(seen.killed)}")
    print(f"faults suffered {sum(seen.faults.values()):,}: {seen.faults}")
    print(f"answers: {dict(seen.answered.most_common())}")
    print(f"at the carrier: {seen.bought:,} bought, {seen.released:,} released")
    told = seen.report
    print(
        f"reconciled: {told.adopted_count} adopted, {told.failed_count} failed, "
        f"{told.released_count} released, {told.open_count} open, {told.missing_count} missing, "
        f"{told.strays_count} strays"
    )
    if seen.open_in_the_end is not None:
        print(f"open {_READ_LAG_SECONDS:.0f} s later: {seen.open_in_the_end}")
    for what, found in (
        ("points that were not reached", seen.not_reached),
        ("bought twice", seen.bought_twice),
        ("bought and unrecorded", seen.unrecorded),
        ("recorded and not owned", seen.not_owned),
        ("over the limits", seen.over_limit),
    ):
        print(f"{what}: {len(found)} {found[:3] or ''}")
    print_machine()


def main() -> None:
    """Run it and print a table; exits with 1 where carrier and inventory differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=25, help="at each point (default 25)")
    parser.add_argument("--random-kills", type=int, default=100, help="default 100")
    parser.add_argument("--buyers", type=int, default=200, help="purchases at a time (default 200)")
    parser.add_argument("--organizations", type=int, default=8, help="default 8")
    parser.add_argument("--fault-rate", type=float, default=0.3, help="default 0.3")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--without-intent", action="store_true", help="take the protection away")
    parser.add_argument(
        "--do-not-wait", action="store_true", help="for the read lag, after which nothing may be open"
    )
    arguments = parser.parse_args()
    plan = Plan(
        kills_at_points=arguments.kills,
        random_kills=arguments.random_kills,
        buyers=arguments.buyers,
        organizations=arguments.organizations,
        fault_rate=arguments.fault_rate,
        seed=arguments.seed,
        without_intent=arguments.without_intent,
        until_all_is_known=not arguments.do_not_wait,
    )
    with prepared(plan) as drill:
        seen = asyncio.run(drill.run())
    report(plan, seen)
    sys.exit(not seen.is_right)


if __name__ == "__main__":
    main()
