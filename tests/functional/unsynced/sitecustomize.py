"""Remove the protection against a loss of power. Python imports this module from PYTHONPATH at startup.

`WITHOUT_SYNC` is the value of SQLite's `synchronous` that replaces the server's.
"""

import os
from typing import Any

from sqlalchemy import Engine, event

from localdial_server.storage.engines import sqlite

_engine = sqlite._engine


def _unsynced_engine(*arguments: Any, **options: Any) -> Engine:
    engine = _engine(*arguments, **options)

    @event.listens_for(engine, "connect")
    def stop_syncing(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA synchronous = {os.environ['WITHOUT_SYNC']}")

    return engine


sqlite._engine = _unsynced_engine
