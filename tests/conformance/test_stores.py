"""Every store keeps the promises of the ports."""

from pathlib import Path

import pytest

from localdial_server.storage.database import Database
from localdial_server.storage.migrate import migrate
from localdial_server.storage.sqlite import SqliteDatabase
from tests.conformance.store_backend import Backend
from tests.conformance.store_suite import StoreSuite


class SqliteBackend:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> Database:
        database = SqliteDatabase.open(self._path)
        migrate(database.engine)
        return database


class TestSqlite(StoreSuite):
    """SQLite lacks nothing."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return SqliteBackend(tmp_path / "localdial.db")
