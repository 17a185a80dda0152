"""The operations of a simulated carrier, the faults that tests inject into them, and scripts of faults.

The simulated carrier and the Twilio simulator share these names. A name that ends in `AFTER`
means that the carrier has carried out the request, but the caller cannot know that.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final


class Operation(Enum):
    """One kind of request to a carrier."""

    # The calls of the carrier port.
    SEARCH = "search"
    ORDER = "order"
    FIND_BY_REFERENCE = "find_by_reference"
    FIND_BY_NUMBER = "find_by_number"
    LIST_OWNED = "list_owned"
    CONFIGURE = "configure"
    RELEASE = "release"

    # Operations that only the Twilio simulator can fail.
    MONTHLY_PRICE = "monthly_price"
    FETCH = "fetch"
    ACCOUNT = "account"
    BALANCE = "balance"


class Fault(Enum):
    """One way for an operation to fail."""

    # Faults of both simulators.
    UNAVAILABLE = "unavailable"
    """The request is turned away: `CarrierUnavailable`."""

    THROTTLED = "throttled"
    """The request is turned away for `THROTTLED_SECONDS`: `CarrierUnavailable`."""

    SUSPENDED = "suspended"
    """The account is suspended: `Refused`."""

    TAKEN = "taken"
    """The number has just been sold to another customer: `NumberTaken`."""

    ADDRESS_REQUIRED = "address_required"
    """The country's rules require an address: `Refused`."""

    RELEASE_REFUSED = "release_refused"
    """The carrier refuses to take the number back: `Refused`."""

    NOT_SEEN = "not_seen"
    """Read lag: the look-up or the release finds nothing, although the number is there."""

    TIMEOUT_BEFORE = "timeout_before"
    """Nothing is done, and no response comes before the caller's timeout."""

    TIMEOUT_AFTER = "timeout_after"
    """The request is carried out, and no response comes before the caller's timeout."""

    RESET_BEFORE = "reset_before"
    """Nothing is done, and the connection is reset: `OutcomeUnknown`."""

    RESET_AFTER = "reset_after"
    """The request is carried out, and the connection is reset: `OutcomeUnknown`."""

    # Faults of the Twilio simulator only.
    CUT_AFTER = "cut_after"
    """The request is carried out, and the response is cut off in the middle."""

    NO_VOICE = "no_voice"
    """The numbers on sale, or the number that is sold, cannot receive calls."""

    ERROR_500 = "error_500"
    ERROR_500_AFTER = "error_500_after"
    ERROR_503 = "error_503"
    ERROR_503_AFTER = "error_503_after"
    NO_STOCK = "no_stock"
    INVALID_NUMBER = "invalid_number"
    LOCAL_ADDRESS_REQUIRED = "local_address_required"
    BUNDLE_REQUIRED = "bundle_required"
    BUNDLE_WRONG = "bundle_wrong"
    CREDENTIALS = "credentials"
    TRIAL = "trial"


THROTTLED_SECONDS: Final = 1.0
"""How long `Fault.THROTTLED` asks the caller to wait."""

_ALWAYS_POSSIBLE = frozenset({Fault.UNAVAILABLE, Fault.THROTTLED, Fault.SUSPENDED, Fault.TIMEOUT_BEFORE})
_POSSIBLE_IN_LOOK_UPS = _ALWAYS_POSSIBLE | {Fault.NOT_SEEN}
_POSSIBLE_IN_CHANGES = _ALWAYS_POSSIBLE | {Fault.RESET_BEFORE, Fault.RESET_AFTER, Fault.TIMEOUT_AFTER}

POSSIBLE_FAULTS: Final[Mapping[Operation, frozenset[Fault]]] = {
    Operation.SEARCH: _POSSIBLE_IN_LOOK_UPS,
    Operation.FIND_BY_REFERENCE: _POSSIBLE_IN_LOOK_UPS,
    Operation.FIND_BY_NUMBER: _POSSIBLE_IN_LOOK_UPS,
    Operation.LIST_OWNED: _ALWAYS_POSSIBLE,
    Operation.ORDER: _POSSIBLE_IN_CHANGES | {Fault.TAKEN, Fault.ADDRESS_REQUIRED},
    Operation.CONFIGURE: _POSSIBLE_IN_CHANGES,
    Operation.RELEASE: _POSSIBLE_IN_CHANGES | {Fault.NOT_SEEN, Fault.RELEASE_REFUSED},
}
"""The faults that the simulated carrier can inject into each operation: only those that the port allows."""

FaultSource = Callable[[Operation, str], Fault | None]
"""Decides how a call fails, given the operation and its first argument; None lets it succeed."""


def require_possible(operation: Operation, fault: Fault) -> None:
    """Raise `ValueError` unless the simulated carrier can inject the fault into the operation."""
    if fault not in POSSIBLE_FAULTS.get(operation, ()):
        raise ValueError(f"the simulated carrier cannot fail {operation.value} with {fault.value}")


class FaultScript:
    """A `FaultSource` that plays a list of faults for each operation, in order.

    Calls beyond the script succeed. Not thread-safe.
    """

    def __init__(self) -> None:
        self._next: defaultdict[Operation, deque[Fault | None]] = defaultdict(deque)

    def add(self, operation: Operation, *faults: Fault | None) -> None:
        """Append a fault for each of the operation's next calls; None is a call that succeeds.

        Raises `ValueError` if the simulated carrier cannot inject a fault into the operation.
        """
        for fault in faults:
            if fault is not None:
                require_possible(operation, fault)
        self._next[operation].extend(faults)

    def is_spent(self) -> bool:
        """Return whether every fault was injected. Tests assert it: an unused fault tests nothing."""
        return not any(self._next.values())

    def __call__(self, operation: Operation, _argument: str) -> Fault | None:
        """Remove and return the fault of the operation's next call."""
        faults = self._next[operation]
        return faults.popleft() if faults else None
