"""The limit on log lines."""

import logging

import pytest

from localdial_server.observability.log_limit import LimitedLog


class Time:
    """A clock that the test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def log(time: Time, caplog: pytest.LogCaptureFixture) -> LimitedLog:
    caplog.set_level(logging.INFO)
    return LimitedLog(logging.getLogger("test"), 10, monotonic=time)


def test_an_event_is_logged_once_in_its_time_and_then_says_how_many_were_left_out(
    log: LimitedLog, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(500):
        log.warning("it failed", extra={"cause": "a full disk"})
        time.now += 0.03125
    first, second = caplog.records
    assert (first.getMessage(), first.levelname) == ("it failed", "WARNING")
    assert (first.cause, hasattr(first, "left_out")) == ("a full disk", False)  # type: ignore[attr-defined]
    assert second.left_out == 319  # type: ignore[attr-defined]


def test_events_and_kinds_do_not_silence_each_other(
    log: LimitedLog, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        log.error("it failed", kind="full")
        log.error("it failed", kind="locked")
        log.error("it ended")
    assert [record.getMessage() for record in caplog.records] == ["it failed", "it failed", "it ended"]


def test_a_traceback_is_logged_when_it_is_asked_for(
    log: LimitedLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.error("without")
    try:
        int("x")
    except ValueError:
        log.exception("with")
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
