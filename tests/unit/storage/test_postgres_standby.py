"""PostgreSQL when the address leads to a standby for a while, as during a failover."""

import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy import Connection, text

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.postgres import PostgresDatabase
from tests.support.daemon import UNPRIVILEGED
from tests.support.network import Network
from tests.support.postgres import PostgresServer, programs
from tests.support.waiting import DEADLINE_SECONDS, until_available


class Standby(PostgresServer):
    """A standby of the server, which can be promoted."""

    def __init__(self, primary: PostgresServer) -> None:
        super().__init__()
        self._primary = primary
        self.password = primary.password

    def start(self) -> None:
        """Copy the primary, and start to follow it."""
        backup = subprocess.run(
            [
                *(programs() / "pg_basebackup", "--write-recovery-conf", "--no-sync", "--checkpoint=fast"),
                *("--host=127.0.0.1", f"--port={self._primary.port}", "--username=postgres"),
                *("-D", self._data),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            cwd=self.folder,
            env={**os.environ, "PGPASSWORD": self._primary.password},
            **UNPRIVILEGED,
        )
        assert backup.returncode == 0, backup.stderr
        super().start()

    def promote(self) -> None:
        """Promote the standby to primary."""
        assert self.execute("SELECT pg_promote()") == [(True,)]


@pytest.fixture(scope="module")
def name(postgres: PostgresServer) -> str:
    """Return the name of a database with one table."""
    name = postgres.create_database().rpartition("/")[2]
    postgres.execute("CREATE TABLE items (key text PRIMARY KEY)", name)
    postgres.execute("GRANT ALL ON items TO localdial", name)
    return name


@pytest.fixture(scope="module")
def standby(postgres: PostgresServer, name: str) -> Iterator[Standby]:  # noqa: ARG001 - it is copied
    with Standby(postgres) as standby:
        yield standby


@pytest.fixture
async def database(standby: Standby, name: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase.open(standby.url(name), timeout=5)
    yield database
    await database.close()


@pytest.fixture
async def network(standby: Standby) -> AsyncIterator[Network]:
    network = Network(standby.port)
    yield network
    await network.close()


@pytest.fixture
async def distant(standby: Standby, name: str, network: Network) -> AsyncIterator[PostgresDatabase]:
    """Return the database, reached through the network."""
    port = await network.open()
    url = standby.url(name).replace(f":{standby.port}/", f":{port}/")
    database = PostgresDatabase(url, timeout=5)
    yield database
    await database.close()


def _insert(connection: Connection) -> None:
    connection.execute(text("INSERT INTO items VALUES ('a') ON CONFLICT DO NOTHING"))


def _look_and_insert(connection: Connection) -> None:
    connection.execute(text("SELECT * FROM items")).all()
    _insert(connection)


@pytest.mark.parametrize("work", [_insert, _look_and_insert])
async def test_a_change_on_a_standby_fails(
    database: PostgresDatabase, work: Callable[[Connection], None]
) -> None:
    with pytest.raises(StorageUnavailable):
        await database.write("test", work)


async def test_an_insert_on_a_standby_fails(database: PostgresDatabase) -> None:
    with pytest.raises(StorageUnavailable):
        await database.append("test", _insert)


async def test_a_standby_counts_as_down(database: PostgresDatabase) -> None:
    with pytest.raises(StorageUnavailable):
        await database.append("test", _insert)
    with contextlib.suppress(StorageUnavailable):
        await database.probe("test", lambda connection: connection.execute(text("SELECT 1")))
    assert database.is_down


async def test_a_promoted_standby_is_used(postgres: PostgresServer, name: str) -> None:
    with Standby(postgres) as standby:
        database = PostgresDatabase.open(standby.url(name), timeout=5)
        await _use_until_promoted(database, standby)
        await database.close()


async def _use_until_promoted(database: PostgresDatabase, standby: Standby) -> None:
    with pytest.raises(StorageUnavailable):
        await database.write("test", _look_and_insert)
    standby.promote()

    async def use() -> None:
        await database.probe("test", lambda connection: connection.execute(text("SELECT 1")))
        await database.write("test", _look_and_insert)
        await database.append("test", _insert)

    await until_available(use)


async def test_a_connection_to_a_standby_is_dropped_when_the_address_leads_to_the_primary(
    distant: PostgresDatabase, network: Network, postgres: PostgresServer
) -> None:
    with pytest.raises(StorageUnavailable):
        await distant.write("test", _look_and_insert)

    async def use() -> None:
        await distant.probe("test", lambda connection: connection.execute(text("SELECT 1")))
        await distant.write("test", _look_and_insert)

    # As when a host name gets another address: new connections reach the primary.
    network.server_port = postgres.port
    await until_available(use)
