"""What is compared: ways to answer a resolve, each on one server."""

from dataclasses import dataclass
from enum import Enum

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest


class Work(Enum):
    """What a server does for a call."""

    NO_OP = "no-op"
    DECIDE = "decide only"
    RECORD = "decide and record"


@dataclass(frozen=True)
class Subject:
    """One kind of work on one server. `server` is a name that `tests.bench.servers` knows."""

    family: str
    server: str
    work: Work

    @property
    def name(self) -> str:
        """The name in the tables."""
        return f"{self.family}, {self.work.value}"

    @property
    def request(self) -> bytes:
        """The serialized request."""
        return ResolveOutboundCallerIdRequest(
            organization_id=ORGANIZATION,
            user_id=USER,
            callee_number="+14155550123",
            validate_only=self.work is Work.DECIDE,
        ).SerializeToString()


ORGANIZATION, USER = "bench", "ann"

# A family is compared with its own no-op; localdial's two databases have the same one.
SUBJECTS = (
    Subject("Go", "go-no-op", Work.NO_OP),
    Subject("Go", "go", Work.DECIDE),
    Subject("Go", "go", Work.RECORD),
    Subject("Node", "node-no-op", Work.NO_OP),
    Subject("Node", "node", Work.DECIDE),
    Subject("Node", "node", Work.RECORD),
    Subject("localdial", "localdial-no-op", Work.NO_OP),
    Subject("localdial on PostgreSQL", "localdial-postgresql", Work.DECIDE),
    Subject("localdial on PostgreSQL", "localdial-postgresql", Work.RECORD),
    Subject("localdial on SQLite", "localdial-sqlite", Work.DECIDE),
    Subject("localdial on SQLite", "localdial-sqlite", Work.RECORD),
)

RIVAL = next(each for each in SUBJECTS if each.family == "Go" and each.work is Work.RECORD)


def no_op_of(subject: Subject) -> Subject:
    """Return the no-op of the subject's server."""
    return next(
        each for each in SUBJECTS if each.work is Work.NO_OP and subject.family.startswith(each.family)
    )
