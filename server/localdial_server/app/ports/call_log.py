"""The call log port: the durable record of outbound calls."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from localdial_server.domain.model import OutboundCall


class RecordedCall(NamedTuple):
    """The call that is recorded under a `call_id`: the one just appended, or an earlier one.

    `later`: the record is durable, but it is not in the database yet.
    """

    call: OutboundCall
    later: bool = False


class CallLog(Protocol):
    """The record of outbound calls."""

    def append(self, calls: Sequence[OutboundCall]) -> asyncio.Future[Sequence[RecordedCall]]:
        """Record the calls whose `call_id` has no record yet, in one transaction.

        The future ends when that is durable. It has the record of each call, in order, or raises
        `StorageUnavailable`, after which some calls may have been recorded anyway.
        """

    async def require_complete(self) -> None:
        """Raise `StorageUnavailable` while a call that was answered is not in the database.

        Calls that wait on other machines are not seen. Await it before the first query, so that the queries
        see every call that has left the spool.
        """
