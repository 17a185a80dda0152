"""Cases that depend on the order of the event loop's turns; the conformance suite tests the rest."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from sqlalchemy import Connection

from localdial_server.domain.model import Organization
from localdial_server.domain.routing_snapshot import RoutingSnapshot
from localdial_server.storage.snapshots.cache import SnapshotCache
from tests.support.snapshots import snapshot_of

T = TypeVar("T")


class HeldDatabase:
    """A database whose reads end when the test sets their result."""

    def __init__(self) -> None:
        self.reads: list[asyncio.Future[RoutingSnapshot]] = []

    async def read(self, _work: Callable[[Connection], T], *, name: str = "") -> T:  # noqa: ARG002 - the port's
        held: asyncio.Future[RoutingSnapshot] = asyncio.get_running_loop().create_future()
        self.reads.append(held)
        return cast(T, await held)

    async def write(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        raise AssertionError(name or work)

    async def append(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        raise AssertionError(name or work)

    async def close(self) -> None:
        """Hold nothing."""


def snapshot(revision: int) -> RoutingSnapshot:
    return snapshot_of(Organization("acme"), revision, {}, [])


async def turns() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_change_does_not_join_a_load_that_ends_in_the_same_turn() -> None:
    database = HeldDatabase()
    cache = SnapshotCache(database)
    loading = asyncio.create_task(cache.get("acme"))
    await turns()
    database.reads[0].set_result(snapshot(1))
    await loading

    loading = asyncio.create_task(cache.get("acme", 2))
    await turns()
    committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def change() -> None:
        await committed
        await cache.advance("acme", 3)

    changing = asyncio.create_task(change())
    await turns()
    database.reads[1].set_result(snapshot(2))
    committed.set_result(None)
    await turns()
    assert len(database.reads) == 3
    database.reads[2].set_result(snapshot(3))
    await changing
    assert (await loading).revision == 2
    cached = cache.cached("acme")
    assert cached is not None
    assert cached.revision == 3
