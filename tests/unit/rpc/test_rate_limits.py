import pytest

from localdial_server.domain.rates import Rate, Rates
from localdial_server.rpc.rate_limits import RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_let_in_and_then_the_rate(clock: Clock) -> None:
    limits = RateLimits(Rates(Rate(per_second=10, burst=3)), clock)

    assert [limits.seconds_over("acme", 1) for _ in range(3)] == [0, 0, 0]
    assert limits.seconds_over("acme", 1) == pytest.approx(0.1)
    clock.now += 0.1
    assert limits.seconds_over("acme", 1) == 0
    assert limits.seconds_over("acme", 1) > 0


def test_a_refused_call_is_not_charged(clock: Clock) -> None:
    limits = RateLimits(Rates(Rate(per_second=1, burst=1)), clock)
    limits.seconds_over("acme", 1)

    assert limits.seconds_over("acme", 1) == limits.seconds_over("acme", 1)


def test_a_call_dearer_than_the_burst_is_let_in_when_nothing_is_owed(clock: Clock) -> None:
    limits = RateLimits(Rates(Rate(per_second=100, burst=10)), clock)

    assert limits.seconds_over("acme", 500) == 0
    assert limits.seconds_over("acme", 1) == pytest.approx(4.91)
    clock.now += 5
    assert limits.seconds_over("acme", 500) == 0


def test_organizations_have_limits_of_their_own_or_the_default_or_none(clock: Clock) -> None:
    limits = RateLimits(Rates(Rate(1, 1), {"big": Rate(1, 5), "free": None}), clock)

    assert [limits.seconds_over("big", 1) for _ in range(5)] == [0] * 5
    assert [limits.seconds_over("free", 1) for _ in range(100)] == [0] * 100
    assert limits.seconds_over("small", 1) == 0
    assert limits.seconds_over("small", 1) > 0


def test_organizations_that_owe_nothing_are_forgotten(clock: Clock) -> None:
    limits = RateLimits(Rates(Rate(per_second=1_000, burst=1)), clock)

    for number in range(30_000):
        limits.seconds_over(f"organization-{number}", 1)
        clock.now += 0.01

    assert len(limits._full_at) <= 10_000
