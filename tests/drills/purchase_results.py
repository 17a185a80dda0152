"""The plan and results of the purchases drill, and the comparison of the inventory with the carrier."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localdial.v1.number_inventory_pb2 import ReconcileNumbersResponse
from tests.drills.rounds import print_machine
from tests.functional.simulator_process import SimulatorProcess

# An organization with limits low enough to be reached, and those limits.
LIMITED = "limited"
MAX_NUMBERS = 25
MAX_PURCHASES = 60

# An order that the carrier does not show counts as lost after this time. The adapter's own
# two minutes are for Twilio; the simulated carrier shows at once what it has sold, and a
# request that it does not answer within a second is given up.
READ_LAG_SECONDS = 3.0


@dataclass(frozen=True)
class Plan:
    """The number of kills at each point and at random times, and the load meanwhile."""

    kills_at_points: int
    random_kills: int
    buyers: int
    organizations: int
    fault_rate: float
    seed: int
    without_pending_orders: bool = False


@dataclass
class Request:
    """A purchase that a client requests, and the answer to it."""

    organization_id: str
    area_code: str
    quantity: int
    request_id: str
    numbers: dict[str, str] = field(default_factory=dict)
    """The phone numbers bought, by the carrier's identifiers."""


@dataclass
class Results:
    """The results of a run."""

    killed: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    faults: Mapping[str, int] = field(default_factory=dict)
    bought: int = 0
    released: int = 0
    report: ReconcileNumbersResponse = field(default_factory=ReconcileNumbersResponse)
    open_in_the_end: int = 0
    seconds: float = 0.0
    not_reached: list[str] = field(default_factory=list)
    bought_twice: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    not_owned: list[str] = field(default_factory=list)
    over_limit: list[str] = field(default_factory=list)
    stopped_by_limits: list[str] = field(default_factory=list)
    """Purchases that were refused although their organization should have no limit."""

    @property
    def is_right(self) -> bool:
        """Whether the carrier and the inventory agree, every planned kill took place, and all could buy."""
        wrong = self.bought_twice, self.unrecorded, self.not_owned, self.over_limit, self.stopped_by_limits
        agrees = not (any(wrong) or self.not_reached or self.open_in_the_end)
        return agrees and bool(self.bought and self.answered["bought"])


def compare(results: Results, requests: Sequence[Request], carrier: SimulatorProcess, database: Path) -> None:
    """Compare the carrier's sales with the inventory, past and present; add the differences to `results`."""
    journal = carrier.ask("journal")["events"]
    owned = {number["sid"]: number for number in carrier.ask("numbers")["numbers"]}
    rows = _rows(database)
    bought = [event for event in journal if event["event"] == "number_bought"]
    released = [event for event in journal if event["event"] == "number_released"]
    results.bought, results.released = len(bought), len(released)

    recorded = {row.sid: row for row in rows if row.sid}
    for sid, number in owned.items():
        if sid not in recorded:
            results.unrecorded.append(f"{number['phone_number']} ({sid})")
    for row in rows:
        if row.state == "active" and row.sid not in owned:
            results.not_owned.append(f"{row.phone_number} of {row.organization_id}")

    # The organization of each purchase, from the answer to its client or else from the inventory.
    organization_of = {sid: row.organization_id for sid, row in recorded.items()}
    by_request: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.sid and row.request_id:
            by_request[row.request_id].add(row.sid)
    for request in requests:
        by_request[request.request_id] |= request.numbers.keys()
        organization_of |= dict.fromkeys(request.numbers, request.organization_id)
        if len(by_request[request.request_id]) > request.quantity:
            results.bought_twice.append(
                f"{request.request_id}: {len(by_request[request.request_id])} for {request.quantity}"
            )
    references = Counter(event["fields"].get("FriendlyName", "") for event in bought)
    results.bought_twice += [
        f"reference {name} {count} times" for name, count in references.items() if count > 1
    ]
    _compare_limits(results, journal, organization_of)


def _compare_limits(
    results: Results, journal: Sequence[Mapping[str, Any]], organization_of: Mapping[str, str]
) -> None:
    held = purchases = 0
    for event in journal:
        if organization_of.get(event.get("sid", "")) != LIMITED:
            continue
        if event["event"] == "number_bought":
            held, purchases = held + 1, purchases + 1
        elif event["event"] == "number_released":
            held -= 1
        if held > MAX_NUMBERS or purchases > MAX_PURCHASES:
            results.over_limit.append(f"{held} held, {purchases} bought")


@dataclass(frozen=True, slots=True)
class Row:
    """A number in the inventory."""

    organization_id: str
    phone_number: str
    state: str
    sid: str
    request_id: str | None


def _rows(database: Path) -> list[Row]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        query = (
            "SELECT organization_id, numbers.phone_number, state, carrier_number_id, request_id"
            " FROM numbers LEFT JOIN purchases USING (organization_id, reference)"
        )
        return [Row(*row) for row in connection.execute(query)]


def report(plan: Plan, results: Results) -> None:
    """Print the results."""
    print(f"{results.seconds:.0f} s, {plan.buyers} buyers, seed {plan.seed}, faults {plan.fault_rate:.0%}")
    print(f"killed {results.killed.total()} times: {dict(results.killed)}")
    print(f"faults suffered {sum(results.faults.values()):,}: {results.faults}")
    print(f"answers: {dict(results.answered.most_common())}")
    if not (results.bought and results.answered["bought"]):
        print("nothing was bought, so the run shows nothing")
    print(f"at the carrier: {results.bought:,} bought, {results.released:,} released")
    told = results.report
    print(
        f"reconciled: {told.adopted_count} adopted, {told.failed_count} failed, "
        f"{told.released_count} released, {told.open_count} open, {told.missing_count} missing, "
        f"{told.strays_count} strays"
    )
    print(f"open after the read lag: {results.open_in_the_end}")
    for what, found in (
        ("points that were not reached", results.not_reached),
        ("bought twice", results.bought_twice),
        ("bought and unrecorded", results.unrecorded),
        ("recorded and not owned", results.not_owned),
        ("over the limits", results.over_limit),
        ("refused without a limit", results.stopped_by_limits),
    ):
        print(f"{what}: {len(found)} {found[:3] or ''}")
    print_machine()
