"""Keep the orders of a purchase request in `purchases` alone, and give the read lag its own column."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Add and fill the columns, and move partial answers to `purchases`."""
    op.add_column(
        "numbers",
        sa.Column("carrier_busy_until", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    op.execute("UPDATE numbers SET carrier_busy_until = purchase_time")

    op.add_column(
        "purchases", sa.Column("phone_number", _key(16), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("purchases", sa.Column("request_id", _key(128), nullable=True))
    connection = op.get_bind()
    _link_pending_orders(connection)
    _move_partial_answers(connection)
    op.create_index(
        "ix_purchases_by_request",
        "purchases",
        ["organization_id", "request_id", "phone_number", "purchase_time"],
    )
    op.drop_index("ix_numbers_by_request", "numbers")

    _nest_errors_of_deletions(connection)
    op.drop_column("requests", "is_final")


def _link_pending_orders(connection: sa.Connection) -> None:
    """Put the pending orders of unfinished requests into `purchases`."""
    pending = connection.execute(
        sa.text(
            "SELECT n.organization_id, n.reference, n.purchase_time, n.phone_number, n.request_id"
            " FROM numbers n JOIN requests r"
            " ON r.organization_id = n.organization_id AND r.request_id = n.request_id"
            " WHERE n.state = 'purchasing' AND NOT r.is_final"
        )
    )
    for row in pending.mappings().all():
        _put_purchase(connection, dict(row))


def _move_partial_answers(connection: sa.Connection) -> None:
    """Put what unfinished requests have bought so far into `purchases`."""
    partial = connection.execute(
        sa.text(
            "SELECT organization_id, request_id, answer FROM requests"
            " WHERE NOT is_final AND answer IS NOT NULL"
        )
    )
    for row in partial.all():
        for number in json.loads(row.answer)["numbers"]:
            names = "organization_id", "reference", "purchase_time", "phone_number"
            purchase = {name: number[name] for name in names}
            _put_purchase(connection, {**purchase, "request_id": row.request_id})
    connection.execute(sa.text("UPDATE requests SET answer = NULL WHERE NOT is_final"))


def _put_purchase(connection: sa.Connection, purchase: dict[str, Any]) -> None:
    # A purchase of the last day has a row already; an older one gets its row here.
    changed = connection.execute(
        sa.text(
            "UPDATE purchases SET phone_number = :phone_number, request_id = :request_id"
            " WHERE organization_id = :organization_id AND reference = :reference"
        ),
        purchase,
    )
    if not changed.rowcount:
        connection.execute(
            sa.text(
                "INSERT INTO purchases (organization_id, reference, purchase_time, phone_number, request_id)"
                " VALUES (:organization_id, :reference, :purchase_time, :phone_number, :request_id)"
            ),
            purchase,
        )


def _nest_errors_of_deletions(connection: sa.Connection) -> None:
    """Give the failures in the answers of deletions the form that all failures have."""
    answers = connection.execute(
        sa.text(
            "SELECT organization_id, request_id, answer FROM requests"
            " WHERE arguments LIKE 'delete %' AND answer LIKE '%\"reason\"%'"
        )
    )
    for row in answers.all():
        answer = json.loads(row.answer)
        answer["failures"] = [
            {"phone_number": failure.pop("phone_number"), "error": failure} for failure in answer["failures"]
        ]
        connection.execute(
            sa.text(
                "UPDATE requests SET answer = :answer"
                " WHERE organization_id = :organization_id AND request_id = :request_id"
            ),
            {
                "answer": json.dumps(answer, ensure_ascii=False, separators=(",", ":")),
                "organization_id": row.organization_id,
                "request_id": row.request_id,
            },
        )
