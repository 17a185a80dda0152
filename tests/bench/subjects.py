"""What is compared: ways to answer a resolve, each on one server, under each closed and open loop."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from tests.bench.data import CALLEE, ORGANIZATION, USER
from tests.bench.h2load import RESOLVE, ClosedLoop, TimedLoop

OPEN_CALLS = (1, 10, 100)


class Measured(Protocol):
    """Calls of one kind to one server. `server` is a name that `tests.bench.servers` knows."""

    @property
    def name(self) -> str:
        """The name on the page."""

    @property
    def server(self) -> str: ...

    @property
    def method(self) -> str:
        """The path of the method."""

    @property
    def request(self) -> bytes:
        """The serialized request."""

    @property
    def rows(self) -> int:
        """How many rows an answered call adds to the record of calls."""

    @property
    def is_recorded_later(self) -> bool:
        """Whether the rows may be added after the answer."""

    @property
    def closed_loops(self) -> Mapping[str, ClosedLoop | TimedLoop]:
        """The closed loops under which it is measured, by the number of open calls."""


class Work(Enum):
    """What a server does for a call."""

    NO_OP = "no-op"
    DECIDE = "decide only"
    RECORD = "decide and record"

    @property
    def rows(self) -> int:
        """How many rows an answered call adds to the record of calls."""
        return int(self is Work.RECORD)


@dataclass(frozen=True)
class Subject:
    """One kind of work on one server, a `Measured`."""

    family: str
    server: str
    work: Work
    method: str = RESOLVE
    is_recorded_later: bool = False

    @property
    def name(self) -> str:
        return f"{self.family}, {self.work.value}"

    @property
    def request(self) -> bytes:
        return ResolveOutboundCallerIdRequest(
            organization_id=ORGANIZATION,
            user_id=USER,
            callee_number=CALLEE,
            validate_only=self.work is Work.DECIDE,
        ).SerializeToString()

    @property
    def rows(self) -> int:
        return self.work.rows

    @property
    def closed_loops(self) -> Mapping[str, ClosedLoop]:
        return {str(count): ClosedLoop(count) for count in OPEN_CALLS}


# The fronts of localdial (`LOCALDIAL_FRONT`), each with the beginning of its servers' names.
FRONTS = {"localdial": "localdial", "fast front": "fast"}

# A family is compared with its own no-op; both databases of a front have the same one. Deciding asks no
# database, so it is measured with one of them.
SUBJECTS = (
    Subject("Go", "go-no-op", Work.NO_OP),
    Subject("Go", "go", Work.DECIDE),
    Subject("Go", "go", Work.RECORD),
    Subject("Node", "node-no-op", Work.NO_OP),
    Subject("Node", "node", Work.DECIDE),
    Subject("Node", "node", Work.RECORD),
    *(
        each
        for front, server in FRONTS.items()
        for each in (
            Subject(front, f"{server}-no-op", Work.NO_OP),
            Subject(f"{front} on PostgreSQL", f"{server}-postgresql", Work.DECIDE),
            Subject(f"{front} on PostgreSQL", f"{server}-postgresql", Work.RECORD),
            Subject(f"{front} on SQLite", f"{server}-sqlite", Work.RECORD),
        )
    ),
)


def subject(family: str, work: Work) -> Subject:
    """Return the family's subject that does this work. Raises `StopIteration` if there is none."""
    return next(each for each in SUBJECTS if (each.family, each.work) == (family, work))


RIVAL = subject("Go", Work.RECORD)


def no_op_of(compared: Subject) -> Subject:
    """Return the no-op of the subject's server."""
    return next(
        each for each in SUBJECTS if each.work is Work.NO_OP and compared.family.startswith(each.family)
    )
