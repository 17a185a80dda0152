"""Why a channel has no connection, which gRPC's error of a call that ran out of time does not say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio

_SERVICE: Final = "localdial.client.Probe"
# While there is no connection, gRPC fails a call at once with the last failure. If there is one, the probe
# must not reach the server: its request exceeds the largest size that the service config allows.
PROBE_CONFIG: Final = {"name": [{"service": _SERVICE}], "maxRequestMessageBytes": 0}
_REQUEST: Final = b"x"
# While gRPC connects for the first time, a call would wait.
_SECONDS: Final = 0.01

# The callable of either kind of channel.
Probe: TypeAlias = Callable[..., Any]


def probe_of(channel: grpc.Channel | grpc.aio.Channel) -> Probe:
    """Return the call that `last_failure` or `async_last_failure` makes."""
    probe: Probe = channel.unary_unary(f"/{_SERVICE}/LastFailure")
    return probe


def last_failure(probe: Probe, error: grpc.RpcError) -> str:
    """Return why the channel of a call that failed with `error` has no connection, or an empty string.

    It is empty too if `error` does not need this explanation. Never takes longer than 10 ms.
    """
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        # ValueError means that the channel has been closed since.
        with contextlib.suppress(ValueError):
            try:
                probe(_REQUEST, timeout=_SECONDS)
            except grpc.RpcError as failure:
                return _told(failure)
    return ""


async def async_last_failure(probe: Probe, error: grpc.RpcError) -> str:
    """Return what `last_failure` returns, for a channel of asyncio."""
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        with contextlib.suppress(grpc.aio.UsageError):
            try:
                await probe(_REQUEST, timeout=_SECONDS)
            except grpc.RpcError as failure:
                return _told(failure)
    return ""


def _told(failure: grpc.RpcError) -> str:
    return (failure.details() or "") if failure.code() is grpc.StatusCode.UNAVAILABLE else ""
