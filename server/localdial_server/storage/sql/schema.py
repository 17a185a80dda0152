"""The tables. Alembic's migrations create them, and a test compares the two.

Times are microseconds since the epoch. The key of every table of an organization's own
data begins with the organization, so that a distributed database can split it there.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(length: int) -> TypeEngine[str]:
    # Sort by bytes, as SQLite does, whatever the collation of the PostgreSQL database.
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def _table(name: str, *columns: SchemaItem) -> Table:
    # WITHOUT ROWID: SQLite stores the rows in the primary key itself.
    return Table(name, metadata, *columns, sqlite_with_rowid=False)


_ID = _key(128)
_PHONE = _key(16)
_AREA_CODE = _key(8)

# Each organization's counter of changes. It outlives the organization, so that a revision
# is never used again with another meaning.
revisions = _table(
    "revisions",
    Column("organization_id", _ID, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)

organizations = _table(
    "organizations",
    Column("organization_id", _ID, primary_key=True),
    Column("display_name", String(200), nullable=False),
    Column("organization_number", _PHONE),
)

users = _table(
    "users",
    Column("organization_id", _ID, ForeignKey("organizations.organization_id"), primary_key=True),
    Column("user_id", _ID, primary_key=True),
    Column("display_name", String(200), nullable=False),
    Column("caller_id", _PHONE),
    Column("work_phone", _PHONE),
    # The look-up of a call-back to a user's own caller ID.
    Index("ix_users_by_caller_id", "caller_id", "organization_id", "user_id"),
)

numbers = _table(
    "numbers",
    Column("organization_id", _ID, ForeignKey("organizations.organization_id"), primary_key=True),
    Column("phone_number", _PHONE, primary_key=True),
    Column("area_code", _AREA_CODE),
    Column("state", String(16), nullable=False),
    Column("carrier", String(32), nullable=False),
    Column("carrier_number_id", String(128), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("locality", String(200), nullable=False),
    Column("region", String(16), nullable=False),
    Column("purchase_time", BigInteger, nullable=False),
    Column("carrier_account", String(64), nullable=False, server_default=text("''")),
    Column("carrier_busy_until", BigInteger, nullable=False, server_default=text("0")),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    Column("release_refusal", Text),
    Column("release_refusal_cause", String(16)),
    Column("release_refused_time", BigInteger),
    Column("release_retry_time", BigInteger),
    Column("created_by", String(256), nullable=False, server_default=text("''")),
    Column("release_time", BigInteger),
    # For the sweep: pending orders and releases.
    Index("ix_numbers_by_state", "state", "organization_id", "phone_number"),
)

area_code_mappings = _table(
    "area_code_mappings",
    Column("organization_id", _ID, primary_key=True),
    Column("area_code", _AREA_CODE, primary_key=True),
    Column("phone_number", _PHONE, primary_key=True),
    ForeignKeyConstraint(
        ["organization_id", "phone_number"], ["numbers.organization_id", "numbers.phone_number"]
    ),
    Index(None, "organization_id", "phone_number"),
)

# The organization that has claimed a phone number, for its inventory or as its organization
# number. The primary key keeps a number in one organization at most, and finds the organization
# of an inbound call. A phone with several numbers (`phone_keys`) has a row for each.
phone_number_owners = _table(
    "phone_number_owners",
    Column("phone_number", _PHONE, primary_key=True),
    Column("organization_id", _ID, ForeignKey("organizations.organization_id"), nullable=False, index=True),
)

# Every order of the last day, and every order of a purchase request without an answer, except
# abandoned orders. The limit on purchases counts them, even if their numbers were deleted since, and
# a repeated request finds its numbers here. No foreign key: an organization that is deleted and
# created again has not regained its limit.
purchases = _table(
    "purchases",
    Column("organization_id", _ID, primary_key=True),
    Column("reference", _key(64), primary_key=True),
    Column("purchase_time", BigInteger, nullable=False),
    Column("phone_number", _PHONE, nullable=False, server_default=text("''")),
    Column("request_id", _ID),
    Index("ix_purchases_by_time", "organization_id", "purchase_time"),
    # With the columns that the query sorts by, or SQLite would read all the organization's purchases.
    Index("ix_purchases_by_request", "organization_id", "request_id", "phone_number", "purchase_time"),
)

# One row: an identifier of this database, which it keeps wherever it is moved to.
identity = _table(
    "identity",
    Column("name", _key(16), primary_key=True),
    Column("value", String(64), nullable=False),
)

# The requests that spend or delete, by the caller's request_id, with the answer for a repeat (NULL
# until there is one).
requests = _table(
    "requests",
    Column("organization_id", _ID, ForeignKey("organizations.organization_id"), primary_key=True),
    Column("request_id", _ID, primary_key=True),
    Column("arguments", Text, nullable=False),
    Column("answer", Text),
    Column("create_time", BigInteger, nullable=False),
)

# The key of the callee's phone: `phone_key` in SQL. Stored on PostgreSQL; SQLite computes it for the index.
# It has no line ends, because SQLAlchemy cannot reflect such an expression from SQLite.
CALLEE_KEY = (
    "CASE "
    "WHEN length(callee_number) < 13 THEN callee_number "
    "WHEN length(callee_number) = 14 AND substr(callee_number, 1, 4) IN ('+521', '+549') "
    "THEN substr(callee_number, 1, 3) || substr(callee_number, 5) "
    "WHEN length(callee_number) = 14 AND substr(callee_number, 1, 3) = '+55' "
    "AND substr(callee_number, 6, 2) IN ('96', '98', '99') "
    "THEN substr(callee_number, 1, 5) || substr(callee_number, 7) "
    "WHEN length(callee_number) = 14 AND substr(callee_number, 1, 8) = '+3780549' "
    "THEN substr(callee_number, 1, 4) || substr(callee_number, 9) "
    "WHEN length(callee_number) = 13 AND substr(callee_number, 1, 7) = '+390549' "
    "THEN '+378' || substr(callee_number, 8) "
    "WHEN length(callee_number) <> 15 OR substr(callee_number, 1, 3) <> '+54' THEN callee_number "
    "WHEN substr(callee_number, 4, 4) = '1115' "
    "THEN substr(callee_number, 1, 5) || substr(callee_number, 8) "
    "WHEN substr(callee_number, 4, 2) = '11' THEN callee_number "
    "WHEN substr(callee_number, 7, 2) = '15' AND substr(callee_number, 4, 3) IN ("
    "'220', '221', '223', '230', '236', '237', '249', '260', '261', '263', '264', '266', '280', "
    "'291', '294', '297', '298', '299', '336', '341', '342', '343', '345', '348', '351', '353', "
    "'358', '362', '364', '370', '376', '379', '380', '381', '383', '385', '387', '388') "
    "THEN substr(callee_number, 1, 6) || substr(callee_number, 9) "
    "WHEN substr(callee_number, 8, 2) = '15' "
    "THEN substr(callee_number, 1, 7) || substr(callee_number, 10) "
    "ELSE callee_number END"
)

# The call log. No foreign keys: the record of a call outlives its user and its organization.
outbound_calls = Table(
    "outbound_calls",
    metadata,
    Column("organization_id", _ID, primary_key=True),
    Column("call_id", _ID, primary_key=True),
    Column("user_id", _ID, nullable=False),
    Column("callee_number", _PHONE, nullable=False),
    Column("caller_id", _PHONE, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("call_time", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("callee_key", _PHONE, Computed(CALLEE_KEY)),
    # The look-up of an inbound call, and each way to list calls, newest first.
    Index("ix_outbound_calls_by_callee", "organization_id", "callee_key", "call_time", "call_id"),
    Index("ix_outbound_calls_by_user", "organization_id", "user_id", "call_time", "call_id"),
    Index("ix_outbound_calls_by_caller_id", "organization_id", "caller_id", "call_time", "call_id"),
    Index("ix_outbound_calls_by_time", "organization_id", "call_time", "call_id"),
)

# The record of call-backs. `called_number` is NULL while only the outcome is known; `call_time` is
# then the time of its report, so that old ones are pruned like calls. No foreign keys, as above.
inbound_calls = Table(
    "inbound_calls",
    metadata,
    Column("organization_id", _ID, primary_key=True),
    Column("call_id", _ID, primary_key=True),
    Column("call_time", BigInteger, nullable=False),
    Column("called_number", _PHONE),
    Column("caller_number", _PHONE),
    Column("destination_number", _PHONE),
    Column("reason", String(32)),
    Column("user_id", _ID),
    Column("fallback_number", _PHONE),
    Column("last_call_id", _ID),
    Column("last_call_time", BigInteger),
    Column("degraded", Boolean, nullable=False),
    # By precedence, see `InboundCallOutcome`.
    Column("outcome", SmallInteger, nullable=False),
    Column("outcome_time", BigInteger),
    # Each way to list call-backs, newest first.
    Index("ix_inbound_calls_by_time", "organization_id", "call_time", "call_id"),
    Index("ix_inbound_calls_by_caller", "organization_id", "caller_number", "call_time", "call_id"),
    Index("ix_inbound_calls_by_called", "organization_id", "called_number", "call_time", "call_id"),
    Index("ix_inbound_calls_by_user", "organization_id", "user_id", "call_time", "call_id"),
    Index("ix_inbound_calls_by_outcome", "organization_id", "outcome", "call_time", "call_id"),
)

# The columns of `call_counts` for the hours of a day.
HOURS = tuple(f"h{hour:02}" for hour in range(24))

# How many outbound calls there were in each hour of a day (UTC, in days since the epoch): see
# `call_counts`. No foreign keys: the counts outlive the calls, as the calls outlive the organization.
call_counts = _table(
    "call_counts",
    Column("organization_id", _ID, primary_key=True),
    Column("count_kind", _key(16), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("subject", _PHONE, primary_key=True),
    Column("total", Integer, nullable=False),
    *(Column(hour, Integer, nullable=False, server_default=text("0")) for hour in HOURS),
)

# When each caller ID was last shown by a call that is counted.
shown_caller_ids = _table(
    "shown_caller_ids",
    Column("organization_id", _ID, primary_key=True),
    Column("caller_id", _PHONE, primary_key=True),
    Column("call_time", BigInteger, nullable=False),
)

# How far the counting is: the calls before `counted_until` are counted, except those of `uncounted_hours`.
# The row of no organization ('') has the begin of the last count of all, and until when only one server
# counts.
counting = _table(
    "counting",
    Column("organization_id", _ID, primary_key=True),
    Column("counted_until", BigInteger, nullable=False),
    Column("busy_until", BigInteger, nullable=False, server_default=text("0")),
)

# The hours (since the epoch) to count again, because calls were recorded late. `mark` is another one with
# every such record.
uncounted_hours = _table(
    "uncounted_hours",
    Column("organization_id", _ID, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("mark", String(36), nullable=False),
)

# API keys, without their secrets. They are never deleted: the record of changes names them. No foreign
# key: a key outlives its organization, for the same reason.
api_keys = _table(
    "api_keys",
    Column("key_id", _key(16), primary_key=True),
    Column("display_name", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    # NULL if the role is for all organizations.
    Column("organization_id", _ID),
    Column("secret_hash", String(64), nullable=False),
    Column("former_hash", String(64)),
    Column("former_expire_time", BigInteger),
    Column("create_time", BigInteger, nullable=False),
    Column("expire_time", BigInteger),
    Column("rotate_time", BigInteger),
    Column("revoke_time", BigInteger),
    Column("last_use_time", BigInteger),
    Index("ix_api_keys_by_organization", "organization_id", "key_id"),
)

# Counters of changes that are no organization's. Each is bumped in the transaction of the change, as
# `revisions` are, so that a poll sees every change that was committed before it.
versions = _table(
    "versions",
    Column("name", _key(16), primary_key=True),
    Column("version", BigInteger, nullable=False),
)

# The name of the version of the API keys.
API_KEYS = "api_keys"

# The record of changes. `organization_id` is '' for changes that belong to no organization. No foreign
# keys: the record outlives what was changed.
audit_events = Table(
    "audit_events",
    metadata,
    Column("organization_id", _ID, primary_key=True),
    Column("event_time", BigInteger, primary_key=True),
    Column("event_id", _key(36), primary_key=True),
    Column("event_kind", _key(32), nullable=False),
    Column("subject", _ID, nullable=False),
    Column("principal", _key(256), nullable=False),
    Column("address", String(64), nullable=False),
    Column("method", String(64), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    # Each way to list an organization's changes, newest first, and each way to list those of all.
    Index("ix_audit_events_by_principal", "organization_id", "principal", "event_time", "event_id"),
    Index("ix_audit_events_by_kind", "organization_id", "event_kind", "event_time", "event_id"),
    Index("ix_audit_events_by_subject", "subject", "organization_id", "event_time", "event_id"),
    Index("ix_audit_events_all_by_time", "event_time", "event_id"),
    Index("ix_audit_events_all_by_principal", "principal", "event_time", "event_id"),
    Index("ix_audit_events_all_by_kind", "event_kind", "event_time", "event_id"),
)

# The state of the simulated carrier, which is the default: every number that its account has
# ordered, or released for good.
simulator_numbers = _table(
    "simulator_numbers",
    Column("phone_number", _PHONE, primary_key=True),
    Column("area_code", _AREA_CODE, nullable=False),
    Column("state", String(16), nullable=False),
    Column("carrier_number_id", String(64), nullable=False, unique=True),
    Column("reference", String(64), nullable=False, index=True),
    Index(None, "area_code", "state"),
)
