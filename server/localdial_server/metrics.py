"""What the server tells Prometheus of itself.

With several workers prometheus_client adds the workers up, in files of a folder
that the supervisor names in PROMETHEUS_MULTIPROC_DIR before they start.
"""

from prometheus_client import Counter, Gauge, Histogram

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
