"""Buy 100 numbers in an organization of 20,000 users: loads of its snapshot, and seconds.

Every number that is bought is used in decisions at once. The claims: a purchase loads
the organization's snapshot at most once, and takes less than half a second on the
simulated carrier. The server's CPU time says what a busy machine adds. Exits with 1 if
a claim does not hold. Linux only.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.directory_pb2 import BatchSetUsersRequest, Organization, SetOrganizationRequest, User
from localdial.v1.number_inventory_pb2 import PurchaseNumbersRequest
from localdial_client import Client
from localdial_server.runtime import bootstrap
from localdial_server.settings.settings import read_settings
from tests.drills import metrics
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine
from tests.functional.server_process import ServerProcess
from tests.support.postgres import PostgresServer

ORGANIZATION = "large"
QUANTITY = 100
AREA_CODES = ("212", "303", "312", "415", "503", "512", "602", "617", "702", "713")

# The most users that one request may set.
_USERS_PER_REQUEST = 1_000

_LOADS = "localdial_snapshot_load_seconds_count"

# The claims, for one purchase.
MAX_LOADS = 1
MAX_SECONDS = 0.5


@dataclass(frozen=True)
class Purchase:
    """What one purchase took."""

    seconds: float
    cpu_seconds: float
    loads: int


def main() -> None:
    """Buy, print a table, and exit with 1 if a claim does not hold."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--users", type=int, default=20_000, help="users of the organization (default 20,000)"
    )
    parser.add_argument("--purchases", type=int, default=5, help="purchases, at most 10 (default 5)")
    arguments = parser.parse_args()
    problems = []
    print(f"{'database':12}{'loads':>8}{'median s':>10}{'(min-max)':>16}{'CPU s':>8}", flush=True)
    for name, database in {"SQLite": _sqlite, "PostgreSQL": _postgresql}.items():
        with database() as server, Client(server.address, timeout=60) as client:
            _set_up(client, arguments.users)
            taken = [_buy(server, client, area_code) for area_code in AREA_CODES[: arguments.purchases]]
        cpu = statistics.median(each.cpu_seconds for each in taken)
        seconds, loads = [each.seconds for each in taken], max(each.loads for each in taken)
        median, spread = statistics.median(seconds), f"({min(seconds):.2f}-{max(seconds):.2f})"
        print(f"{name:12}{loads:>8}{median:>10.2f}{spread:>16}{cpu:>8.2f}", flush=True)
        if loads > MAX_LOADS:
            problems.append(f"{name}: a purchase loaded the snapshot {loads} times")
        if median >= MAX_SECONDS:
            problems.append(f"{name}: a purchase took {median:.2f} s")
    print_machine()
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


@contextmanager
def _sqlite() -> Iterator[ServerProcess]:
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as server:
        yield server


@contextmanager
def _postgresql() -> Iterator[ServerProcess]:
    with PostgresServer({}) as postgres, tempfile.TemporaryDirectory() as folder:
        url = postgres.create_database()
        bootstrap.migrate(read_settings(database_url=url))
        spool = str(Path(folder, "spool"))
        with _server(Path(folder), LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SPOOL_DIRECTORY=spool) as server:
            yield server


@contextmanager
def _server(folder: Path, **settings: str) -> Iterator[ServerProcess]:
    server = ServerProcess(folder, LOCALDIAL_METRICS_LISTEN="127.0.0.1:0", **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _set_up(client: Client, users: int) -> None:
    """Create the organization with its users, and have its snapshot loaded."""
    organization = Organization(organization_id=ORGANIZATION, organization_number="+12125550100")
    client.directory.set_organization(SetOrganizationRequest(organization=organization))
    for first in range(0, users, _USERS_PER_REQUEST):
        batch = [
            User(
                organization_id=ORGANIZATION, user_id=f"user-{number}", caller_id=f"+1646{2_000_000 + number}"
            )
            for number in range(first, min(first + _USERS_PER_REQUEST, users))
        ]
        client.directory.batch_set_users(BatchSetUsersRequest(organization_id=ORGANIZATION, users=batch))
    _resolve(client, "212")


def _buy(server: ServerProcess, client: Client, area_code: str) -> Purchase:
    """Buy `QUANTITY` numbers, and check that a call shows one of them."""
    loads = metrics.read(server.log)[_LOADS]
    request = PurchaseNumbersRequest(
        organization_id=ORGANIZATION, area_code=area_code, quantity=QUANTITY, request_id=area_code
    )
    cpu, begun = _cpu_seconds(server), time.perf_counter()
    bought = client.number_inventory.purchase_numbers(request).numbers
    seconds, cpu = time.perf_counter() - begun, _cpu_seconds(server) - cpu
    assert len(bought) == QUANTITY, f"{len(bought)} numbers were bought"
    shown = _resolve(client, area_code)
    assert shown in {number.phone_number for number in bought}, f"{shown} was not bought"
    return Purchase(seconds, cpu, round(metrics.read(server.log)[_LOADS] - loads))


def _cpu_seconds(server: ServerProcess) -> float:
    """Return the CPU time of the server so far, in seconds."""
    fields = Path(f"/proc/{server.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resolve(client: Client, area_code: str) -> str:
    request = ResolveOutboundCallerIdRequest(
        organization_id=ORGANIZATION,
        user_id="user-1",
        callee_number=f"+1{area_code}5550199",
        validate_only=True,
    )
    return client.call_routing.resolve_outbound_caller_id(request).caller_id


if __name__ == "__main__":
    main()
