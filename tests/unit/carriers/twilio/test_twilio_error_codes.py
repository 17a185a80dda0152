import email.utils
import time

import pytest

from localdial_server.app.ports.carrier import (
    CarrierUnavailable,
    NumberTaken,
    OutcomeUnknown,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.twilio.error_codes import (
    Failure,
    NoAnswer,
    NotSent,
    error_of_change,
    error_of_look_up,
    retry_after,
)

_REFUSED = {
    # Every code of Twilio's for a purchase that a repeat does not cure.
    (400, 21421): RefusalCause.INVALID,
    (400, 21451): RefusalCause.INVALID,
    (400, 21457): RefusalCause.INVALID,
    (400, 21458): RefusalCause.INVALID,
    (400, 21613): RefusalCause.REGULATORY,
    (400, 21615): RefusalCause.REGULATORY,
    (400, 21631): RefusalCause.REGULATORY,
    (400, 21649): RefusalCause.REGULATORY,
    (400, 21650): RefusalCause.REGULATORY,
    (401, 20003): RefusalCause.CREDENTIALS,
    (403, 20003): RefusalCause.CREDENTIALS,
    (403, 20005): RefusalCause.ACCOUNT,
    (400, 10001): RefusalCause.ACCOUNT,
    (400, 10002): RefusalCause.ACCOUNT,
    (400, 21404): RefusalCause.ACCOUNT,
    # What has no code that is known goes by its status.
    (400, 99999): RefusalCause.INVALID,
    (400, 0): RefusalCause.INVALID,
    (401, 0): RefusalCause.CREDENTIALS,
    (402, 0): RefusalCause.ACCOUNT,
    (403, 0): RefusalCause.ACCOUNT,
    (404, 20404): RefusalCause.ACCOUNT,
    (405, 0): RefusalCause.INVALID,
    (422, 0): RefusalCause.INVALID,
}


@pytest.mark.parametrize(("answer", "cause"), _REFUSED.items(), ids=str)
def test_a_change_is_refused_for_a_cause_and_says_what_to_do(
    answer: tuple[int, int], cause: RefusalCause
) -> None:
    error = error_of_change(Failure(*answer))
    assert isinstance(error, Refused)
    assert error.cause is cause
    assert error.explanation[0].isupper()
    assert error.explanation.endswith(".")
    assert str(answer[0]) not in error.explanation
    # The log has the carrier's code too.
    assert str(error).startswith(str(Failure(*answer)))


@pytest.mark.parametrize("code", [21422, 21452])
def test_a_number_that_is_gone_is_taken(code: int) -> None:
    assert isinstance(error_of_change(Failure(400, code)), NumberTaken)


@pytest.mark.parametrize("answer", [(429, 20429), (429, 0), (400, 20429), (409, 0)])
def test_what_was_turned_away_may_be_repeated_after_the_time_that_was_asked_for(
    answer: tuple[int, int],
) -> None:
    for error in error_of_change(Failure(*answer, 7.5)), error_of_look_up(Failure(*answer, 7.5)):
        assert isinstance(error, CarrierUnavailable)
        assert error.retry_after == 7.5


# The last: a code that says "taken" is not believed of a server that is out of order.
@pytest.mark.parametrize("answer", [(500, 20500), (502, 0), (503, 20503), (504, 0), (408, 0), (500, 21422)])
def test_after_a_servers_error_a_change_has_an_unknown_outcome(answer: tuple[int, int]) -> None:
    assert type(error_of_change(Failure(*answer))) is OutcomeUnknown


def test_no_answer_is_an_unknown_outcome_and_a_request_that_was_not_sent_none() -> None:
    assert type(error_of_change(NoAnswer("reset"))) is OutcomeUnknown
    assert type(error_of_change(NotSent("refused"))) is CarrierUnavailable


@pytest.mark.parametrize(
    "error", [Failure(500), Failure(503, 20503, 3.0), Failure(408), NoAnswer("reset"), NotSent("refused")]
)
def test_a_look_up_without_an_answer_may_be_repeated(error: Failure | NoAnswer | NotSent) -> None:
    raised = error_of_look_up(error)
    assert type(raised) is CarrierUnavailable
    assert raised.retry_after == getattr(error, "retry_after", None)


@pytest.mark.parametrize(("answer", "cause"), _REFUSED.items(), ids=str)
def test_a_look_up_is_refused_for_the_account_alone(answer: tuple[int, int], cause: RefusalCause) -> None:
    raised = error_of_look_up(Failure(*answer))
    if cause in {RefusalCause.ACCOUNT, RefusalCause.CREDENTIALS}:
        assert isinstance(raised, Refused)
        assert raised.cause is cause
    else:
        assert type(raised) is CarrierUnavailable


def test_a_redirect_points_at_the_setting() -> None:
    error = error_of_change(Failure(302))
    assert isinstance(error, CarrierUnavailable)
    assert "LOCALDIAL_TWILIO_BASE_URL" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("0.25", 0.25),
        ("-3", 0.0),
        ("1e9", 86_400.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_and_bounded(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_may_be_a_date() -> None:
    seconds = retry_after(email.utils.formatdate(time.time() + 60, usegmt=True))
    assert seconds is not None
    assert 50 < seconds <= 60
    assert retry_after(email.utils.formatdate(0, usegmt=True)) == 0
