"""The things the rules are about. All phone numbers are E.164 strings.

Times are whole microseconds since the Unix epoch: exact, ordered, and the same
in every database.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Organization:
    """A lender with its users and its numbers."""

    organization_id: str
    display_name: str = ""
    organization_number: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """An agent of an organization."""

    organization_id: str
    user_id: str
    display_name: str = ""
    caller_id: str | None = None
    work_phone: str | None = None


class NumberState(Enum):
    """Where a number is in its life; see ``localdial_server.domain.number_life_cycle``."""

    PURCHASING = "purchasing"
    ACTIVE = "active"
    RELEASING = "releasing"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Number:
    """A local presence number of an organization.

    ``reference`` is our own name for the order at the carrier: what an order
    whose outcome is unknown is looked up by. ``request_id`` is that of the
    purchase that brought the number; None for an import. ``carrier_account`` is
    where the carrier holds it; empty with a carrier that has but one account.
    """

    organization_id: str
    phone_number: str
    area_code: str | None
    state: NumberState
    carrier: str
    reference: str
    purchase_time: int
    request_id: str | None = None
    mapped_area_codes: tuple[str, ...] = ()
    locality: str = ""
    region: str = ""
    carrier_number_id: str = ""
    carrier_account: str = ""


class CallerIdReason(Enum):
    """Why a caller ID was chosen."""

    AGENT_CALLER_ID_LOCAL = "agent_caller_id_local"
    LOCAL_PRESENCE = "local_presence"
    LOCAL_PRESENCE_MAPPED = "local_presence_mapped"
    AGENT_CALLER_ID = "agent_caller_id"
    ORGANIZATION_NUMBER = "organization_number"


class DestinationReason(Enum):
    """Why a call-back goes where it goes."""

    LAST_CALLER = "last_caller"
    ORGANIZATION_NUMBER = "organization_number"


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """A recorded outbound call: who called whom, and what was shown."""

    organization_id: str
    call_id: str
    user_id: str
    callee_number: str
    caller_id: str
    reason: CallerIdReason
    call_time: int
    revision: int
