"""Records for the suites of the stores, with defaults for what does not matter."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select

from localdial_server.app.ports.call_log import CallLog
from localdial_server.app.ports.store import CallQuery, Reader, StoredRequest, Transaction
from localdial_server.domain.model import (
    CallerIdReason,
    InboundCall,
    Number,
    NumberState,
    Organization,
    OutboundCall,
    User,
)
from localdial_server.storage.sql.reader import SqlReader
from localdial_server.storage.sql.rows import to_inbound_call
from localdial_server.storage.sql.schema import inbound_calls

A, B = "org-a", "org-b"
X, Y, Z = "+14155550100", "+14155550101", "+14155550102"
CALLEE = "+16285550123"


def user(user_id: str, organization_id: str = A, display_name: str = "") -> User:
    return User(organization_id, user_id, display_name)


def number(
    phone_number: str,
    organization_id: str = A,
    state: NumberState = NumberState.ACTIVE,
    area_code: str = "415",
) -> Number:
    return Number(
        organization_id=organization_id,
        phone_number=phone_number,
        area_code=area_code,
        state=state,
        carrier="carrier",
        reference=f"reference-{organization_id}-{phone_number}",
        purchase_time=1,
    )


def request(request_id: str, organization_id: str = A) -> StoredRequest:
    return StoredRequest(organization_id, request_id, "arguments", None, create_time=1)


def call(
    call_id: str,
    call_time: int = 1,
    *,
    organization_id: str = A,
    user_id: str = "user",
    callee_number: str = CALLEE,
) -> OutboundCall:
    return OutboundCall(
        organization_id=organization_id,
        call_id=call_id,
        user_id=user_id,
        callee_number=callee_number,
        caller_id=X,
        reason=CallerIdReason.LOCAL_PRESENCE,
        call_time=call_time,
        revision=1,
    )


def last_call_to(reader: Reader, organization_id: str, phone_number: str) -> OutboundCall | None:
    """Return the newest call to the phone, or None."""
    return next(iter(reader.calls(CallQuery(organization_id, callee_number=phone_number), None, 1)), None)


def recorded_call_back(reader: Reader, organization_id: str, call_id: str) -> InboundCall | None:
    """Return the record of the call-back, even if only its outcome is known; None if there is none."""
    assert isinstance(reader, SqlReader)
    query = select(inbound_calls).filter_by(organization_id=organization_id, call_id=call_id)
    row = reader._connection.execute(query).one_or_none()
    return to_inbound_call(row) if row is not None else None


async def append(call_log: CallLog, calls: Iterable[OutboundCall]) -> Sequence[OutboundCall]:
    """Append the calls together; return the call that stands for each, in order."""
    recorded = await asyncio.gather(*(call_log.append([each]) for each in calls))
    return [each.call for (each,) in recorded]


def create(*organizations: str | Organization) -> Callable[[Transaction], None]:
    """Return a unit of work that creates the organizations as the use cases do."""

    def work(transaction: Transaction) -> None:
        for item in organizations:
            organization = item if isinstance(item, Organization) else Organization(item)
            transaction.put_organization(organization)
            transaction.bump_revision(organization.organization_id)

    return work


def own(*numbers: Number) -> Callable[[Transaction], None]:
    """Return a unit of work that claims the numbers and adds them with their mappings."""

    def work(transaction: Transaction) -> None:
        for item in numbers:
            assert transaction.claim(item.phone_number, item.organization_id)
            transaction.add_numbers([item])
            transaction.add_mappings(item.organization_id, item.phone_number, item.mapped_area_codes)

    return work
