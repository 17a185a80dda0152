"""The server's Prometheus metrics.

With several workers, prometheus_client sums the metrics up through files in a folder that the supervisor
names in PROMETHEUS_MULTIPROC_DIR before the workers start.
"""

from prometheus_client import Counter, Gauge, Histogram

SNAPSHOTS = Gauge("localdial_snapshots", "Organizations in memory.", multiprocess_mode="livesum")
SNAPSHOT_BYTES = Gauge(
    "localdial_snapshot_bytes",
    "Estimated memory of these organizations, in bytes.",
    multiprocess_mode="livesum",
)
SNAPSHOT_LOAD_SECONDS = Histogram(
    "localdial_snapshot_load_seconds", "Time to load an organization from the database, in seconds."
)
INDEXED_NUMBERS = Gauge(
    "localdial_indexed_numbers",
    "Numbers and caller IDs in memory, for call-backs while the database is down.",
    multiprocess_mode="livemin",
)
DEGRADED_CALL_BACKS = Counter(
    "localdial_degraded_call_backs_total",
    "Call-backs that went to the organization number because the database did not answer in time.",
)
DATABASE_DOWN = Gauge(
    "localdial_database_down",
    "1 while the database does not answer at least one of the workers.",
    multiprocess_mode="livemax",
)
CLOCK_BEHIND = Gauge(
    "localdial_clock_behind_seconds",
    "How much later the newest call in the database is than the machine's clock, in seconds; 0 if it is not.",
    multiprocess_mode="livemax",
)
CALLS_RECORDED = Counter(
    "localdial_calls_recorded_total", "Outbound calls that were committed to the database, repeats included."
)
SPOOL_CALLS = Gauge(
    "localdial_spool_calls",
    "Outbound calls that wait on the local disk until the database answers again.",
    multiprocess_mode="livesum",
)
SPOOL_CONFLICTS = Counter(
    "localdial_spool_conflicts_total",
    "Outbound calls from the spool whose call_id already belonged to another call in the database.",
)
SPOOL_REFUSALS = Counter(
    "localdial_spool_refusals_total",
    "Outbound calls that were refused because the spool was full or its disk failed.",
)
REFUSED_CALLERS = Counter(
    "localdial_refused_callers_total",
    "Calls that were refused for want of a credential or of a permission, by the reason and the method.",
    ["reason", "method"],
)
UNREADABLE_CALLERS = Counter(
    "localdial_unreadable_callers_total",
    "Call-backs whose caller is neither a number that a phone can have nor a known form of a withheld one.",
)
RELEASES_REFUSED = Counter(
    "localdial_releases_refused_total",
    "Times that the carrier refused to release a number, by the subject of the refusal.",
    ["cause"],
)
INBOUND_CALLS = Counter(
    "localdial_inbound_calls_total", "Call-backs that were answered, by why they were sent where.", ["reason"]
)
REFUSED_NUMBERS = Counter(
    "localdial_refused_numbers_total",
    "Numbers that were refused because the organization may not use them, by the kind of number; country if "
    "the country is the reason.",
    ["cause"],
)
BARRED_DESTINATIONS = Counter(
    "localdial_barred_destinations_total",
    "Phones that call-backs skipped because the organization may not call them, by the kind of number; "
    "country if the country is the reason.",
    ["cause"],
)
INBOUND_OUTCOMES = Counter(
    "localdial_inbound_outcomes_total", "Reported outcomes of call-backs, repeats included.", ["outcome"]
)
INBOUND_QUEUE = Gauge(
    "localdial_inbound_queue",
    "Records of call-backs and their outcomes that wait in memory to be committed.",
    multiprocess_mode="livesum",
)
INBOUND_SPOOL_CALLS = Gauge(
    "localdial_inbound_spool_calls",
    "Call-backs that wait on the local disk until the database answers again.",
    multiprocess_mode="livesum",
)
INBOUND_CALLS_RECORDED = Counter(
    "localdial_inbound_records_total",
    "Records of call-backs and their outcomes that were committed or spooled.",
)
INBOUND_CALLS_DROPPED = Counter(
    "localdial_inbound_records_dropped_total",
    "Records of call-backs and their outcomes that were lost: neither the database nor the spool took them.",
)
TLS_EXPIRY = Gauge(
    "localdial_tls_certificate_expiry_timestamp_seconds",
    "When the certificate in use expires, in seconds since the epoch: the server's own, or the first of the "
    "client authorities.",
    ["certificate"],
    multiprocess_mode="livemin",
)
TLS_RELOAD_FAILING = Gauge(
    "localdial_tls_reload_failing",
    "1 while the files of the certificate cannot be used, so that the server keeps the last good one.",
    multiprocess_mode="livemax",
)
ADMITTED = Counter("localdial_admitted_total", "Calls that were let in, by the kind of work.", ["work"])
ADMISSION_WAITING = Gauge(
    "localdial_admission_waiting",
    "Calls that wait to be let in, by the kind of work, in units of the cost of one resolve.",
    ["work"],
    multiprocess_mode="livesum",
)
ADMISSION_REFUSED = Counter(
    "localdial_admission_refused_total",
    "Calls that were refused as OVERLOADED: the kind of work of which too much waited, or rate.",
    ["cause"],
)
