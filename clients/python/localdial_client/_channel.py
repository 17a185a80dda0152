"""How a channel to the service is set up: repeats, keepalive, sizes, reconnecting."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from localdial.v1 import call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_client._version import __version__

# The names and the types of their values are those of grpc/impl/channel_arg_names.h.
ChannelOptions: TypeAlias = Sequence[tuple[str, Any]]

_SERVICES: Final[tuple[ServiceDescriptor, ...]] = tuple(
    service
    for file in (call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)

# Four repeats after about 0.1, 0.2, 0.4 and 0.8 s (each 20 % more or less), all within the deadline of the
# call: long enough for a server to be replaced, short enough for the agent who waits. More than 5 attempts
# gRPC does not allow. CANCELLED is not among the codes: it is also what the caller's own cancelling looks
# like.
_RETRY_POLICY: Final = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}

# A failure takes a token, a success gives one back, and below half of them nothing is repeated. So one ill
# server of two is got around for as long as it takes, and a hundred failures at once when a server stops are
# all repeated; but a service that is down is not kept down by repeats, and after it came back a hundred
# successes are enough. (gRPC takes a ratio that is written without a decimal point for a thousandth of it.)
_RETRY_THROTTLING: Final = {"maxTokens": 200, "tokenRatio": 1.0}

_REPEATABLE: Final = (MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT)

_MIB: Final = 1024 * 1024


def retry_names(services: Iterable[ServiceDescriptor]) -> list[dict[str, str]]:
    """Name the methods that the contract declares safe to repeat, as a gRPC service config does."""
    return [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.GetOptions().idempotency_level in _REPEATABLE
    ]


def service_config() -> str:
    """Make the gRPC service config, as JSON."""
    return json.dumps(
        {
            # All the servers behind a name take their share, and a repeat goes to another one than the call
            # that failed. With one address it is no different from gRPC's default, which stays with one
            # server.
            "loadBalancingConfig": [{"round_robin": {}}],
            "methodConfig": [{"name": retry_names(_SERVICES), "retryPolicy": _RETRY_POLICY}],
            "retryThrottling": _RETRY_THROTTLING,
        }
    )


def channel_options(overrides: ChannelOptions) -> list[tuple[str, Any]]:
    """Join the options of this package and the caller's `overrides`, which win."""
    options: dict[str, Any] = {
        "grpc.primary_user_agent": f"localdial-client/{__version__}",
        "grpc.enable_retries": 1,
        "grpc.service_config": service_config(),
        # A request is kept for its repeats only up to this size, and gRPC's 256 KiB is less than
        # BatchSetUsers takes.
        "grpc.per_rpc_retry_buffer_size": 4 * _MIB,
        # A page of 1000 numbers with many area codes mapped can pass gRPC's 4 MiB.
        "grpc.max_receive_message_length": 16 * _MIB,
        # An error names every bad field at once, in the trailing metadata. Past gRPC's 8 KiB (some 80 fields)
        # the caller would see RESOURCE_EXHAUSTED instead of the error.
        "grpc.max_metadata_size": _MIB,
        # A ping on a connection that is quiet for 30 s, with or without calls, so that a dead peer is noticed
        # within 40 s and no NAT or balancer forgets the connection between two calls. This relies on the
        # localdial server, which permits a ping every 10 s without calls; a server with gRPC's own defaults
        # (every 5 minutes) would close the connection with too_many_pings: there, override
        # grpc.keepalive_time_ms.
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 10_000,
        "grpc.keepalive_permit_without_calls": 1,
        # Without this gRPC soon pings a quiet connection no more often than once a minute.
        "grpc.http2.max_pings_without_data": 0,
        # While the server is away a call fails without a try to connect, which gRPC makes every 2 minutes in
        # the end. Phone calls need the service as soon as it is back: within the repeats of a call.
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1_000,
    }
    return list({**options, **dict(overrides)}.items())
