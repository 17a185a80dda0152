"""Conversion of rows to values and back. A value's fields have the names of its table's columns."""

from enum import Enum
from typing import Any, Final

from sqlalchemy import Row, Table

from localdial_server.app.ports.store import StoredRequest
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.audit import AuditEvent, AuditEventKind
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
from localdial_server.domain.principals import Role

_REASON: Final = OutboundCall._fields.index("reason")


def to_row(table: Table, value: object) -> dict[str, Any]:
    """Return the row of the table for the value; for an enumeration's member, its value."""
    row = {name: getattr(value, name) for name in map(str, table.columns.keys())}
    return {name: field.value if isinstance(field, Enum) else field for name, field in row.items()}


def to_organization(row: Row[Any]) -> Organization:
    """Return the organization of a row of `organizations`."""
    return Organization(row.organization_id, row.display_name, row.organization_number)


def to_user(row: Row[Any]) -> User:
    """Return the user of a row of `users`."""
    return User(**row._asdict())


def to_number(
    row: Row[Any], mapped_area_codes: tuple[str, ...], request_id: str | None, last_shown_time: int | None
) -> Number:
    """Return the number of a row of `numbers`; its mappings and the like are in other tables."""
    return Number(
        **{**row._asdict(), "state": NumberState(row.state)},
        mapped_area_codes=mapped_area_codes,
        request_id=request_id,
        last_shown_time=last_shown_time,
    )


def to_released_number(purchase: Row[Any]) -> Number:
    """Return the number of a row of `purchases`, when its row of `numbers` is gone."""
    fields = {**purchase._asdict(), "state": NumberState.RELEASED, "request_id": None}
    return Number(**fields, area_code=area_code_of(purchase.phone_number), carrier="")


def to_call(row: Row[Any]) -> OutboundCall:
    """Return the call of a row of `outbound_calls`."""
    return OutboundCall(
        organization_id=row.organization_id,
        call_id=row.call_id,
        user_id=row.user_id,
        callee_number=row.callee_number,
        caller_id=row.caller_id,
        reason=CallerIdReason(row.reason),
        call_time=row.call_time,
        revision=row.revision,
    )


def from_call(call: OutboundCall) -> tuple[Any, ...]:
    """Return the row of `outbound_calls` of a call, in the order of the columns.

    Every resolve needs it, and `to_row` takes longer. A call's fields are in that order too.
    """
    return (*call[:_REASON], call.reason.value, *call[_REASON + 1 :])


def to_inbound_call(row: Row[Any]) -> InboundCall:
    """Return the call-back of a row of `inbound_calls`."""
    reason = DestinationReason(row.reason) if row.reason is not None else None
    fields = {**row._asdict(), "reason": reason, "outcome": InboundCallOutcome(row.outcome)}
    return InboundCall(**fields)


def from_inbound_call(call: InboundCall) -> tuple[Any, ...]:
    """Return the row of `inbound_calls` of a call-back, in the order of the columns."""
    return (
        call.organization_id,
        call.call_id,
        call.call_time,
        call.called_number,
        call.caller_number,
        call.destination_number,
        call.reason.value if call.reason is not None else None,
        call.user_id,
        call.fallback_number,
        call.last_call_id,
        call.last_call_time,
        call.degraded,
        call.outcome.value,
        call.outcome_time,
    )


def to_request(row: Row[Any]) -> StoredRequest:
    """Return the request of a row of `requests`."""
    return StoredRequest(**row._asdict())


def to_api_key(row: Row[Any]) -> ApiKey:
    """Return the API key of a row of `api_keys`."""
    return ApiKey(**{**row._asdict(), "role": Role(row.role)})


def to_audit_event(row: Row[Any]) -> AuditEvent:
    """Return the event of a row of `audit_events`."""
    fields = row._asdict()
    return AuditEvent(kind=AuditEventKind(fields.pop("event_kind")), **fields)
