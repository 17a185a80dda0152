"""What tells this database from every other one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty: a server writes the row."""
    op.create_table(
        "identity",
        sa.Column(
            "name",
            sa.String(16).with_variant(postgresql.VARCHAR(16, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_identity")),
        sqlite_with_rowid=False,
    )
