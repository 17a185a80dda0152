"""The simulated carrier as each play must find it."""

import contextlib
import sqlite3

from tests.functional.server_process import ServerProcess


def restore_stock(server: ServerProcess) -> None:
    """Give back to the carrier's account the numbers it owned from the start, and then gave up for good."""
    with contextlib.closing(sqlite3.connect(server.database, timeout=30)) as database, database:
        database.execute("DELETE FROM simulator_numbers WHERE state = 'released'")
