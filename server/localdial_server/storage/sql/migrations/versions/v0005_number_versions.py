"""A number has a version, which a release and the end of a pending order compare."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Only later changes count."""
    op.add_column(
        "numbers", sa.Column("version", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
