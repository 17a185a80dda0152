"""The promises of every store about API keys, and of the keys that each process has in memory."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from localdial_server.app.ports.store import Store, Transaction
from localdial_server.domain.api_keys import ApiKey
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.principals import Role
from localdial_server.storage.snapshots.api_keys import ApiKeyDirectory
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.store import SqlStore
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import A, B

HOUR = 3600 * 1_000_000
NOW = 500_000 * HOUR + 7


def key(key_id: str, organization_id: str | None = A) -> ApiKey:
    return ApiKey(
        key_id=key_id,
        display_name="dialer",
        role=Role.ADMIN if organization_id is None else Role.DIALER,
        organization_id=organization_id,
        secret_hash=f"hash of {key_id}",
        create_time=1,
    )


FULL = replace(
    key("full"),
    expire_time=NOW + 1,
    former_hash="former hash",
    former_expire_time=NOW + 2,
    rotate_time=2,
    last_use_time=HOUR,
)


def put(*keys: ApiKey) -> Callable[[Transaction], None]:
    def work(transaction: Transaction) -> None:
        for each in keys:
            transaction.put_api_key(each)

    return work


class ApiKeysSuite(StoreFixtures):
    """Every store: API keys."""

    @pytest.fixture
    def directory(self, home: Home) -> ApiKeyDirectory:
        return ApiKeyDirectory(home.database, home.database, interval=0.01, wall_clock=lambda: NOW)

    async def test_api_keys_are_stored_with_every_field(self, store: Store) -> None:
        await store.write("test", put(FULL, key("plain", None)))
        assert await store.read("test", lambda reader: reader.api_key("full")) == FULL
        assert await store.read("test", lambda reader: reader.api_key("plain")) == key("plain", None)
        assert await store.read("test", lambda reader: reader.api_key("absent")) is None

    async def test_replacing_an_api_key_keeps_its_last_use(self, store: Store) -> None:
        await store.write("test", put(FULL))
        await store.write("test", put(replace(FULL, revoke_time=5, last_use_time=None)))
        found = await store.read("test", lambda reader: reader.api_key("full"))
        assert found == replace(FULL, revoke_time=5)

    async def test_api_keys_are_paged_by_id_for_one_organization_or_all(self, store: Store) -> None:
        await store.write("test", put(key("d", B), key("a"), key("c"), key("b", None)))
        listed = await store.read("test", lambda reader: reader.api_keys(None, "", 3))
        assert [each.key_id for each in listed] == ["a", "b", "c"]
        listed = await store.read("test", lambda reader: reader.api_keys(None, "c", 3))
        assert [each.key_id for each in listed] == ["d"]
        listed = await store.read("test", lambda reader: reader.api_keys(A, "a", 3))
        assert [each.key_id for each in listed] == ["c"]
        assert await store.read("test", lambda reader: reader.count_api_keys(None)) == 4
        assert await store.read("test", lambda reader: reader.count_api_keys(A)) == 2

    async def test_deleting_an_organization_keeps_its_api_keys(self, store: Store) -> None:
        await store.write("test", put(FULL))
        await store.write("test", lambda transaction: transaction.delete_organization(A))
        assert await store.read("test", lambda reader: reader.api_key("full")) == FULL

    async def test_the_keys_in_memory_are_those_that_are_neither_revoked_nor_expired(
        self, store: Store, directory: ApiKeyDirectory
    ) -> None:
        revoked, expired = replace(key("revoked"), revoke_time=3), replace(key("old"), expire_time=NOW)
        await store.write("test", put(FULL, revoked, expired, key("plain")))
        assert not directory.keys
        await directory.refresh()
        assert directory.keys == {"full": FULL, "plain": key("plain")}

    async def test_keys_in_memory_follow_the_changes_of_this_process_at_once(
        self, home: Home, directory: ApiKeyDirectory
    ) -> None:
        store = SqlStore(home.database, SnapshotCache(home.database), directory)
        await store.write("test", put(key("a")))
        assert set(directory.keys) == {"a"}
        await store.write("test", put(replace(key("a"), revoke_time=3)))
        assert not directory.keys

    async def test_keys_are_read_again_only_if_one_has_changed(
        self, store: Store, directory: ApiKeyDirectory
    ) -> None:
        await store.write("test", put(key("a")))
        await directory.refresh()
        before = directory.keys
        await directory.refresh()
        assert directory.keys is before
        await store.write("test", put(replace(key("a"), revoke_time=3)))
        await directory.refresh()
        assert not directory.keys

    async def test_a_use_is_written_to_the_hour_and_never_goes_back(
        self, store: Store, directory: ApiKeyDirectory
    ) -> None:
        await store.write("test", put(key("a"), key("b")))
        for use in NOW, NOW - 2 * HOUR:
            directory.note_use("a", use)
            await directory.write_uses()
        assert await store.read("test", lambda reader: reader.api_keys(None, "", 9)) == [
            replace(key("a"), last_use_time=NOW - 7),
            key("b"),
        ]

    async def test_a_change_that_cannot_be_read_back_stops_the_use_of_all_keys(
        self, home: Home, directory: ApiKeyDirectory
    ) -> None:
        store = SqlStore(home.database, SnapshotCache(home.database), directory)
        await store.write("test", put(key("a")))
        assert directory.usable_until == float("inf")
        read = home.database.read
        home.database.read = _fail  # type: ignore[method-assign,assignment]  # the database goes away
        await store.write("test", put(replace(key("a"), revoke_time=3)))
        assert directory.usable_until == -float("inf")
        home.database.read = read  # type: ignore[method-assign]
        await directory.refresh()
        assert directory.usable_until == float("inf")
        assert not directory.keys


async def _fail(*_: object) -> None:
    raise StorageUnavailable
