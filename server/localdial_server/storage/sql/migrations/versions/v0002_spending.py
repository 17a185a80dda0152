"""Accounts of carriers, and what counts against the limit on purchases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column(
        "numbers",
        sa.Column("carrier_account", sa.String(length=64), nullable=False, server_default=sa.text("''")),
    )
    op.create_table(
        "purchases",
        sa.Column("organization_id", _key(128), nullable=False),
        sa.Column("reference", _key(64), nullable=False),
        sa.Column("purchase_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "reference", name=op.f("pk_purchases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_purchases_by_time", "purchases", ["organization_id", "purchase_time"], unique=False)
