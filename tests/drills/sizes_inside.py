"""What cached organizations cost inside a server: polling the database and garbage collection."""

import asyncio
import gc
import time
from collections.abc import Callable

from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.snapshots.cache import SnapshotCache
from localdial_server.storage.snapshots.number_index import SqlNumberIndex
from localdial_server.storage.snapshots.revision_poller import RevisionPoller
from tests.drills.open_loop import LATENCIES_HEAD, latencies
from tests.drills.sizes_data import MANY

LOOKS = 20
TICK_SECONDS = 0.001


async def measure(url: str) -> None:
    """Load all organizations into a snapshot cache, and print a table."""
    database = PostgresDatabase.open(url, timeout=30.0)
    # Exclude existing objects from garbage collection, as the server does.
    gc.collect()
    gc.freeze()
    collections: list[float] = []
    with_times = _timing(collections)
    gc.callbacks.append(with_times)
    try:
        snapshots = SnapshotCache(database)
        for number in range(MANY.organizations):
            await snapshots.get(MANY.organization_id(number))
        print(f"\n{MANY.organizations:,} organizations held{'':20}{LATENCIES_HEAD}")
        print(f"{'full garbage collections while loading':44}{latencies(collections)}")
        collections.clear()
        for _ in range(3):
            gc.collect()
        print(f"{'full garbage collections afterwards':44}{latencies(collections)}")
        number_index = SqlNumberIndex(database.loads, interval=1.0, is_shared=True)
        poller = RevisionPoller(database, snapshots, number_index, interval=1.0)
        lags: list[float] = []
        ticking = asyncio.create_task(_tick(lags))
        looks = [await _timed(poller) for _ in range(LOOKS)]
        ticking.cancel()
        print(f"{'one look of the watch':44}{latencies(looks)}")
        print(f"{'lag of the event loop meanwhile':44}{latencies(lags)}")
    finally:
        gc.callbacks.remove(with_times)
        gc.unfreeze()
        await database.close()


def _timing(collections: list[float]) -> Callable[[str, dict[str, int]], None]:
    """Return a callback that appends the duration of each full collection, in seconds."""
    begun = 0.0

    def note(phase: str, info: dict[str, int]) -> None:
        nonlocal begun
        if info["generation"] < 2:
            return
        if phase == "start":
            begun = time.perf_counter()
        else:
            collections.append(time.perf_counter() - begun)

    return note


async def _timed(poller: RevisionPoller) -> float:
    begun = time.perf_counter()
    await poller.poll()
    return time.perf_counter() - begun


async def _tick(lags: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        lags.append(time.perf_counter() - begun - TICK_SECONDS)
