"""The call-back look-up port: what the database knows about a call that arrives."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from localdial_server.domain.model import InboundCall, Organization, OutboundCall, User


class CallBack(NamedTuple):
    """A call that arrives. Phone numbers are E.164.

    `caller_number` is None if the caller withheld it, and `call_id` if the call came without one.
    `within` is the only organization whose numbers are found; None: those of all.
    """

    called_number: str
    caller_number: str | None
    call_id: str | None
    within: str | None


@dataclass(frozen=True, slots=True)
class CallBackFacts:
    """Everything that the destination of a call-back depends on, as of one moment.

    `organization` is the one that the called number identifies, with its organization number. `recorded` is
    the call that is recorded under the `call_id`. `last_call` is the newest outbound call to the caller, and
    `last_user` who made it. `caller_id_owner` is the organization's only user whose caller ID is the called
    number. Users have their work phone and no other field.
    """

    organization: Organization
    recorded: InboundCall | None
    last_call: OutboundCall | None
    last_user: User | None
    caller_id_owner: User | None


class CallBacks(Protocol):
    """The database, as call-backs are looked up in it."""

    async def look_up(self, call_back: CallBack) -> CallBackFacts | None:
        """Return the facts, which include every outbound call that was answered before.

        None if the called number identifies no organization: it is in no inventory, no organization number,
        and not the caller ID of users of exactly one organization. A number of another organization than
        `within` takes as long as an unknown one.

        Raises `StorageUnavailable`, also while a call that was answered is not in the database.
        """
