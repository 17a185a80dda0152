"""Every store keeps the promises of the ports."""

from pathlib import Path

import pytest

from localdial_server.storage.engines.database import Database
from localdial_server.storage.engines.postgres import PostgresDatabase
from tests.conformance.shared_store_suite import SharedStoreSuite
from tests.conformance.store_backend import Backend, StoreFixtures
from tests.conformance.store_suite import StoreSuite
from tests.support.databases import open_sqlite
from tests.support.pgbouncer import PgBouncer


class SqliteBackend:
    """An SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self) -> Database:
        return open_sqlite(self._path)


class PostgresBackend:
    """A PostgreSQL database that has the newest schema already."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> Database:
        # These suites test what a store does, not how fast a busy machine does it.
        return PostgresDatabase.open(self._url, timeout=30, short_timeout=10)


class TestSqlite(StoreSuite):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return SqliteBackend(tmp_path / "localdial.db")


class TestPostgres(StoreSuite, SharedStoreSuite):
    @pytest.fixture
    def backend(self, postgres_url: str) -> Backend:
        return PostgresBackend(postgres_url)


class TestPostgresBehindPgbouncer(StoreSuite, SharedStoreSuite):
    @pytest.fixture
    def backend(self, postgres_url: str, pgbouncer: PgBouncer) -> Backend:
        return PostgresBackend(pgbouncer.url_of(postgres_url))


@pytest.mark.parametrize("core", [TestSqlite, TestPostgres, TestPostgresBehindPgbouncer])
def test_the_core_stores_keep_every_promise(core: type[StoreFixtures]) -> None:
    assert core.lacks == {}


def test_a_store_can_only_lack_a_promise_of_the_suites() -> None:
    with pytest.raises(AssertionError, match="test_that_is_none"):

        class _Careless(StoreSuite):
            lacks = {"test_that_is_none": "a slip of the pen"}  # noqa: RUF012 - as the suites declare it
