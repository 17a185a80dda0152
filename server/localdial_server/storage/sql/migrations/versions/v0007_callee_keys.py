"""Calls are found by the key of the callee's phone, whichever of its two spellings was called.

The database computes the key, so servers of the previous release, which go on during an upgrade, record
calls with a key too. PostgreSQL rewrites the table once; SQLite computes the key for the index alone.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = (
    "CASE "
    "WHEN length(callee_number) < 13 THEN callee_number "
    "WHEN length(callee_number) = 14 AND substr(callee_number, 1, 4) IN ('+521', '+549') "
    "THEN substr(callee_number, 1, 3) || substr(callee_number, 5) "
    "WHEN length(callee_number) = 14 AND substr(callee_number, 1, 3) = '+55' "
    "AND substr(callee_number, 6, 2) IN ('96', '98', '99') "
    "THEN substr(callee_number, 1, 5) || substr(callee_number, 7) "
    "WHEN length(callee_number) = 14 AND substr(callee_number, 1, 8) = '+3780549' "
    "THEN substr(callee_number, 1, 4) || substr(callee_number, 9) "
    "WHEN length(callee_number) = 13 AND substr(callee_number, 1, 7) = '+390549' "
    "THEN '+378' || substr(callee_number, 8) "
    "WHEN length(callee_number) <> 15 OR substr(callee_number, 1, 3) <> '+54' THEN callee_number "
    "WHEN substr(callee_number, 4, 4) = '1115' "
    "THEN substr(callee_number, 1, 5) || substr(callee_number, 8) "
    "WHEN substr(callee_number, 4, 2) = '11' THEN callee_number "
    "WHEN substr(callee_number, 7, 2) = '15' AND substr(callee_number, 4, 3) IN ("
    "'220', '221', '223', '230', '236', '237', '249', '260', '261', '263', '264', '266', '280', "
    "'291', '294', '297', '298', '299', '336', '341', '342', '343', '345', '348', '351', '353', "
    "'358', '362', '364', '370', '376', '379', '380', '381', '383', '385', '387', '388') "
    "THEN substr(callee_number, 1, 6) || substr(callee_number, 9) "
    "WHEN substr(callee_number, 8, 2) = '15' "
    "THEN substr(callee_number, 1, 7) || substr(callee_number, 10) "
    "ELSE callee_number END"
)


def upgrade() -> None:
    """Add the key, and index it in place of the number."""
    op.drop_index("ix_outbound_calls_by_callee", "outbound_calls")
    add_callee_key()


def add_callee_key() -> None:
    """Add the column and its index."""
    collation, kind = (
        ('COLLATE "C"', "STORED") if op.get_bind().dialect.name == "postgresql" else ("", "VIRTUAL")
    )
    op.execute(
        f"ALTER TABLE outbound_calls ADD COLUMN callee_key VARCHAR(16) {collation}"
        f" GENERATED ALWAYS AS ({_KEY}) {kind}"
    )
    op.create_index(
        "ix_outbound_calls_by_callee",
        "outbound_calls",
        ["organization_id", "callee_key", "call_time", "call_id"],
    )
