"""The call log port: the durable record of outbound calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from localdial_server.domain.model import OutboundCall


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: for each call the one that stands under its call_id.

    That is the call itself, or the one that was recorded before, whatever it
    says. ``later``: durable, but not in the database yet.
    """

    calls: Sequence[OutboundCall]
    later: bool = False


class CallLog(Protocol):
    """The record of outbound calls."""

    async def append(self, calls: Sequence[OutboundCall]) -> Recorded:
        """Record the calls; durable on return.

        Raises ``StorageUnavailable``, after which some may be recorded all the same.
        """

    def require_complete(self) -> None:
        """Raise `StorageUnavailable` while a call that was answered is not in the database.

        A call that waits on another machine cannot be known. This may look at the disk:
        call it in the work of `Store.read`, off the event loop, before the first query, so
        that a call that left the spool since is in what the queries see.
        """
