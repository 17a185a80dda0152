"""The promises of the `Store` port where several servers share a database: changes.

`home` and `other` are two servers, each with connections of its own.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from localdial_server.app.ports.store import Reader, Store, StoredRequest, Transaction
from localdial_server.domain.model import Organization
from tests.conformance.interleaving import Pause, no_pause, overtaken
from tests.conformance.store_backend import SharedStoreFixtures
from tests.conformance.store_records import A, B, X, create, number, own, request, user
from tests.support.waiting import DEADLINE_SECONDS

_ROUNDS = 40


def _add_one(transaction: Transaction, pause: Pause = no_pause) -> None:
    organization = transaction.organization(A)
    assert organization is not None
    pause()
    one_more = str(int(organization.display_name) + 1)
    transaction.put_organization(replace(organization, display_name=one_more))


def _take_request(arguments: str, pause: Pause = no_pause) -> Callable[[Transaction], StoredRequest]:
    """Return a unit of work that stores a request unless it is stored, and returns the stored one."""

    def work(transaction: Transaction) -> StoredRequest:
        stored = transaction.request(A, "r")
        pause()
        if stored is None:
            stored = replace(request("r"), arguments=arguments)
            transaction.add_request(stored)
        return stored

    return work


def _look_and_claim(transaction: Transaction, organization_id: str, pause: Pause) -> bool:
    transaction.owner_of(X)
    pause()
    return transaction.claim(X, organization_id)


# A server may add these to an organization while another server deletes it.
_ADDITIONS: dict[str, Callable[[Transaction], object]] = {
    "a user": lambda tx: tx.put_users([user("1")]),
    "a claim": lambda tx: tx.claim(X, A),
    "a request": lambda tx: tx.add_request(request("r")),
}


def _add_if_there(
    add: Callable[[Transaction], object], pause: Pause = no_pause
) -> Callable[[Transaction], bool]:
    def work(transaction: Transaction) -> bool:
        is_there = transaction.organization(A) is not None
        pause()
        if is_there:
            add(transaction)
        return is_there

    return work


def _what_is_left(reader: Reader) -> Sequence[object]:
    return [reader.organization(A), *reader.users(A, "", 9), reader.owner_of(X), reader.request(A, "r")]


class SharedChangesSuite(SharedStoreFixtures):
    """Every store that several servers may share: changes."""

    async def test_a_change_that_another_server_overtook_runs_again_on_the_new_state(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(Organization(A, "0")))
        await overtaken(
            lambda pause: home.write("test", lambda transaction: _add_one(transaction, pause)),
            other.write("test", _add_one),
        )
        assert await home.read("test", lambda reader: reader.organization(A)) == Organization(A, "2")

    async def test_concurrent_changes_of_a_row_are_all_applied(self, stores: tuple[Store, Store]) -> None:
        await stores[0].write("test", create(Organization(A, "0")))
        await asyncio.gather(*(store.write("test", _add_one) for _ in range(_ROUNDS) for store in stores))
        after = await stores[0].read("test", lambda reader: reader.organization(A))
        assert after == Organization(A, str(2 * _ROUNDS))

    async def test_changes_each_get_a_revision_of_their_own(self, stores: tuple[Store, Store]) -> None:
        revisions = await asyncio.gather(
            *(store.write("test", lambda tx: tx.bump_revision(A)) for _ in range(_ROUNDS) for store in stores)
        )
        assert sorted(revisions) == list(range(1, 2 * _ROUNDS + 1))

    async def test_a_rule_about_several_rows_holds_although_servers_change_different_ones(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(A))
        await home.write("test", lambda tx: tx.put_users([user("1"), user("2")]))

        def leave_unless_last(user_id: str, pause: Pause = no_pause) -> Callable[[Transaction], bool]:
            def work(transaction: Transaction) -> bool:
                others_there = transaction.count_users(A) > 1
                pause()
                if others_there:
                    transaction.delete_user(A, user_id)
                return others_there

            return work

        left = await overtaken(
            lambda pause: home.write("test", leave_unless_last("1", pause)),
            other.write("test", leave_unless_last("2")),
        )
        assert left == (False, True)
        assert await home.read("test", lambda reader: reader.users(A, "", 9)) == [user("1")]

    async def test_servers_that_change_the_same_in_opposite_order_both_succeed(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write("test", create(A))
        both_began = threading.Barrier(2)

        def change(name: str, *user_ids: str) -> Callable[[Transaction], None]:
            began = False

            def work(transaction: Transaction) -> None:
                nonlocal began
                transaction.put_users([user(user_ids[0], display_name=name)])
                if not began:
                    began = True
                    both_began.wait(DEADLINE_SECONDS)
                transaction.put_users([user(user_ids[1], display_name=name)])

            return work

        await asyncio.gather(
            stores[0].write("test", change("home", "1", "2")),
            stores[1].write("test", change("other", "2", "1")),
        )
        users = await stores[0].read("test", lambda reader: reader.users(A, "", 9))
        assert len(users) == 2
        # They ran one after the other: neither overwrote half of the other.
        assert len({each.display_name for each in users}) == 1

    async def test_one_of_two_servers_with_the_same_request_stores_it(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(A))
        answers = await overtaken(
            lambda pause: home.write("test", _take_request("home", pause)),
            other.write("test", _take_request("other")),
        )
        assert [answer.arguments for answer in answers] == ["other", "other"]
        assert await home.read("test", lambda reader: reader.request(A, "r")) == answers[0]

    async def test_one_of_many_calls_with_the_same_request_id_stores_it(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write("test", create(A))
        answers = await asyncio.gather(
            *(store.write("test", _take_request(f"{index}")) for index in range(_ROUNDS) for store in stores)
        )
        assert set(answers) == {await stores[0].read("test", lambda reader: reader.request(A, "r"))}

    async def test_one_of_two_organizations_that_claim_a_number_on_two_servers_gets_it(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(A, B))

        won = await overtaken(
            lambda pause: home.write("test", lambda tx: _look_and_claim(tx, A, pause)),
            other.write("test", lambda transaction: transaction.claim(X, B)),
        )
        assert won == (False, True)
        assert await home.read("test", lambda reader: reader.owner_of(X)) == B

    async def test_numbers_that_are_claimed_at_once_through_two_servers_each_get_one_owner(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write("test", create(A, B))
        numbers = [f"+1415555{line:04}" for line in range(_ROUNDS)]
        for phone_number in numbers:
            won = await asyncio.gather(
                stores[0].write("test", lambda tx, p=phone_number: tx.claim(p, A)),
                stores[1].write("test", lambda tx, p=phone_number: tx.claim(p, B)),
            )
            owner = await stores[0].read("test", lambda reader, p=phone_number: reader.owner_of(p))
            assert list(won) == [owner == A, owner == B]

    async def test_a_number_that_another_server_gave_up_meanwhile_can_be_claimed(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(A, B))
        await home.write("test", lambda transaction: transaction.claim(X, A))

        won, _ = await overtaken(
            lambda pause: home.write("test", lambda tx: _look_and_claim(tx, B, pause)),
            other.write("test", lambda transaction: transaction.disclaim(X, A)),
        )
        assert won
        assert await home.read("test", lambda reader: reader.owner_of(X)) == B

    async def test_a_mapping_that_another_server_added_first_does_not_count_as_ours(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(A))
        await home.write("test", own(number(X)))

        def look_and_map(transaction: Transaction, pause: Pause) -> int:
            assert transaction.number(A, X) is not None
            pause()
            return transaction.add_mappings(A, X, ["628", "650"])

        added = await overtaken(
            lambda pause: home.write("test", lambda tx: look_and_map(tx, pause)),
            other.write("test", lambda transaction: transaction.add_mappings(A, X, ["628", "510"])),
        )
        assert added == (1, 2)
        mapped = replace(number(X), mapped_area_codes=("510", "628", "650"))
        assert await home.read("test", lambda reader: reader.number(A, X)) == mapped

    @pytest.mark.parametrize("what", _ADDITIONS)
    async def test_nothing_is_added_to_an_organization_that_another_server_deleted_meanwhile(
        self, stores: tuple[Store, Store], what: str
    ) -> None:
        home, other = stores
        await home.write("test", create(A))
        added, _ = await overtaken(
            lambda pause: home.write("test", _add_if_there(_ADDITIONS[what], pause)),
            other.write("test", lambda transaction: transaction.delete_organization(A)),
        )
        assert not added
        assert await home.read("test", _what_is_left) == [None, None, None]

    @pytest.mark.parametrize("what", _ADDITIONS)
    async def test_deleting_an_organization_deletes_what_another_server_added_meanwhile(
        self, stores: tuple[Store, Store], what: str
    ) -> None:
        home, other = stores
        await home.write("test", create(A))

        def look_and_delete(transaction: Transaction, pause: Pause) -> None:
            assert transaction.organization(A) is not None
            pause()
            transaction.delete_organization(A)

        _, added = await overtaken(
            lambda pause: home.write("test", lambda tx: look_and_delete(tx, pause)),
            other.write("test", _add_if_there(_ADDITIONS[what])),
        )
        assert added
        assert await home.read("test", _what_is_left) == [None, None, None]
