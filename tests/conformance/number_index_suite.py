"""The promises of the index of called numbers, each as a test."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from localdial_server.app.ports.store import Store, Transaction
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import NumberState, Organization, User
from localdial_server.storage.snapshots import number_index as module
from localdial_server.storage.snapshots.number_index import SqlNumberIndex
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import A, B, X, Y, Z, create, number, user
from tests.support.waiting import until

OURS, THEIRS, OTHER = "+13125550150", "+13125550151", "+13125550152"


async def _change(store: Store, organization_id: str, work: Callable[[Transaction], object]) -> int:
    def change(transaction: Transaction) -> int:
        work(transaction)
        return transaction.bump_revision(organization_id)

    return await store.write("test", change)


async def _set(store: Store, organization_id: str, organization_number: str | None, *owned: str) -> int:
    """Create the organization, or add to it: its number, and numbers in every state."""

    def work(transaction: Transaction) -> None:
        transaction.put_organization(Organization(organization_id, organization_number=organization_number))
        for phone_number in filter(None, (organization_number, *owned)):
            assert transaction.claim(phone_number, organization_id)
        for phone_number, state in zip(owned, NumberState, strict=False):
            transaction.add_numbers([number(phone_number, organization_id, state)])

    return await _change(store, organization_id, work)


async def _free(store: Store, organization_id: str, phone_number: str) -> int:
    def work(transaction: Transaction) -> None:
        transaction.delete_number(organization_id, phone_number)
        transaction.disclaim(phone_number, organization_id)

    return await _change(store, organization_id, work)


async def _put(store: Store, organization_id: str, **caller_ids: str | None) -> int:
    """Set users with these caller IDs, by user_id."""
    users = [User(organization_id, user_id, caller_id=each) for user_id, each in caller_ids.items()]
    return await _change(store, organization_id, lambda transaction: transaction.put_users(users))


@contextmanager
def _running(index: SqlNumberIndex) -> Iterator["asyncio.Task[None]"]:
    running = asyncio.create_task(index.run())
    try:
        yield running
    finally:
        running.cancel()


class NumberIndexSuite(StoreFixtures):
    """The index of called numbers over every database."""

    @pytest.fixture
    def index(self, home: Home) -> SqlNumberIndex:
        return SqlNumberIndex(home.database, 0.01, is_shared=True)

    async def test_the_numbers_of_all_organizations_are_indexed_in_every_state(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, OURS, X, Y)
        await _set(store, B, THEIRS, Z)
        assert index.find(X) is None
        await index.refresh()
        assert [index.find(each) for each in (X, Y, OURS)] == [(A, OURS)] * 3
        assert [index.find(each) for each in (Z, THEIRS)] == [(B, THEIRS)] * 2
        assert index.find(OTHER) is None

    async def test_an_organization_that_takes_long_to_read_is_read_a_tenth_of_the_time(
        self, home: Home, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = SqlNumberIndex(home.database, 60.0, is_shared=False)
        await _set(store, A, OURS, X)
        await index.refresh()
        begun: list[float] = []

        async def read_slowly() -> None:
            begun.append(time.monotonic())
            await asyncio.sleep(0.03)
            index.changed(A, 1_000)

        monkeypatch.setattr(index, "refresh", read_slowly)
        index.changed(A, 1_000)
        with _running(index) as running:
            await until(lambda: len(begun) == 3, running)
        assert begun[2] - begun[0] > 2 * 0.3

    async def test_a_phone_with_several_numbers_is_found_by_each(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, OURS, "+525512345678")
        await index.refresh()
        assert index.find("+525512345678") == index.find("+5215512345678") == (A, OURS)

    async def test_an_organization_without_an_organization_number_is_not_indexed_until_it_has_one(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, None, X)
        await index.refresh()
        assert index.find(X) is None
        await _set(store, A, OURS)
        await index.refresh()
        assert index.find(X) == (A, OURS)
        await _change(store, A, lambda transaction: transaction.put_organization(Organization(A)))
        await index.refresh()
        assert index.find(X) is None

    async def test_a_caller_id_of_users_of_one_organization_identifies_it(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, OURS)
        await _set(store, B, THEIRS)
        await _put(store, A, ann=X, bob=X, cid=Y, dan=None)
        await _put(store, B, eve=Y)
        await index.refresh()
        assert [index.find(each) for each in (X, Y, Z)] == [(A, OURS), None, None]
        await _put(store, B, eve=Z)
        await index.refresh()
        assert [index.find(each) for each in (X, Y, Z)] == [(A, OURS), (A, OURS), (B, THEIRS)]
        await _put(store, A, ann=Z, bob=None)
        await index.refresh()
        assert [index.find(each) for each in (X, Y, Z)] == [None, (A, OURS), None]
        await _change(store, A, lambda transaction: transaction.delete_user(A, "ann"))
        await index.refresh()
        assert index.find(Z) == (B, THEIRS)

    async def test_a_number_is_found_by_each_spelling(self, store: Store, index: SqlNumberIndex) -> None:
        short, long = "+525512345678", "+5215512345678"
        mine, theirs = "+541123456789", "+5491123456789"
        await _set(store, A, OURS, short)
        await _set(store, B, THEIRS)
        await _put(store, A, ann=mine)
        await index.refresh()
        assert [index.find(each) for each in (short, long, mine, theirs)] == [(A, OURS)] * 4
        # Another organization's user has the other spelling of the same phone.
        await _put(store, B, eve=theirs)
        await index.refresh()
        assert [index.find(each) for each in (short, long, mine, theirs)] == [(A, OURS)] * 2 + [None] * 2

    async def test_the_owner_of_a_number_comes_before_users_with_this_caller_id(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, None, X)
        await _set(store, B, THEIRS)
        await _put(store, B, eve=X)
        await index.refresh()
        # The owner has no organization number, and nobody else's rings instead.
        assert index.find(X) is None
        await _set(store, A, OURS)
        await index.refresh()
        assert index.find(X) == (A, OURS)
        await _free(store, A, X)
        await index.refresh()
        assert index.find(X) == (B, THEIRS)

    async def test_users_of_an_organization_without_an_organization_number_share_a_caller_id_too(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, None)
        await _set(store, B, THEIRS)
        await _put(store, A, ann=X)
        await _put(store, B, eve=X)
        await index.refresh()
        assert index.find(X) is None

    async def test_a_caller_id_identifies_nobody_until_all_organizations_have_been_read(
        self, store: Store, index: SqlNumberIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_PAGE_SIZE", 1)
        await _set(store, A, OURS, Y)
        await _set(store, B, THEIRS)
        await _put(store, A, ann=X)
        await _put(store, B, eve=X)
        await index.refresh()
        assert [index.find(each) for each in (X, Y)] == [None, (A, OURS)]
        while not index.is_complete:
            await index.refresh()
        assert index.find(X) is None
        index.changed(B, await _put(store, B, eve=None))
        await index.refresh()
        assert index.find(X) == (A, OURS)

    async def test_a_page_of_large_organizations_is_read_in_several_transactions(
        self, store: Store, index: SqlNumberIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_ORGANIZATIONS_PER_READ", 2)
        names = [f"org-{each}" for each in range(5)]
        for each, name in enumerate(names):
            await _set(store, name, f"+1312555016{each}")
        await index.refresh()
        assert [index.find(f"+1312555016{each}") for each in range(5)] == [
            (name, f"+1312555016{each}") for each, name in enumerate(names)
        ]

    async def test_many_organizations_are_read_page_by_page(
        self, store: Store, index: SqlNumberIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_PAGE_SIZE", 2)
        for each in range(5):
            await _set(store, f"org-{each}", f"+1312555016{each}")
        for is_complete in False, False, True:
            assert not index.is_complete
            await index.refresh()
            assert index.is_complete is is_complete
        assert [index.find(f"+1312555016{each}") is not None for each in range(6)] == [True] * 5 + [False]
        # The loop begins again with the first page.
        await _set(store, "org-0", OTHER)
        await index.refresh()
        assert index.find("+13125550160") == ("org-0", OTHER)

    async def test_only_organizations_that_have_changed_are_read_again(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, OURS, X)
        await index.refresh()
        # A change without a new revision is not seen.
        await store.write("test", lambda transaction: transaction.put_organization(Organization(A)))
        await index.refresh()
        assert index.find(X) == (A, OURS)

    async def test_a_number_that_moves_to_another_organization_is_followed(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, OURS, X, Y)
        await _set(store, B, THEIRS)
        await index.refresh()
        index.changed(A, await _free(store, A, X))
        index.changed(B, await _set(store, B, THEIRS, X))
        await index.refresh()
        assert (index.find(X), index.find(Y)) == ((B, THEIRS), (A, OURS))

    async def test_a_deleted_organization_is_forgotten(self, store: Store, index: SqlNumberIndex) -> None:
        await _set(store, A, OURS)
        await index.refresh()
        await _change(store, A, lambda transaction: transaction.delete_organization(A))
        await index.refresh()
        assert index.find(OURS) is None

    async def test_a_failed_refresh_forgets_no_change(
        self, home: Home, store: Store, index: SqlNumberIndex
    ) -> None:
        index = SqlNumberIndex(home.database, 0.01, is_shared=False)
        await index.refresh()
        index.changed(A, await _set(store, A, OURS, X))
        home.database.fail_read()
        with pytest.raises(StorageUnavailable):
            await index.refresh()
        await index.refresh()
        assert index.find(X) == (A, OURS)

    async def test_a_change_of_users_leaves_the_numbers_as_they_are(
        self, store: Store, index: SqlNumberIndex
    ) -> None:
        await _set(store, A, OURS, X)
        await index.refresh()
        revision = await _change(store, A, lambda transaction: transaction.put_users([user("ann")]))
        index.changed(A, revision)
        await index.refresh()
        assert index.find(X) == (A, OURS)

    @pytest.mark.parametrize("is_shared", [True, False])
    async def test_it_follows_the_changes_that_it_is_told_of_while_it_runs(
        self, home: Home, store: Store, *, is_shared: bool
    ) -> None:
        await _set(store, A, OURS)
        # No page is read again within this time.
        index = SqlNumberIndex(home.database, 3600, is_shared=is_shared)
        with _running(index) as running:
            await until(lambda: index.is_complete, running)
            for each in X, Y:
                index.changed(A, await _set(store, A, OURS, each))
                await until(lambda each=each: index.find(each) == (A, OURS), running)

    async def test_it_goes_on_after_an_outage(self, home: Home, store: Store) -> None:
        await _set(store, A, OURS)
        index = SqlNumberIndex(home.database, 0.01, is_shared=True)
        for _ in range(3):
            home.database.fail_read()
        with _running(index) as running:
            await until(lambda: index.find(OURS) is not None, running)

    async def test_it_finds_changes_that_nobody_told_it_of(self, store: Store, index: SqlNumberIndex) -> None:
        with _running(index) as running:
            await until(lambda: index.is_complete, running)
            await store.write("test", create(A))
            await _set(store, A, OTHER)
            await until(lambda: index.find(OTHER) == (A, OTHER), running)
