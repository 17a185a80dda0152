"""How long snapshots are kept, and in how much memory.

The conformance suite tests one process on real databases; here the database is fake.
"""

import asyncio
from collections import deque

import pytest
from prometheus_client import REGISTRY

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.model import Organization
from localdial_server.domain.routing_snapshot import build_snapshot, estimated_size
from localdial_server.storage.snapshots.cache import CachePolicy
from tests.support.waiting import settle, until
from tests.unit.storage.snapshots.conftest import A, B, C, Clock, FakeDatabase, NewCache


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
