"""A fake database, whose loads end when a test says so, and caches of its snapshots."""

import asyncio
import functools
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TypeVar, cast

import pytest
from sqlalchemy import Connection

from localdial_server.domain.errors import OrganizationNotFound, StorageUnavailable
from localdial_server.domain.model import Organization
from localdial_server.domain.routing_snapshot import RoutingSnapshot, build_snapshot
from localdial_server.storage.snapshots.cache import SnapshotCache
from tests.support.waiting import settle

T = TypeVar("T")

A, B, C = "org-a", "org-b", "org-c"

NewCache = Callable[..., SnapshotCache]


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


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
