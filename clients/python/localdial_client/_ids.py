"""Identifiers that make a call safe to repeat."""

import copy
import secrets
import time
import uuid
from typing import TypeVar

from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import BatchResolveOutboundCallerIdsRequest, ResolveOutboundCallerIdRequest

RequestT = TypeVar("RequestT", bound=Message)


def with_ids(request: RequestT) -> RequestT:
    """Fill in every identifier that makes a repeat of the request harmless.

    An empty `request_id` becomes a fresh UUID; so does an empty `call_id` of a leg to resolve, unless the leg
    is `validate_only` and records nothing. A server answers the same identifier with its first answer, so
    that a repeat buys, deletes and records once. Every method does this by itself; it is for callers who want
    to know the identifiers beforehand, to repeat the call on their own.

    Returns a copy, or the request itself where nothing is missing. The request is never changed.
    """
    if not _blanks(request):
        return request
    filled = copy.deepcopy(request)
    for message, field in _blanks(filled):
        setattr(message, field, _fresh_id())
    return filled


def _fresh_id() -> str:
    """Make a UUID of version 7 (RFC 9562), as Python does itself from 3.14 on.

    It begins with the time, so that a database keeps the records of calls together in its index.
    """
    time_and_version = (time.time_ns() // 1_000_000) << 16 | 0x7000 | secrets.randbits(12)
    variant_and_rest = 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=time_and_version << 64 | variant_and_rest))


def _blanks(request: Message) -> list[tuple[Message, str]]:
    """Find the identifiers that are missing, each as its message and the name of the field."""
    match request:
        case ResolveOutboundCallerIdRequest():
            return [] if request.call_id or request.validate_only else [(request, "call_id")]
        case BatchResolveOutboundCallerIdsRequest():
            return [blank for leg in request.requests for blank in _blanks(leg)]
        case _:
            # RouteInboundCall has a call_id too, but records nothing under it: only request_id goes by its
            # name.
            return [(request, "request_id")] if getattr(request, "request_id", None) == "" else []
