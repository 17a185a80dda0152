"""Add the record of call-backs, and what look-ups by caller ID need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table and the indexes."""
    op.create_table(
        "inbound_calls",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("call_id", _key(128), nullable=False),
        sa.Column("call_time", sa.BigInteger(), nullable=False),
        sa.Column("called_number", _key(16), nullable=True),
        sa.Column("caller_number", _key(16), nullable=True),
        sa.Column("destination_number", _key(16), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("user_id", _key(128), nullable=True),
        sa.Column("fallback_number", _key(16), nullable=True),
        sa.Column("last_call_id", _key(128), nullable=True),
        sa.Column("last_call_time", sa.BigInteger(), nullable=True),
        sa.Column("degraded", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("outcome_time", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "call_id", name=op.f("pk_inbound_calls")),
    )
    for name, columns in {
        "by_time": [],
        "by_caller": ["caller_number"],
        "by_called": ["called_number"],
        "by_user": ["user_id"],
        "by_outcome": ["outcome"],
    }.items():
        op.create_index(
            f"ix_inbound_calls_{name}", "inbound_calls", ["organization_id", *columns, "call_time", "call_id"]
        )
    op.create_index(
        "ix_outbound_calls_by_caller_id",
        "outbound_calls",
        ["organization_id", "caller_id", "call_time", "call_id"],
    )
    op.create_index("ix_users_by_caller_id", "users", ["caller_id", "organization_id", "user_id"])
