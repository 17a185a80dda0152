"""What can be made to go wrong at the simulated carrier, for tests and demonstrations.

The carrier asks a ``Faults`` function once per call, as the call comes in, which
fault it shall suffer. ``FaultScript`` is the one most tests want.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from enum import Enum


class Operation(Enum):
    """A call of the carrier port."""

    SEARCH = "search"
    ORDER = "order"
    FIND_BY_REFERENCE = "find_by_reference"
    FIND_BY_NUMBER = "find_by_number"
    LIST_OWNED = "list_owned"
    CONFIGURE = "configure"
    RELEASE = "release"


class Fault(Enum):
    """One way for a call to fail; ``POSSIBLE_FAULTS`` says in which calls."""

    UNAVAILABLE = "unavailable"
    """The call is turned away before anything is done: ``CarrierUnavailable``."""

    THROTTLED = "throttled"
    """The call is turned away, with word of when to come again: ``CarrierUnavailable``."""

    ACCOUNT_BLOCKED = "account_blocked"
    """The account may do nothing any more: ``Refused``."""

    HANG = "hang"
    """The call does nothing, and does not come back before its time is up. Cancelling it ends it."""

    NOT_SEEN = "not_seen"
    """Read lag: the look-up, or the release, answers as if there were nothing, whatever there is."""

    REQUEST_LOST = "request_lost"
    """Nothing is done, but the caller cannot know: ``OutcomeUnknown``."""

    ANSWER_LOST = "answer_lost"
    """The call is carried out, but the caller cannot know: ``OutcomeUnknown``."""

    ANSWER_HANGS = "answer_hangs"
    """The call is carried out, and does not come back before its time is up. Cancelling it ends it."""

    TAKEN = "taken"
    """Somebody else was faster: ``NumberTaken``."""

    REFUSED = "refused"
    """The carrier will not take the order: ``Refused``."""


_ANYWHERE = frozenset({Fault.UNAVAILABLE, Fault.THROTTLED, Fault.ACCOUNT_BLOCKED, Fault.HANG})
_IN_LOOK_UPS = _ANYWHERE | {Fault.NOT_SEEN}
_IN_CHANGES = _ANYWHERE | {Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.ANSWER_HANGS}

POSSIBLE_FAULTS: Mapping[Operation, frozenset[Fault]] = {
    Operation.SEARCH: _IN_LOOK_UPS,
    Operation.FIND_BY_REFERENCE: _IN_LOOK_UPS,
    Operation.FIND_BY_NUMBER: _IN_LOOK_UPS,
    Operation.LIST_OWNED: _ANYWHERE,
    Operation.ORDER: _IN_CHANGES | {Fault.TAKEN, Fault.REFUSED},
    Operation.CONFIGURE: _IN_CHANGES,
    Operation.RELEASE: _IN_CHANGES | {Fault.NOT_SEEN},
}
"""The faults that the port allows each call: the simulator commits no others."""

Faults = Callable[[Operation, str], Fault | None]
"""Decides what a call suffers, from the operation and its (first) argument."""


def no_faults(_operation: Operation, _argument: str) -> None:
    """Let every call go well."""


def require_possible(operation: Operation, fault: Fault) -> None:
    """Raise ``ValueError`` for a fault that no carrier may commit in the call."""
    if fault not in POSSIBLE_FAULTS[operation]:
        raise ValueError(f"{operation.value} cannot fail by {fault.value}")


class FaultScript:
    """``Faults`` by script: for each operation, what its next calls suffer, in order.

    Calls beyond the script go well. For one event loop; not safe across threads.
    """

    def __init__(self) -> None:
        self._next: defaultdict[Operation, deque[Fault | None]] = defaultdict(deque)

    def add(self, operation: Operation, *faults: Fault | None) -> None:
        """Give the operation's next calls a fault each; None is a call that goes well.

        Raises ``ValueError`` for a fault that is not possible there.
        """
        for fault in faults:
            if fault is not None:
                require_possible(operation, fault)
        self._next[operation].extend(faults)

    def is_spent(self) -> bool:
        """Tell whether every fault was suffered: a test can see that it tested something."""
        return not any(self._next.values())

    def __call__(self, operation: Operation, _argument: str) -> Fault | None:
        """Answer what the operation's next call suffers, and go on to the one after."""
        faults = self._next[operation]
        return faults.popleft() if faults else None
