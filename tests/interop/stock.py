"""Resets the simulated carrier before each play."""

import contextlib
import sqlite3

from tests.functional.server_process import ServerProcess


def restore_stock(server: ServerProcess) -> None:
    """Restore the numbers that the account owned from the start and that were deleted since."""
    with contextlib.closing(sqlite3.connect(server.database, timeout=30)) as database, database:
        database.execute("DELETE FROM simulator_numbers WHERE state = 'released'")
