"""Units of work over one SQLite file: their names in the log, their turns and the snapshots after them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from localdial_server.app.ports.store import Reader, Transaction
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.sqlite import SqliteDatabase
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.migrate import migrate
from localdial_server.storage.sql.store import SqlStore
from tests.conformance.store_records import A, B, create
from tests.conformance.watched_database import WatchedDatabase
from tests.support.stores import store_on


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    file = SqliteDatabase.open(tmp_path / "localdial.db")
    migrate(file.engine)
    yield WatchedDatabase(file)
    await file.close()


@pytest.fixture
def snapshots(database: WatchedDatabase) -> SnapshotCache:
    return SnapshotCache(database)


@pytest.fixture
def store(database: WatchedDatabase, snapshots: SnapshotCache) -> SqlStore:
    return SqlStore(database, snapshots)


def _fail(_view: Reader) -> None:
    raise OperationalError("SELECT", None, Exception("the disk is full"))


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_the_log_names_the_unit_of_work_that_failed(
    store: SqlStore, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    run = store.read if kind == "read" else store.write
    with pytest.raises(StorageUnavailable):
        await run("directory.set_user", _fail)
    named = [vars(record)["unit_of_work"] for record in caplog.records]
    assert named == ["directory.set_user"]


async def test_a_write_refreshes_the_snapshots_of_all_organizations_that_it_changed(
    store: SqlStore, snapshots: SnapshotCache
) -> None:
    await store.write("test", create(A, B))
    for organization_id in A, B:
        await snapshots.get(organization_id)
    await store.write("test", create(A, B))
    cached = [snapshots.cached(organization_id) for organization_id in (A, B)]
    assert [snapshot.revision for snapshot in cached if snapshot is not None] == [2, 2]


async def test_a_write_that_is_rolled_back_refreshes_nothing(
    store: SqlStore, snapshots: SnapshotCache, database: WatchedDatabase
) -> None:
    await store.write("test", create(A))
    snapshot = await snapshots.get(A)
    database.fail_write()
    with pytest.raises(StorageUnavailable):
        await store.write("test", create(A))
    assert snapshots.cached(A) is snapshot
    assert database.reads == 1


async def test_writes_of_one_organization_run_one_at_a_time_and_those_of_others_do_not_wait(
    store: SqlStore, database: WatchedDatabase
) -> None:
    def bump(transaction: Transaction) -> int:
        return transaction.bump_revision(A)

    gate = database.hold_write()
    first = asyncio.create_task(store.write("test", bump, serialize_on=A))
    await gate.reached()
    second = asyncio.create_task(store.write("test", bump, serialize_on=A))
    await store.write("test", create(B), serialize_on=B)
    assert database.writes == 2
    gate.open()
    assert (await first, await second) == (1, 2)


async def test_the_repeat_of_a_change_that_another_server_made_refreshes_the_snapshot(
    database: WatchedDatabase, store: SqlStore, snapshots: SnapshotCache
) -> None:
    await store.write("test", create(A))
    await snapshots.get(A)
    another_server = store_on(database)
    changed = await another_server.write("test", lambda transaction: transaction.bump_revision(A))
    # The repeat finds nothing to do, and returns the revision.
    assert await store.write("test", lambda transaction: transaction.revision(A)) == changed
    cached = snapshots.cached(A)
    assert cached is not None
    assert cached.revision == changed
