"""Fixtures of the conformance suites."""

import pytest

from localdial_server.storage.sql.schema import metadata
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer

# Let failed asserts in the suites show values, as those in test modules do.


@pytest.fixture(scope="session")
def _migrated(postgres: PostgresServer) -> str:
    return create_postgres(postgres, "conformance")


@pytest.fixture
def postgres_url(postgres: PostgresServer, _migrated: str) -> str:
    """Return the URL of an empty database with the newest schema."""
    # Many times faster than a new database for each test.
    postgres.execute(f"TRUNCATE {', '.join(metadata.tables)}", "conformance")
    return _migrated
