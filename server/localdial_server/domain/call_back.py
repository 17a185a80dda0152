"""Where a call-back goes: the first rule that applies wins."""

from collections.abc import Callable
from dataclasses import dataclass

from localdial_server.domain.errors import NoDestination
from localdial_server.domain.model import DestinationReason, Organization, OutboundCall, User
from localdial_server.domain.phone_keys import phone_key


def shown_number(called_number: str, caller_number: str | None) -> str:
    """Return the caller ID that the ringing phone shows: the caller's, or the called number if withheld."""
    return caller_number or called_number


@dataclass(frozen=True, slots=True)
class Destination:
    """The number to connect the caller with, and why. Phone numbers are E.164.

    `shown_number` is the caller ID that the phone shows. `fallback_number` is where the call goes if the
    destination does not answer; None if there is nowhere else. `user_id` is set if the destination is that
    user's work phone. `last_call` is the recorded call that was considered, even if its user has no usable
    work phone.
    """

    organization_id: str
    destination_number: str
    reason: DestinationReason
    shown_number: str
    fallback_number: str | None = None
    user_id: str | None = None
    last_call: OutboundCall | None = None


def decide_destination(
    organization: Organization,
    called_number: str,
    caller_number: str | None,
    last_call: OutboundCall | None,
    last_user: User | None,
    *,
    caller_id_owner: User | None,
    may_dial: Callable[[str], bool],
) -> Destination:
    """Decide where a call to one of the organization's numbers is connected.

    `caller_number` is None if the caller withheld it. `last_call` is the newest recorded
    call to the caller, and `last_user` the user who made it; None if there is none. `caller_id_owner`
    is the organization's only user whose caller ID is the called number; None unless there is exactly one.
    A phone that `may_dial` refuses is skipped as if it were not set; it is asked only of phones that would
    be used.

    Raises `NoDestination`.
    """
    ends = {phone_key(end) for end in (called_number, caller_number) if end is not None}

    def usable(phone_number: str | None) -> str | None:
        # A call that is connected with one of its own ends, in any spelling, would loop.
        if phone_number is None or phone_key(phone_number) in ends or not may_dial(phone_number):
            return None
        return phone_number

    organization_number = usable(organization.organization_number)
    users = (DestinationReason.LAST_CALLER, last_user), (DestinationReason.CALLER_ID_OWNER, caller_id_owner)
    for reason, user in users:
        if user is not None and (work_phone := usable(user.work_phone)) is not None:
            return Destination(
                organization.organization_id,
                work_phone,
                reason,
                shown_number(called_number, caller_number),
                fallback_number=organization_number if organization_number != work_phone else None,
                user_id=user.user_id,
                last_call=last_call,
            )
    if organization_number is not None:
        return Destination(
            organization.organization_id,
            organization_number,
            DestinationReason.ORGANIZATION_NUMBER,
            shown_number(called_number, caller_number),
            last_call=last_call,
        )
    raise NoDestination(organization.organization_id)
