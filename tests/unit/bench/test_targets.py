"""The table of targets."""

from collections.abc import Sequence

import pytest

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial_server.domain.choice import HASH_BYTES, hash_number
from tests.bench.data import CHOICES, THOUSAND
from tests.bench.h2load import Figures
from tests.bench.journal import Round
from tests.bench.probes import LEGS, batches, choosing, probes, worker_probes, workers
from tests.bench.subjects import RIVAL, SUBJECTS, Measured, Work, subject
from tests.bench.targets import Point, table, targets
from tests.unit.bench.test_report import cells

OURS = subject("localdial on PostgreSQL", Work.RECORD)
PROBES = [*probes(), *worker_probes(1)]
ONE_WORKER, TWO_WORKERS = workers(1, Work.DECIDE), workers(2, Work.DECIDE)


def figures(rate: float) -> Figures:
    latency = 1000 / rate
    return Figures(1, rate, latency, latency, latency, latency, failed=0)


def rounds(*taken: dict[str, tuple[int, float]]) -> Sequence[Round]:
    """Return rounds with these numbers of open calls and rates by name; a latency is 1000 / rate."""
    return [
        {name: {str(open_calls): figures(rate)} for name, (open_calls, rate) in each.items()}
        for each in taken
    ]


def test_every_target_is_about_what_is_measured() -> None:
    everything: list[Measured] = [*SUBJECTS, *PROBES]
    measured = {(each.name, load) for each in everything for load in each.closed_loops}
    points = [point for target in targets() for point in (target.value, target.of) if point is not None]
    assert {(point.name, str(point.open_calls)) for point in points} <= measured


def test_every_probe_has_a_name_of_its_own_and_a_target() -> None:
    names = [each.name for each in PROBES]
    points = [point for target in targets() for point in (target.value, target.of) if point is not None]
    assert len({*names, *(each.name for each in SUBJECTS)}) == len(names) + len(SUBJECTS)
    assert set(names) <= {point.name for point in points}


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    # The machine was twice as slow in the second round, which changes no ratio.
    taken = rounds(
        {ONE_WORKER: (200, 1000), TWO_WORKERS: (200, 1500)},
        {ONE_WORKER: (200, 500), TWO_WORKERS: (200, 1000)},
        {ONE_WORKER: (200, 1000), TWO_WORKERS: (200, 1700)},
    )
    [row] = table(taken)[2:]
    assert cells(row)[1:] == ["200", "≥ 1.6", "1.70 (1.50-2.00)", "yes"]


@pytest.mark.parametrize(("rate", "holds"), [(1600, "yes"), (1599, "no")])
def test_a_rate_must_reach_its_bound(rate: float, holds: str) -> None:
    [row] = table(rounds({ONE_WORKER: (200, 1000), TWO_WORKERS: (200, rate)}))[2:]
    assert cells(row)[-1] == holds


@pytest.mark.parametrize(("rate", "holds"), [(1000, "yes"), (500, "no")])
def test_a_latency_must_not_exceed_its_bound(rate: float, holds: str) -> None:
    [row] = table(rounds({RIVAL.name: (1, 1000), OURS.name: (1, rate)}))[2:]
    assert cells(row)[1:] == ["1", "≤ 1.5", f"{1000 / rate:.2f} ({1000 / rate:.2f}-{1000 / rate:.2f})", holds]


def test_a_batch_counts_for_each_of_its_legs() -> None:
    [row] = table(rounds({batches("PostgreSQL"): (10, 50), OURS.name: (100, 200)}))[2:]
    assert cells(row)[3].startswith(f"{LEGS * 50 / 200:.2f} ")


def test_a_target_is_left_out_if_a_part_of_it_was_not_measured_in_every_round() -> None:
    both, one = {RIVAL.name: (1, 1000.0), OURS.name: (1, 1000.0)}, {OURS.name: (1, 1000.0)}
    assert table(rounds(both, one))[2:] == []
    assert Point(RIVAL.name, 1).of(rounds(one)[0]) is None


def test_for_the_callee_who_chooses_among_a_thousand_a_64th_of_them_is_weighed() -> None:
    [probe] = [each for each in PROBES if each.name == choosing("localdial", Work.DECIDE, THOUSAND)]
    callee = hash_number(ResolveOutboundCallerIdRequest.FromString(probe.request).callee_number)
    questions = list(zip(callee[8:12], callee[12:16], strict=True))
    hashes = map(hash_number, CHOICES[THOUSAND])
    near = sum(any(each[place % HASH_BYTES] == value for place, value in questions) for each in hashes)
    assert near == round(len(CHOICES[THOUSAND]) / 64)
