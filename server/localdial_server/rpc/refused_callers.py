"""Counts and logs the calls of callers that may not make them. They are not stored."""

import logging
from typing import Final

from google.protobuf.descriptor import MethodDescriptor

from localdial_server.domain.errors import Reason
from localdial_server.domain.principals import Principal
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.observability.metrics import REFUSED_CALLERS
from localdial_server.rpc.peers import address_of

_log = LimitedLog(logging.getLogger(__name__))

_REASONS: Final = frozenset({Reason.UNAUTHENTICATED, Reason.PERMISSION_DENIED})


def note_refused_caller(
    reason: Reason, method: MethodDescriptor, principal: Principal | None, peer: str
) -> None:
    """Count the call if it failed for want of a credential or of a permission, and log it now and then.

    `principal` is None if the caller is not authenticated, and `peer` its address as gRPC names it.
    """
    if reason not in _REASONS:
        return
    name = f"{method.containing_service.name}.{method.name}"
    REFUSED_CALLERS.labels(reason.value, name).inc()
    _log.warning(
        "a caller was refused",
        kind=f"{reason.value} {name}",
        extra={
            "reason": reason.value,
            "method": name,
            "principal": principal.name if principal is not None else "",
            "address": address_of(peer),
        },
    )
