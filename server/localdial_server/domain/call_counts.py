"""What is counted of outbound calls, for each hour of an organization."""

from enum import Enum
from typing import Final, NamedTuple

from localdial_server.domain.model import CallerIdReason

MICROSECONDS_PER_HOUR: Final = 3_600_000_000

LOCAL_REASONS: Final = frozenset(
    {
        CallerIdReason.AGENT_CALLER_ID_LOCAL,
        CallerIdReason.LOCAL_PRESENCE,
        CallerIdReason.LOCAL_PRESENCE_MAPPED,
    }
)
"""The reasons of calls that showed a number with the callee's area code, or one that is mapped to it."""


class CallCount(Enum):
    """A kind of count, and what its subjects are."""

    SHOWN = "shown"
    """All calls, by the caller ID that they showed."""
    LOCAL = "local"
    """The calls that showed a local number. The only subject is the empty string."""
    NOT_LOCAL = "not_local"
    """The calls that showed no local number, by the callee's area code. Calls without one are left out."""


class HourRange(NamedTuple):
    """Hours since the epoch: from `begin` up to `end`, which is not among them."""

    begin: int
    end: int
