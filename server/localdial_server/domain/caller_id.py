"""Which caller ID an outbound call shows: the first rule that applies wins."""

from collections.abc import Sequence
from dataclasses import dataclass

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.errors import NoCallerId, UserNotFound
from localdial_server.domain.model import CallerIdReason
from localdial_server.domain.routing_snapshot import Candidate, RoutingSnapshot, hash64

_64_BITS = (1 << 64) - 1
# An odd constant whose bits are spread evenly: 2^64 divided by the golden ratio.
_MULTIPLIER = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class CallerIdDecision:
    """The caller ID to show and why. ``callee_area_code`` is None without one."""

    caller_id: str
    reason: CallerIdReason
    callee_area_code: str | None
    revision: int


def decide_caller_id(snapshot: RoutingSnapshot, user_id: str, callee_number: str) -> CallerIdDecision:
    """Decide the caller ID that this callee is shown when this user calls.

    Raises ``UserNotFound`` and ``NoCallerId``.
    """
    if user_id not in snapshot.caller_ids:
        raise UserNotFound(snapshot.organization_id, user_id)
    area_code = area_code_of(callee_number)
    agent_caller_id = snapshot.caller_ids[user_id]
    if agent_caller_id == callee_number:
        # Nobody is shown their own number: it reads as a fault or a fraud.
        agent_caller_id = None
    organization_number = (
        snapshot.organization_number if snapshot.organization_number != callee_number else None
    )

    def decision(caller_id: str, reason: CallerIdReason) -> CallerIdDecision:
        return CallerIdDecision(caller_id, reason, area_code, snapshot.revision)

    if area_code is not None:
        if agent_caller_id is not None and area_code_of(agent_caller_id) == area_code:
            return decision(agent_caller_id, CallerIdReason.AGENT_CALLER_ID_LOCAL)
        if chosen := choose_number(snapshot.own.get(area_code, ()), callee_number):
            return decision(chosen, CallerIdReason.LOCAL_PRESENCE)
        if chosen := choose_number(snapshot.mapped.get(area_code, ()), callee_number):
            return decision(chosen, CallerIdReason.LOCAL_PRESENCE_MAPPED)
    if agent_caller_id is not None:
        return decision(agent_caller_id, CallerIdReason.AGENT_CALLER_ID)
    if organization_number is not None:
        return decision(organization_number, CallerIdReason.ORGANIZATION_NUMBER)
    raise NoCallerId(snapshot.organization_id, user_id, area_code)


def choose_number(candidates: Sequence[Candidate], callee_number: str) -> str | None:
    """Choose one candidate for the callee by rendezvous hashing.

    The same callee always gets the same number, callees spread evenly, and when
    a number goes only its own callees move. A candidate equal to the callee is
    never chosen. None where none is left.
    """
    if len(candidates) == 1:
        only, _ = candidates[0]
        return only if only != callee_number else None
    callee = hash64(callee_number)
    best: tuple[int, str] | None = None
    for phone_number, seed in candidates:
        if phone_number == callee_number:
            continue
        score = _weight(callee, seed), phone_number
        if best is None or score > best:
            best = score
    return best[1] if best is not None else None


def _weight(callee: int, seed: int) -> int:
    """Mix two hashes into a weight that is as good as random for each pair.

    Both are uniform already; what is left to do is to make the weights of one
    callee for different numbers independent. XOR alone would not (the order of
    the numbers would follow their shared leading bits), two multiplications with
    a fold between them do.
    """
    mixed = ((callee ^ seed) * _MULTIPLIER) & _64_BITS
    return ((mixed ^ (mixed >> 32)) * _MULTIPLIER) & _64_BITS
