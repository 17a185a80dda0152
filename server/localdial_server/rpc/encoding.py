"""Converts values of the domain to messages of the contract, and back."""

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from localdial.v1 import administration_pb2, call_routing_pb2, directory_pb2, number_pb2
from localdial_server.app.ports.carrier import Price
from localdial_server.domain.audit import AuditEventKind
from localdial_server.domain.display_names import trimmed
from localdial_server.domain.errors import FieldViolation, InvalidFields
from localdial_server.domain.model import (
    CallerIdReason,
    DestinationReason,
    InboundCall,
    InboundCallOutcome,
    Number,
    NumberState,
    Organization,
    OutboundCall,
    User,
)
from localdial_server.domain.number_life_cycle import release_error
from localdial_server.rpc.status import status_of

AUDIT_EVENT_KINDS = {
    kind: administration_pb2.AuditEventKind.Value(f"AUDIT_EVENT_KIND_{kind.name}") for kind in AuditEventKind
}
CALLER_ID_REASONS = {
    reason: call_routing_pb2.CallerIdReason.Value(f"CALLER_ID_REASON_{reason.name}")
    for reason in CallerIdReason
}
DESTINATION_REASONS = {
    reason: call_routing_pb2.DestinationReason.Value(f"DESTINATION_REASON_{reason.name}")
    for reason in DestinationReason
}
NUMBER_STATES = {state: number_pb2.NumberState.Value(f"NUMBER_STATE_{state.name}") for state in NumberState}
_STATE_OF = {value: state for state, value in NUMBER_STATES.items()}
OUTCOMES = {
    outcome: call_routing_pb2.InboundCallOutcome.Value(f"INBOUND_CALL_OUTCOME_{outcome.name}")
    for outcome in InboundCallOutcome
}
OUTCOME_OF = {value: outcome for outcome, value in OUTCOMES.items()}
_NOWHERE = call_routing_pb2.DestinationReason.DESTINATION_REASON_UNSPECIFIED
# The range of google.protobuf.Timestamp.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
_NANOS_PER_SECOND = 1_000_000_000


def timestamp(microseconds: int) -> Timestamp:
    """Return microseconds since the Unix epoch as a timestamp."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def microseconds(message: Message, field: str) -> int | None:
    """Return a timestamp field in microseconds since the epoch, rounded up; None if it is not set.

    Raises `InvalidFields`.
    """
    if not message.HasField(field):
        return None
    time: Timestamp = getattr(message, field)
    if not (_FIRST_SECOND <= time.seconds <= _LAST_SECOND and 0 <= time.nanos < _NANOS_PER_SECOND):
        description = "must be a time in the years 1 to 9999, with 0 to 999,999,999 nanos"
        raise InvalidFields([FieldViolation(field, description)])
    return time.seconds * 1_000_000 - (-time.nanos // 1000)


def period(request: Message) -> tuple[int | None, int | None]:
    """Return `start_time` and `end_time` in microseconds since the epoch; None for those that are not set.

    Raises `InvalidFields`.
    """
    start_time, end_time = microseconds(request, "start_time"), microseconds(request, "end_time")
    if start_time is not None and end_time is not None and end_time < start_time:
        raise InvalidFields([FieldViolation("end_time", "must not be before start_time")])
    return start_time, end_time


def number_state(value: int) -> NumberState | None:
    """Return the state that a filter asks for; None for any state."""
    return _STATE_OF.get(number_pb2.NumberState.ValueType(value))


def price_message(price: Price | None) -> number_pb2.Price | None:
    """Return the price as a message; None for None."""
    if price is None:
        return None
    return number_pb2.Price(currency_code=price.currency_code, micros=price.micros)


def number_message(number: Number, monthly_price: Price | None) -> number_pb2.LocalPresenceNumber:
    """Return the number as a message."""
    refusal = release_error(number)
    return number_pb2.LocalPresenceNumber(
        organization_id=number.organization_id,
        phone_number=number.phone_number,
        area_code=number.area_code or "",
        mapped_area_codes=number.mapped_area_codes,
        state=NUMBER_STATES[number.state],
        locality=number.locality,
        region=number.region,
        carrier=number.carrier,
        carrier_number_id=number.carrier_number_id,
        purchase_time=timestamp(number.purchase_time),
        release_status=status_of(refusal) if refusal is not None else None,
        monthly_price=price_message(monthly_price),
        created_by=number.created_by,
        last_shown_time=(timestamp(number.last_shown_time) if number.last_shown_time is not None else None),
    )


def organization_message(organization: Organization, revision: int) -> directory_pb2.Organization:
    """Return the organization as a message."""
    return directory_pb2.Organization(
        organization_id=organization.organization_id,
        display_name=organization.display_name,
        organization_number=organization.organization_number or "",
        revision=revision,
    )


def organization(message: directory_pb2.Organization) -> Organization:
    """Return the organization of a message."""
    return Organization(
        message.organization_id, trimmed(message.display_name), message.organization_number or None
    )


def user_message(user: User) -> directory_pb2.User:
    """Return the user as a message."""
    return directory_pb2.User(
        organization_id=user.organization_id,
        user_id=user.user_id,
        display_name=user.display_name,
        caller_id=user.caller_id or "",
        work_phone=user.work_phone or "",
    )


def user(message: directory_pb2.User) -> User:
    """Return the user of a message."""
    return User(
        message.organization_id,
        message.user_id,
        trimmed(message.display_name),
        message.caller_id or None,
        message.work_phone or None,
    )


def call_message(call: OutboundCall) -> call_routing_pb2.OutboundCall:
    """Return the recorded call as a message."""
    return call_routing_pb2.OutboundCall(
        organization_id=call.organization_id,
        call_id=call.call_id,
        user_id=call.user_id,
        callee_number=call.callee_number,
        caller_id=call.caller_id,
        reason=CALLER_ID_REASONS[call.reason],
        call_time=timestamp(call.call_time),
        revision=call.revision,
    )


def inbound_call_message(call: InboundCall) -> call_routing_pb2.InboundCall:
    """Return the recorded call-back as a message."""
    return call_routing_pb2.InboundCall(
        organization_id=call.organization_id,
        call_id=call.call_id,
        caller_number=call.caller_number or "",
        called_number=call.called_number or "",
        destination_number=call.destination_number or "",
        reason=DESTINATION_REASONS[call.reason] if call.reason is not None else _NOWHERE,
        user_id=call.user_id or "",
        fallback_number=call.fallback_number or "",
        call_time=timestamp(call.call_time),
        outcome=OUTCOMES[call.outcome],
        outcome_time=timestamp(call.outcome_time) if call.outcome_time is not None else None,
        degraded=call.degraded,
    )
