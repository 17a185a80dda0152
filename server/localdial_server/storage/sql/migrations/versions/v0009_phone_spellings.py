"""A phone with several numbers is claimed, and its calls are found, by each of them.

Argentina's 15 and San Marino's Italian code were not part of the callee's key at first. Where they are
missing, the column is made anew, for which PostgreSQL rewrites the table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from localdial_server.domain.phone_keys import spellings
from localdial_server.storage.sql.migrations.versions.v0007_callee_keys import add_callee_key

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the claims, and the key if it is an older one."""
    connection = op.get_bind()
    owners = sa.table("phone_number_owners", sa.column("phone_number"), sa.column("organization_id"))
    claims = [
        {"phone_number": spelling, "organization_id": row.organization_id}
        for row in connection.execute(sa.select(owners).where(~owners.c.phone_number.like("+1%"))).all()
        for spelling in spellings(row.phone_number)
    ]
    if claims:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        # Two organizations may have claimed two numbers of one phone: each keeps what it has.
        connection.execute(insert(owners).on_conflict_do_nothing(), claims)
    columns = sa.inspect(connection).get_columns("outbound_calls")
    (key,) = (column["computed"]["sqltext"] for column in columns if column["name"] == "callee_key")
    if "+390549" not in key:
        op.drop_index("ix_outbound_calls_by_callee", "outbound_calls")
        op.execute("ALTER TABLE outbound_calls DROP COLUMN callee_key")
        add_callee_key()
