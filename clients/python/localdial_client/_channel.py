"""How a channel to the service is set up: repeats, keepalive, sizes, reconnecting."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, TypeAlias

from localdial_client._version import __version__

# The names and the types of their values are those of grpc/impl/channel_arg_names.h.
ChannelOptions: TypeAlias = Sequence[tuple[str, Any]]

# Which calls are repeated and how, and that the servers behind a name take turns: generated from the
# contract, and the same for the clients in all languages.
_SERVICE_CONFIG: Final = files(__package__).joinpath("service_config.json").read_text("ascii")

_MIB: Final = 1024 * 1024


def channel_options(overrides: ChannelOptions, *, is_local: bool) -> list[tuple[str, Any]]:
    """Join the options of this package and the caller's `overrides`, which win."""
    options: dict[str, Any] = {
        "grpc.primary_user_agent": f"localdial-client-python/{__version__}",
        "grpc.enable_retries": 1,
        "grpc.service_config": _SERVICE_CONFIG,
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
    if is_local:
        # gRPC would ask the environment's HTTP proxy even for a server on this machine.
        options["grpc.enable_http_proxy"] = 0
    return list({**options, **dict(overrides)}.items())
