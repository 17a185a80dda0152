import tracemalloc
from collections.abc import Callable

import pytest

from localdial_server.domain.model import Number, NumberState, Organization
from localdial_server.domain.routing import RoutingSnapshot, estimated_size
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


def memory_of(make: Callable[[], RoutingSnapshot]) -> tuple[int, RoutingSnapshot]:
    make()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = make()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before, made


@pytest.mark.parametrize(
    ("users", "area_codes", "numbers_each", "mapped"),
    [(50, 20, 1, 0), (50, 4, 5, 3), (5_000, 0, 0, 0), (0, 400, 1, 0), (0, 100, 50, 0), (5_000, 100, 50, 5)],
)
def test_the_memory_of_a_snapshot_is_estimated_to_a_third(
    users: int, area_codes: int, numbers_each: int, mapped: int
) -> None:
    taken, snapshot = memory_of(lambda: organization(users, area_codes, numbers_each, mapped))
    assert estimated_size(snapshot) == pytest.approx(taken, rel=1 / 3)
