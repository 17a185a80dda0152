"""The poller on PostgreSQL: it polls what is in memory, finds the database up again, and never stops."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import event, text

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.snapshots.cache import CachePolicy, SnapshotCache
from localdial_server.storage.snapshots.number_index import SqlNumberIndex
from localdial_server.storage.snapshots.revision_poller import RevisionPoller
from tests.conformance.store_records import A, B, create
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.stores import store_on
from tests.support.waiting import DEADLINE_SECONDS, until

_INTERVAL_SECONDS = 0.05

_FOR_EVER = CachePolicy()


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    url = create_postgres(postgres)
    yield url
    postgres.drop_database(url)


class NotingCache(SnapshotCache):
    """A cache that notes what the database confirms."""

    def __init__(self, database: PostgresDatabase, policy: CachePolicy) -> None:
        super().__init__(database, policy)
        self.confirmed: list[tuple[str, int]] = []

    def confirm(self, organization_id: str, revision: int, asked_at: float) -> None:
        self.confirmed.append((organization_id, revision))
        super().confirm(organization_id, revision, asked_at)


class Server:
    """One process: a database, a cache and a poller."""

    def __init__(self, url: str, policy: CachePolicy) -> None:
        self.database = PostgresDatabase(url, timeout=DEADLINE_SECONDS)
        self.store = store_on(self.database)
        self.snapshots = NotingCache(self.database, policy)
        self.number_index = SqlNumberIndex(self.database.loads, _INTERVAL_SECONDS, is_shared=True)
        self.poller = RevisionPoller(self.database, self.snapshots, self.number_index, _INTERVAL_SECONDS)
        self.polling: asyncio.Task[None] | None = None

    async def close(self) -> None:
        await self.stop_polling()
        await self.database.close()

    async def stop_polling(self) -> None:
        if self.polling is not None:
            self.polling.cancel()
            await asyncio.wait({self.polling})
            self.polling = None

    def revision(self, organization_id: str) -> int:
        """Return the revision of the snapshot in memory; 0 without one."""
        cached = self.snapshots.cached(organization_id)
        return cached.revision if cached is not None else 0

    async def until_revision(self, organization_id: str, revision: int) -> None:
        await until(lambda: self.revision(organization_id) == revision, self.polling)


@asynccontextmanager
async def _opened(url: str, policy: CachePolicy = _FOR_EVER) -> AsyncIterator[Server]:
    server = Server(url, policy)
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
async def server(postgres: PostgresServer, url: str) -> AsyncIterator[Server]:
    """Return a server that polls, with two organizations in its database."""
    postgres.execute("TRUNCATE revisions, organizations CASCADE", url.rpartition("/")[2])
    async with _opened(url, CachePolicy(max_age=60)) as server:
        await server.store.write("test", create(A, B))
        server.polling = asyncio.create_task(server.poller.run())
        yield server


async def test_a_change_by_another_server_is_loaded(server: Server, url: str) -> None:
    await server.snapshots.get(A)
    async with _opened(url) as other:
        for revision in 2, 3, 4:
            await other.store.write("test", create(A))
            await server.until_revision(A, revision)


async def test_only_organizations_in_memory_are_polled_and_confirmed(server: Server) -> None:
    await server.snapshots.get(A)
    await until(lambda: len(server.snapshots.confirmed) >= 3)
    assert set(server.snapshots.confirmed) == {(A, 1)}
    assert server.snapshots.organization_ids() == [A]


async def test_an_organization_whose_revision_is_gone_is_dropped(
    server: Server, postgres: PostgresServer, url: str
) -> None:
    # As after the restore of a backup from before the organization existed.
    await server.snapshots.get(A)
    postgres.execute("TRUNCATE revisions, organizations CASCADE", url.rpartition("/")[2])
    await until(lambda: not server.snapshots.organization_ids())


async def test_the_poller_finds_the_database_down_and_up_again(
    server: Server, postgres: PostgresServer, url: str
) -> None:
    await server.snapshots.get(A)
    postgres.stop()
    try:
        await until(lambda: server.database.is_down)
        # The snapshot in memory is used all the same.
        assert server.revision(A) == 1
    finally:
        postgres.start()
    await until(lambda: not server.database.is_down)
    async with _opened(url) as other:
        await other.store.write("test", create(A))
    await server.until_revision(A, 2)


async def test_a_failed_transaction_makes_the_poller_poll_at_once(postgres: PostgresServer, url: str) -> None:
    async with _opened(url) as server:
        server.poller = RevisionPoller(server.database, server.snapshots, server.number_index, interval=600)
        server.polling = asyncio.create_task(server.poller.run())
        await server.database.probe("test", lambda connection: connection.execute(text("SELECT 1")))

        async def is_found_down() -> bool:
            with pytest.raises(StorageUnavailable):
                await server.store.read("test", lambda reader: reader.count_organizations())
            return server.database.is_down

        postgres.stop()
        try:
            await until(is_found_down, server.polling)
        finally:
            postgres.start()


async def test_the_poller_goes_on_after_any_error(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.snapshots.get(A)
    failed = asyncio.Event()
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            failed.set()
            raise ArithmeticError

        broken.setattr(server.snapshots, "confirm", fail)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await failed.wait()
    async with _opened(url) as other:
        await other.store.write("test", create(A))
    await server.until_revision(A, 2)


async def test_one_query_polls_many_organizations(server: Server, url: str) -> None:
    names = [f"org{number}" for number in range(60)]
    await server.store.write("test", create(*names))
    for name in names:
        await server.snapshots.get(name)
    await server.stop_polling()
    # After this poll no earlier one is still running.
    await server.poller.poll()
    statements: list[str] = []
    engine = server.database._probes._engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    await server.poller.poll()
    assert len(statements) == 2
    server.polling = asyncio.create_task(server.poller.run())
    async with _opened(url) as other:
        await other.store.write("test", create(names[30]))
    await server.until_revision(names[30], 2)
