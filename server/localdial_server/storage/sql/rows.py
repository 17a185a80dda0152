"""Conversion of rows to values and back."""

from typing import Any

from sqlalchemy import Row

from localdial_server.app.ports.store import StoredRequest
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.model import (
    CallerIdReason,
    Number,
    NumberState,
    Organization,
    OutboundCall,
    User,
)


def to_organization(row: Row[Any]) -> Organization:
    """Return the value of a row of `organizations`."""
    return Organization(row.organization_id, row.display_name, row.organization_number)


def from_organization(organization: Organization) -> dict[str, Any]:
    """Return the row of `organizations` of a value."""
    return {
        "organization_id": organization.organization_id,
        "display_name": organization.display_name,
        "organization_number": organization.organization_number,
    }


def to_user(row: Row[Any]) -> User:
    """Return the value of a row of `users`."""
    return User(row.organization_id, row.user_id, row.display_name, row.caller_id, row.work_phone)


def from_user(user: User) -> dict[str, Any]:
    """Return the row of `users` of a value."""
    return {
        "organization_id": user.organization_id,
        "user_id": user.user_id,
        "display_name": user.display_name,
        "caller_id": user.caller_id,
        "work_phone": user.work_phone,
    }


def to_number(row: Row[Any], mapped_area_codes: tuple[str, ...]) -> Number:
    """Return the value of a row of `numbers`; its mappings are rows of another table."""
    return Number(
        organization_id=row.organization_id,
        phone_number=row.phone_number,
        area_code=row.area_code,
        state=NumberState(row.state),
        carrier=row.carrier,
        reference=row.reference,
        request_id=row.request_id,
        purchase_time=row.purchase_time,
        carrier_busy_until=row.carrier_busy_until,
        mapped_area_codes=mapped_area_codes,
        locality=row.locality,
        region=row.region,
        carrier_number_id=row.carrier_number_id,
        carrier_account=row.carrier_account,
    )


def to_released_number(purchase: Row[Any]) -> Number:
    """Return the number of a row of `purchases` whose row of `numbers` is gone."""
    return Number(
        organization_id=purchase.organization_id,
        phone_number=purchase.phone_number,
        area_code=area_code_of(purchase.phone_number),
        state=NumberState.RELEASED,
        carrier="",
        reference=purchase.reference,
        request_id=purchase.request_id,
        purchase_time=purchase.purchase_time,
    )


def from_number(number: Number) -> dict[str, Any]:
    """Return the row of `numbers` of a value."""
    return {
        "organization_id": number.organization_id,
        "phone_number": number.phone_number,
        "area_code": number.area_code,
        "state": number.state.value,
        "carrier": number.carrier,
        "reference": number.reference,
        "request_id": number.request_id,
        "purchase_time": number.purchase_time,
        "carrier_busy_until": number.carrier_busy_until,
        "locality": number.locality,
        "region": number.region,
        "carrier_number_id": number.carrier_number_id,
        "carrier_account": number.carrier_account,
    }


def to_call(row: Row[Any]) -> OutboundCall:
    """Return the value of a row of `outbound_calls`."""
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


def from_call(call: OutboundCall) -> dict[str, Any]:
    """Return the row of `outbound_calls` of a value."""
    return {
        "organization_id": call.organization_id,
        "call_id": call.call_id,
        "user_id": call.user_id,
        "callee_number": call.callee_number,
        "caller_id": call.caller_id,
        "reason": call.reason.value,
        "call_time": call.call_time,
        "revision": call.revision,
    }


def to_request(row: Row[Any]) -> StoredRequest:
    """Return the value of a row of `requests`."""
    return StoredRequest(
        organization_id=row.organization_id,
        request_id=row.request_id,
        arguments=row.arguments,
        answer=row.answer,
        create_time=row.create_time,
    )
