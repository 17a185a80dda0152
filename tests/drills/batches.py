"""Compare BatchResolveOutboundCallerIds with single resolves, and RouteInboundCall with a no-op.

Each server runs on one core and the load, h2load, on another. The claims, in each database:
a batch of 100 decides and records at least 20 times as many legs per second as single
resolves, 100 of them open; RouteInboundCall answers at least half as many calls as a
no-op of the same gRPC server, 10 open, and a lone one within a millisecond (median). Exits
with 1 if a claim does not hold. Linux with two cores.
"""

import asyncio
import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial_client import Client
from tests.bench.data import ORGANIZATION, USER
from tests.bench.h2load import RESOLVE, ClosedLoop, Figures, run
from tests.bench.servers import Server, running
from tests.drills.arguments import argument_parser
from tests.drills.rounds import Figure, in_turns, print_machine

LEGS = 100
NO_OP = "localdial-no-op"
DATABASES = {"SQLite": "localdial-sqlite", "PostgreSQL": "localdial-postgresql"}

_SERVICE = "/localdial.v1.CallRouting/"
_LEGS = [
    ResolveOutboundCallerIdRequest(
        organization_id=ORGANIZATION, user_id=USER, callee_number=f"+1415555{number:04}"
    )
    for number in range(LEGS)
]
# The claims.
MIN_LEGS = 20.0
MIN_OF_NO_OP = 0.5
MAX_ROUTE_MS = 1.0


@dataclass(frozen=True)
class Subject:
    """Calls of one method of one server; `open_calls` of them are open at any time."""

    server: str
    method: str
    request: Message
    open_calls: int
    calls: int

    def measure(self, server: Server) -> Figures:
        """Put the load on the server once; exit if a call fails."""
        message = self.request.SerializeToString()
        size = server.response_bytes(message, self.method)
        taken = run(
            server.address, message, ClosedLoop(self.open_calls), self.calls, size, method=self.method
        )
        if taken.failed:
            sys.exit(f"{taken.failed} of {self.calls} calls of {self.method} to {self.server} failed")
        return taken


def main() -> None:
    """Measure, print a table, and exit with 1 if a claim does not hold."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement (default 5)")
    parser.add_argument("--calls", type=int, default=4_000, help="single calls in a round (default 4,000)")
    arguments = parser.parse_args()
    with running([NO_OP, *DATABASES.values()]) as servers:
        # Each server sold its organization the same numbers.
        subjects = _subjects(arguments.calls, _shown(servers[DATABASES["SQLite"]]))
        taken = asyncio.run(_measure(subjects, servers, arguments.rounds))
    rates = {name: Figure([each.rate for each in rounds]) for name, rounds in taken.items()}
    medians = {name: Figure([each.p50 for each in rounds]) for name, rounds in taken.items()}
    print(f"{'calls':44}{'calls/s (min-max)':>28}{'p50 ms (min-max)':>28}")
    for name in taken:
        print(f"{name:44}{f'{rates[name]:,.0f}':>28}{f'{medians[name]:.2f}':>28}")
    print_machine()
    problems = _problems(rates, medians)
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


def _shown(server: Server) -> str:
    """Return the number that the first leg's callee sees, which a call-back rings."""
    with Client(server.address) as client:
        return client.call_routing.resolve_outbound_caller_id(_LEGS[0]).caller_id


def _subjects(calls: int, shown: str) -> Mapping[str, Subject]:
    route = f"{_SERVICE}RouteInboundCall"
    call_back = RouteInboundCallRequest(called_number=shown, caller_number=_LEGS[0].callee_number)
    batch = BatchResolveOutboundCallerIdsRequest(requests=_LEGS)
    subjects = {"no-op, 10 open": Subject(NO_OP, RESOLVE, _LEGS[0], 10, calls)}
    for database, server in DATABASES.items():
        subjects |= {
            f"{database}: single resolves, 100 open": Subject(server, RESOLVE, _LEGS[0], 100, calls),
            f"{database}: batches of {LEGS}, 10 open": Subject(
                server, f"{_SERVICE}BatchResolveOutboundCallerIds", batch, 10, calls // 20
            ),
            f"{database}: RouteInboundCall, 10 open": Subject(server, route, call_back, 10, calls),
            f"{database}: RouteInboundCall, 1 open": Subject(server, route, call_back, 1, calls // 4),
        }
    return subjects


async def _measure(
    subjects: Mapping[str, Subject], servers: Mapping[str, Server], rounds: int
) -> Mapping[str, Sequence[Figures]]:
    measured = {
        name: functools.partial(asyncio.to_thread, subject.measure, servers[subject.server])
        for name, subject in subjects.items()
    }
    return await in_turns(measured, rounds)


def _problems(rates: Mapping[str, Figure], medians: Mapping[str, Figure]) -> Sequence[str]:
    """Print the ratios, and return the claims that did not hold."""
    problems = []
    for database in DATABASES:
        legs = LEGS * rates[f"{database}: batches of {LEGS}, 10 open"].median
        of_single = legs / rates[f"{database}: single resolves, 100 open"].median
        of_no_op = rates[f"{database}: RouteInboundCall, 10 open"].median / rates["no-op, 10 open"].median
        alone = medians[f"{database}: RouteInboundCall, 1 open"].median
        print(
            f"{database}: {of_single:.1f} legs of batches for each single resolve; "
            f"RouteInboundCall {of_no_op:.2f} of the no-op, alone {alone:.2f} ms"
        )
        if of_single < MIN_LEGS:
            problems.append(
                f"{database}: batches decide {of_single:.1f} times as many legs as single resolves"
            )
        if of_no_op < MIN_OF_NO_OP:
            problems.append(f"{database}: RouteInboundCall does {of_no_op:.2f} of the no-op")
        if alone > MAX_ROUTE_MS:
            problems.append(f"{database}: a lone RouteInboundCall takes {alone:.2f} ms")
    return problems


if __name__ == "__main__":
    main()
