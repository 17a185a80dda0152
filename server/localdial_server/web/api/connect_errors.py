"""Our errors as those of the Connect protocol, with the same details as over gRPC."""

import math
from collections.abc import Mapping
from typing import Any, Final

import grpc
from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from google.protobuf import any_pb2, json_format
from google.rpc import error_details_pb2, status_pb2
from protobuf import Message, message_from_json_value
from protobuf.wkt import Any as ConnectAny
from protobuf.wkt import Struct
from typing_extensions import override

from localdial_server.domain.errors import ServiceError
from localdial_server.rpc.status import status_of
from localdial_server.web.api.call import Failure

_DETAILS: Final = "grpc-status-details-bin"

_CODES: Final[Mapping[grpc.StatusCode, Code]] = {
    code: Code.CANCELED if code is grpc.StatusCode.CANCELLED else Code(code.name.lower())
    for code in grpc.StatusCode
    if code is not grpc.StatusCode.OK
}
_NUMBERS: Final = {code.value[0]: _CODES[code] for code in _CODES}

# The details that an error may have, by their full names.
_DETAIL_CLASSES: Final[Mapping[str, type[Any]]] = {
    each.DESCRIPTOR.full_name: each
    for each in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo)
}


class _Detail(ErrorDetail):
    """A detail that the response shows as JSON too, beside its bytes."""

    def __init__(self, detail: any_pb2.Any) -> None:
        super().__init__(ConnectAny(type_url=detail.type_url, value=detail.value))

    @override
    def value(self, desc_or_registry: object = None) -> Message:  # type: ignore[override]  # as to_dict calls it
        message = _DETAIL_CLASSES[self.type_name].FromString(self.message_bytes)
        return message_from_json_value(Struct, json_format.MessageToDict(message))


def error_of(failure: Failure) -> ConnectError:
    """Return the error of a call that its handler has aborted."""
    details = failure.metadata.get(_DETAILS, b"")
    assert isinstance(details, bytes)
    status = status_pb2.Status.FromString(details)
    return ConnectError(_CODES[failure.code], failure.message, [_Detail(each) for each in status.details])


def retry_seconds_of(error: ConnectError) -> int | None:
    """Return when a repeat may help, in whole seconds from now; None if not known."""
    retry = error_details_pb2.RetryInfo()
    for detail in error.details:
        if detail.type_name == retry.DESCRIPTOR.full_name:
            retry.ParseFromString(detail.message_bytes)
            return math.ceil(retry.retry_delay.ToMilliseconds() / 1000)
    return None


def error_before_the_handler(error: ServiceError) -> ConnectError:
    """Return the error of a call whose request does not reach its handler."""
    status = status_of(error)
    return ConnectError(_NUMBERS[status.code], status.message, [_Detail(each) for each in status.details])
