"""Add the record of changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "audit_events",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("event_id", _key(36), nullable=False),
        sa.Column("event_kind", _key(32), nullable=False),
        sa.Column("subject", _key(128), nullable=False),
        sa.Column("principal", _key(256), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "event_time", "event_id", name=op.f("pk_audit_events")),
    )
    for name, columns in {
        "by_principal": ["organization_id", "principal"],
        "by_kind": ["organization_id", "event_kind"],
        "by_subject": ["subject", "organization_id"],
        "all_by_time": [],
        "all_by_principal": ["principal"],
        "all_by_kind": ["event_kind"],
    }.items():
        op.create_index(f"ix_audit_events_{name}", "audit_events", [*columns, "event_time", "event_id"])
