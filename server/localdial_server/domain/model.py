"""The entities of the domain, as plain values.

Phone numbers are E.164 strings (see `phone_numbers`), area codes are `415` or `+4420` (see
`area_codes`). Times are whole microseconds since the Unix epoch: exact, ordered, and the same in
every database. A revision is the organization's own counter, which every change increases.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final, NamedTuple

EXTERNAL: Final = "external"
"""The carrier of numbers that are held elsewhere: localdial shows and routes them, and asks no carrier."""


@dataclass(frozen=True, slots=True)
class Organization:
    """A lender with its users and its numbers."""

    organization_id: str
    display_name: str = ""
    organization_number: str | None = None
    """The number shown and called when nothing else applies. It belongs to this organization alone."""


@dataclass(frozen=True, slots=True)
class User:
    """An agent of an organization."""

    organization_id: str
    user_id: str
    """Unique within the organization."""
    display_name: str = ""
    caller_id: str | None = None
    """The number that the user shows to callees for whom no local number fits better."""
    work_phone: str | None = None
    """The number on which call-backs reach the user."""


class NumberState(Enum):
    """Where a number is in its life cycle; see `localdial_server.domain.number_life_cycle`."""

    PURCHASING = "purchasing"
    ACTIVE = "active"
    RELEASING = "releasing"
    RELEASED = "released"

    @property
    def is_open(self) -> bool:
        """Whether the carrier's answer is still to come: to a purchase or to a release."""
        return self in {NumberState.PURCHASING, NumberState.RELEASING}


@dataclass(frozen=True, slots=True)
class Number:
    """A local presence number of an organization; while PURCHASING, its pending order."""

    organization_id: str
    phone_number: str
    """At most one organization has it."""
    area_code: str | None
    """Derived from the phone number; None if that has no geographic area code."""
    state: NumberState
    carrier: str
    """The name of the carrier that holds it: `simulator`, `twilio` or `EXTERNAL`."""
    reference: str
    """Our own name for the order at the carrier, by which an order with an unknown outcome is looked up."""
    purchase_time: int
    """When the number came into the inventory, by purchase or by import."""
    request_id: str | None = None
    """The purchase request of a pending order; None for an import, and once the order has ended."""
    mapped_area_codes: tuple[str, ...] = ()
    """Further area codes to whose callees it is shown, sorted. Its own is never among them."""
    locality: str = ""
    """The city or rate center as the carrier names it; empty if the carrier does not say."""
    region: str = ""
    """The state or province as the carrier names it, such as `CA`; empty if the carrier does not say."""
    carrier_number_id: str = ""
    """The carrier's identifier of the number; empty until the carrier has confirmed the order."""
    carrier_account: str = ""
    """The account that holds it at the carrier; empty for a carrier with only one account."""
    carrier_busy_until: int = 0
    """The last time at which the carrier may have been busy with the order; the read lag counts from then."""
    version: int = 0
    """Grows with every change but that of mappings. A number that was gone and comes back has another one."""
    release_time: int | None = None
    """When its release began; None if that is not known, and if it is not RELEASING."""
    release_refusal: str | None = None
    """Why the carrier refuses the release, in whole sentences for users; None if it does not."""
    release_refusal_cause: str | None = None
    """The subject of the refusal, such as `regulatory`; None without a refusal."""
    release_refused_time: int | None = None
    """When the carrier refused the release for the first time; None without a refusal."""
    release_retry_time: int | None = None
    """When the sweep asks again; None without a refusal, and once the sweep has given up."""
    last_shown_time: int | None = None
    """When a counted call last showed it; None if none did. It changes without a new `version`."""
    created_by: str = ""
    """Who bought or imported it, as `AuditEvent.principal`; empty if that is not known."""

    @property
    def is_external(self) -> bool:
        """Whether the number is held elsewhere, so that no carrier is ever asked about it."""
        return self.carrier == EXTERNAL


class CallerIdReason(Enum):
    """Why a caller ID was chosen, in the order of the rules."""

    AGENT_CALLER_ID_LOCAL = "agent_caller_id_local"
    LOCAL_PRESENCE = "local_presence"
    LOCAL_PRESENCE_MAPPED = "local_presence_mapped"
    AGENT_CALLER_ID = "agent_caller_id"
    ORGANIZATION_NUMBER = "organization_number"


class DestinationReason(Enum):
    """Why a call-back goes where it goes."""

    LAST_CALLER = "last_caller"
    CALLER_ID_OWNER = "caller_id_owner"
    ORGANIZATION_NUMBER = "organization_number"


class InboundCallOutcome(IntEnum):
    """The outcome of a call-back. If several are reported for one call, the greatest stands."""

    UNKNOWN = -1
    """Nothing was reported, and the call is long over. Never stored."""
    PENDING = 0
    """Nothing was reported yet."""
    MISSED = 1
    SCREENED_OUT = 2
    """A phone answered, but nobody took the call."""
    ANSWERED_BY_FALLBACK = 3
    ANSWERED = 4


class OutboundCall(NamedTuple):
    """A recorded outbound call: who called whom, and which caller ID was shown.

    Every resolve makes one, and a named tuple takes half the time of a dataclass.
    """

    organization_id: str
    call_id: str
    """Unique within the organization."""
    user_id: str
    callee_number: str
    caller_id: str
    reason: CallerIdReason
    call_time: int
    revision: int
    """The revision of the organization on which the caller ID was decided."""


class InboundCall(NamedTuple):
    """The record of a call-back as far as it is known: its routing, its outcome, or both.

    Every call-back makes two, and a named tuple takes a fraction of the time of a dataclass.
    `called_number` is None if only the outcome is known; `call_time` is then the time of its report.
    """

    organization_id: str
    call_id: str
    """Unique within the organization."""
    call_time: int
    called_number: str | None = None
    caller_number: str | None = None
    """None if the caller withheld it."""
    destination_number: str | None = None
    """None if there was no destination."""
    reason: DestinationReason | None = None
    user_id: str | None = None
    fallback_number: str | None = None
    last_call_id: str | None = None
    last_call_time: int | None = None
    degraded: bool = False
    """Whether it was decided while the database was down."""
    outcome: InboundCallOutcome = InboundCallOutcome.PENDING
    outcome_time: int | None = None
    """When the outcome was reported; None if it is PENDING."""

    def merged_with(self, later: "InboundCall") -> "InboundCall":
        """Return one record of both records of the same call: the first routing, the greatest outcome."""
        routed = self if self.called_number is not None else later
        reported = later if later.outcome > self.outcome else self
        return routed._replace(outcome=reported.outcome, outcome_time=reported.outcome_time)
