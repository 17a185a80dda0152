"""How long snapshots are kept, in how much memory, and how they follow changes of other processes.

The conformance suite tests one process on real databases; here the database is fake, and
the test decides when its loads end.
"""

import asyncio
import functools
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar, cast

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection

from localdial_server.domain.errors import (
    OrganizationNotFound,
    RevisionNotReached,
    StorageUnavailable,
)
from localdial_server.domain.model import Organization
from localdial_server.domain.routing_snapshot import RoutingSnapshot, build_snapshot, estimated_size
from localdial_server.storage.snapshots.cache import CachePolicy, SnapshotCache
from tests.support.waiting import settle, until

T = TypeVar("T")

A, B, C = "org-a", "org-b", "org-c"

ABSURD = 10**100

NewCache = Callable[..., SnapshotCache]


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


@dataclass
class _Load:
    organization_id: str
    answer: "asyncio.Future[RoutingSnapshot]"


class FakeDatabase:
    """Holds a revision and a size for each organization, and counts the loads.

    While `held` is a list, loads end when the test calls `finish`. They return the state at their
    begin.
    """

    def __init__(self) -> None:
        self.revisions: dict[str, int] = {}
        self.users: dict[str, int] = {}
        self.loads: list[str] = []
        self.fails = False
        self.held: deque[Callable[[], None]] | None = None

    def snapshot(
        self, _reader: object, organization_id: str, _cached: RoutingSnapshot | None
    ) -> RoutingSnapshot:
        self.loads.append(organization_id)
        if self.fails:
            raise StorageUnavailable
        if organization_id not in self.revisions:
            raise OrganizationNotFound(organization_id)
        users = {f"user{index}": None for index in range(self.users.get(organization_id, 0))}
        return build_snapshot(Organization(organization_id), self.revisions[organization_id], users, {}, [])

    async def read(self, name: str, work: Callable[[Connection], T]) -> T:  # noqa: ARG002 - the port's
        found: T | None = None
        error: Exception | None = None
        try:
            found = work(cast(Connection, None))
        except Exception as caught:  # noqa: BLE001 - told when the load ends
            error = caught
        if self.held is None:
            await asyncio.sleep(0)
        else:
            ended = asyncio.Event()
            self.held.append(ended.set)
            await ended.wait()
        if error is not None:
            raise error
        return cast(T, found)

    def finish(self) -> None:
        """End the oldest running load."""
        assert self.held is not None
        self.held.popleft()()

    async def write(self, name: str, work: Callable[[Connection], T]) -> T:
        raise AssertionError(name or work)

    async def append(self, name: str, work: Callable[[Connection], T]) -> T:
        raise AssertionError(name or work)

    async def close(self) -> None:
        """Hold nothing."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database() -> AsyncIterator[FakeDatabase]:
    database = FakeDatabase()
    database.revisions = {A: 1, B: 1, C: 1}
    yield database
    # No task may be left in the background.
    database.held = None
    await settle()
    assert len(asyncio.all_tasks()) == 1


@pytest.fixture
def new_cache(database: FakeDatabase, clock: Clock) -> NewCache:
    """Return a function that makes a cache over the database and the clock."""
    return functools.partial(SnapshotCache, database, now=clock.now, read=database.snapshot)


def size_of(users: int = 0) -> int:
    snapshot = build_snapshot(Organization(A), 1, {str(index): None for index in range(users)}, {}, [])
    return estimated_size(snapshot)


def shown(metric: str) -> float:
    value = REGISTRY.get_sample_value(metric)
    assert value is not None
    return value


async def test_an_unused_snapshot_is_dropped_after_the_idle_time(new_cache: NewCache, clock: Clock) -> None:
    cache = new_cache(CachePolicy(idle=60))
    await cache.get(A)
    await cache.get(B)
    clock.time += 50
    assert cache.cached(A) is not None
    clock.time += 20
    cache.drop_idle()
    assert cache.organization_ids() == [A]
    clock.time += 100
    cache.drop_idle()
    assert cache.organization_ids() == []


@pytest.mark.parametrize("how", ["confirmed", "changed elsewhere", "changed here"])
async def test_keeping_a_snapshot_up_to_date_does_not_count_as_use(
    new_cache: NewCache, database: FakeDatabase, clock: Clock, how: str
) -> None:
    cache = new_cache(CachePolicy(idle=60))
    await cache.get(A)
    clock.time += 50
    match how:
        case "confirmed":
            cache.confirm(A, 1, clock.time)
        case "changed elsewhere":
            database.revisions[A] = 2
            cache.changed_elsewhere(A, 2)
            await settle()
        case "changed here":
            database.revisions[A] = 2
            await cache.advance(A, 2)
    clock.time += 20
    cache.drop_idle()
    assert cache.organization_ids() == []


async def test_idle_snapshots_are_dropped_in_the_background(new_cache: NewCache, clock: Clock) -> None:
    cache = new_cache(CachePolicy(idle=0.04))
    await cache.get(A)
    clock.time += 1
    dropping = asyncio.create_task(cache.drop_idle_always())
    await until(lambda: not cache.organization_ids(), dropping)
    dropping.cancel()
    await asyncio.wait({dropping})


async def test_over_the_memory_bound_the_least_recently_used_snapshots_are_dropped(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    names = [f"org{index}" for index in range(10)]
    database.revisions = dict.fromkeys(names, 1) | {"new": 1}
    cache = new_cache(CachePolicy(memory=10 * size_of()))
    for name in names:
        clock.time += 1
        await cache.get(name)
    assert cache.organization_ids() == names
    clock.time += 1
    assert cache.cached("org0") is not None
    await cache.get("new")
    # Room is made for several at a time.
    assert set(cache.organization_ids()) == {"org0", *names[3:], "new"}


async def test_a_snapshot_larger_than_the_memory_bound_is_kept_alone(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache(CachePolicy(memory=size_of(10)))
    await cache.get(A)
    database.users[B] = 1000
    assert (await cache.get(B)).revision == 1
    assert cache.organization_ids() == [B]
    assert cache.cached(B) is not None
    await cache.get(C)
    assert cache.organization_ids() == [C]


async def test_a_snapshot_that_grows_makes_room_for_itself(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache(CachePolicy(memory=size_of(10)))
    await cache.get(A)
    await cache.get(B)
    database.revisions[A], database.users[A] = 2, 10
    await cache.advance(A, 2)
    assert cache.organization_ids() == [A]
    assert shown("localdial_snapshot_bytes") == size_of(10)


async def test_the_metrics_show_the_number_and_the_bytes_of_snapshots(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    database.users = {A: 7, B: 3}
    cache = new_cache(CachePolicy(idle=60))
    await cache.get(A)
    await cache.get(B)
    assert shown("localdial_snapshots") == 2
    assert shown("localdial_snapshot_bytes") == size_of(7) + size_of(3)
    database.users[A], database.revisions[A] = 2, 2
    await cache.advance(A, 2)
    assert shown("localdial_snapshot_bytes") == size_of(2) + size_of(3)
    clock.time += 61
    cache.drop_idle()
    assert (shown("localdial_snapshots"), shown("localdial_snapshot_bytes")) == (0, 0)
    await cache.get(A)
    del database.revisions[A]
    await cache.advance(A, 3)
    assert (shown("localdial_snapshots"), shown("localdial_snapshot_bytes")) == (0, 0)


async def test_a_snapshot_that_was_not_confirmed_for_too_long_is_loaded_again(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(max_age=300))
    await cache.get(A)
    clock.time += 300
    assert cache.cached(A) is not None
    clock.time += 1
    assert cache.cached(A) is None
    assert (await cache.get(A)).revision == 1
    assert database.loads == [A, A]
    assert cache.cached(A) is not None


async def test_a_snapshot_that_was_not_confirmed_for_too_long_is_not_used_while_the_database_is_down(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(max_age=300))
    await cache.get(A)
    database.fails = True
    clock.time += 299
    assert (await cache.get(A)).revision == 1
    clock.time += 2
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            await cache.get(A)
    database.fails = False
    assert (await cache.get(A)).revision == 1


async def test_the_age_counts_from_the_begin_of_the_load(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(max_age=300))
    database.held = deque()
    loading = asyncio.create_task(cache.get(A))
    await settle()
    clock.time += 200
    database.finish()
    await loading
    clock.time += 99
    assert cache.cached(A) is not None
    clock.time += 2
    assert cache.cached(A) is None


async def test_a_confirmation_keeps_a_snapshot_fresh(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(max_age=300))
    await cache.get(A)
    for _ in range(5):
        clock.time += 200
        asked = clock.time
        clock.time += 50
        cache.confirm(A, 1, asked)
        assert cache.cached(A) is not None
    # The age counts from when the database was asked, and an older confirmation takes nothing back.
    cache.confirm(A, 1, asked - 100)
    clock.time += 249
    assert cache.cached(A) is not None
    clock.time += 2
    assert cache.cached(A) is None
    assert database.loads == [A]


async def test_a_newer_revision_in_the_database_starts_a_load(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache()
    before = await cache.get(A)
    database.revisions[A] = 2
    cache.confirm(A, 2, clock.time)
    # The snapshot in memory is used meanwhile.
    assert cache.cached(A) is before
    await settle()
    after = cache.cached(A)
    assert after is not None
    assert after.revision == 2


async def test_an_older_revision_in_the_database_replaces_the_snapshot(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache()
    database.revisions[A] = 5
    await cache.get(A)
    database.revisions[A] = 3
    clock.time += 1
    cache.confirm(A, 3, clock.time)
    assert cache.cached(A) is None
    assert (await cache.get(A)).revision == 3


async def test_an_older_revision_from_before_the_load_changes_nothing(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache()
    database.held = deque()
    asked_before = clock.time
    clock.time += 1
    loading = asyncio.create_task(cache.get(A))
    await settle()
    clock.time += 1
    asked_during = clock.time
    clock.time += 1
    database.finish()
    snapshot = await loading
    for asked in asked_before, asked_during:
        cache.confirm(A, 0, asked)
        assert cache.cached(A) is snapshot


async def test_changes_of_organizations_that_are_not_in_memory_load_nothing(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache()
    cache.confirm(A, 1, clock.time)
    cache.changed_elsewhere(A, 2)
    cache.changed_elsewhere("unknown", 2)
    cache.changed_elsewhere("", ABSURD)
    await cache.advance(B, 2)
    await settle()
    assert database.loads == []
    assert cache.organization_ids() == []


async def test_a_burst_of_changes_elsewhere_costs_few_loads(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache()
    await cache.get(A)
    database.held = deque()
    for revision in range(2, 1000):
        database.revisions[A] = revision
        cache.changed_elsewhere(A, revision)
        if revision % 100 == 0:
            await settle()
    while database.held:
        database.finish()
        await settle()
    cached = cache.cached(A)
    assert cached is not None
    assert cached.revision == 999
    assert len(database.loads) <= 3


async def test_a_forged_notification_costs_one_load_and_changes_nothing(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache()
    await cache.get(A)
    cache.changed_elsewhere(A, ABSURD)
    await settle()
    assert database.loads == [A, A]
    cached = cache.cached(A)
    assert cached is not None
    assert cached.revision == 1
    # A true notification works afterwards.
    database.revisions[A] = 2
    cache.changed_elsewhere(A, 2)
    await settle()
    cached = cache.cached(A)
    assert cached is not None
    assert cached.revision == 2


async def test_a_failed_catch_up_is_repeated_at_the_next_poll(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache()
    await cache.get(A)
    database.revisions[A], database.fails = 2, True
    for _ in range(3):
        cache.confirm(A, 2, clock.time)
        await settle()
    assert database.loads == [A] * 4
    database.fails = False
    cache.confirm(A, 2, clock.time)
    await settle()
    cached = cache.cached(A)
    assert cached is not None
    assert cached.revision == 2


async def test_an_organization_that_another_process_deleted_is_dropped(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache()
    await cache.get(A)
    del database.revisions[A]
    cache.changed_elsewhere(A, 2)
    await settle()
    assert cache.organization_ids() == []


async def test_changes_of_this_process_are_announced_and_those_of_others_are_not(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    announced: list[tuple[str, int]] = []
    cache = new_cache(announce=lambda *change: announced.append(change))
    await cache.advance(A, 1)
    await cache.get(A)
    database.revisions[A] = 2
    await cache.advance(A, 2)
    database.revisions[A] = 3
    cache.changed_elsewhere(A, 3)
    cache.confirm(A, 3, clock.time)
    await settle()
    assert announced == [(A, 1), (A, 2)]


async def test_a_change_here_during_a_catch_up_leaves_no_older_snapshot(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache()
    await cache.get(A)
    database.held = deque()
    database.revisions[A] = 2
    cache.changed_elsewhere(A, 2)
    await settle()
    database.revisions[A] = 3
    advancing = asyncio.create_task(cache.advance(A, 3))
    await settle()
    database.finish()
    await settle()
    assert not advancing.done()
    database.finish()
    await advancing
    cached = cache.cached(A)
    assert cached is not None
    assert cached.revision == 3


async def test_a_snapshot_that_is_dropped_during_its_load_is_still_returned(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(idle=60))
    await cache.get(A)
    database.revisions[A] = 2
    database.held = deque()
    loading = asyncio.create_task(cache.get(A, 2))
    await settle()
    clock.time += 61
    cache.drop_idle()
    database.finish()
    assert (await loading).revision == 2


async def test_a_revision_that_is_not_reached_is_refused_even_if_the_snapshot_is_too_old(
    new_cache: NewCache, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(max_age=300))
    await cache.get(A)
    clock.time += 301
    with pytest.raises(RevisionNotReached):
        await cache.get(A, 2)
    assert (await cache.get(A, 1)).revision == 1


async def test_a_change_does_not_join_a_load_that_ends_in_the_same_turn(
    database: FakeDatabase, new_cache: NewCache
) -> None:
    cache = new_cache()
    await cache.get(A)
    database.held = deque()
    database.revisions[A] = 2
    loading = asyncio.create_task(cache.get(A, 2))
    await settle()
    committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def change() -> None:
        await committed
        await cache.advance(A, 3)

    changing = asyncio.create_task(change())
    await settle()
    database.revisions[A] = 3
    database.finish()
    committed.set_result(None)
    await settle()
    assert database.loads == [A, A, A]
    database.finish()
    await changing
    assert (await loading).revision == 2
    cached = cache.cached(A)
    assert cached is not None
    assert cached.revision == 3
