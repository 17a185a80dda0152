"""The promises of the ports where several servers share a database: reads, calls, snapshots.

`home` and `other` are two servers, each with connections of its own.
"""

import asyncio

import pytest

from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.domain.errors import OrganizationNotFound
from localdial_server.domain.model import Organization, OutboundCall
from localdial_server.storage.snapshots.cache import SnapshotCache
from tests.conformance.interleaving import Pause, overtaken
from tests.conformance.statements import failures
from tests.conformance.store_backend import Home, SharedStoreFixtures
from tests.conformance.store_records import CALLEE, A, X, Y, append, call, create, last_call_to, user

_ROUNDS = 40


class SharedReadsSuite(SharedStoreFixtures):
    """Every store that several servers may share: reads, calls and snapshots."""

    async def test_a_read_sees_everything_that_another_server_wrote_before(
        self, stores: tuple[Store, Store]
    ) -> None:
        for revision in range(1, _ROUNDS):
            writer, reader = stores[revision % 2], stores[(revision + 1) % 2]
            await writer.write("test", lambda transaction: transaction.bump_revision(A))
            assert await reader.read("test", lambda reader: reader.revision(A)) == revision

    async def test_closing_one_server_does_not_affect_the_other(self, home: Home, other: Home) -> None:
        await other.store.write("test", create(A))
        await other.database.close()
        await home.store.write("test", create(A))
        assert await home.store.read("test", lambda reader: reader.revision(A)) == 2

    async def test_a_read_sees_one_state_despite_commits_of_other_servers(
        self, stores: tuple[Store, Store]
    ) -> None:
        home, other = stores
        await home.write("test", create(A))

        def look_twice(reader: Reader, pause: Pause) -> tuple[object, object]:
            revision = reader.revision(A)
            pause()
            return revision, reader.organization(A)

        changed = Organization(A, "changed")
        seen, _ = await overtaken(
            lambda pause: home.read("test", lambda reader: look_twice(reader, pause)),
            other.write("test", create(changed)),
        )
        assert seen == (1, Organization(A))
        assert await home.read("test", lambda reader: (reader.revision(A), reader.organization(A))) == (
            2,
            changed,
        )

    async def test_rows_that_change_together_are_never_seen_apart(self, home: Home, other: Home) -> None:
        def add_user(transaction: Transaction) -> None:
            revision = transaction.bump_revision(A)
            transaction.put_users([user(str(revision))])

        async def write() -> None:
            for _ in range(2 * _ROUNDS):
                await other.store.write("test", add_user)

        await home.store.write("test", lambda transaction: transaction.put_organization(Organization(A)))
        await home.store.write("test", add_user)
        writing = asyncio.create_task(write())
        revisions = set()
        while not writing.done():
            revision, users = await home.store.read(
                "test", lambda reader: (reader.revision(A), reader.count_users(A))
            )
            assert revision == users
            snapshot = await SnapshotCache(home.database).get(A)
            assert snapshot.revision == len(snapshot.caller_ids)
            revisions.add(snapshot.revision)
        await writing
        # The reads ran while there were changes to see.
        assert len(revisions) > 5

    async def test_a_running_transaction_delays_neither_reads_nor_calls_of_other_servers(
        self, home: Home, other: Home
    ) -> None:
        await home.store.write("test", create(A))

        def change_and_wait(transaction: Transaction, pause: Pause) -> None:
            transaction.put_users([user("1")])
            transaction.bump_revision(A)
            pause()

        async def live_on() -> int:
            await other.record(call("c"))
            return await other.store.read("test", lambda reader: reader.revision(A))

        _, revision = await overtaken(
            lambda pause: home.store.write("test", lambda tx: change_and_wait(tx, pause)), live_on()
        )
        assert revision == 1
        assert await other.store.read("test", lambda reader: reader.revision(A)) == 2

    async def test_a_call_id_that_two_servers_record_at_once_makes_one_record_and_one_answer(
        self, home: Home, other: Home
    ) -> None:
        logs = home.log(), other.log()
        for index in range(_ROUNDS):
            calls = [call(f"c{index}", user_id=user_id) for user_id in ("home", "other")]
            answers = await asyncio.gather(
                *(append(log, [each]) for log, each in zip(logs, calls, strict=True))
            )
            stored = await home.store.read("test", lambda reader, i=index: reader.call(A, f"c{i}"))
            assert stored in calls
            assert answers == [[stored]] * 2

    async def test_two_servers_that_record_the_same_calls_in_opposite_order_do_not_deadlock(
        self, home: Home, other: Home
    ) -> None:
        logs = home.log(), other.log()
        for index in range(5):
            ids = [f"{index}-{line}" for line in range(1000)]
            ours = [call(call_id, user_id="home") for call_id in ids]
            theirs = [call(call_id, user_id="other") for call_id in reversed(ids)]
            with failures() as failed:
                mine, others = await asyncio.gather(append(logs[0], ours), append(logs[1], theirs))
            # PostgreSQL takes a second to resolve a deadlock.
            assert failed == []
            assert list(mine) == list(reversed(others))
            assert [each.call_id for each in mine] == ids

    async def test_a_call_that_one_server_recorded_is_the_last_call_for_the_other_at_once(
        self, home: Home, other: Home
    ) -> None:
        servers = home, other
        for call_time in range(1, _ROUNDS):
            last = call(f"c{call_time}", call_time)
            await servers[call_time % 2].record(last)

            def last_call(reader: Reader) -> OutboundCall | None:
                return last_call_to(reader, A, CALLEE)

            assert await servers[(call_time + 1) % 2].store.read("test", last_call) == last

    async def test_a_snapshot_of_a_revision_that_another_server_made_is_of_that_revision(
        self, home: Home, other: Home
    ) -> None:
        snapshots = SnapshotCache(other.database)
        for revision in range(1, _ROUNDS):
            number_ = X if revision % 2 else Y
            await home.store.write("test", create(Organization(A, "", number_)))
            snapshot = await snapshots.get(A, min_revision=revision)
            assert (snapshot.revision, snapshot.organization_number) == (revision, number_)

    async def test_an_organization_that_another_server_deleted_is_not_found_by_that_revision(
        self, home: Home, other: Home
    ) -> None:
        await home.store.write("test", create(A))
        snapshots = SnapshotCache(other.database)
        await snapshots.get(A)

        def delete(transaction: Transaction) -> int:
            transaction.delete_organization(A)
            return transaction.bump_revision(A)

        revision = await home.store.write("test", delete)
        with pytest.raises(OrganizationNotFound):
            await snapshots.get(A, min_revision=revision)
