"""The inbound call log port: the record of call-backs, written after the answer."""

from collections.abc import Sequence
from typing import Protocol

from localdial_server.domain.model import InboundCall


class InboundCallLog(Protocol):
    """The record of call-backs and of what became of them."""

    def record(self, call: InboundCall) -> None:
        """Queue a call, or an outcome, and return at once, whether or not the database is up.

        It is merged with the record of its `call_id` (`InboundCall.merged_with`), in whatever order they
        arrive. A crash loses the calls and outcomes of about the last second.
        """

    def queued(self, call_id: str) -> Sequence[InboundCall]:
        """Return the queued calls with this call_id, of all organizations, in the order of arrival."""
