"""The promises of the `Store` port, each as a test: transactions, organizations and users."""

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from localdial_server.app.ports.store import NumberQuery, Reader, Store, Transaction
from localdial_server.domain.model import NumberState, Organization
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import (
    A,
    B,
    X,
    Y,
    Z,
    call,
    create,
    last_call_to,
    number,
    own,
    request,
    user,
)
from tests.support.waiting import DEADLINE_SECONDS


class _ChangedMyMindError(Exception):
    """Raised by a unit of work."""


def _change_everything(transaction: Transaction) -> None:
    transaction.bump_revision(A)
    transaction.put_organization(Organization(A, "changed", Z))
    transaction.put_users([user("changed"), user("new")])
    transaction.delete_user(A, "old")
    transaction.claim(Z, A)
    transaction.add_numbers([number(Z)])
    transaction.update_numbers([replace(number(X), state=NumberState.RELEASING)])
    transaction.add_mappings(A, X, ["628"])
    transaction.delete_number(A, Y)
    transaction.disclaim(Y, A)
    transaction.add_request(request("new"))
    transaction.set_answer(A, "old", "answer")
    transaction.delete_request(A, "older")


def _everything(reader: Reader) -> object:
    return (
        reader.revision(A),
        reader.organizations("", 10),
        reader.users(A, "", 10),
        reader.numbers(NumberQuery(A), "", 10),
        [reader.owner_of(phone_number) for phone_number in (X, Y, Z)],
        [reader.request(A, request_id) for request_id in ("old", "older", "new")],
    )


class StoreTransactionsSuite(StoreFixtures):
    """Every store: units of work, claims, organizations and requests."""

    async def test_a_unit_of_work_returns_what_its_function_returns(self, store: Store) -> None:
        assert await store.write("test", lambda transaction: transaction.bump_revision(A)) == 1
        assert await store.read("test", lambda reader: reader.revision(A)) == 1

    async def test_writes_survive_a_restart(self, home: Home) -> None:
        await self._furnish(home.store)
        await home.store.write("test", _change_everything)
        before = await home.store.read("test", _everything)
        await home.reopen()
        assert await home.store.read("test", _everything) == before

    async def test_work_that_raises_changes_nothing_and_its_error_is_raised(self, store: Store) -> None:
        await self._furnish(store)
        before = await store.read("test", _everything)

        def work(transaction: Transaction) -> None:
            _change_everything(transaction)
            assert _everything(transaction) != before
            raise _ChangedMyMindError

        with pytest.raises(_ChangedMyMindError):
            await store.write("test", work)
        assert await store.read("test", _everything) == before

    async def test_a_transaction_sees_its_own_changes(self, store: Store) -> None:
        await self._furnish(store)

        def work(transaction: Transaction) -> object:
            _change_everything(transaction)
            return _everything(transaction)

        seen = await store.write("test", work)
        assert seen == await store.read("test", _everything)

    async def test_every_later_read_sees_a_write_that_has_returned(self, store: Store) -> None:
        for revision in range(1, 30):
            await store.write("test", lambda transaction: transaction.bump_revision(A))
            seen = await asyncio.gather(
                *(store.read("test", lambda reader: reader.revision(A)) for _ in range(5))
            )
            assert seen == [revision] * 5

    async def test_a_read_sees_one_state_despite_concurrent_commits(self, store: Store) -> None:
        await store.write("test", create(A))
        looked, changed = threading.Event(), threading.Event()

        def look_twice(reader: Reader) -> tuple[object, object]:
            first = reader.revision(A), reader.organization(A)
            looked.set()
            assert changed.wait(DEADLINE_SECONDS)
            return first, (reader.revision(A), reader.organization(A))

        reading = asyncio.create_task(store.read("test", look_twice))
        try:
            assert await asyncio.to_thread(looked.wait, DEADLINE_SECONDS)
            await store.write("test", create(Organization(A, "changed")))
        finally:
            changed.set()
        first, second = await reading
        assert first == second == (1, Organization(A))
        assert await store.read("test", lambda reader: reader.revision(A)) == 2

    async def test_a_read_neither_sees_nor_waits_for_a_running_transaction(self, store: Store) -> None:
        await store.write("test", create(A))
        changed, finish = threading.Event(), threading.Event()

        def change_and_wait(transaction: Transaction) -> None:
            transaction.bump_revision(A)
            changed.set()
            assert finish.wait(DEADLINE_SECONDS)

        writing = asyncio.create_task(store.write("test", change_and_wait))
        try:
            assert await asyncio.to_thread(changed.wait, DEADLINE_SECONDS)
            assert await store.read("test", lambda reader: reader.revision(A)) == 1
            assert not writing.done()
        finally:
            finish.set()
        await writing
        assert await store.read("test", lambda reader: reader.revision(A)) == 2

    async def test_concurrent_read_and_write_transactions_lose_no_change(self, store: Store) -> None:
        await store.write("test", create(Organization(A, "0")))

        def add_one(transaction: Transaction) -> None:
            organization = transaction.organization(A)
            assert organization is not None
            one_more = str(int(organization.display_name) + 1)
            transaction.put_organization(replace(organization, display_name=one_more))

        await asyncio.gather(*(store.write("test", add_one) for _ in range(60)))
        assert await store.read("test", lambda reader: reader.organization(A)) == Organization(A, "60")

    async def test_concurrent_changes_each_get_a_revision_of_their_own(self, store: Store) -> None:
        revisions = await asyncio.gather(
            *(store.write("test", lambda tx: tx.bump_revision(A)) for _ in range(60))
        )
        assert sorted(revisions) == list(range(1, 61))

    async def test_a_revision_counts_the_changes_of_its_organization_alone(self, store: Store) -> None:
        assert await store.read("test", lambda reader: reader.revision(A)) == 0
        for expected in 1, 2, 3:
            assert await store.write("test", lambda transaction: transaction.bump_revision(A)) == expected
        assert await store.read("test", lambda reader: (reader.revision(A), reader.revision(B))) == (3, 0)

    async def test_putting_an_organization_creates_or_replaces_all_of_it(self, store: Store) -> None:
        for organization in Organization(A, "name", X), Organization(A), Organization(A, "", Y):
            await store.write("test", create(organization))
            assert await store.read("test", lambda reader: reader.organization(A)) == organization
        assert await store.read("test", lambda reader: reader.organization(B)) is None

    async def test_putting_users_creates_or_replaces_them_and_no_others(self, store: Store) -> None:
        await store.write("test", create(A, B))
        full = replace(user("full"), display_name="name", caller_id=X, work_phone=Y)
        await store.write("test", lambda tx: tx.put_users([full, user("1"), user("2"), user("1", B)]))
        await store.write(
            "test", lambda tx: tx.put_users([user("1", display_name="new"), user("full"), user("3")])
        )
        assert await store.read("test", lambda reader: reader.user(A, "1")) == user("1", display_name="new")
        assert await store.read("test", lambda reader: reader.user(A, "2")) == user("2")
        assert await store.read("test", lambda reader: reader.user(A, "3")) == user("3")
        assert await store.read("test", lambda reader: reader.user(A, "full")) == user("full")
        assert await store.read("test", lambda reader: reader.user(B, "1")) == user("1", B)
        assert await store.read("test", lambda reader: reader.user(B, "2")) is None

    async def test_putting_no_users_changes_nothing(self, store: Store) -> None:
        await store.write("test", create(A))
        await store.write("test", lambda transaction: transaction.put_users([]))
        assert await store.read("test", lambda reader: reader.count_users(A)) == 0

    async def test_a_user_needs_an_organization(self, store: Store) -> None:
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.put_users([user("1")]))
        assert await store.read("test", lambda reader: reader.user(A, "1")) is None

    async def test_a_deleted_user_is_gone_and_the_records_of_the_calls_stay(self, home: Home) -> None:
        await home.store.write("test", create(A))
        await home.store.write("test", lambda tx: tx.put_users([user("1"), user("2")]))
        await home.record(call("c", user_id="1"))
        await home.store.write("test", lambda transaction: transaction.delete_user(A, "1"))
        assert await home.store.read("test", lambda reader: reader.users(A, "", 9)) == [user("2")]
        assert await home.store.read("test", lambda reader: reader.call(A, "c")) == call("c", user_id="1")

    async def test_deleting_an_organization_deletes_its_own_data_and_nothing_else(self, home: Home) -> None:
        store = home.store
        of_both = ((A, X), (B, Y))

        def furnish(transaction: Transaction) -> None:
            for organization_id, phone_number in of_both:
                transaction.put_organization(Organization(organization_id, "", phone_number))
                transaction.bump_revision(organization_id)
                transaction.claim(phone_number, organization_id)
                transaction.put_users([user("1", organization_id)])
                transaction.add_request(request("r", organization_id))

        await store.write("test", furnish)
        await home.record(*(call("c", organization_id=organization_id) for organization_id, _ in of_both))
        await store.write("test", lambda transaction: transaction.delete_organization(A))

        def left(reader: Reader, organization_id: str, phone_number: str) -> tuple[object, ...]:
            return (
                reader.organization(organization_id),
                reader.user(organization_id, "1"),
                reader.owner_of(phone_number),
                reader.request(organization_id, "r"),
                reader.call(organization_id, "c"),
                last_call_to(reader, organization_id, call("c").callee_number),
                reader.revision(organization_id),
            )

        record, other_record = call("c"), call("c", organization_id=B)
        assert await store.read("test", lambda reader: left(reader, A, X)) == (
            *[None] * 4, record, record, 1,
        )  # fmt: skip
        assert await store.read("test", lambda reader: left(reader, B, Y)) == (
            Organization(B, "", Y), user("1", B), B, request("r", B), other_record, other_record, 1,
        )  # fmt: skip
        assert await store.read("test", lambda reader: reader.organizations("", 9)) == [
            (Organization(B, "", Y), 1)
        ]

    async def test_the_revision_keeps_growing_when_an_organization_is_created_again(
        self, store: Store
    ) -> None:
        await store.write("test", create(A))
        await store.write("test", lambda transaction: transaction.delete_organization(A))
        assert await store.write("test", lambda transaction: transaction.bump_revision(A)) == 2
        await store.write("test", create(A))
        assert await store.read("test", lambda reader: reader.organizations("", 9)) == [(Organization(A), 3)]

    async def test_an_organization_with_numbers_cannot_be_deleted(self, store: Store) -> None:
        await store.write("test", create(A))
        await store.write("test", own(number(X)))
        with pytest.raises(IntegrityError):
            await store.write("test", lambda transaction: transaction.delete_organization(A))
        assert await store.read("test", lambda reader: reader.number(A, X)) == number(X)
        assert await store.read("test", lambda reader: reader.organization(A)) == Organization(A)

    async def _furnish(self, store: Store) -> None:
        await store.write("test", create(A))
        await store.write(
            "test", lambda tx: tx.put_users([user("old"), user("changed", display_name="before")])
        )
        await store.write("test", own(replace(number(X), mapped_area_codes=("650",)), number(Y)))
        await store.write("test", lambda tx: [tx.add_request(request(name)) for name in ("old", "older")])
