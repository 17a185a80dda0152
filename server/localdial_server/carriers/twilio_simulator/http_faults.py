"""The simulators' faults over HTTP, injected by script, by chance, or both."""

import random
import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from localdial_server.carriers.simulator.faults import THROTTLED_SECONDS, Fault, Operation
from localdial_server.carriers.twilio_simulator.error_responses import INVALID_CODE, RequestRefused


class Kind(Enum):
    """The server's reaction to a request that a fault strikes."""

    ERROR = "error"
    """Responds with the fault's status and error code."""

    TIMEOUT = "timeout"
    """Does not respond for the fault's `seconds`, and then resets the connection."""

    RESET = "reset"
    """Resets the connection."""

    CUT = "cut"
    """Cuts the response off in the middle."""

    NOT_SEEN = "not_seen"
    """Finds nothing, even what exists (read lag)."""

    NO_VOICE = "no_voice"
    """Shows numbers on sale as unable to receive calls; in an order, sells a number of that kind."""


class When(Enum):
    """Whether the fault strikes before the request is carried out, or after."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class HttpFault:
    """One way for a request to fail.

    `status`, `code` and `retry_after` (seconds; 0 sends no such header) belong to `Kind.ERROR`,
    and `seconds` to `Kind.TIMEOUT`.
    """

    kind: Kind
    when: When = When.BEFORE
    status: int = 500
    code: int = 20500
    retry_after: float = 0.0
    seconds: float = 600.0

    def refusal(self) -> RequestRefused:
        """Return the refusal of a `Kind.ERROR`."""
        headers = {"Retry-After": f"{self.retry_after:g}"} if self.retry_after else None
        return RequestRefused(self.status, self.code, "The simulator was told to answer this", headers)


def error(status: int, code: int, when: When = When.BEFORE, retry_after: float = 0.0) -> HttpFault:
    """Return a fault that is an error response."""
    return HttpFault(Kind.ERROR, when, status, code, retry_after)


HTTP_FAULTS: Final[Mapping[Fault, HttpFault]] = {
    Fault.UNAVAILABLE: error(429, 20429),
    Fault.THROTTLED: error(429, 20429, retry_after=THROTTLED_SECONDS),
    Fault.SUSPENDED: error(403, 20005),
    Fault.TAKEN: error(400, 21422),
    Fault.ADDRESS_REQUIRED: error(400, 21631),
    Fault.RELEASE_REFUSED: error(400, INVALID_CODE),
    Fault.NOT_SEEN: HttpFault(Kind.NOT_SEEN),
    Fault.TIMEOUT_BEFORE: HttpFault(Kind.TIMEOUT, When.BEFORE),
    Fault.TIMEOUT_AFTER: HttpFault(Kind.TIMEOUT, When.AFTER),
    Fault.RESET_BEFORE: HttpFault(Kind.RESET, When.BEFORE),
    Fault.RESET_AFTER: HttpFault(Kind.RESET, When.AFTER),
    Fault.CUT_AFTER: HttpFault(Kind.CUT, When.AFTER),
    Fault.NO_VOICE: HttpFault(Kind.NO_VOICE),
    Fault.ERROR_500: error(500, 20500),
    Fault.ERROR_500_AFTER: error(500, 20500, When.AFTER),
    Fault.ERROR_503: error(503, 20503),
    Fault.ERROR_503_AFTER: error(503, 20503, When.AFTER),
    Fault.NO_STOCK: error(400, 21452),
    Fault.INVALID_NUMBER: error(400, 21421),
    Fault.LOCAL_ADDRESS_REQUIRED: error(400, 21615),
    Fault.BUNDLE_REQUIRED: error(400, 21649),
    Fault.BUNDLE_WRONG: error(400, 21650),
    Fault.CREDENTIALS: error(401, 20003),
    Fault.TRIAL: error(400, 21404),
}
"""Every `Fault` over HTTP, with Twilio's own statuses and error codes."""

_RANDOM_IN_LOOK_UPS: Final = (
    Fault.TIMEOUT_BEFORE,
    Fault.RESET_BEFORE,
    Fault.ERROR_500,
    Fault.ERROR_503,
    Fault.THROTTLED,
)
_RANDOM_IN_CHANGES: Final = (
    *_RANDOM_IN_LOOK_UPS,
    Fault.TIMEOUT_AFTER,
    Fault.RESET_AFTER,
    Fault.CUT_AFTER,
    Fault.ERROR_500_AFTER,
    Fault.ERROR_503_AFTER,
)
# `NOT_SEEN` is not among them: a look-up that misses a number after the read lag violates the
# carrier port.
_RANDOM: Final[Mapping[Operation, Sequence[Fault]]] = {
    Operation.ORDER: (*_RANDOM_IN_CHANGES, Fault.TAKEN),
    Operation.CONFIGURE: _RANDOM_IN_CHANGES,
    Operation.RELEASE: _RANDOM_IN_CHANGES,
}


class FaultInjector:
    """Decides how each request fails: by the operation's script, else by chance.

    Thread-safe. The random faults are the same in every run whose requests come in the same order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: defaultdict[Operation, deque[HttpFault | None]] = defaultdict(deque)
        self._rate = 0.0
        self._random = random.Random(0)  # noqa: S311 - to be repeatable, not secret
        self._timeout_seconds = 600.0
        self._suffered: defaultdict[str, int] = defaultdict(int)

    def add(self, operation: Operation, *faults: Fault | HttpFault | None) -> None:
        """Append a fault for each of the operation's next requests; None is a request that succeeds."""
        with self._lock:
            self._script[operation].extend(
                HTTP_FAULTS[fault] if isinstance(fault, Fault) else fault for fault in faults
            )

    def fail_by_chance(self, rate: float, seed: int, timeout_seconds: float) -> None:
        """Fail this share of all requests (0 to 1); random timeouts last `timeout_seconds`."""
        with self._lock:
            self._rate = rate
            self._random = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
            self._timeout_seconds = timeout_seconds

    def clear(self) -> None:
        """Let every request succeed from now on."""
        with self._lock:
            self._script.clear()
            self._rate = 0.0

    def next(self, operation: Operation) -> HttpFault | None:
        """Remove and return the fault of the operation's next request; None lets it succeed."""
        with self._lock:
            script = self._script[operation]
            fault = script.popleft() if script else self._random_fault(operation)
            if fault is not None:
                self._suffered[f"{operation.value} {fault.kind.value} {fault.when.value}"] += 1
            return fault

    def left(self) -> int:
        """Return how many faults are left in the script."""
        with self._lock:
            return sum(map(len, self._script.values()))

    def suffered(self) -> dict[str, int]:
        """Return how many requests failed, by operation, kind and time (`order reset after`)."""
        with self._lock:
            return dict(self._suffered)

    def _random_fault(self, operation: Operation) -> HttpFault | None:
        if self._random.random() >= self._rate:
            return None
        fault = HTTP_FAULTS[self._random.choice(_RANDOM.get(operation, _RANDOM_IN_LOOK_UPS))]
        return replace(fault, seconds=self._timeout_seconds)
