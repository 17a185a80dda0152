"""Run a server under mixed load for an hour, and show that its memory and its files do not grow.

Calls of every kind come at fixed rates from threads with clients of their own: resolves, batches, call-backs,
lists, changes, purchases and deletions, mistakes, and connections that come and go. After the warm-up the
resident memory is sampled, and a line is fitted through the samples (least squares).
"""

import itertools
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from localdial.v1.call_routing_pb2 import (
    INBOUND_CALL_OUTCOME_ANSWERED,
    BatchResolveOutboundCallerIdsRequest,
    ListOutboundCallsRequest,
    ReportInboundCallOutcomeRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial.v1.directory_pb2 import ListUsersRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
    ReconcileNumbersRequest,
    SearchAvailableNumbersRequest,
    UnmapAreaCodesRequest,
)
from localdial_client import Client, LocaldialError
from tests.drills.arguments import argument_parser
from tests.drills.attacks.server import ATTACKER, USER, VICTIM, ServerUnderTest
from tests.drills.rounds import print_machine

_SAMPLE_SECONDS: Final = 10.0
_MOST_GROWTH_PER_HOUR: Final = 0.01
_ORGANIZATIONS: Final = (VICTIM, ATTACKER)


def _callee() -> str:
    return f"+1{random.choice((415, 628, 212, 917))}555{random.randrange(100, 200):04d}"


def _organization() -> str:
    return random.choice(_ORGANIZATIONS)


def _leg() -> ResolveOutboundCallerIdRequest:
    return ResolveOutboundCallerIdRequest(
        organization_id=_organization(), user_id=USER, callee_number=_callee()
    )


def _batch(client: Client) -> None:
    legs = [_leg() for _ in range(50)]
    client.call_routing.batch_resolve_outbound_caller_ids(BatchResolveOutboundCallerIdsRequest(requests=legs))


def _call_back(client: Client) -> None:
    call = client.call_routing.route_inbound_call(
        RouteInboundCallRequest(called_number="+13125550142", caller_number=_callee())
    )
    outcome = ReportInboundCallOutcomeRequest(
        organization_id=call.organization_id, call_id=call.call_id, outcome=INBOUND_CALL_OUTCOME_ANSWERED
    )
    client.call_routing.report_inbound_call_outcome(outcome)


def _lists(client: Client) -> None:
    organization_id = _organization()
    client.number_inventory.list_numbers(ListNumbersRequest(organization_id=organization_id))
    client.directory.list_users(ListUsersRequest(organization_id=organization_id))
    calls = ListOutboundCallsRequest(organization_id=organization_id, page_size=200)
    client.call_routing.list_outbound_calls(calls)


def _set_user(client: Client) -> None:
    user = User(organization_id=ATTACKER, user_id=f"user-{random.randrange(200)}", caller_id=_callee())
    client.directory.set_user(SetUserRequest(user=user))


def _buy_and_delete(client: Client) -> None:
    bought = client.number_inventory.purchase_numbers(
        PurchaseNumbersRequest(organization_id=ATTACKER, area_code="415")
    )
    (number,) = (each.phone_number for each in bought.numbers)
    client.number_inventory.map_area_codes(
        MapAreaCodesRequest(organization_id=ATTACKER, phone_number=number, area_codes=["628"])
    )
    client.number_inventory.unmap_area_codes(
        UnmapAreaCodesRequest(organization_id=ATTACKER, phone_number=number, area_codes=["628"])
    )
    client.number_inventory.delete_numbers(
        DeleteNumbersRequest(organization_id=ATTACKER, phone_numbers=[number])
    )


def _search(client: Client) -> None:
    client.number_inventory.search_available_numbers(
        SearchAvailableNumbersRequest(organization_id=ATTACKER, area_code="628")
    )


def _reconcile(client: Client) -> None:
    client.number_inventory.reconcile_numbers(ReconcileNumbersRequest(organization_id=ATTACKER))


def _mistakes(client: Client) -> None:
    for wrong in (
        ResolveOutboundCallerIdRequest(organization_id="nobody", user_id=USER, callee_number=_callee()),
        ResolveOutboundCallerIdRequest(organization_id=VICTIM, user_id="nobody", callee_number=_callee()),
        ResolveOutboundCallerIdRequest(organization_id=VICTIM, user_id=USER, callee_number="415"),
    ):
        try:
            client.call_routing.resolve_outbound_caller_id(wrong)
        except LocaldialError:
            continue
        raise AssertionError(f"accepted: {wrong}")


class Load(NamedTuple):
    """A kind of work and how often a second it is done, by as many threads."""

    work: Callable[[Client], object]
    rate: float
    threads: int = 1


LOADS: Final = {
    "resolve": Load(lambda client: client.call_routing.resolve_outbound_caller_id(_leg()), 100, 4),
    "batch of 50": Load(_batch, 2),
    "call-back": Load(_call_back, 10),
    "lists": Load(_lists, 5),
    "set user": Load(_set_user, 3),
    "buy, map, delete": Load(_buy_and_delete, 0.2),
    "search": Load(_search, 1),
    "reconcile": Load(_reconcile, 0.1),
    "mistakes": Load(_mistakes, 5),
}
# The user that call-backs go to.
_AGENT: Final = User(
    organization_id=VICTIM, user_id=USER, caller_id="+13125550142", work_phone="+13125550199"
)

_CONNECTIONS: Final = "new connection"
_CONNECTIONS_PER_SECOND: Final = 2.0


def _ticks(rate: float, end: threading.Event) -> Iterator[None]:
    """Yield at this rate until `end` is set; ticks that are late are left out."""
    next_tick = time.monotonic()
    while not end.wait(max(0.0, next_tick - time.monotonic())):
        yield
        next_tick = max(next_tick + 1 / rate, time.monotonic())


def _run(name: str, load: Load, address: str, end: threading.Event, counts: Counter[str]) -> None:
    with Client(address, timeout=30) as client:
        for _ in _ticks(load.rate / load.threads, end):
            _count(name, counts, lambda: load.work(client))


def _run_connections(address: str, end: threading.Event, counts: Counter[str]) -> None:
    def work() -> None:
        with Client(address, timeout=30) as client:
            client.call_routing.resolve_outbound_caller_id(_leg())

    for _ in _ticks(_CONNECTIONS_PER_SECOND, end):
        _count(_CONNECTIONS, counts, work)


def _count(name: str, counts: Counter[str], work: Callable[[], object]) -> None:
    try:
        work()
        counts[name] += 1
    except LocaldialError as error:
        counts[f"{name}: {error.code.name} {error.reason}"] += 1


class Sample(NamedTuple):
    """What the server uses: seconds since the start, resident memory, open files."""

    seconds: float
    mb: float
    files: int


def _samples(server: ServerUnderTest, minutes: float) -> Iterator[Sample]:
    begun = time.monotonic()
    for number in itertools.count(1):
        time.sleep(max(0.0, begun + number * _SAMPLE_SECONDS - time.monotonic()))
        seconds = time.monotonic() - begun
        yield Sample(seconds, server.resident_mb(), server.open_files())
        if seconds >= minutes * 60:
            return


def _growth_per_hour(samples: Sequence[Sample]) -> float:
    """Return the slope of the memory per hour, as a share of its mean."""
    memory = [sample.mb for sample in samples]
    slope = statistics.linear_regression([sample.seconds for sample in samples], memory).slope
    return slope * 3600 / statistics.mean(memory)


def main() -> None:
    """Run the load and print what the server used; exit with 1 if a target is missed."""
    parser = argument_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=75, help="length of the run (default 75)")
    parser.add_argument("--warm-up", type=float, default=15, help="minutes that do not count (default 15)")
    arguments = parser.parse_args()
    print_machine()
    end, counts = threading.Event(), Counter[str]()
    limits = {"LOCALDIAL_MAX_PURCHASES_PER_DAY": "1000000", "LOCALDIAL_MAX_NUMBERS": "100000"}
    with ServerUnderTest(**limits) as server, ExitStack() as stack:
        with Client(server.address) as client:
            client.directory.set_user(SetUserRequest(user=_AGENT))
        threads = [
            threading.Thread(target=_run, args=(name, load, server.address, end, counts), name=name)
            for name, load in LOADS.items()
            for _ in range(load.threads)
        ]
        threads.append(threading.Thread(target=_run_connections, args=(server.address, end, counts)))
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(end.set)
        samples = []
        for sample in _samples(server, arguments.minutes):
            samples.append(sample)
            if len(samples) % 30 == 0:
                print(
                    f"{sample.seconds / 60:5.1f} min {sample.mb:7.1f} MB {sample.files:4} files", flush=True
                )
        log_kb = server.log_bytes() / 1000
    counted = [sample for sample in samples if sample.seconds >= arguments.warm_up * 60]
    growth = _growth_per_hour(counted)
    files = [sample.files for sample in counted]
    for name, count in sorted(counts.items()):
        print(f"{name:40} {count:10,}")
    print(f"memory {counted[0].mb:.1f} MB at first, {counted[-1].mb:.1f} MB at last: {growth:+.2%} per hour")
    half = len(files) // 2
    print(f"files {min(files)} to {max(files)}; log {log_kb:.0f} KB")
    print_machine()
    is_flat = max(files[half:]) <= max(files[:half]) + 2
    sys.exit(growth >= _MOST_GROWTH_PER_HOUR or not is_flat)


if __name__ == "__main__":
    main()
