"""What h2load's output and its log of calls say."""

import pytest

from tests.bench.h2load import ClosedLoop, LoadError, OpenLoop, TimedLoop, figures, percentile

OUTPUT = """\
finished in 2.00s, 1.50 req/s, 80.63KB/s
requests: 3 total, 3 started, 3 done, 3 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 3 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 393.43KB (402870) total, 10.35KB (10600) headers (space savings 94.42%), 57B (57) data
"""
LOG = "1796057028630224\t200\t3000\n1796057028630225\t200\t1000\n1796057028630226\t200\t2000\n"


def test_the_rate_comes_from_the_output_and_the_latencies_from_the_log() -> None:
    taken = figures(OUTPUT, LOG, 3, 19)
    assert taken.rate == 1.5
    assert (taken.p50, taken.p90, taken.p99, taken.p999) == (2.0, 3.0, 3.0, 3.0)


def test_a_response_without_its_message_is_a_failed_call() -> None:
    # gRPC sends no message with an error, and h2load counts it as a success.
    assert figures(OUTPUT, LOG, 3, 19).failed == 0
    assert figures(OUTPUT.replace("(57)", "(38)"), LOG, 3, 19).failed == 1


def test_a_response_of_another_size_is_noticed() -> None:
    with pytest.raises(LoadError, match="57 bytes were returned for 3 calls, not 20 for each"):
        figures(OUTPUT, LOG, 3, 20)


def test_another_http_status_is_a_failed_call() -> None:
    with pytest.raises(LoadError, match="1 of them not with HTTP status 200"):
        figures(OUTPUT, LOG.replace("200\t1000", "-1\t1000"), 3, 19)


def test_a_call_without_an_answer_is_noticed() -> None:
    with pytest.raises(LoadError, match="3 of 4 calls were answered"):
        figures(OUTPUT, LOG, 4, 19)


def test_output_without_a_figure_is_shown_whole() -> None:
    with pytest.raises(LoadError, match=r"nothing that matches .* data:\n.*finished in"):
        figures(OUTPUT.replace("data", ""), LOG, 3, 19)


@pytest.mark.parametrize(("percent", "expected"), [(50, 500), (99, 990), (99.9, 999), (100, 1000)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: int) -> None:
    assert percentile(range(1, 1001), percent) == expected


def test_a_load_that_ends_by_time_has_the_calls_of_the_log() -> None:
    taken = figures(OUTPUT.replace("(57)", "(38)"), LOG, None, 19)
    assert (taken.calls, taken.failed) == (3, 1)


def test_a_timed_loop_spreads_its_calls_over_its_connections() -> None:
    arguments = ["-c", "40", "-m", "5", "-D", "1500ms"]
    assert TimedLoop(200, connections=40, seconds=1.5).arguments == arguments


def test_a_closed_loop_has_at_most_ten_connections() -> None:
    assert [ClosedLoop(count).arguments for count in (1, 10, 100)] == [
        ["-c", "1", "-m", "1"],
        ["-c", "10", "-m", "1"],
        ["-c", "10", "-m", "10"],
    ]


@pytest.mark.parametrize(
    ("rate", "each", "apart"), [(100, "10", "10ms"), (1000, "100", "1ms"), (9000, "900", "1ms")]
)
def test_the_connections_of_an_open_loop_send_at_different_times(rate: float, each: str, apart: str) -> None:
    assert OpenLoop(rate).arguments == [
        *("-c", "10", "-m", "50", f"--rps={each}.0000", "-r", "1", f"--rate-period={apart}")
    ]
