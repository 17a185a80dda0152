"""The options of a channel to the service: load balancing, keepalive, message sizes and reconnection."""

import json
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from localdial_client._version import __version__

# Pairs of a name from grpc/impl/channel_arg_names.h and its value.
ChannelOptions: TypeAlias = Sequence[tuple[str, Any]]

# Calls take turns over the servers behind a name. The client itself retries calls; see `Retries`.
_SERVICE_CONFIG: Final = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})

_MIB: Final = 1024 * 1024


def retries_are_enabled(overrides: ChannelOptions) -> bool:
    """Return whether the client retries calls: unless the caller's options turn that off, or say how."""
    names = dict(overrides)
    return "grpc.service_config" not in names and bool(names.get("grpc.enable_retries", 1))


def channel_options(overrides: ChannelOptions, *, is_local: bool) -> list[tuple[str, Any]]:
    """Return the channel options of this package, replaced or extended by `overrides`."""
    options: dict[str, Any] = {
        "grpc.primary_user_agent": f"localdial-client-python/{__version__}",
        "grpc.service_config": _SERVICE_CONFIG,
        # A page of 1000 numbers with many mapped area codes can exceed gRPC's default of 4 MiB.
        "grpc.max_receive_message_length": 16 * _MIB,
        # The details of an error travel in the trailing metadata, beside what proxies add. Beyond gRPC's
        # default of 8 KiB, the caller would get RESOURCE_EXHAUSTED instead of the error.
        "grpc.max_metadata_size": _MIB,
        # Ping an idle connection every 30 s, with or without calls, so that a dead peer is detected within
        # 40 s and no NAT or load balancer drops the connection between two calls. The localdial server
        # permits a ping every 10 s. A server with gRPC's defaults (5 minutes) closes the connection with
        # too_many_pings; override grpc.keepalive_time_ms for it.
        "grpc.keepalive_time_ms": 30_000,
        "grpc.keepalive_timeout_ms": 10_000,
        # gRPC waits this long for the answer to a ping, by default 60 s, whatever keepalive_timeout_ms says.
        "grpc.http2.ping_timeout_ms": 10_000,
        "grpc.keepalive_permit_without_calls": 1,
        # Without this, gRPC soon pings an idle connection only once a minute.
        "grpc.http2.max_pings_without_data": 0,
        # While the server is down, calls fail until gRPC reconnects, and its default backoff grows to 2
        # minutes. Phone calls need the service as soon as it is back, within the retries of one call.
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1_000,
    }
    if is_local:
        # gRPC would use the environment's HTTP proxy even for a server on this machine.
        options["grpc.enable_http_proxy"] = 0
    return list({**options, **dict(overrides)}.items())
