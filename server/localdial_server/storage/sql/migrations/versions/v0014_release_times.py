"""Note with each number when its release began."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of releases that are open, only that of a refusal is known."""
    op.add_column("numbers", sa.Column("release_time", sa.BigInteger()))
    op.execute("UPDATE numbers SET release_time = release_refused_time WHERE state = 'releasing'")
