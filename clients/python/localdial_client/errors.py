"""The exceptions of failed calls: the gRPC status with its decoded details."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

# Returns the message of an error, given its status and what gRPC says.
Explain: TypeAlias = Callable[[grpc.StatusCode, str], str]

_DETAILS_KEY: Final = "grpc-status-details-bin"
_DOMAIN: Final = "localdial"
_OVERLOADED: Final = "OVERLOADED"


class FieldViolation(NamedTuple):
    """A field of the request that breaks a rule of the contract."""

    field: str
    """The path of the field, such as `users[3].caller_id`."""
    description: str
    """What is wrong with it, for people to read."""


class LocaldialError(Exception):
    """A call failed, or one item of it (see `from_status`).

    Raised as the subclass for its status, or as itself for a status without one. Programs should decide by
    the class and by `reason`; the messages are for people and may change. If a call raised it, `__cause__` is
    the error of gRPC.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN
    """The gRPC status."""
    message: str
    """What went wrong, for people to read."""
    reason: str
    """A value of `localdial.v1.ErrorReason` without its prefix, such as `USER_NOT_FOUND`. Empty if the
    service gave none, for example because it could not be reached."""
    metadata: dict[str, str]
    """The metadata of the reason, as documented in `ErrorReason`."""
    field_violations: tuple[FieldViolation, ...]
    """The invalid fields, if the reason is `INVALID_FIELDS`. Of very many, the service lists the first ones;
    see `unlisted_violations`."""
    retry_delay: float | None
    """How many seconds to wait before repeating the call; None if the service gave no delay."""
    request: Message | None
    """The request as it was sent, including the identifiers that were filled in. Sending it again is safe; a
    new request might buy again. None for one item of a call."""

    def __init__(
        self,
        message: str = "",
        *,
        code: grpc.StatusCode | None = None,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        field_violations: Iterable[FieldViolation] = (),
        retry_delay: float | None = None,
        request: Message | None = None,
    ) -> None:
        """Set the attributes; `code` defaults to the code of the class."""
        super().__init__(message)
        if code is not None:
            self.code = code
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.field_violations = tuple(field_violations)
        self.retry_delay = retry_delay
        self.request = request

    @property
    def unlisted_violations(self) -> int:
        """How many invalid fields there are beyond `field_violations`."""
        total = self.metadata.get("violation_count", "")
        return max(0, int(total) - len(self.field_violations)) if total.isdecimal() else 0

    def __str__(self) -> str:
        """Return everything on one line: `INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...`."""
        head = f"{self.code.name} ({self.reason})" if self.reason else self.code.name
        fields = [f"{field}: {description}" for field, description in self.field_violations]
        if self.unlisted_violations:
            fields.append(f"and {self.unlisted_violations} more")
        # The service's message names only the first invalid fields.
        text = "; ".join(fields) or self.message
        # Someone who finds this line in a log needs the request_id to repeat the purchase safely.
        request_id = getattr(self.request, "request_id", "")
        return f"{head}: {text}" + (f" [request_id {request_id}]" if request_id else "")


class Cancelled(LocaldialError):
    """The call was cancelled by the server, or because the client was closed during the call."""

    code = grpc.StatusCode.CANCELLED


class InvalidArgument(LocaldialError):
    """The request breaks the rules of the contract; see `field_violations`."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class DeadlineExceeded(LocaldialError):
    """There was no response within the timeout. The call may have taken effect."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class NotFound(LocaldialError):
    """Something that the request names does not exist, or the carrier has no numbers for sale."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(LocaldialError):
    """A number or an identifier is already in use."""

    code = grpc.StatusCode.ALREADY_EXISTS


class PermissionDenied(LocaldialError):
    """The caller does not have permission for the call."""

    code = grpc.StatusCode.PERMISSION_DENIED


class ResourceExhausted(LocaldialError):
    """A limit is exceeded, such as the size of a request."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class FailedPrecondition(LocaldialError):
    """The state of the organization does not allow the call; repeating it alone does not help."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Unimplemented(LocaldialError):
    """The server does not have this method, because it is older than the client."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Internal(LocaldialError):
    """The server failed; `metadata` has the `incident_id` under which its log has the cause."""

    code = grpc.StatusCode.INTERNAL


class Unavailable(LocaldialError):
    """The service cannot be reached or is not ready, even after the client's own retries."""

    code = grpc.StatusCode.UNAVAILABLE


class Unauthenticated(LocaldialError):
    """The call has no valid key."""

    code = grpc.StatusCode.UNAUTHENTICATED


_CLASS_BY_CODE: Final = {
    error.code: error
    for error in (
        Cancelled,
        InvalidArgument,
        DeadlineExceeded,
        NotFound,
        AlreadyExists,
        PermissionDenied,
        ResourceExhausted,
        FailedPrecondition,
        Unimplemented,
        Internal,
        Unavailable,
        Unauthenticated,
    )
}
_CODE_BY_NUMBER: Final = {code.value[0]: code for code in grpc.StatusCode}


def from_status(status: Status) -> LocaldialError:
    """Return the error for a status inside a response: that of a leg of a batch, or of a number.

    Raises ValueError for the status OK, which is not an error; check first whether the item failed.
    """
    code = _CODE_BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN)
    if code is grpc.StatusCode.OK:
        raise ValueError("the status is OK, which is not an error")
    return _decode(code, status.message, status)


def from_rpc_error(error: grpc.RpcError, request: Message, explained: Explain) -> LocaldialError:
    """Return the error that a failed call raises; `request` is the request as it was sent.

    `explained` returns the message of an error without a reason, which the service did not send.
    """
    return _decode(error.code(), error.details() or "", _status_of(error), request, explained)


def overload_of(error: grpc.RpcError) -> LocaldialError | None:
    """Return the error if the server has too many calls, so that it did nothing; else None."""
    if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
        return None
    failure = _decode(error.code(), error.details() or "", _status_of(error))
    return failure if failure.reason == _OVERLOADED else None


def _status_of(error: grpc.RpcError) -> Status:
    # The type stubs know neither that these are pairs nor that None is possible, as without a connection.
    trailing = cast("Iterable[tuple[str, str | bytes]] | None", error.trailing_metadata())
    for key, value in trailing or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            # Details that cannot be decoded must not hide the error itself.
            with contextlib.suppress(DecodeError):
                return Status.FromString(value)
    return Status()


def _decode(
    code: grpc.StatusCode,
    message: str,
    status: Status,
    request: Message | None = None,
    explained: Explain | None = None,
) -> LocaldialError:
    reason, metadata, retry_delay = "", {}, None
    violations: tuple[FieldViolation, ...] = ()
    for detail in status.details:
        info, bad_request, retry = ErrorInfo(), BadRequest(), RetryInfo()
        with contextlib.suppress(DecodeError):
            if detail.Unpack(info):
                # A proxy may add reasons of its own, which are not values of ErrorReason.
                if info.domain == _DOMAIN:
                    reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad_request):
                violations = tuple(
                    FieldViolation(each.field, each.description) for each in bad_request.field_violations
                )
            elif detail.Unpack(retry):
                retry_delay = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    if explained is not None and not reason:
        message = explained(code, message)
    return _CLASS_BY_CODE.get(code, LocaldialError)(
        message,
        code=code,
        reason=reason,
        metadata=metadata,
        field_violations=violations,
        retry_delay=retry_delay,
        request=request,
    )
