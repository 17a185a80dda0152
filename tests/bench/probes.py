"""What the targets compare besides the subjects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial_server.domain.choice import HASH_BYTES, hash_number
from tests.bench.data import CALLED_BACK, CALLEE, CHOICES, NUMBERS, ORGANIZATION, THOUSAND, USER
from tests.bench.h2load import RESOLVE, ClosedLoop, TimedLoop
from tests.bench.subjects import FRONTS, Work

DATABASES = {"PostgreSQL": "postgresql", "SQLite": "sqlite"}

LEGS = 100

_SERVICE = "/localdial.v1.CallRouting/"

# The kernel gives each connection to one of the workers. With so many, both have enough to do, even if they
# are not halved evenly; with more, h2load takes more of the cores that it shares with the workers.
WORKERS_OPEN, _WORKERS_CONNECTIONS = 200, 20


@dataclass(frozen=True)
class Probe:
    """Calls of one method of one server, a `Measured`."""

    name: str
    server: str
    method: str
    message: Message
    loads: Sequence[ClosedLoop | TimedLoop]
    rows: int = 0
    is_recorded_later: bool = False

    @property
    def request(self) -> bytes:
        return self.message.SerializeToString()

    @property
    def closed_loops(self) -> Mapping[str, ClosedLoop | TimedLoop]:
        return {str(load.open_calls): load for load in self.loads}


# Choices are measured with these fronts and this work. A choice is a larger part of a faster call.
CHOOSING = (("localdial", Work.RECORD), ("localdial", Work.DECIDE), ("fast front", Work.DECIDE))

WORKERS_WORK = (Work.DECIDE, Work.RECORD)


def choosing(front: str, work: Work, organization: str) -> str:
    """Return the name of the probe that chooses from the organization's numbers."""
    count = len(CHOICES[organization])
    return f"{front}, {work.value}, {count:,} number{'s' * (count > 1)}"


def workers(count: int, work: Work) -> str:
    """Return the name of the probe of so many worker processes."""
    return f"localdial, {count} worker{'s' * (count > 1)}, {work.value}"


def call_backs(database: str) -> str:
    """Return the name of the probe of RouteInboundCall."""
    return f"localdial on {database}, RouteInboundCall"


def batches(database: str) -> str:
    """Return the name of the probe of BatchResolveOutboundCallerIds."""
    return f"localdial on {database}, batches of {LEGS}"


def probes() -> Sequence[Probe]:
    """Return the probes that are measured along with the subjects."""
    callee = _typical_callee()
    return [
        *(
            Probe(
                choosing(front, work, organization),
                f"{FRONTS[front]}-sqlite",
                RESOLVE,
                _resolve(organization, callee, work),
                [ClosedLoop(100)],
                work.rows,
            )
            for front, work in CHOOSING
            for organization in CHOICES
        ),
        *(
            Probe(
                call_backs(database),
                f"localdial-{engine}",
                f"{_SERVICE}RouteInboundCall",
                RouteInboundCallRequest(called_number=NUMBERS[0], caller_number=CALLED_BACK),
                [ClosedLoop(1), ClosedLoop(10)],
                rows=1,
                is_recorded_later=True,
            )
            for database, engine in DATABASES.items()
        ),
        *(
            Probe(
                batches(database),
                f"localdial-{engine}",
                f"{_SERVICE}BatchResolveOutboundCallerIds",
                BatchResolveOutboundCallerIdsRequest(
                    requests=[
                        _resolve(ORGANIZATION, f"+1415555{number:04}", Work.RECORD) for number in range(LEGS)
                    ]
                ),
                [ClosedLoop(10)],
                rows=LEGS,
            )
            for database, engine in DATABASES.items()
        ),
    ]


def worker_probes(seconds: float) -> Sequence[Probe]:
    """Return the probes of workers, on servers that share all cores. Each measurement takes `seconds`."""
    return [
        Probe(
            workers(count, work),
            f"localdial-workers-{count}",
            RESOLVE,
            _resolve(ORGANIZATION, CALLEE, work),
            [TimedLoop(WORKERS_OPEN, _WORKERS_CONNECTIONS, seconds)],
            work.rows,
        )
        for work in WORKERS_WORK
        for count in (1, 2)
    ]


def _resolve(organization: str, callee: str, work: Work) -> ResolveOutboundCallerIdRequest:
    return ResolveOutboundCallerIdRequest(
        organization_id=organization,
        user_id=USER,
        callee_number=callee,
        validate_only=work is Work.DECIDE,
    )


def _typical_callee() -> str:
    """Return a callee for whom an average count of the thousand numbers is weighed (`docs/choice.md`)."""
    hashes = [hash_number(number) for number in CHOICES[THOUSAND]]

    def near(callee: str) -> int:
        asked = hash_number(callee)
        questions = list(zip(asked[8:12], asked[12:16], strict=True))
        return sum(any(each[place % HASH_BYTES] == value for place, value in questions) for each in hashes)

    callees = [f"+16285550{number}" for number in range(100, 131)]
    return sorted(callees, key=near)[len(callees) // 2]
