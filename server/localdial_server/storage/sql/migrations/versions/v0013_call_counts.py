"""Add the counts of calls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables. Servers count the recorded calls in the background."""
    op.create_table(
        "call_counts",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("count_kind", _key(16), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", _key(16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        *(
            sa.Column(f"h{hour:02}", sa.Integer(), nullable=False, server_default=sa.text("0"))
            for hour in range(24)
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "count_kind", "day", "subject", name=op.f("pk_call_counts")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shown_caller_ids",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("caller_id", _key(16), nullable=False),
        sa.Column("call_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "caller_id", name=op.f("pk_shown_caller_ids")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counting",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("counted_until", sa.BigInteger(), nullable=False),
        sa.Column("busy_until", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_counting")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "uncounted_hours",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "hour", name=op.f("pk_uncounted_hours")),
        sqlite_with_rowid=False,
    )
