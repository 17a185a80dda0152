"""What can be made to go wrong at the server, by a script, by chance, or both."""

import random
import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from localdial_server.carriers.twilio_simulator.error_responses import Problem


class Operation(Enum):
    """A request to the API."""

    SEARCH = "search"
    CREATE = "create"
    LIST = "list"
    FETCH = "fetch"
    UPDATE = "update"
    DELETE = "delete"
    ACCOUNT = "account"
    BALANCE = "balance"
    PRICING = "pricing"


class Kind(Enum):
    """How a request fails."""

    ERROR = "error"
    """The answer has a status and an error code of the fault's."""

    HANG = "hang"
    """There is no answer for ``seconds``."""

    RESET = "reset"
    """The connection is reset."""

    CUT = "cut"
    """The answer breaks off in the middle."""

    NOT_SEEN = "not_seen"
    """The request sees nothing, whatever there is (read lag)."""

    NO_VOICE = "no_voice"
    """What is on sale takes no calls."""


class When(Enum):
    """Whether what was asked for is done all the same."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a request to fail. ``retry_after`` is a header; 0 is none."""

    kind: Kind
    when: When = When.BEFORE
    status: int = 500
    code: int = 20500
    retry_after: float = 0.0
    seconds: float = 600.0

    def problem(self) -> Problem:
        """Answer what is sent for an ``ERROR``."""
        headers = {"Retry-After": f"{self.retry_after:g}"} if self.retry_after else {}
        return Problem(self.status, self.code, "The simulator was told to answer this", headers)


def error(status: int, code: int, when: When = When.BEFORE, retry_after: float = 0.0) -> Fault:
    """Make a fault that is an answer."""
    return Fault(Kind.ERROR, when, status, code, retry_after)


NAMED: Final[Mapping[str, Fault]] = {
    "timeout_before": Fault(Kind.HANG, When.BEFORE),
    "timeout_after": Fault(Kind.HANG, When.AFTER),
    "reset_before": Fault(Kind.RESET, When.BEFORE),
    "reset_after": Fault(Kind.RESET, When.AFTER),
    "cut_after": Fault(Kind.CUT, When.AFTER),
    "not_seen": Fault(Kind.NOT_SEEN),
    "no_voice": Fault(Kind.NO_VOICE),
    "error_500": error(500, 20500),
    "error_500_after": error(500, 20500, When.AFTER),
    "error_503": error(503, 20503),
    "error_503_after": error(503, 20503, When.AFTER),
    "throttled": error(429, 20429, retry_after=1),
    "taken": error(400, 21422),
    "no_stock": error(400, 21452),
    "invalid_number": error(400, 21421),
    "address_required": error(400, 21631),
    "local_address_required": error(400, 21615),
    "bundle_required": error(400, 21649),
    "bundle_wrong": error(400, 21650),
    "credentials": error(401, 20003),
    "suspended": error(403, 20005),
    "trial": error(400, 21404),
}
"""The faults that have a name, for flags and scripts."""

_ANYWHERE: Final = ("timeout_before", "reset_before", "error_500", "error_503", "throttled")
_IN_CHANGES: Final = (
    *_ANYWHERE,
    "timeout_after",
    "reset_after",
    "cut_after",
    "error_500_after",
    "error_503_after",
)

BY_CHANCE: Final[Mapping[Operation, Sequence[str]]] = {
    Operation.CREATE: (*_IN_CHANGES, "taken"),
    Operation.UPDATE: _IN_CHANGES,
    Operation.DELETE: _IN_CHANGES,
}
"""The faults that may happen by chance in changes; ``_ANYWHERE`` in all else."""


class Faults:
    """Decides what each request suffers: what its script says, else what chance says.

    Safe across threads. Chance is the same in every run in which requests come in
    the same order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: defaultdict[Operation, deque[Fault]] = defaultdict(deque)
        self._rate = 0.0
        self._random = random.Random(0)  # noqa: S311 - to be repeatable, not secret
        self._hang_seconds = 600.0
        self._suffered: defaultdict[str, int] = defaultdict(int)

    def add(self, operation: Operation, *faults: Fault) -> None:
        """Give the operation's next requests a fault each."""
        with self._lock:
            self._script[operation].extend(faults)

    def by_chance(self, rate: float, seed: int, hang_seconds: float) -> None:
        """Let this share of all requests fail in some way; those that hang do so for ``hang_seconds``."""
        with self._lock:
            self._rate = rate
            self._random = random.Random(seed)  # noqa: S311 - see above
            self._hang_seconds = hang_seconds

    def clear(self) -> None:
        """Let every request go well."""
        with self._lock:
            self._script.clear()
            self._rate = 0.0

    def next(self, operation: Operation) -> Fault | None:
        """Answer what the operation's next request suffers."""
        with self._lock:
            script = self._script[operation]
            fault = script.popleft() if script else self._chance(operation)
            if fault is not None:
                self._suffered[f"{operation.value} {fault.kind.value} {fault.when.value}"] += 1
            return fault

    def left(self) -> int:
        """Answer how many faults of the script were not suffered yet."""
        with self._lock:
            return sum(map(len, self._script.values()))

    def suffered(self) -> dict[str, int]:
        """Answer how often each kind of fault was suffered."""
        with self._lock:
            return dict(self._suffered)

    def _chance(self, operation: Operation) -> Fault | None:
        if self._random.random() >= self._rate:
            return None
        name = self._random.choice(BY_CHANCE.get(operation, _ANYWHERE))
        fault = NAMED[name]
        if fault.kind is Kind.HANG:
            return Fault(Kind.HANG, fault.when, seconds=self._hang_seconds)
        return fault
