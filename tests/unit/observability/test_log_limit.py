"""The limit on log lines."""

import logging
from collections.abc import Iterator

import pytest

from localdial_server.observability.log_limit import LibraryLimit, LimitedLog


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


@pytest.fixture
def limited(time: Time, caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.INFO)
    limit = LibraryLimit(10, monotonic=time)
    caplog.handler.addFilter(limit)
    yield caplog
    caplog.handler.removeFilter(limit)


def fail(error: Exception) -> None:
    try:
        raise error
    except type(error):
        text = f"Exception in callback {error}"
        logging.getLogger("asyncio").exception(text)


def test_a_library_logs_each_of_its_lines_once_in_its_time_whatever_the_text(
    limited: pytest.LogCaptureFixture, time: Time
) -> None:
    for number in range(500):
        fail(OSError(f"the caller's text {number}"))
        time.now += 0.03125
    assert [getattr(record, "left_out", 0) for record in limited.records] == [0, 319]


def test_a_library_logs_each_type_of_exception_by_itself(limited: pytest.LogCaptureFixture) -> None:
    for error in OSError(), ValueError(), OSError():
        fail(error)
    assert len(limited.records) == 2


def test_the_limit_of_libraries_leaves_our_own_lines_alone(limited: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        logging.getLogger("localdial_server.app").warning("an order went through late")
    assert len(limited.records) == 3
