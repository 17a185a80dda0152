"""A number keeps why the carrier refuses its release, since when, and when to ask again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; NULL says that the carrier does not refuse."""
    op.add_column("numbers", sa.Column("release_refusal", sa.Text(), nullable=True))
    op.add_column("numbers", sa.Column("release_refusal_cause", sa.String(16), nullable=True))
    op.add_column("numbers", sa.Column("release_refused_time", sa.BigInteger(), nullable=True))
    op.add_column("numbers", sa.Column("release_retry_time", sa.BigInteger(), nullable=True))
