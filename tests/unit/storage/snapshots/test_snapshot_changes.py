"""How cached snapshots follow the changes of this process and of others.

The conformance suite tests one process on real databases; here the database is fake, and the test decides
when its loads end.
"""

import asyncio
from collections import deque

import pytest

from localdial_server.domain.errors import RevisionNotReached
from localdial_server.domain.routing_snapshot import NumberChanges
from localdial_server.storage.snapshots.cache import CachePolicy
from tests.support.waiting import settle
from tests.unit.storage.snapshots.conftest import A, B, Clock, FakeDatabase, NewCache

ABSURD = 10**100


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


async def test_changed_numbers_are_taken_over_without_a_load(
    new_cache: NewCache, database: FakeDatabase, clock: Clock
) -> None:
    cache = new_cache(CachePolicy(max_age=300))
    await cache.get(A)
    clock.time += 200
    await cache.advance(A, 2, NumberChanges(1, {}))
    assert cache.organization_ids() == [A]
    assert (await cache.get(A, min_revision=2)).revision == 2
    assert database.loads == [A]
    # A poll that was sent before the change may have an older revision.
    cache.confirm(A, 1, clock.time - 1)
    assert cache.cached(A) is not None
    # The database was not asked whether others had changed the organization.
    clock.time += 101
    assert cache.cached(A) is None


async def test_changed_numbers_of_a_later_revision_cost_a_load(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache()
    await cache.get(A)
    database.revisions[A] = 3
    await cache.advance(A, 3, NumberChanges(2, {}))
    await cache.advance(A, 2, NumberChanges(1, {}))
    snapshot = cache.cached(A)
    assert snapshot is not None
    assert snapshot.revision == 3
    assert database.loads == [A, A]


async def test_changed_numbers_during_a_load_are_not_lost_with_it(
    new_cache: NewCache, database: FakeDatabase
) -> None:
    cache = new_cache()
    await cache.get(A)
    database.held = deque()
    database.revisions[A] = 2
    cache.changed_elsewhere(A, 2)
    await settle()
    database.revisions[A] = 3
    advancing = asyncio.create_task(cache.advance(A, 3, NumberChanges(2, {})))
    await asyncio.sleep(0)
    database.finish()
    await settle()
    database.finish()
    await advancing
    snapshot = cache.cached(A)
    assert snapshot is not None
    assert snapshot.revision == 3
