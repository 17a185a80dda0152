"""Fill in the identifiers that make a call safe to repeat."""

import copy
import secrets
import time
import uuid
from typing import TypeVar

from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial_client._request_type import require_type

RequestT = TypeVar("RequestT", bound=Message)


def with_ids(request: RequestT) -> RequestT:
    """Return the request with every identifier filled in that makes it safe to repeat.

    An empty `request_id` becomes a new UUID. So does the empty `call_id` of a call-back, and of a leg to
    resolve, unless the leg is `validate_only` and records nothing. The server returns its first response for
    an identifier that it knows, so that a repeated call buys, deletes or records only once. Every method does
    this itself; call this function to know the identifiers before the call, in order to repeat it yourself.

    Returns a copy, or the request itself if nothing is missing. Never changes the request. Raises TypeError
    for anything but a message.
    """
    require_type(request, Message)
    if not _missing_ids(request):
        return request
    filled = copy.deepcopy(request)
    for message, field in _missing_ids(filled):
        setattr(message, field, _new_id())
    return filled


def _new_id() -> str:
    """Return a UUID of version 7 (RFC 9562), like `uuid.uuid7` of Python 3.14.

    It starts with the time, so that a database index keeps recent calls together.
    """
    time_and_version = (time.time_ns() // 1_000_000) << 16 | 0x7000 | secrets.randbits(12)
    variant_and_rest = 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=time_and_version << 64 | variant_and_rest))


def _missing_ids(request: Message) -> list[tuple[Message, str]]:
    """Return the message and the field name of each identifier that is missing."""
    match request:
        case ResolveOutboundCallerIdRequest():
            return [] if request.call_id or request.validate_only else [(request, "call_id")]
        case BatchResolveOutboundCallerIdsRequest():
            return [missing for leg in request.requests for missing in _missing_ids(leg)]
        case RouteInboundCallRequest():
            return [] if request.call_id else [(request, "call_id")]
        case _:
            # ReportInboundCallOutcome has a call_id too, which must not be new.
            return [(request, "request_id")] if getattr(request, "request_id", None) == "" else []
