"""A number has a version for the optimistic lock; the request that ordered it is in `purchases` alone."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the version, which counts later changes only, and drop the copy of the request."""
    op.add_column(
        "numbers", sa.Column("version", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.drop_column("numbers", "request_id")
