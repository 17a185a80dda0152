"""Errors that callers get: one exception per reason, or several where the advice differs.

Messages are for the caller. They say what to do, in the terms of the contract, and name nothing that
the caller did not send or does not own. `rpc.status` has their gRPC statuses; `rpc.contract` and
`rpc.handlers` have the exceptions of the transport: malformed, too large, shutting down and internal.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final


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
    OVERLOADED = "OVERLOADED"
    NUMBER_WITHOUT_VOICE = "NUMBER_WITHOUT_VOICE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    API_KEY_NOT_FOUND = "API_KEY_NOT_FOUND"
    API_KEY_NOT_ACTIVE = "API_KEY_NOT_ACTIVE"
    CALL_NOT_FOUND = "CALL_NOT_FOUND"


# From this many seconds on, a duration is given in minutes.
_MINUTES_FROM = 120


def _duration(seconds: float) -> str:
    """Return the time in words, rounded up: `1 second`, `90 seconds`, `3 minutes`."""
    whole = max(math.ceil(seconds), 1)
    count, unit = (whole, "second") if whole < _MINUTES_FROM else (math.ceil(whole / 60), "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _advice(retry_after: float | None) -> str:
    return "try again" if retry_after is None else f"try again in {_duration(retry_after)}"


def _counted(numbers: int) -> str:
    return "1 number" if numbers == 1 else f"{numbers} numbers"


class ServiceError(Exception):
    """An error that is returned to the caller."""

    lasting_message: ClassVar[str] = ""
    """The message for stored answers, without what is true only at the time; empty to store `message`."""

    reason: ClassVar[Reason]
    retry_after: float | None = None
    """When a repeat may help, in seconds from now; None if not known, `math.inf` if no repeat helps."""

    def __init_subclass__(cls, reason: Reason) -> None:
        cls.reason = reason

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata: Mapping[str, str] = metadata


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """An invalid field: its path in the request, such as `users[1].caller_id`, and what it must be."""

    field: str
    description: str


# The message travels in a header of limited size. The details have more of the violations.
_VIOLATIONS_IN_MESSAGE = 5


class InvalidFields(ServiceError, reason=Reason.INVALID_FIELDS):
    """One or more fields of the request are invalid."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        parts = [f"{v.field} {v.description}" for v in violations[:_VIOLATIONS_IN_MESSAGE]]
        if len(violations) > len(parts):
            parts.append(f"and {len(violations) - len(parts)} more")
        super().__init__("; ".join(parts), violation_count=str(len(violations)))
        self.violations = tuple(violations)


class OrganizationNotFound(ServiceError, reason=Reason.ORGANIZATION_NOT_FOUND):
    """There is no such organization."""

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            "there is no such organization; create it with Directory.SetOrganization",
            organization_id=organization_id,
        )


class UserNotFound(ServiceError, reason=Reason.USER_NOT_FOUND):
    """The organization has no such user."""

    def __init__(self, organization_id: str, user_id: str) -> None:
        super().__init__(
            "the organization has no such user; create it with Directory.SetUser",
            organization_id=organization_id,
            user_id=user_id,
        )


class NumberNotFound(ServiceError, reason=Reason.NUMBER_NOT_FOUND):
    """The number is not in the organization's inventory or, where no organization is named, in any."""

    def __init__(self, phone_number: str) -> None:
        super().__init__("there is no such number", phone_number=phone_number)


class CallNotFound(ServiceError, reason=Reason.CALL_NOT_FOUND):
    """The organization has no recorded outbound call with this `call_id`."""

    def __init__(self, call_id: str) -> None:
        super().__init__(
            "the organization has no recorded outbound call with this call_id; CallRouting.ListOutboundCalls "
            "lists its calls",
            call_id=call_id,
        )


class NoCallerId(ServiceError, reason=Reason.NO_CALLER_ID):
    """No rule yields a caller ID."""

    def __init__(self, organization_id: str, user_id: str, callee_area_code: str | None) -> None:
        super().__init__(
            "no caller ID can be shown to this callee: give the user a caller ID, or the organization "
            "an organization number or a local presence number",
            organization_id=organization_id,
            user_id=user_id,
            callee_area_code=callee_area_code or "",
        )


class NoDestination(ServiceError, reason=Reason.NO_DESTINATION):
    """No rule yields a destination for the call-back."""

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            "the call-back has no destination: give the users a work phone, or the organization an "
            "organization number, that the organization may call and that is neither the caller's number nor "
            "the called one",
            organization_id=organization_id,
        )


class NoNumbersAvailable(ServiceError, reason=Reason.NO_NUMBERS_AVAILABLE):
    """The carrier has no stock in the area code; nothing was charged."""

    def __init__(self, area_code: str) -> None:
        super().__init__(
            f"the carrier has no numbers for sale in area code {area_code}; nothing was charged; try another "
            "area code",
            area_code=area_code,
        )


class NumbersTaken(ServiceError, reason=Reason.NO_NUMBERS_AVAILABLE):
    """The carrier has stock in the area code, but other customers bought the chosen numbers first."""

    def __init__(self, area_code: str) -> None:
        super().__init__(
            f"the chosen numbers in area code {area_code} were sold before they were ordered; nothing was "
            "charged for them; try again",
            area_code=area_code,
        )


class NumberNotAtCarrier(ServiceError, reason=Reason.NUMBER_NOT_AT_CARRIER):
    """The carrier account does not own the number to import."""

    def __init__(self, phone_number: str) -> None:
        super().__init__("the carrier account does not own this number", phone_number=phone_number)


class NumberWithoutVoice(ServiceError, reason=Reason.NUMBER_WITHOUT_VOICE):
    """The number to import takes no voice calls."""

    def __init__(self, phone_number: str) -> None:
        super().__init__(
            "this number takes no voice calls, so nobody could call it back; import a number with voice",
            phone_number=phone_number,
        )


class NumberLostVoice(ServiceError, reason=Reason.NUMBER_WITHOUT_VOICE):
    """A number of the inventory takes no voice calls any more."""

    def __init__(self, phone_number: str) -> None:
        super().__init__(
            "this number takes no voice calls any more, so nobody can call it back; delete it",
            phone_number=phone_number,
        )


class NumberInUse(ServiceError, reason=Reason.NUMBER_IN_USE):
    """Another organization uses the phone number."""

    def __init__(self, phone_number: str) -> None:
        super().__init__("this number is in use elsewhere", phone_number=phone_number)


class NumberHeldElsewhere(ServiceError, reason=Reason.NUMBER_IN_USE):
    """The organization has the number to import from its carrier account as one that is held elsewhere."""

    def __init__(self, phone_number: str) -> None:
        super().__init__(
            "the organization has this number as one that is held at another carrier (external); to import "
            "it from the carrier account instead, delete it first",
            phone_number=phone_number,
        )


class NumberHeldHere(ServiceError, reason=Reason.NUMBER_IN_USE):
    """The organization has the number to import as held elsewhere from its carrier account."""

    def __init__(self, phone_number: str) -> None:
        super().__init__(
            "the organization has this number from its carrier account; it can become external only after "
            "it is deleted, which releases it if the account still owns it",
            phone_number=phone_number,
        )


class NumberNotActive(ServiceError, reason=Reason.NUMBER_NOT_ACTIVE):
    """The number is being purchased or released."""

    def __init__(self, phone_number: str, state: str) -> None:
        super().__init__(
            f"the number is not active (state: {state.upper()}); try again later",
            phone_number=phone_number,
            state=state.upper(),
        )


class RequestIdReused(ServiceError, reason=Reason.REQUEST_ID_REUSED):
    """The request_id was used before with other arguments."""

    def __init__(self, request_id: str) -> None:
        super().__init__(
            "this request_id was used with other arguments; use a fresh one for a new request",
            request_id=request_id,
        )


class CallIdReused(ServiceError, reason=Reason.CALL_ID_REUSED):
    """The call_id is recorded for another user or callee."""

    def __init__(self, call_id: str) -> None:
        super().__init__(
            "this call_id is recorded for another user or callee; use a fresh one for a new call",
            call_id=call_id,
        )


class PurchasePending(ServiceError, reason=Reason.PURCHASE_PENDING):
    """The outcome of an order is not known yet."""

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            "the carrier has neither confirmed nor refused the order yet; repeat the call with the same "
            "request_id to learn the outcome",
            organization_id=organization_id,
        )


class OrderNotLookedUp(ServiceError, reason=Reason.PURCHASE_PENDING):
    """The outcome of an order is not known yet, because looking it up at the carrier failed with `error`."""

    def __init__(self, organization_id: str, error: ServiceError) -> None:
        why = error.cause if isinstance(error, CarrierNotAvailable) else error.message
        super().__init__(
            f"the order may have gone through: it could not be looked up; {why}",
            organization_id=organization_id,
        )
        self.retry_after = error.retry_after


class OrganizationHasNumbers(ServiceError, reason=Reason.ORGANIZATION_HAS_NUMBERS):
    """The organization still owns numbers."""

    def __init__(self, organization_id: str, number_count: int) -> None:
        them = "it" if number_count == 1 else "them"
        super().__init__(
            f"the organization still owns {_counted(number_count)}; delete {them} first",
            organization_id=organization_id,
            number_count=str(number_count),
        )


class RevisionNotReached(ServiceError, reason=Reason.REVISION_NOT_REACHED):
    """min_revision is newer than the organization's revision."""

    def __init__(self, organization_id: str, revision: int) -> None:
        super().__init__(
            f"min_revision is newer than the organization's revision, {revision}; pass a revision that a "
            "change of this organization returned",
            organization_id=organization_id,
            revision=str(revision),
        )


class StorageUnavailable(ServiceError, reason=Reason.STORAGE_UNAVAILABLE):
    """The database did not answer or did not commit."""

    def __init__(self) -> None:
        super().__init__("the database is not available; try again")


class NumberLimitReached(ServiceError, reason=Reason.NUMBER_LIMIT_REACHED):
    """The organization may not have more numbers."""

    def __init__(self, organization_id: str, limit: int) -> None:
        super().__init__(
            f"the organization has reached its limit of {_counted(limit)}; delete some, or have the limit "
            "raised",
            organization_id=organization_id,
            limit=str(limit),
        )


class PurchaseLimitReached(ServiceError, reason=Reason.PURCHASE_LIMIT_REACHED):
    """The organization has bought as many numbers within 24 hours as it may."""

    def __init__(self, organization_id: str, limit: int, retry_after: float) -> None:
        super().__init__(
            f"the organization has reached its limit of {_counted(limit)} bought within 24 hours; try again "
            "later, or have the limit raised",
            organization_id=organization_id,
            limit=str(limit),
        )
        self.retry_after = retry_after


class CarrierNotAvailable(ServiceError, reason=Reason.CARRIER_UNAVAILABLE):
    """The carrier cannot be reached, or limits the rate of requests. It did nothing."""

    lasting_message = "the carrier is not available; try again"

    def __init__(self, retry_after: float | None = None) -> None:
        advice = _advice(retry_after)
        super().__init__(f"the carrier is not available; nothing was bought; {advice}")
        self.cause: Final = f"the carrier is not available; {advice}"
        """The message without what was done."""
        self.retry_after = retry_after


class CarrierUnconfirmed(ServiceError, reason=Reason.CARRIER_UNAVAILABLE):
    """The carrier did not confirm a change, other than a purchase, whose repeat is safe."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__(
            f"the carrier did not confirm the change; nothing was bought; {_advice(retry_after)}"
        )
        self.retry_after = retry_after


class NumberElsewhere(ServiceError, reason=Reason.CARRIER_UNAVAILABLE):
    """The number is with a carrier, or in an account, that the server is not set up for."""

    retry_after = math.inf

    def __init__(self) -> None:
        super().__init__(
            "this server has no settings for the carrier account that holds the number; have them added"
        )


class CarrierRefused(ServiceError, reason=Reason.CARRIER_REFUSED):
    """The carrier refused the request."""


class ApiKeyNotFound(ServiceError, reason=Reason.API_KEY_NOT_FOUND):
    """There is no such API key."""

    def __init__(self, key_id: str) -> None:
        super().__init__("there is no such API key", key_id=key_id)


class ApiKeyNotActive(ServiceError, reason=Reason.API_KEY_NOT_ACTIVE):
    """The API key was revoked or has expired, so it gets no new secret."""

    def __init__(self, key_id: str) -> None:
        super().__init__("the API key was revoked or has expired; create another", key_id=key_id)
