import gc
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from localdial_server.domain.model import Number, NumberState, Organization
from localdial_server.domain.routing_snapshot import RoutingSnapshot, estimated_size
from tests.support.snapshots import snapshot_of


def organization(users: int, area_codes: int, numbers_each: int, mapped: int) -> RoutingSnapshot:
    return snapshot_of(
        Organization("acme"),
        1,
        {f"user-{user:08}": f"+1415{user:07}" for user in range(users)},
        (
            Number(
                organization_id="acme",
                phone_number=f"+1{200 + code}{index:07}",
                area_code=f"{200 + code}",
                state=NumberState.ACTIVE,
                carrier="simulator",
                reference="",
                purchase_time=0,
                mapped_area_codes=tuple(f"{700 + other}" for other in range(mapped)),
            )
            for code in range(area_codes)
            for index in range(numbers_each)
        ),
    )


def memory_of(users: int, area_codes: int, numbers_each: int, mapped: int) -> int:
    # Python keeps freed tuples for reuse, and tracemalloc does not see a tuple that reuses one. Collecting
    # first returns them, so that every tuple of the snapshot is counted.
    organization(users, area_codes, numbers_each, mapped)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    _made = organization(users, area_codes, numbers_each, mapped)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return after - before


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    """Return a fresh process, in which nothing else uses memory or has freed any."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as process:
        yield process


@pytest.mark.parametrize(
    "made_of",
    [
        (50, 20, 1, 0),
        (50, 4, 5, 3),
        (5_000, 0, 0, 0),
        (0, 400, 1, 0),
        (0, 100, 50, 0),
        (5_000, 100, 50, 5),
        (0, 5, 100, 90),
    ],
)
def test_the_memory_of_a_snapshot_is_estimated_within_a_fifth(
    made_of: tuple[int, int, int, int], elsewhere: ProcessPoolExecutor
) -> None:
    taken = elsewhere.submit(memory_of, *made_of).result()
    assert estimated_size(organization(*made_of)) == pytest.approx(taken, rel=1 / 5)
