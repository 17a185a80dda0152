"""What the conformance suites stand on."""

from collections.abc import Iterator

import pytest

from localdial_server.storage.migrate import migrate
from localdial_server.storage.postgres import PostgresDatabase
from tests.support.postgres import PostgresServer

# Lets failures in the suites show values, as those in test modules do.
pytest.register_assert_rewrite(
    "tests.conformance.call_log_suite",
    "tests.conformance.carrier_account",
    "tests.conformance.carrier_mishap_suite",
    "tests.conformance.carrier_suite",
    "tests.conformance.shared_store_suite",
    "tests.conformance.snapshots_suite",
    "tests.conformance.store_lists_suite",
    "tests.conformance.store_numbers_suite",
    "tests.conformance.store_transactions_suite",
)


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    """Answer the name of an empty database of the newest schema, to be copied."""
    database = PostgresDatabase.open(postgres.create_database("template_of_localdial"), timeout=10)
    migrate(database.engine)
    return "template_of_localdial"


@pytest.fixture
def postgres_url(postgres: PostgresServer, template: str) -> Iterator[str]:
    """Answer the URL of an empty database of the test's own, of the newest schema."""
    url = postgres.create_database(template=template)
    yield url
    postgres.drop_database(url)
