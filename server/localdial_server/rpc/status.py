"""The gRPC status and the details of each error."""

import math
from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from localdial_server.app.failures import PublicError
from localdial_server.domain.errors import InvalidFields, Reason, ServiceError

DOMAIN = "localdial"

STATUS_OF: Mapping[Reason, StatusCode] = {
    Reason.INVALID_FIELDS: StatusCode.INVALID_ARGUMENT,
    Reason.MALFORMED_REQUEST: StatusCode.INVALID_ARGUMENT,
    Reason.REQUEST_TOO_LARGE: StatusCode.RESOURCE_EXHAUSTED,
    Reason.ORGANIZATION_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.USER_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.NUMBER_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.NO_CALLER_ID: StatusCode.FAILED_PRECONDITION,
    Reason.NO_DESTINATION: StatusCode.FAILED_PRECONDITION,
    Reason.NO_NUMBERS_AVAILABLE: StatusCode.NOT_FOUND,
    Reason.NUMBER_NOT_AT_CARRIER: StatusCode.NOT_FOUND,
    Reason.NUMBER_IN_USE: StatusCode.ALREADY_EXISTS,
    Reason.NUMBER_NOT_ACTIVE: StatusCode.FAILED_PRECONDITION,
    Reason.REQUEST_ID_REUSED: StatusCode.ALREADY_EXISTS,
    Reason.CALL_ID_REUSED: StatusCode.ALREADY_EXISTS,
    Reason.PURCHASE_PENDING: StatusCode.UNAVAILABLE,
    Reason.ORGANIZATION_HAS_NUMBERS: StatusCode.FAILED_PRECONDITION,
    Reason.REVISION_NOT_REACHED: StatusCode.FAILED_PRECONDITION,
    Reason.STORAGE_UNAVAILABLE: StatusCode.UNAVAILABLE,
    Reason.CARRIER_UNAVAILABLE: StatusCode.UNAVAILABLE,
    Reason.CARRIER_REFUSED: StatusCode.FAILED_PRECONDITION,
    Reason.SHUTTING_DOWN: StatusCode.UNAVAILABLE,
    Reason.INTERNAL: StatusCode.INTERNAL,
    Reason.NUMBER_LIMIT_REACHED: StatusCode.RESOURCE_EXHAUSTED,
    Reason.PURCHASE_LIMIT_REACHED: StatusCode.RESOURCE_EXHAUSTED,
    Reason.OVERLOADED: StatusCode.RESOURCE_EXHAUSTED,
    Reason.NUMBER_WITHOUT_VOICE: StatusCode.FAILED_PRECONDITION,
    Reason.UNAUTHENTICATED: StatusCode.UNAUTHENTICATED,
    Reason.PERMISSION_DENIED: StatusCode.PERMISSION_DENIED,
    Reason.API_KEY_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.API_KEY_NOT_ACTIVE: StatusCode.FAILED_PRECONDITION,
    Reason.CALL_NOT_FOUND: StatusCode.NOT_FOUND,
}

# The details and the message travel in the trailing metadata. Many gRPC libraries accept 8 KiB of it in all,
# counted in its encoded form: base64 for the details, percent-encoding for the message.
MAX_DETAILS_BYTES = 6 * 1024
_MAX_MESSAGE_BYTES = 1024
_MAX_VIOLATIONS = 100
_MAX_FIELD_BYTES = 200
_MAX_DESCRIPTION_BYTES = 500
# The overhead of a detail in a status: the name of its type, tags and lengths.
_PACKING_BYTES = 64

# Seconds to wait before repeating the call, unless the error has a delay of its own.
_RETRY_AFTER: Mapping[Reason, float] = {
    Reason.PURCHASE_PENDING: 5,
    Reason.STORAGE_UNAVAILABLE: 0.5,
    Reason.CARRIER_UNAVAILABLE: 2,
    Reason.SHUTTING_DOWN: 0.1,
}


def status_of(error: ServiceError | PublicError) -> status_pb2.Status:
    """Return the status that the caller gets, whose details take at most `MAX_DETAILS_BYTES` in base64.

    Of many field violations it has the first ones; the metadata has their total.
    """
    code: int = STATUS_OF[error.reason].value[0]
    status = status_pb2.Status(code=code, message=_shortened(error.message, _MAX_MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    status.details.add().Pack(info)
    seconds = _RETRY_AFTER.get(error.reason) if error.retry_after is None else error.retry_after
    if seconds is not None and math.isfinite(seconds):
        delay = Duration()
        delay.FromMilliseconds(math.ceil(seconds * 1000))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    if isinstance(error, InvalidFields):
        room = MAX_DETAILS_BYTES // 4 * 3 - status.ByteSize() - _PACKING_BYTES
        status.details.add().Pack(_bad_request(error, room))
    return status


def _bad_request(error: InvalidFields, room: int) -> error_details_pb2.BadRequest:
    """Return the first field violations, as many as fit into `room` bytes."""
    bad_request = error_details_pb2.BadRequest()
    for violation in error.violations[:_MAX_VIOLATIONS]:
        bad_request.field_violations.add(
            field=_shortened(violation.field, _MAX_FIELD_BYTES),
            description=_shortened(violation.description, _MAX_DESCRIPTION_BYTES),
        )
        if bad_request.ByteSize() > room:
            del bad_request.field_violations[-1]
            break
    return bad_request


def _shortened(text: str, limit: int) -> str:
    """Return the text, cut off if gRPC's percent-encoding of it takes more than `limit` bytes."""
    if 3 * len(text.encode()) <= limit:
        return text
    size = 0
    for index, character in enumerate(text):
        size += 1 if " " <= character <= "~" and character != "%" else 3 * len(character.encode())
        if size > limit:
            return text[:index] + "…"
    return text


def trailing_metadata(
    status: status_pb2.Status, seconds_left: float | None = None
) -> tuple[tuple[str, str | bytes], ...]:
    """Return the trailing metadata of a failed call: the details and, if it may be repeated, the delay.

    `seconds_left`: time until the caller's deadline; None if it has none.
    """
    details = ("grpc-status-details-bin", status.SerializeToString())
    for detail in status.details:
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(retry):
            # gRPC's own retries read this header, not the details. They would even wait
            # beyond the deadline, and the caller would get DEADLINE_EXCEEDED instead of
            # the reason; -1 tells them not to retry.
            delay = retry.retry_delay.ToMilliseconds()
            is_too_late = seconds_left is not None and delay >= seconds_left * 1000
            return details, ("grpc-retry-pushback-ms", "-1" if is_too_late else str(delay))
    return (details,)
