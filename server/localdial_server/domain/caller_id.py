"""Which caller ID an outbound call shows: the first rule that applies wins."""

from typing import NamedTuple

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.choice import NO_CANDIDATES, choose_number
from localdial_server.domain.errors import NoCallerId, UserNotFound
from localdial_server.domain.model import CallerIdReason
from localdial_server.domain.phone_keys import spellings
from localdial_server.domain.routing_snapshot import RoutingSnapshot


class CallerIdDecision(NamedTuple):
    """The caller ID to show (E.164), and why."""

    caller_id: str
    reason: CallerIdReason


def decide_caller_id(
    snapshot: RoutingSnapshot, user_id: str, callee_number: str, area_code: str | None
) -> CallerIdDecision:
    """Decide which caller ID this callee sees when this user calls.

    `area_code` is the callee's: `area_code_of(callee_number)`.

    Raises `UserNotFound` and `NoCallerId`.
    """
    if user_id not in snapshot.caller_ids:
        raise UserNotFound(snapshot.organization_id, user_id)
    agent_caller_id = snapshot.caller_ids[user_id]
    organization_number = snapshot.organization_number
    # Callees who see their own number mistake the call for an error or a scam.
    callee_numbers = spellings(callee_number)
    if agent_caller_id in callee_numbers:
        agent_caller_id = None
    if organization_number in callee_numbers:
        organization_number = None
    if area_code is not None:
        if agent_caller_id is not None and area_code_of(agent_caller_id) == area_code:  # rule 1
            return CallerIdDecision(agent_caller_id, CallerIdReason.AGENT_CALLER_ID_LOCAL)
        if chosen := choose_number(snapshot.own.get(area_code, NO_CANDIDATES), callee_number):  # rule 2
            return CallerIdDecision(chosen, CallerIdReason.LOCAL_PRESENCE)
        if chosen := choose_number(snapshot.mapped.get(area_code, NO_CANDIDATES), callee_number):  # rule 3
            return CallerIdDecision(chosen, CallerIdReason.LOCAL_PRESENCE_MAPPED)
    if agent_caller_id is not None:  # rule 4
        return CallerIdDecision(agent_caller_id, CallerIdReason.AGENT_CALLER_ID)
    if organization_number is not None:  # rule 5
        return CallerIdDecision(organization_number, CallerIdReason.ORGANIZATION_NUMBER)
    raise NoCallerId(snapshot.organization_id, user_id, area_code)
