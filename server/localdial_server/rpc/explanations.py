"""Converts explained calls to messages of the contract."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from localdial.v1 import call_routing_pb2 as pb
from localdial_server.app.explanations import ExplainedCall, RecordedCallHistory
from localdial_server.domain.audit import AuditEvent
from localdial_server.domain.call_back import Destination
from localdial_server.domain.callee_facts import CalleeFacts
from localdial_server.domain.errors import FieldViolation, InvalidFields, NoCallerId
from localdial_server.domain.explanation import (
    Candidate,
    CandidateVerdict,
    Explanation,
    RuleExplanation,
    RuleOutcome,
    SkipReason,
)
from localdial_server.rpc.encoding import (
    AUDIT_EVENT_KINDS,
    CALLER_ID_REASONS,
    DESTINATION_REASONS,
    NUMBER_STATES,
    call_message,
    timestamp,
)
from localdial_server.rpc.status import status_of


def _values(enumeration: type[Enum], contract: Any, prefix: str) -> Mapping[Any, Any]:
    """Return the contract's value for each member of the domain's enumeration, by their common names."""
    return {member: contract.Value(f"{prefix}_{member.name}") for member in enumeration}


_OUTCOMES: Final = _values(RuleOutcome, pb.RuleOutcome, "RULE_OUTCOME")
_SKIP_REASONS: Final = _values(SkipReason, pb.SkipReason, "SKIP_REASON")
_VERDICTS: Final = _values(CandidateVerdict, pb.CandidateVerdict, "CANDIDATE_VERDICT")
_NOT_SKIPPED: Final = pb.SkipReason.SKIP_REASON_UNSPECIFIED
_MEMBERSHIPS: Final = {
    True: pb.InventoryMembership.INVENTORY_MEMBERSHIP_YES,
    False: pb.InventoryMembership.INVENTORY_MEMBERSHIP_NO,
    None: pb.InventoryMembership.INVENTORY_MEMBERSHIP_UNKNOWN,
}


def require_one_subject(request: pb.ExplainOutboundCallerIdRequest) -> None:
    """Raise `InvalidFields` unless the request names either a recorded call, or a user and a callee."""
    if request.call_id:
        wrong = [name for name in ("user_id", "callee_number") if getattr(request, name)]
        problem = "must not be set together with call_id"
    else:
        wrong = [name for name in ("user_id", "callee_number") if not getattr(request, name)]
        problem = "is required unless call_id is set"
    if wrong:
        raise InvalidFields([FieldViolation(name, problem) for name in wrong])


def explanation_message(explained: ExplainedCall) -> pb.ExplainOutboundCallerIdResponse:
    """Return the explained call as a response."""
    response = pb.ExplainOutboundCallerIdResponse(callee=_callee_message(explained.callee))
    explanation = explained.explanation
    if explanation is not None:
        _fill_decision(response, explanation, explained.callee)
        response.rules.extend(map(_rule_message, explanation.rules))
        response.candidates.extend(map(_candidate_message, explanation.candidates))
        response.candidate_count = explanation.candidate_count
    if explained.recorded is not None:
        response.recorded_call.CopyFrom(_history_message(explained.recorded))
    return response


def _fill_decision(
    response: pb.ExplainOutboundCallerIdResponse, explanation: Explanation, callee: CalleeFacts
) -> None:
    decision = explanation.decision
    if isinstance(decision, NoCallerId):
        response.no_caller_id.CopyFrom(status_of(decision))
        return
    response.response.caller_id = decision.caller_id
    response.response.reason = CALLER_ID_REASONS[decision.reason]
    response.response.callee_area_code = callee.area_code or ""
    response.response.revision = explanation.revision


def _rule_message(rule: RuleExplanation) -> pb.RuleExplanation:
    return pb.RuleExplanation(
        rule=CALLER_ID_REASONS[rule.rule],
        outcome=_OUTCOMES[rule.outcome],
        skip_reason=_SKIP_REASONS[rule.skip_reason] if rule.skip_reason is not None else _NOT_SKIPPED,
        caller_id=rule.caller_id or "",
        detail=rule.detail,
    )


def _candidate_message(candidate: Candidate) -> pb.CandidateNumber:
    return pb.CandidateNumber(
        phone_number=candidate.phone_number,
        rule=CALLER_ID_REASONS[candidate.rule],
        verdict=_VERDICTS[candidate.verdict],
        rank=candidate.rank,
        state=NUMBER_STATES[candidate.state],
    )


def _callee_message(callee: CalleeFacts) -> pb.CalleeFacts:
    return pb.CalleeFacts(
        phone_number=callee.phone_number,
        area_code=callee.area_code or "",
        region=callee.region or "",
        country=callee.country or "",
        time_zones=callee.time_zones,
    )


def _history_message(history: RecordedCallHistory) -> pb.RecordedCallExplanation:
    message = pb.RecordedCallExplanation(
        call=call_message(history.call),
        was_in_inventory=_MEMBERSHIPS[history.was_in_inventory],
        changes=map(_change_message, history.changes),
    )
    if isinstance(history.call_back, Destination):
        message.call_back_destination.CopyFrom(_destination_message(history.call_back))
    else:
        message.no_call_back.CopyFrom(status_of(history.call_back))
    return message


def _destination_message(destination: Destination) -> pb.CallBackDestination:
    return pb.CallBackDestination(
        destination_number=destination.destination_number,
        reason=DESTINATION_REASONS[destination.reason],
        user_id=destination.user_id or "",
        fallback_number=destination.fallback_number or "",
    )


def _change_message(event: AuditEvent) -> pb.ChangeSinceCall:
    return pb.ChangeSinceCall(
        event_time=timestamp(event.event_time), kind=AUDIT_EVENT_KINDS[event.kind], subject=event.subject
    )
