"""Note with each number who bought or imported it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# By the record of changes, as far as it reaches back.
_FILL = """
UPDATE numbers SET created_by = coalesce((
    SELECT principal FROM audit_events AS event
    WHERE event.organization_id = numbers.organization_id
        AND event.subject = numbers.phone_number
        AND event.event_kind = 'number_added'
    ORDER BY event_time DESC, event_id DESC LIMIT 1
), '')
"""


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("created_by", sa.String(length=256), nullable=False, server_default=sa.text("''"))
    op.add_column("numbers", column)
    op.execute(_FILL)
