"""What one caller can take of the server's connections, and the files that they need.

gRPC enforces the limits before any of our code runs. It has none for one address.
"""

import logging
from typing import Final

_log = logging.getLogger(__name__)

# Files of the process that are no connections of callers: the database, the spool, the carrier, the log.
_OTHER_FILES: Final = 100

# More files than this are of no use, and some systems refuse an unlimited number.
_MOST_FILES: Final = 65_536

# The most connections by default. Each takes about 18 KB, and 7 KB for a call that has not arrived whole.
_MOST_CONNECTIONS: Final = 1_000

# A connection that is not HTTP/2 by then is closed. Peers also have so long to acknowledge our settings.
_HANDSHAKE_MS: Final = 5_000

_IDLE_MS: Final = 15 * 60_000

# Longer than any call may take: a purchase of 100 numbers waits for the carrier up to a minute.
_AGE_GRACE_MS: Final = 90_000

# As our clients: ping a connection that is silent for 30 s, and close it if the answer takes 10 s.
_KEEPALIVE_MS: Final = 30_000
_KEEPALIVE_TIMEOUT_MS: Final = 10_000

# Our clients ping every 30 s, but others may be set to ping more often.
_LEAST_PING_INTERVAL_MS: Final = 10_000

# Calls under way on one connection, those that the caller has given up and we still work on included. So a
# caller that resets its calls at once (CVE-2023-44487) gets no more work done than one that waits.
_STREAMS: Final = 100

_NO_LIMIT: Final = 2**31 - 1

# Our clients send about 300 bytes, and a token up to 4 KiB.
_METADATA_BYTES: Final = 8 * 1024


def raise_file_limit() -> int:
    """Raise the limit on open files as far as the system allows; return how many there may be at least."""
    try:
        import resource  # noqa: PLC0415 - not available on Windows
    except ImportError:
        return _MOST_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        # macOS has another limit, which it does not tell.
        return soft
    return wanted


def connection_limit(wanted: int, files: int) -> int:
    """Return how many connections the server accepts with so many files. `wanted`: 0 leaves it to us."""
    possible = max(files - _OTHER_FILES, 1)
    if wanted > possible:
        _log.warning(
            "the limit on open files allows fewer connections than LOCALDIAL_MAX_CONNECTIONS; raise it "
            "(ulimit -n, or LimitNOFILE in systemd)",
            extra={"max_connections": wanted, "possible": possible, "files": files},
        )
    return min(wanted or _MOST_CONNECTIONS, possible)


def channel_arguments(connections: int, age_seconds: float, message_bytes: int) -> list[tuple[str, int]]:
    """Return gRPC's arguments for a server with so many connections, and requests of so many bytes."""
    return [
        ("grpc.max_receive_message_length", message_bytes),
        ("grpc.max_allowed_incoming_connections", connections),
        ("grpc.max_concurrent_streams", _STREAMS),
        # Once 1,000 calls have no handler, gRPC would refuse those of everybody alike, as CANCELLED. Instead,
        # `rpc.admission` refuses those of the organizations that send too many.
        ("grpc.server.max_pending_requests", _NO_LIMIT),
        ("grpc.server.max_pending_requests_hard_limit", _NO_LIMIT),
        # gRPC refuses at random between the first and the second.
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.http2.settings_timeout", _HANDSHAKE_MS),
        ("grpc.max_connection_idle_ms", _IDLE_MS),
        # gRPC varies the age by a tenth, so that connections made together do not end together.
        ("grpc.max_connection_age_ms", round(age_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", _AGE_GRACE_MS),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        # gRPC waits this long for the answer to a ping, by default 60 s, whatever keepalive_timeout_ms says.
        ("grpc.http2.ping_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        # Both sides may ping a connection without calls, which keeps it open through firewalls.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _LEAST_PING_INTERVAL_MS),
        # The third ping that comes too soon closes the connection.
        ("grpc.http2.max_ping_strikes", 2),
    ]
