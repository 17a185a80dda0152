"""Where a call-back goes: the first rule that applies wins."""

from dataclasses import dataclass

from localdial_server.domain.errors import NoDestination
from localdial_server.domain.model import DestinationReason, Organization, OutboundCall, User


@dataclass(frozen=True, slots=True)
class Destination:
    """The number to connect the caller with and why.

    ``user_id`` is set when it is that user's work phone. ``last_call`` is the
    recorded call that was looked at, whether or not its user could be reached.
    """

    organization_id: str
    destination_number: str
    reason: DestinationReason
    user_id: str | None = None
    last_call: OutboundCall | None = None


def decide_destination(
    organization: Organization,
    called_number: str,
    caller_number: str | None,
    last_call: OutboundCall | None,
    last_user: User | None,
) -> Destination:
    """Decide where a call to one of the organization's numbers is connected.

    ``caller_number`` is None when withheld. ``last_call`` is the newest recorded
    call to the caller, and ``last_user`` the user who made it, if still there.

    Raises ``NoDestination``.
    """
    # Connecting a call with either of its own ends would loop.
    loops = {called_number, caller_number}
    work_phone = last_user.work_phone if last_user is not None else None
    if last_user is not None and work_phone is not None and work_phone not in loops:
        return Destination(
            organization.organization_id,
            work_phone,
            DestinationReason.LAST_CALLER,
            last_user.user_id,
            last_call,
        )
    number = organization.organization_number
    if number is not None and number not in loops:
        return Destination(
            organization.organization_id,
            number,
            DestinationReason.ORGANIZATION_NUMBER,
            last_call=last_call,
        )
    raise NoDestination(organization.organization_id)
