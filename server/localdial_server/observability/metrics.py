"""What the server tells Prometheus of itself.

With several workers prometheus_client adds the workers up, in files of a folder
that the supervisor names in PROMETHEUS_MULTIPROC_DIR before they start.
"""

import logging
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_log = logging.getLogger(__name__)

SNAPSHOTS = Gauge(
    "localdial_snapshots", "Organizations that are held in memory.", multiprocess_mode="livesum"
)
SNAPSHOT_BYTES = Gauge(
    "localdial_snapshot_bytes",
    "Estimated memory that the held organizations take.",
    multiprocess_mode="livesum",
)
SNAPSHOT_LOAD_SECONDS = Histogram(
    "localdial_snapshot_load_seconds", "How long it took to load an organization from the database."
)
DATABASE_AWAY = Gauge(
    "localdial_database_away",
    "1 while the database does not answer (of several workers: one of them at least).",
    multiprocess_mode="livemax",
)
CALLS_RECORDED = Counter(
    "localdial_calls_recorded_total",
    "Outbound calls that were committed to the database, repeats included.",
)
SPOOL_CALLS = Gauge(
    "localdial_spool_calls",
    "Outbound calls that wait on the local disk for the database to come back.",
    multiprocess_mode="livesum",
)
SPOOL_CONFLICTS = Counter(
    "localdial_spool_conflicts_total",
    "Outbound calls from the spool under whose call_id another call was recorded first.",
)
SPOOL_REFUSALS = Counter(
    "localdial_spool_refusals_total",
    "Outbound calls that were refused because the spool is full or its disk failed.",
)


class CannotServe(Exception):
    """The address for the metrics cannot be served on; the text is one line."""


def serve(listen: str, registry: CollectorRegistry) -> Callable[[], None]:
    """Serve metrics on an address of the settings; answer what ends that.

    Raises ``CannotServe``.
    """
    host, _, port = listen.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError:
        raise CannotServe(
            f"cannot serve metrics on {listen}: is a server there already? Set LOCALDIAL_METRICS_LISTEN"
        ) from None
    _log.info("serving metrics", extra={"address": f"{host}:{server.server_port}"})

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
