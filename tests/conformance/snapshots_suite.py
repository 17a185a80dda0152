"""The promises of the `RoutingSnapshots` port, each as a test."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import Store, Transaction
from localdial_server.domain.errors import OrganizationNotFound, RevisionNotReached, StorageUnavailable
from localdial_server.domain.model import NumberState, Organization
from localdial_server.domain.routing_snapshot import RoutingSnapshot
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.sql.store import SqlStore
from tests.conformance.store_backend import Home, StoreFixtures
from tests.conformance.store_records import A, B, X, Y, Z, create, number, own, user
from tests.conformance.watched_database import Gate
from tests.support.snapshots import snapshot_of
from tests.support.waiting import DEADLINE_SECONDS


def _get(
    snapshots: RoutingSnapshots, organization_id: str = A, min_revision: int = 0
) -> asyncio.Task[RoutingSnapshot]:
    async def get() -> RoutingSnapshot:
        # A load that never ends fails the test instead of hanging it.
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await snapshots.get(organization_id, min_revision)

    return asyncio.create_task(get())


async def _delete(store: Store) -> int:
    def work(transaction: Transaction) -> int:
        transaction.delete_organization(A)
        return transaction.bump_revision(A)

    return await store.write("test", work)


def _bumping(*changes: Callable[[Transaction], object]) -> Callable[[Transaction], None]:
    """Return a unit of work that makes the changes of A, and bumps its revision."""

    def work(transaction: Transaction) -> None:
        for change in changes:
            change(transaction)
        transaction.bump_revision(A)

    return work


def _mapping_again(transaction: Transaction) -> None:
    """Map what is mapped already: nothing to do, so the revision is only read."""
    transaction.add_mappings(A, X, ["628"])
    transaction.revision(A)


async def _assert_current(home: Home, snapshots: RoutingSnapshots) -> None:
    """Assert that the snapshot in memory is what a load finds."""
    cached = snapshots.cached(A)
    assert cached is not None
    assert cached == await SnapshotCache(home.database).get(A)


class SnapshotsSuite(StoreFixtures):
    """The routing snapshots over every database."""

    @pytest.fixture
    def snapshots(self, home: Home) -> RoutingSnapshots:
        return SnapshotCache(home.database)

    async def test_a_snapshot_stays_in_memory_after_its_first_use(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        assert snapshots.cached(A) is None
        snapshot = await snapshots.get(A)
        assert snapshot.revision == 1
        assert snapshots.cached(A) is snapshot
        assert await snapshots.get(A, min_revision=1) is snapshot
        assert home.database.reads == 1

    async def test_a_snapshot_holds_everything_that_decisions_need(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        organization = Organization(A, "name", "+12125550100")
        users = [replace(user("1"), caller_id=Z, work_phone=Y), user("2")]
        numbers = [
            replace(number(X), mapped_area_codes=("628", "650")),
            number(Y),
            number("+16285550100", area_code="628"),
            number("+14155550103", state=NumberState.PURCHASING),
            number("+14155550104", state=NumberState.RELEASING),
        ]
        await home.store.write("test", create(organization, B))
        await home.store.write("test", lambda tx: tx.put_users([*users, user("3", B)]))
        await home.store.write("test", own(*numbers, number("+14155550105", B)))
        assert await snapshots.get(A) == snapshot_of(organization, 1, {"1": Z, "2": None}, numbers)

    async def test_an_unknown_organization_has_no_snapshot(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        for _ in range(2):
            with pytest.raises(OrganizationNotFound):
                await snapshots.get(A)
        assert snapshots.cached(A) is None
        await home.store.write("test", create(A))
        assert (await snapshots.get(A)).revision == 1

    async def test_concurrent_gets_of_an_organization_cause_one_load(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        answers = await asyncio.gather(*(snapshots.get(A) for _ in range(20)))
        assert home.database.reads == 1
        assert all(answer is answers[0] for answer in answers)

    async def test_a_load_of_one_organization_does_not_delay_another(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A, B))
        gate = home.database.hold_read()
        loading = _get(snapshots, A)
        await gate.reached()
        assert (await _get(snapshots, B)).organization_id == B
        await snapshots.advance(B, 1)
        assert not loading.done()
        gate.open()
        assert (await loading).organization_id == A

    async def test_a_snapshot_that_is_too_old_is_replaced(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        before = await snapshots.get(A)
        await home.store.write("test", create(Organization(A, "", X)))
        assert await snapshots.get(A) is before
        after = await snapshots.get(A, min_revision=2)
        assert (after.revision, after.organization_number) == (2, X)
        assert snapshots.cached(A) is after
        assert (before.revision, before.organization_number) == (1, None)

    async def test_a_revision_that_was_never_reached_is_refused(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        await snapshots.get(A)
        await home.store.write("test", create(A))
        with pytest.raises(RevisionNotReached) as refused:
            await snapshots.get(A, min_revision=3)
        assert refused.value.metadata["revision"] == "2"
        assert (await snapshots.get(A, min_revision=2)).revision == 2

    async def test_after_advancing_no_older_snapshot_is_in_memory(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        await snapshots.get(A)
        for revision in 2, 3:
            await home.store.write("test", create(A))
            await snapshots.advance(A, revision)
            cached = snapshots.cached(A)
            assert cached is not None
            assert cached.revision == revision

    async def test_advancing_reads_only_what_is_needed(self, home: Home, snapshots: RoutingSnapshots) -> None:
        await home.store.write("test", create(A))
        await snapshots.advance(A, 1)
        assert home.database.reads == 0
        assert snapshots.cached(A) is None
        await snapshots.get(A)
        await snapshots.advance(A, 1)
        await snapshots.advance(A, 0)
        assert home.database.reads == 1

    async def test_a_deleted_organization_is_dropped(self, home: Home, snapshots: RoutingSnapshots) -> None:
        await home.store.write("test", create(A))
        await snapshots.get(A)
        await snapshots.advance(A, await _delete(home.store))
        assert snapshots.cached(A) is None
        with pytest.raises(OrganizationNotFound):
            await snapshots.get(A)

    async def test_a_deletion_that_another_server_made_is_seen_by_its_revision(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        await snapshots.get(A)
        revision = await _delete(home.store)
        with pytest.raises(OrganizationNotFound):
            await snapshots.get(A, min_revision=revision)
        assert snapshots.cached(A) is None

    async def test_a_failed_load_fails_its_caller_and_the_others_try_again(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        home.database.fail_read()
        first, *others = await asyncio.gather(*(snapshots.get(A) for _ in range(5)), return_exceptions=True)
        assert isinstance(first, StorageUnavailable)
        assert others == [snapshots.cached(A)] * 4
        assert home.database.reads == 2

    async def test_a_load_that_fails_after_a_change_leaves_no_older_snapshot(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        await snapshots.get(A)
        await home.store.write("test", create(A))
        home.database.fail_read()
        # The change is committed, so its caller gets no error.
        await snapshots.advance(A, 2)
        assert snapshots.cached(A) is None
        assert (await snapshots.get(A)).revision == 2

    async def test_a_get_that_joins_a_load_from_before_the_change_loads_again(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        gate, early = await self._load_and_change(home, snapshots)
        late = [_get(snapshots, A, min_revision=2) for _ in range(5)]
        await asyncio.sleep(0)
        gate.open()
        assert (await early).revision == 1
        assert [snapshot.revision for snapshot in await asyncio.gather(*late)] == [2] * 5
        assert home.database.reads == 2
        cached = snapshots.cached(A)
        assert cached is not None
        assert cached.revision == 2

    async def test_advancing_past_a_load_from_before_the_change_leaves_no_older_snapshot(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        gate, early = await self._load_and_change(home, snapshots)
        advancing = asyncio.ensure_future(snapshots.advance(A, 2))
        await asyncio.sleep(0)
        assert not advancing.done()
        gate.open()
        await asyncio.gather(early, advancing)
        cached = snapshots.cached(A)
        assert cached is not None
        assert cached.revision == 2

    async def test_a_load_from_before_the_deletion_leaves_no_snapshot(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        gate = home.database.hold_read()
        early = _get(snapshots)
        await gate.reached()
        advancing = asyncio.ensure_future(snapshots.advance(A, await _delete(home.store)))
        await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(early, advancing)
        assert snapshots.cached(A) is None

    async def test_a_failed_load_from_before_the_change_leaves_no_older_snapshot(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        await snapshots.get(A)
        gate = home.database.hold_read(fails=True)
        early = _get(snapshots, A, min_revision=2)
        await gate.reached()
        await home.store.write("test", create(A))
        advancing = asyncio.ensure_future(snapshots.advance(A, 2))
        await asyncio.sleep(0)
        gate.open()
        await asyncio.gather(early, advancing, return_exceptions=True)
        cached = snapshots.cached(A)
        assert cached is None or cached.revision == 2
        assert (await snapshots.get(A)).revision == 2

    async def test_a_get_that_joins_a_load_from_before_the_creation_loads_again(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        gate = home.database.hold_read()
        early = _get(snapshots)
        await gate.reached()
        await home.store.write("test", create(A))
        late = _get(snapshots, A, min_revision=1)
        await asyncio.sleep(0)
        gate.open()
        outcomes: Sequence[object] = await asyncio.gather(early, late, return_exceptions=True)
        assert isinstance(outcomes[0], OrganizationNotFound)
        assert isinstance(outcomes[1], RoutingSnapshot), outcomes[1]

    async def test_a_cancelled_caller_leaves_the_load_to_the_others(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        await home.store.write("test", create(A))
        gate = home.database.hold_read()
        impatient = _get(snapshots)
        await gate.reached()
        patient = _get(snapshots)
        await asyncio.sleep(0)
        impatient.cancel()
        gate.open()
        assert (await patient).revision == 1
        assert impatient.cancelled()
        assert home.database.reads == 1

    async def test_cancelled_advancing_leaves_no_older_snapshot(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        gate, early = await self._load_and_change(home, snapshots)
        advancing = asyncio.ensure_future(snapshots.advance(A, 2))
        await asyncio.sleep(0)
        advancing.cancel()
        gate.open()
        await asyncio.gather(early, advancing, return_exceptions=True)
        cached = snapshots.cached(A)
        assert cached is None or cached.revision == 2

    async def test_changes_of_numbers_need_no_load_and_leave_what_a_load_would_find(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        store = SqlStore(home.database, snapshots)
        await store.write("test", create(Organization(A, "name", "+12125550100"), B))
        await store.write("test", lambda tx: tx.put_users([replace(user("1"), caller_id=Z), user("2")]))
        await store.write("test", own(number(Z), number(X, B)))
        await snapshots.get(A)
        active, releasing = number(Y), number(Y, state=NumberState.RELEASING)
        changes: dict[str, Callable[[Transaction], object]] = {
            "a purchase": own(number(Y, state=NumberState.PURCHASING)),
            "an adoption": lambda tx: tx.update_numbers([active]),
            "two mappings": lambda tx: tx.add_mappings(A, Y, ["628", "650"]),
            "another number's mapping": lambda tx: tx.add_mappings(A, Z, ["628"]),
            "a mapping's end": lambda tx: tx.delete_mappings(A, Y, ["650"]),
            "a release": lambda tx: tx.update_numbers([releasing]),
            "a release that is taken back": lambda tx: tx.update_numbers([active]),
            "a deletion": lambda tx: tx.delete_number(A, Y),
            "a change of nothing": lambda _tx: None,
        }
        for name, change in changes.items():
            reads = home.database.reads
            await store.write("test", _bumping(change))
            assert home.database.reads == reads, name
            await _assert_current(home, snapshots)

    async def test_changes_of_more_than_numbers_leave_what_a_load_would_find(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        store = SqlStore(home.database, snapshots)
        await store.write("test", create(A))
        await snapshots.get(A)
        changes: Sequence[Callable[[Transaction], object]] = [
            lambda tx: tx.put_users([user("1"), user("2")]),
            lambda tx: tx.delete_user(A, "1"),
            lambda tx: tx.put_organization(Organization(A, "", X)),
        ]
        for index, change in enumerate(changes):
            bought = number(f"+1415555{2000 + index}")
            await store.write("test", _bumping(own(bought), change))
            await _assert_current(home, snapshots)

    async def test_many_changed_numbers_cost_one_load(self, home: Home, snapshots: RoutingSnapshots) -> None:
        store = SqlStore(home.database, snapshots)
        await store.write("test", create(A))
        await snapshots.get(A)
        reads = home.database.reads
        await store.write("test", _bumping(own(*(number(f"+1415555{2000 + each}") for each in range(50)))))
        assert home.database.reads == reads + 1
        await _assert_current(home, snapshots)

    async def test_a_change_of_numbers_does_not_hide_a_change_that_another_server_made(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> None:
        store = SqlStore(home.database, snapshots)
        await store.write("test", create(A))
        await store.write("test", _bumping(own(number(X))))
        await snapshots.get(A)
        ours = {"1": _bumping(lambda tx: tx.add_mappings(A, X, ["628"])), "2": _mapping_again}
        for user_id, change in ours.items():
            # The store of `home` has another cache, as another server has.
            theirs = user(user_id)
            await home.store.write("test", _bumping(lambda tx, theirs=theirs: tx.put_users([theirs])))
            await store.write("test", change)
            await _assert_current(home, snapshots)

    async def _load_and_change(
        self, home: Home, snapshots: RoutingSnapshots
    ) -> tuple[Gate, asyncio.Task[RoutingSnapshot]]:
        """Start a load that reads revision 1, hold it up, and change the organization to revision 2."""
        await home.store.write("test", create(A))
        gate = home.database.hold_read()
        early = _get(snapshots)
        await gate.reached()
        await home.store.write("test", create(A))
        return gate, early
