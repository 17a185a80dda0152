"""What errors of PostgreSQL mean for the work that met them."""

from typing import Final

import psycopg

# serialization_failure and deadlock_detected: PostgreSQL rolled the transaction back,
# and it may succeed when it runs again.
ROLLED_BACK: Final = frozenset({"40001", "40P01"})

# The transaction waits a random time up to this before it runs again, so that two that
# conflicted once do not conflict again. The bound doubles with each run.
FIRST_PAUSE_SECONDS: Final = 0.002
LONGEST_PAUSE_SECONDS: Final = 0.1

# read_only_sql_transaction: the primary moved and a standby answers, so the connection
# is of no use.
READ_ONLY: Final = "25006"

# insufficient_privilege and undefined_table: not bugs, but an administrator who changes the
# database, for example by restoring it.
_NOT_AS_SET_UP = frozenset({"42501", "42P01"})


def is_bug(error: BaseException | None) -> bool:
    """Return whether the work is wrong, so that running it again would not help."""
    return (
        isinstance(error, (psycopg.IntegrityError, psycopg.DataError, psycopg.ProgrammingError))
        and error.sqlstate not in _NOT_AS_SET_UP
    )


def one_line(error: BaseException | None) -> str:
    """Return the message of an error in one line."""
    return " ".join(str(error).split())
