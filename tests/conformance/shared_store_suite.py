"""The promises of the ports where several servers share a database.

``home`` and ``other`` are two servers, each with connections of its own.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from localdial_server.app.store import Reader, Store, StoredRequest, Transaction
from localdial_server.domain.errors import OrganizationNotFound
from localdial_server.domain.model import Organization, OutboundCall
from localdial_server.storage.snapshots import SnapshotCache
from tests.conformance.store_backend import Backend, Home, StoreFixtures
from tests.conformance.store_records import CALLEE, A, B, X, Y, call, create, number, own, request, user
from tests.conformance.watched_database import DEADLINE_SECONDS

T = TypeVar("T")
M = TypeVar("M")

Pause = Callable[[], None]

_ROUNDS = 40


async def _overtaken(
    begin: Callable[[Pause], Coroutine[object, object, T]], meanwhile: Coroutine[object, object, M]
) -> tuple[T, M]:
    """Begin a unit of work and, while it pauses for the first time, do something else to its end."""
    paused, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        if not paused.is_set():
            paused.set()
            assert go_on.wait(DEADLINE_SECONDS)

    beginning = asyncio.create_task(begin(pause))
    try:
        assert await asyncio.to_thread(paused.wait, DEADLINE_SECONDS)
        done = await meanwhile
    finally:
        go_on.set()
    return await beginning, done


def _add_one(transaction: Transaction, pause: Pause = lambda: None) -> None:
    organization = transaction.organization(A)
    assert organization is not None
    pause()
    one_more = str(int(organization.display_name) + 1)
    transaction.put_organization(replace(organization, display_name=one_more))


def _take_request(arguments: str, pause: Pause = lambda: None) -> Callable[[Transaction], StoredRequest]:
    """Make a unit of work that stores a request, unless it is stored, and answers what is."""

    def work(transaction: Transaction) -> StoredRequest:
        stored = transaction.request(A, "r")
        pause()
        if stored is None:
            stored = replace(request("r"), arguments=arguments)
            transaction.add_request(stored)
        return stored

    return work


# What an organization may be given while another server deletes it.
_ADDITIONS: dict[str, Callable[[Transaction], object]] = {
    "a user": lambda tx: tx.put_users([user("1")]),
    "a claim": lambda tx: tx.claim(X, A),
    "a request": lambda tx: tx.add_request(request("r")),
}


def _add_if_there(
    add: Callable[[Transaction], object], pause: Pause = lambda: None
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


class SharedStoreSuite(StoreFixtures):
    """Every store that several servers may share."""

    @pytest.fixture
    async def other(self, backend: Backend, home: Home) -> AsyncIterator[Home]:  # noqa: ARG002 (opened first)
        other = Home(backend)
        await other.open()
        yield other
        await other.database.close()

    @pytest.fixture
    def stores(self, home: Home, other: Home) -> tuple[Store, Store]:
        return home.store, other.store

    async def test_what_one_server_wrote_every_later_read_of_the_other_sees(
        self, stores: tuple[Store, Store]
    ) -> None:
        for revision in range(1, _ROUNDS):
            writer, reader = stores[revision % 2], stores[(revision + 1) % 2]
            await writer.write(lambda transaction: transaction.bump_revision(A))
            assert await reader.read(lambda reader: reader.revision(A)) == revision

    async def test_a_server_that_stops_takes_nothing_from_the_other(self, home: Home, other: Home) -> None:
        await other.store.write(create(A))
        await other.database.close()
        await home.store.write(create(A))
        assert await home.store.read(lambda reader: reader.revision(A)) == 2

    async def test_a_change_that_was_overtaken_is_made_again_upon_what_is_there_then(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(Organization(A, "0")))
        await _overtaken(
            lambda pause: home.write(lambda transaction: _add_one(transaction, pause)), other.write(_add_one)
        )
        assert await home.read(lambda reader: reader.organization(A)) == Organization(A, "2")

    async def test_changes_of_what_was_read_lose_nothing_to_each_other(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write(create(Organization(A, "0")))
        await asyncio.gather(*(store.write(_add_one) for _ in range(_ROUNDS) for store in stores))
        after = await stores[0].read(lambda reader: reader.organization(A))
        assert after == Organization(A, str(2 * _ROUNDS))

    async def test_changes_each_get_a_revision_of_their_own(self, stores: tuple[Store, Store]) -> None:
        revisions = await asyncio.gather(
            *(store.write(lambda tx: tx.bump_revision(A)) for _ in range(_ROUNDS) for store in stores)
        )
        assert sorted(revisions) == list(range(1, 2 * _ROUNDS + 1))

    async def test_what_must_hold_of_several_rows_holds_although_each_server_changes_another_one(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(A))
        await home.write(lambda tx: tx.put_users([user("1"), user("2")]))

        def leave_unless_last(
            user_id: str, pause: Pause = lambda: None
        ) -> Callable[[Transaction], bool]:
            def work(transaction: Transaction) -> bool:
                others_there = transaction.count_users(A) > 1
                pause()
                if others_there:
                    transaction.delete_user(A, user_id)
                return others_there

            return work

        left = await _overtaken(
            lambda pause: home.write(leave_unless_last("1", pause)), other.write(leave_unless_last("2"))
        )
        assert left == (False, True)
        assert await home.read(lambda reader: reader.users(A, "", 9)) == [user("1")]

    async def test_servers_that_change_the_same_in_opposite_order_both_succeed(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write(create(A))
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
            stores[0].write(change("home", "1", "2")), stores[1].write(change("other", "2", "1"))
        )
        users = await stores[0].read(lambda reader: reader.users(A, "", 9))
        assert len(users) == 2
        # One after the other, not each a half.
        assert len({each.display_name for each in users}) == 1

    async def test_a_read_sees_one_state_whatever_other_servers_commit_meanwhile(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(A))

        def look_twice(reader: Reader, pause: Pause) -> tuple[object, object]:
            revision = reader.revision(A)
            pause()
            return revision, reader.organization(A)

        changed = Organization(A, "changed")
        seen, _ = await _overtaken(
            lambda pause: home.read(lambda reader: look_twice(reader, pause)), other.write(create(changed))
        )
        assert seen == (1, Organization(A))
        assert await home.read(lambda reader: (reader.revision(A), reader.organization(A))) == (2, changed)

    async def test_facts_that_a_server_keeps_in_step_are_never_seen_apart(
        self, home: Home, other: Home
    ) -> None:
        def add_user(transaction: Transaction) -> None:
            revision = transaction.bump_revision(A)
            transaction.put_users([user(str(revision))])

        async def write() -> None:
            for _ in range(2 * _ROUNDS):
                await other.store.write(add_user)

        await home.store.write(lambda transaction: transaction.put_organization(Organization(A)))
        await home.store.write(add_user)
        writing = asyncio.create_task(write())
        revisions = set()
        while not writing.done():
            revision, users = await home.store.read(lambda reader: (reader.revision(A), reader.count_users(A)))
            assert revision == users
            snapshot = await SnapshotCache(home.database).get(A)
            assert snapshot.revision == len(snapshot.caller_ids)
            revisions.add(snapshot.revision)
        await writing
        # It was looked while there was something to see.
        assert len(revisions) > 5

    async def test_a_transaction_under_way_holds_up_neither_reads_nor_calls_of_other_servers(
        self, home: Home, other: Home
    ) -> None:
        await home.store.write(create(A))

        def change_and_wait(transaction: Transaction, pause: Pause) -> None:
            transaction.put_users([user("1")])
            transaction.bump_revision(A)
            pause()

        async def live_on() -> int:
            await other.record(call("c"))
            return await other.store.read(lambda reader: reader.revision(A))

        _, revision = await _overtaken(
            lambda pause: home.store.write(lambda tx: change_and_wait(tx, pause)), live_on()
        )
        assert revision == 1
        assert await other.store.read(lambda reader: reader.revision(A)) == 2

    async def test_of_two_servers_that_are_given_a_request_one_stores_it(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(A))
        answers = await _overtaken(
            lambda pause: home.write(_take_request("home", pause)), other.write(_take_request("other"))
        )
        assert [answer.arguments for answer in answers] == ["other", "other"]
        assert await home.read(lambda reader: reader.request(A, "r")) == answers[0]

    async def test_of_many_servers_calls_with_a_request_id_one_stores_it(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write(create(A))
        answers = await asyncio.gather(
            *(store.write(_take_request(f"{index}")) for index in range(_ROUNDS) for store in stores)
        )
        assert set(answers) == {await stores[0].read(lambda reader: reader.request(A, "r"))}

    async def test_of_two_organizations_that_claim_a_number_through_two_servers_one_gets_it(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(A, B))

        def look_and_claim(transaction: Transaction, pause: Pause) -> bool:
            assert transaction.owner_of(X) is None or not pause
            pause()
            return transaction.claim(X, A)

        won = await _overtaken(
            lambda pause: home.write(lambda tx: look_and_claim(tx, pause)),
            other.write(lambda transaction: transaction.claim(X, B)),
        )
        assert won == (False, True)
        assert await home.read(lambda reader: reader.owner_of(X)) == B

    async def test_numbers_that_are_claimed_at_once_through_two_servers_each_get_one_owner(
        self, stores: tuple[Store, Store]
    ) -> None:
        await stores[0].write(create(A, B))
        numbers = [f"+1415555{line:04}" for line in range(_ROUNDS)]
        for phone_number in numbers:
            won = await asyncio.gather(
                stores[0].write(lambda tx, p=phone_number: tx.claim(p, A)),
                stores[1].write(lambda tx, p=phone_number: tx.claim(p, B)),
            )
            owner = await stores[0].read(lambda reader, p=phone_number: reader.owner_of(p))
            assert won == [owner == A, owner == B]

    async def test_a_number_that_one_organization_gives_up_while_another_claims_it_has_one_owner_or_none(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(A, B))
        await home.write(lambda transaction: transaction.claim(X, A))

        def look_and_claim(transaction: Transaction, pause: Pause) -> bool:
            transaction.owner_of(X)
            pause()
            return transaction.claim(X, B)

        won, _ = await _overtaken(
            lambda pause: home.write(lambda tx: look_and_claim(tx, pause)),
            other.write(lambda transaction: transaction.disclaim(X, A)),
        )
        assert won
        assert await home.read(lambda reader: reader.owner_of(X)) == B

    async def test_a_mapping_that_another_server_was_quicker_to_add_is_none_of_ours(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write(create(A))
        await home.write(own(number(X)))

        def look_and_map(transaction: Transaction, pause: Pause) -> int:
            assert transaction.number(A, X) is not None
            pause()
            return transaction.add_mappings(A, X, ["628", "650"])

        added = await _overtaken(
            lambda pause: home.write(lambda tx: look_and_map(tx, pause)),
            other.write(lambda transaction: transaction.add_mappings(A, X, ["628", "510"])),
        )
        assert added == (1, 2)
        mapped = replace(number(X), mapped_area_codes=("510", "628", "650"))
        assert await home.read(lambda reader: reader.number(A, X)) == mapped

    @pytest.mark.parametrize("what", _ADDITIONS)
    async def test_nothing_is_added_to_an_organization_that_another_server_deleted_meanwhile(
        self, stores: tuple[Store, Store], what: str
    ) -> None:
        home, other = stores
        await home.write(create(A))
        added, _ = await _overtaken(
            lambda pause: home.write(_add_if_there(_ADDITIONS[what], pause)),
            other.write(lambda transaction: transaction.delete_organization(A)),
        )
        assert not added
        assert await home.read(_what_is_left) == [None, None, None]

    @pytest.mark.parametrize("what", _ADDITIONS)
    async def test_deleting_an_organization_takes_what_another_server_added_meanwhile(
        self, stores: tuple[Store, Store], what: str
    ) -> None:
        home, other = stores
        await home.write(create(A))

        def look_and_delete(transaction: Transaction, pause: Pause) -> None:
            assert transaction.organization(A) is not None
            pause()
            transaction.delete_organization(A)

        _, added = await _overtaken(
            lambda pause: home.write(lambda tx: look_and_delete(tx, pause)),
            other.write(_add_if_there(_ADDITIONS[what])),
        )
        assert added
        assert await home.read(_what_is_left) == [None, None, None]

    async def test_a_call_id_that_two_servers_record_at_once_makes_one_record_and_one_answer(
        self, home: Home, other: Home
    ) -> None:
        logs = home.log(), other.log()
        for index in range(_ROUNDS):
            calls = [call(f"c{index}", user_id=user_id) for user_id in ("home", "other")]
            answers = await asyncio.gather(
                *(log.append([each]) for log, each in zip(logs, calls, strict=True))
            )
            stored = await home.store.read(lambda reader, i=index: reader.call(A, f"c{i}"))
            assert stored in calls
            assert [answer.calls for answer in answers] == [[stored]] * 2

    async def test_groups_of_calls_that_two_servers_record_in_opposite_order_hold_up_neither(
        self, home: Home, other: Home
    ) -> None:
        logs = home.log(), other.log()
        for index in range(5):
            ids = [f"{index}-{line}" for line in range(1000)]
            ours = [call(call_id, user_id="home") for call_id in ids]
            theirs = [call(call_id, user_id="other") for call_id in reversed(ids)]
            mine, others = await asyncio.gather(logs[0].append(ours), logs[1].append(theirs))
            assert list(mine.calls) == list(reversed(others.calls))
            assert [each.call_id for each in mine.calls] == ids

    async def test_a_call_that_one_server_recorded_is_the_last_call_for_the_other_at_once(
        self, home: Home, other: Home
    ) -> None:
        servers = home, other
        for call_time in range(1, _ROUNDS):
            last = call(f"c{call_time}", call_time)
            await servers[call_time % 2].record(last)

            def last_call(reader: Reader) -> OutboundCall | None:
                return reader.last_call_to(A, CALLEE)

            assert await servers[(call_time + 1) % 2].store.read(last_call) == last

    async def test_a_snapshot_of_a_revision_that_another_server_made_is_of_that_revision(
        self, home: Home, other: Home
    ) -> None:
        snapshots = SnapshotCache(other.database)
        for revision in range(1, _ROUNDS):
            number_ = X if revision % 2 else Y
            await home.store.write(create(Organization(A, "", number_)))
            snapshot = await snapshots.get(A, min_revision=revision)
            assert (snapshot.revision, snapshot.organization_number) == (revision, number_)

    async def test_an_organization_that_another_server_deleted_is_not_found_by_that_revision(
        self, home: Home, other: Home
    ) -> None:
        await home.store.write(create(A))
        snapshots = SnapshotCache(other.database)
        await snapshots.get(A)

        def delete(transaction: Transaction) -> int:
            transaction.delete_organization(A)
            return transaction.bump_revision(A)

        revision = await home.store.write(delete)
        with pytest.raises(OrganizationNotFound):
            await snapshots.get(A, min_revision=revision)
