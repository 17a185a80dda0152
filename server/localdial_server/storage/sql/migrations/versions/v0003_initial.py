"""The schema before pending orders had columns of their own. Older ones were never released."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0003"
down_revision = None
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "organizations",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("organization_number", _key(16), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_organizations")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbound_calls",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("call_id", _key(128), nullable=False),
        sa.Column("user_id", _key(128), nullable=False),
        sa.Column("callee_number", _key(16), nullable=False),
        sa.Column("caller_id", _key(16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("call_time", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "call_id", name=op.f("pk_outbound_calls")),
    )
    op.create_index(
        "ix_outbound_calls_by_time", "outbound_calls", ["organization_id", "call_time", "call_id"]
    )
    op.create_index(
        "ix_outbound_calls_by_callee",
        "outbound_calls",
        ["organization_id", "callee_number", "call_time", "call_id"],
    )
    op.create_index(
        "ix_outbound_calls_by_user", "outbound_calls", ["organization_id", "user_id", "call_time", "call_id"]
    )
    op.create_table(
        "revisions",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_revisions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "simulator_numbers",
        sa.Column("phone_number", _key(16), nullable=False),
        sa.Column("area_code", _key(8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("carrier_number_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("phone_number", name=op.f("pk_simulator_numbers")),
        sa.UniqueConstraint("carrier_number_id", name=op.f("uq_simulator_numbers_carrier_number_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_simulator_numbers_area_code_state"), "simulator_numbers", ["area_code", "state"])
    op.create_index(op.f("ix_simulator_numbers_reference"), "simulator_numbers", ["reference"])
    op.create_table(
        "numbers",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("phone_number", _key(16), nullable=False),
        sa.Column("area_code", _key(8), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("carrier", sa.String(length=32), nullable=False),
        sa.Column("carrier_number_id", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("request_id", _key(128), nullable=True),
        sa.Column("locality", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=16), nullable=False),
        sa.Column("purchase_time", sa.BigInteger(), nullable=False),
        sa.Column("carrier_account", sa.String(length=64), nullable=False, server_default=sa.text("''")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.organization_id"], name=op.f("fk_numbers_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "phone_number", name=op.f("pk_numbers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_numbers_by_state", "numbers", ["state", "organization_id", "phone_number"])
    op.create_index("ix_numbers_by_request", "numbers", ["organization_id", "request_id"])
    op.create_table(
        "phone_number_owners",
        sa.Column("phone_number", _key(16), nullable=False),
        sa.Column("organization_id", _key(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.organization_id"],
            name=op.f("fk_phone_number_owners_organizations"),
        ),
        sa.PrimaryKeyConstraint("phone_number", name=op.f("pk_phone_number_owners")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_phone_number_owners_organization_id"), "phone_number_owners", ["organization_id"]
    )
    op.create_table(
        "requests",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("request_id", _key(128), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.organization_id"], name=op.f("fk_requests_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "request_id", name=op.f("pk_requests")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("user_id", _key(128), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("caller_id", _key(16), nullable=True),
        sa.Column("work_phone", _key(16), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.organization_id"], name=op.f("fk_users_organizations")
        ),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name=op.f("pk_users")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "area_code_mappings",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("area_code", _key(8), nullable=False),
        sa.Column("phone_number", _key(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "phone_number"],
            ["numbers.organization_id", "numbers.phone_number"],
            name=op.f("fk_area_code_mappings_numbers"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "area_code", "phone_number", name=op.f("pk_area_code_mappings")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_area_code_mappings_organization_id_phone_number"),
        "area_code_mappings",
        ["organization_id", "phone_number"],
    )
    op.create_table(
        "purchases",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("reference", _key(64), nullable=False),
        sa.Column("purchase_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "reference", name=op.f("pk_purchases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_purchases_by_time", "purchases", ["organization_id", "purchase_time"])
    # A server adds the one row, which identifies this database.
    op.create_table(
        "identity",
        sa.Column("name", _key(16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_identity")),
        sqlite_with_rowid=False,
    )
