"""Purchases while the carrier fails and the server is killed: a short run of the drill."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from tests.drills.purchase_results import Plan, Results
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
    assert seen.stopped_by_limits == []
    assert seen.is_right


def test_a_run_that_buys_nothing_or_stops_buying_is_not_right() -> None:
    bought = Results(bought=5, answered=Counter(bought=5))
    assert bought.is_right
    assert not replace(bought, bought=0).is_right
    assert not replace(bought, answered=Counter(PURCHASE_LIMIT_REACHED=5)).is_right
    assert not replace(bought, stopped_by_limits=["a: PURCHASE_LIMIT_REACHED"]).is_right
