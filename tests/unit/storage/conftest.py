"""Empty databases of either kind with the newest schema, and one of PostgreSQL with a table of its own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.engines.sqlite import SqliteDatabase
from tests.support.databases import create_postgres, open_sqlite
from tests.support.postgres import PostgresServer
from tests.unit.storage.transfer_databases import exported, fill

KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))

NewEngine = Callable[[str], Engine]


@pytest.fixture
def new_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewEngine]:
    """Open an empty database of the kind, which is closed after the test."""
    with ExitStack() as opened:

        def new_engine(kind: str) -> Engine:
            database: SqliteDatabase | PostgresDatabase
            if kind == "sqlite":
                number = len(list(tmp_path.glob("*.db")))
                database = open_sqlite(tmp_path / f"localdial{number}.db")
            else:
                url = create_postgres(request.getfixturevalue("postgres"))
                database = PostgresDatabase.open(url, timeout=10)
            opened.callback(lambda: asyncio.run(database.close()))
            return database.engine

        yield new_engine


@pytest.fixture
def sqlite(new_engine: NewEngine) -> Engine:
    return new_engine("sqlite")


@pytest.fixture
def export(new_engine: NewEngine) -> bytes:
    """Return an export with records of every kind."""
    engine = new_engine("sqlite")
    fill(engine)
    return exported(engine)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """Return the URL of a PostgreSQL database with one table, `items`."""
    url = postgres.create_database()
    name = url.rpartition("/")[2]
    postgres.execute("CREATE TABLE items (key text PRIMARY KEY)", name)
    postgres.execute("GRANT ALL ON items TO localdial", name)
    yield url
    postgres.thaw()
    postgres.drop_database(url)
