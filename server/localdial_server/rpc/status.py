"""The one table of which gRPC status an error becomes, and what travels with it."""

import math
from collections.abc import Mapping

from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from localdial_server.domain.errors import InvalidFields, ServiceError

DOMAIN = "localdial"

STATUS_OF: Mapping[str, StatusCode] = {
    "INVALID_FIELDS": StatusCode.INVALID_ARGUMENT,
    "MALFORMED_REQUEST": StatusCode.INVALID_ARGUMENT,
    "REQUEST_TOO_LARGE": StatusCode.RESOURCE_EXHAUSTED,
    "ORGANIZATION_NOT_FOUND": StatusCode.NOT_FOUND,
    "USER_NOT_FOUND": StatusCode.NOT_FOUND,
    "NUMBER_NOT_FOUND": StatusCode.NOT_FOUND,
    "NO_CALLER_ID": StatusCode.FAILED_PRECONDITION,
    "NO_DESTINATION": StatusCode.FAILED_PRECONDITION,
    "NO_NUMBERS_AVAILABLE": StatusCode.NOT_FOUND,
    "NUMBER_NOT_AT_CARRIER": StatusCode.NOT_FOUND,
    "NUMBER_IN_USE": StatusCode.ALREADY_EXISTS,
    "NUMBER_NOT_ACTIVE": StatusCode.FAILED_PRECONDITION,
    "REQUEST_ID_REUSED": StatusCode.ALREADY_EXISTS,
    "CALL_ID_REUSED": StatusCode.ALREADY_EXISTS,
    "PURCHASE_PENDING": StatusCode.UNAVAILABLE,
    "ORGANIZATION_HAS_NUMBERS": StatusCode.FAILED_PRECONDITION,
    "REVISION_NOT_REACHED": StatusCode.FAILED_PRECONDITION,
    "STORAGE_UNAVAILABLE": StatusCode.UNAVAILABLE,
    "CARRIER_UNAVAILABLE": StatusCode.UNAVAILABLE,
    "CARRIER_REFUSED": StatusCode.FAILED_PRECONDITION,
    "SHUTTING_DOWN": StatusCode.UNAVAILABLE,
    "INTERNAL": StatusCode.INTERNAL,
    "NUMBER_LIMIT_REACHED": StatusCode.RESOURCE_EXHAUSTED,
    "PURCHASE_LIMIT_REACHED": StatusCode.RESOURCE_EXHAUSTED,
}

# When to repeat what a repeat may cure, in seconds, unless the error itself says.
_RETRY_AFTER: Mapping[str, float] = {
    "PURCHASE_PENDING": 5,
    "STORAGE_UNAVAILABLE": 0.5,
    "CARRIER_UNAVAILABLE": 2,
    "SHUTTING_DOWN": 0.1,
}


class InternalError(ServiceError):
    """A fault of ours. The incident id finds the cause in the log."""

    reason = "INTERNAL"

    def __init__(self, incident_id: str) -> None:
        super().__init__(
            f"internal error; the server's log has incident {incident_id}", incident_id=incident_id
        )


def status_of(error: ServiceError) -> status_pb2.Status:
    """Write the error as it leaves the server."""
    status = status_with(error.reason, error.message, error.metadata, error.retry_after)
    if isinstance(error, InvalidFields):
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
            for v in error.violations
        ]
        status.details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    return status


def status_with(
    reason: str, message: str, metadata: Mapping[str, str], retry_after: float | None = None
) -> status_pb2.Status:
    """Write an error of that reason; ``retry_after`` in seconds where it is known, infinite for never."""
    code: int = STATUS_OF[reason].value[0]
    status = status_pb2.Status(code=code, message=message)
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    status.details.append(_packed(info))
    seconds = _RETRY_AFTER.get(reason) if retry_after is None else retry_after
    if seconds is not None and math.isfinite(seconds):
        delay = Duration()
        delay.FromMilliseconds(math.ceil(seconds * 1000))
        status.details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status


def trailing_metadata(
    status: status_pb2.Status, seconds_left: float | None = None
) -> tuple[tuple[str, str | bytes], ...]:
    """Write what travels beside the code and the message of a failed call.

    ``seconds_left``: until the caller's deadline, if it has one.
    """
    details = ("grpc-status-details-bin", status.SerializeToString())
    for detail in status.details:
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(retry):
            # gRPC's own retries wait by this header; they do not read the details. Told
            # to wait beyond the deadline they would wait all the same, and leave the
            # caller with a DEADLINE_EXCEEDED in place of the reason.
            delay = retry.retry_delay.ToMilliseconds()
            is_too_late = seconds_left is not None and delay >= seconds_left * 1000
            return details, ("grpc-retry-pushback-ms", "-1" if is_too_late else str(delay))
    return (details,)


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed
