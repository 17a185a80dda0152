"""Purchases while the carrier fails and the server is killed: a short run of the drill."""

import asyncio

import pytest

from tests.drills.purchase_results import Plan
from tests.drills.purchases import POINTS, prepared


@pytest.mark.timeout(600)
def test_nothing_is_bought_twice_or_lost_whenever_the_server_is_killed() -> None:
    plan = Plan(kills_at_points=1, random_kills=2, buyers=24, organizations=3, fault_rate=0.3, seed=20_26_11)
    with prepared(plan) as drill:
        seen = asyncio.run(drill.run())
    assert seen.killed.total() == len(POINTS) + 2
    assert sum(seen.faults.values()) > 0
    assert seen.bought > 0
    assert [seen.bought_twice, seen.unrecorded, seen.not_owned, seen.over_limit] == [[], [], [], []]
    assert seen.not_reached == []
    assert seen.open_in_the_end == 0
