"""The tables. Alembic's migrations create them, and a test compares the two.

Times are microseconds since the epoch. The key of every table of an organization's own
data begins with the organization, so that a distributed database can split it there.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
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
    return String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


_ID = _key(128)
_PHONE = _key(16)
_AREA_CODE = _key(8)

# Each organization's counter of changes. It outlives the organization, so that a revision
# is never used again with another meaning.
revisions = Table(
    "revisions",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("organization_id"),
    sqlite_with_rowid=False,
)

organizations = Table(
    "organizations",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("display_name", String(200), nullable=False),
    Column("organization_number", _PHONE),
    PrimaryKeyConstraint("organization_id"),
    sqlite_with_rowid=False,
)

users = Table(
    "users",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("user_id", _ID, nullable=False),
    Column("display_name", String(200), nullable=False),
    Column("caller_id", _PHONE),
    Column("work_phone", _PHONE),
    PrimaryKeyConstraint("organization_id", "user_id"),
    ForeignKeyConstraint(["organization_id"], ["organizations.organization_id"]),
    sqlite_with_rowid=False,
)

numbers = Table(
    "numbers",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("phone_number", _PHONE, nullable=False),
    Column("area_code", _AREA_CODE),
    Column("state", String(16), nullable=False),
    Column("carrier", String(32), nullable=False),
    Column("carrier_number_id", String(128), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("request_id", _ID),
    Column("locality", String(200), nullable=False),
    Column("region", String(16), nullable=False),
    Column("purchase_time", BigInteger, nullable=False),
    Column("carrier_account", String(64), nullable=False, server_default=text("''")),
    Column("carrier_busy_until", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("organization_id", "phone_number"),
    ForeignKeyConstraint(["organization_id"], ["organizations.organization_id"]),
    # For the sweep: pending orders and releases.
    Index("ix_numbers_by_state", "state", "organization_id", "phone_number"),
    sqlite_with_rowid=False,
)

area_code_mappings = Table(
    "area_code_mappings",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("area_code", _AREA_CODE, nullable=False),
    Column("phone_number", _PHONE, nullable=False),
    PrimaryKeyConstraint("organization_id", "area_code", "phone_number"),
    ForeignKeyConstraint(
        ["organization_id", "phone_number"], ["numbers.organization_id", "numbers.phone_number"]
    ),
    Index(None, "organization_id", "phone_number"),
    sqlite_with_rowid=False,
)

# The organization that has claimed a phone number, for its inventory or as its organization
# number. The primary key keeps a number live in one organization at most, and an inbound
# call is looked up by it.
phone_number_owners = Table(
    "phone_number_owners",
    metadata,
    Column("phone_number", _PHONE, nullable=False),
    Column("organization_id", _ID, nullable=False),
    PrimaryKeyConstraint("phone_number"),
    ForeignKeyConstraint(["organization_id"], ["organizations.organization_id"]),
    Index(None, "organization_id"),
    sqlite_with_rowid=False,
)

# Every order of the last day, and every order of a purchase request without an answer, except
# abandoned orders. The limit on purchases counts them, even if their numbers were deleted since, and
# a repeated request finds its numbers here. No foreign key: an organization that is deleted and
# created again has not regained its limit.
purchases = Table(
    "purchases",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("reference", _key(64), nullable=False),
    Column("purchase_time", BigInteger, nullable=False),
    Column("phone_number", _PHONE, nullable=False, server_default=text("''")),
    Column("request_id", _ID),
    PrimaryKeyConstraint("organization_id", "reference"),
    Index("ix_purchases_by_time", "organization_id", "purchase_time"),
    # With all the columns, or SQLite would read every purchase of the organization instead.
    Index("ix_purchases_by_request", "organization_id", "request_id", "phone_number", "purchase_time"),
    sqlite_with_rowid=False,
)

# One row: an identifier of this database, which it keeps wherever it is moved to.
identity = Table(
    "identity",
    metadata,
    Column("name", _key(16), nullable=False),
    Column("value", String(64), nullable=False),
    PrimaryKeyConstraint("name"),
    sqlite_with_rowid=False,
)

# The requests that spend or delete, by the caller's request_id, with the answer for a repeat (NULL
# until there is one).
requests = Table(
    "requests",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("request_id", _ID, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("answer", Text),
    Column("create_time", BigInteger, nullable=False),
    PrimaryKeyConstraint("organization_id", "request_id"),
    ForeignKeyConstraint(["organization_id"], ["organizations.organization_id"]),
    sqlite_with_rowid=False,
)

# The call log. No foreign keys: the record of a call outlives its user and its organization.
outbound_calls = Table(
    "outbound_calls",
    metadata,
    Column("organization_id", _ID, nullable=False),
    Column("call_id", _ID, nullable=False),
    Column("user_id", _ID, nullable=False),
    Column("callee_number", _PHONE, nullable=False),
    Column("caller_id", _PHONE, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("call_time", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("organization_id", "call_id"),
    # The look-up of an inbound call, and each way to list calls, newest first.
    Index("ix_outbound_calls_by_callee", "organization_id", "callee_number", "call_time", "call_id"),
    Index("ix_outbound_calls_by_user", "organization_id", "user_id", "call_time", "call_id"),
    Index("ix_outbound_calls_by_time", "organization_id", "call_time", "call_id"),
)

# The state of the simulated carrier, which is the default: every number that its account has
# ordered, or released for good.
simulator_numbers = Table(
    "simulator_numbers",
    metadata,
    Column("phone_number", _PHONE, nullable=False),
    Column("area_code", _AREA_CODE, nullable=False),
    Column("state", String(16), nullable=False),
    Column("carrier_number_id", String(64), nullable=False),
    Column("reference", String(64), nullable=False),
    PrimaryKeyConstraint("phone_number"),
    UniqueConstraint("carrier_number_id"),
    Index(None, "reference"),
    Index(None, "area_code", "state"),
    sqlite_with_rowid=False,
)
