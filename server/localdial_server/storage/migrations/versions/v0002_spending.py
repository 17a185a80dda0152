"""Accounts of carriers, and what counts against the limit on purchases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column(
        "numbers",
        sa.Column("carrier_account", sa.String(length=64), nullable=False, server_default=sa.text("''")),
    )
    key = sa.String(128).with_variant(postgresql.VARCHAR(128, collation="C"), "postgresql")
    op.create_table(
        "purchases",
        sa.Column("organization_id", key, nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("purchase_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "reference", name=op.f("pk_purchases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_purchases_by_time", "purchases", ["organization_id", "purchase_time"], unique=False)
