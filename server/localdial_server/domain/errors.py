"""Errors that callers get: one exception per reason, or several where the advice differs.

Messages are for the caller. They say what to do, in the terms of the contract, and name nothing that
the caller did not send or does not own. Only `localdial_server.rpc.status` knows their gRPC statuses.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Reason(StrEnum):
    """Why a call failed, as the contract's `ErrorReason` names it. A test compares the two."""

    INVALID_FIELDS = "INVALID_FIELDS"
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    ORGANIZATION_NOT_FOUND = "ORGANIZATION_NOT_FOUND"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    NUMBER_NOT_FOUND = "NUMBER_NOT_FOUND"
    NO_CALLER_ID = "NO_CALLER_ID"
    NO_DESTINATION = "NO_DESTINATION"
    NO_NUMBERS_AVAILABLE = "NO_NUMBERS_AVAILABLE"
    NUMBER_NOT_AT_CARRIER = "NUMBER_NOT_AT_CARRIER"
    NUMBER_IN_USE = "NUMBER_IN_USE"
    NUMBER_NOT_ACTIVE = "NUMBER_NOT_ACTIVE"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    CALL_ID_REUSED = "CALL_ID_REUSED"
    PURCHASE_PENDING = "PURCHASE_PENDING"
    ORGANIZATION_HAS_NUMBERS = "ORGANIZATION_HAS_NUMBERS"
    REVISION_NOT_REACHED = "REVISION_NOT_REACHED"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    CARRIER_UNAVAILABLE = "CARRIER_UNAVAILABLE"
    CARRIER_REFUSED = "CARRIER_REFUSED"
    SHUTTING_DOWN = "SHUTTING_DOWN"
    INTERNAL = "INTERNAL"
    NUMBER_LIMIT_REACHED = "NUMBER_LIMIT_REACHED"
    PURCHASE_LIMIT_REACHED = "PURCHASE_LIMIT_REACHED"


def _counted(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"


class ServiceError(Exception):
    """An error that is returned to the caller."""

    reason: ClassVar[Reason]
    retry_after: float | None = None
    """When a repeat may help, in seconds from now; None if not known, `math.inf` if no repeat helps."""

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata: Mapping[str, str] = metadata


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """An invalid field: its path in the request, such as `users[1].caller_id`, and what it must be."""

    field: str
    description: str


# The message travels in a header of limited size. The details have all violations.
_VIOLATIONS_IN_MESSAGE = 5


class InvalidFields(ServiceError):
    """One or more fields of the request are invalid."""

    reason = Reason.INVALID_FIELDS

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        parts = [f"{v.field} {v.description}" for v in violations[:_VIOLATIONS_IN_MESSAGE]]
        if len(violations) > len(parts):
            parts.append(f"and {len(violations) - len(parts)} more")
        super().__init__("; ".join(parts))
        self.violations = tuple(violations)


class OrganizationNotFound(ServiceError):
    """There is no such organization."""

    reason = Reason.ORGANIZATION_NOT_FOUND

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            "there is no such organization; create it with Directory.SetOrganization",
            organization_id=organization_id,
        )


class UserNotFound(ServiceError):
    """The organization has no such user."""

    reason = Reason.USER_NOT_FOUND

    def __init__(self, organization_id: str, user_id: str) -> None:
        super().__init__(
            "the organization has no such user; create it with Directory.SetUser",
            organization_id=organization_id,
            user_id=user_id,
        )


class NumberNotFound(ServiceError):
    """The number is not in the organization's inventory or, where no organization is named, in any."""

    reason = Reason.NUMBER_NOT_FOUND

    def __init__(self, phone_number: str) -> None:
        super().__init__("there is no such number", phone_number=phone_number)


class NoCallerId(ServiceError):
    """No rule yields a caller ID."""

    reason = Reason.NO_CALLER_ID

    def __init__(self, organization_id: str, user_id: str, callee_area_code: str | None) -> None:
        super().__init__(
            "no caller ID can be shown to this callee: give the user a caller ID, or the organization "
            "an organization number or a local presence number",
            organization_id=organization_id,
            user_id=user_id,
            callee_area_code=callee_area_code or "",
        )


class NoDestination(ServiceError):
    """No rule yields a destination for the call-back."""

    reason = Reason.NO_DESTINATION

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            "the call-back has no destination: give the users a work phone, and the organization an "
            "organization number, other than the caller's and the called number",
            organization_id=organization_id,
        )


class NoNumbersAvailable(ServiceError):
    """The carrier has no stock in the area code; nothing was charged."""

    reason = Reason.NO_NUMBERS_AVAILABLE

    def __init__(self, area_code: str) -> None:
        super().__init__(
            f"the carrier has no numbers for sale in area code {area_code}; nothing was charged; try another "
            "area code",
            area_code=area_code,
        )


class NumbersSold(ServiceError):
    """The carrier has stock in the area code, but other customers bought the chosen numbers first."""

    reason = NoNumbersAvailable.reason

    def __init__(self, area_code: str) -> None:
        super().__init__(
            f"the chosen numbers in area code {area_code} were sold before they were ordered; nothing was "
            "charged for them; try again",
            area_code=area_code,
        )


class NumberNotAtCarrier(ServiceError):
    """The carrier account does not own the number to import."""

    reason = Reason.NUMBER_NOT_AT_CARRIER

    def __init__(self, phone_number: str) -> None:
        super().__init__("the carrier account does not own this number", phone_number=phone_number)


class NumberInUse(ServiceError):
    """Another organization uses the phone number."""

    reason = Reason.NUMBER_IN_USE

    def __init__(self, phone_number: str) -> None:
        super().__init__("this number is in use elsewhere", phone_number=phone_number)


class NumberNotActive(ServiceError):
    """The number is being purchased or released."""

    reason = Reason.NUMBER_NOT_ACTIVE

    def __init__(self, phone_number: str, state: str) -> None:
        super().__init__(
            f"the number is {state}, not active; try again once that is finished",
            phone_number=phone_number,
            state=state.upper(),
        )


class RequestIdReused(ServiceError):
    """The request_id was used before with other arguments."""

    reason = Reason.REQUEST_ID_REUSED

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "this request_id was used with other arguments; use a fresh one for a new request",
            request_id=request_id,
        )


class CallIdReused(ServiceError):
    """The call_id is recorded for another user or callee."""

    reason = Reason.CALL_ID_REUSED

    def __init__(self, call_id: str) -> None:
        super().__init__(
            "this call_id is recorded for another user or callee; use a fresh one for a new call",
            call_id=call_id,
        )


class PurchasePending(ServiceError):
    """The outcome of an order is not known yet."""

    reason = Reason.PURCHASE_PENDING

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            "the carrier has neither confirmed nor refused the order yet; repeat the call with the same "
            "request_id to learn the outcome",
            organization_id=organization_id,
        )


class OrganizationHasNumbers(ServiceError):
    """The organization still owns numbers."""

    reason = Reason.ORGANIZATION_HAS_NUMBERS

    def __init__(self, organization_id: str, number_count: int) -> None:
        super().__init__(
            f"the organization still owns {_counted(number_count)}; delete them first",
            organization_id=organization_id,
            number_count=str(number_count),
        )


class RevisionNotReached(ServiceError):
    """min_revision is newer than the organization's revision."""

    reason = Reason.REVISION_NOT_REACHED

    def __init__(self, organization_id: str, revision: int) -> None:
        super().__init__(
            f"min_revision is newer than the organization's revision, {revision}; pass a revision that a "
            "change of this organization returned",
            organization_id=organization_id,
            revision=str(revision),
        )


class StorageUnavailable(ServiceError):
    """The database did not answer or did not commit."""

    reason = Reason.STORAGE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("the database is not available; try again")


class NumberLimitReached(ServiceError):
    """The organization may not have more numbers."""

    reason = Reason.NUMBER_LIMIT_REACHED

    def __init__(self, organization_id: str, limit: int) -> None:
        super().__init__(
            f"the organization has reached its limit of {_counted(limit)}; delete some, or have the limit "
            "raised",
            organization_id=organization_id,
            limit=str(limit),
        )


class PurchaseLimitReached(ServiceError):
    """The organization has bought as many numbers within 24 hours as it may."""

    reason = Reason.PURCHASE_LIMIT_REACHED

    def __init__(self, organization_id: str, limit: int, retry_after: float) -> None:
        super().__init__(
            f"the organization has reached its limit of {_counted(limit)} bought within 24 hours; try again "
            "later, or have the limit raised",
            organization_id=organization_id,
            limit=str(limit),
        )
        self.retry_after = retry_after


class CarrierNotAvailable(ServiceError):
    """The carrier cannot be reached, or limits the rate of requests."""

    reason = Reason.CARRIER_UNAVAILABLE

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("the carrier is not available; try again")
        self.retry_after = retry_after


class NumberElsewhere(ServiceError):
    """The number is with a carrier, or in an account, that the server is not set up for."""

    reason = CarrierNotAvailable.reason
    retry_after = math.inf

    def __init__(self) -> None:
        super().__init__(
            "the number is with a carrier, or in an account, that this server is not, or no longer, set up "
            "for; have that setting restored"
        )


class CarrierRefused(ServiceError):
    """The carrier refused the request."""

    reason = Reason.CARRIER_REFUSED
