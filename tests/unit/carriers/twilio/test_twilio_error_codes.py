import pytest

from localdial_server.app.ports.carrier import (
    CarrierUnavailable,
    NumberTaken,
    OutcomeUnknown,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.twilio.error_codes import (
    ApiError,
    NoResponse,
    NotSent,
    ProxyRefused,
    RequestFailed,
    change_error,
    look_up_error,
    release_error,
)

_REFUSED = {
    # Every code of a purchase for which repeating does not help.
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
    # Without a known code the status decides.
    (400, 99999): RefusalCause.INVALID,
    (400, 0): RefusalCause.INVALID,
    (401, 0): RefusalCause.CREDENTIALS,
    (402, 0): RefusalCause.ACCOUNT,
    (403, 0): RefusalCause.ACCOUNT,
    (404, 20404): RefusalCause.ACCOUNT,
    (405, 0): RefusalCause.INVALID,
    # Not Twilio: a proxy, or a redirection.
    (407, 0): RefusalCause.ACCOUNT,
    (302, 0): RefusalCause.ACCOUNT,
    (307, 20307): RefusalCause.ACCOUNT,
    (422, 0): RefusalCause.INVALID,
}


@pytest.mark.parametrize(("answer", "cause"), _REFUSED.items(), ids=str)
def test_a_refusal_of_a_change_has_a_cause_and_an_explanation(
    answer: tuple[int, int], cause: RefusalCause
) -> None:
    error = change_error(ApiError(*answer))
    assert isinstance(error, Refused)
    assert error.cause is cause
    assert error.explanation[0].isupper()
    assert error.explanation.endswith(".")
    # The log also has the carrier's code.
    assert str(error).startswith(str(ApiError(*answer)))


@pytest.mark.parametrize("code", [21422, 21452])
def test_error_codes_for_an_unavailable_number_mean_taken(code: int) -> None:
    assert isinstance(change_error(ApiError(400, code)), NumberTaken)


@pytest.mark.parametrize("answer", [(429, 20429), (429, 0), (400, 20429), (409, 0)])
def test_a_throttled_request_can_be_repeated_after_the_requested_delay(
    answer: tuple[int, int],
) -> None:
    for error in change_error(ApiError(*answer, 7.5)), look_up_error(ApiError(*answer, 7.5)):
        assert isinstance(error, CarrierUnavailable)
        assert error.retry_after == 7.5


# The last one: a 5xx is not trusted to mean "taken".
@pytest.mark.parametrize("answer", [(500, 20500), (502, 0), (503, 20503), (504, 0), (408, 0), (500, 21422)])
def test_a_change_has_an_unknown_outcome_after_a_server_error(answer: tuple[int, int]) -> None:
    error = change_error(ApiError(*answer, 7.5))
    assert isinstance(error, OutcomeUnknown)
    assert error.retry_after == 7.5


def test_a_change_without_a_response_has_an_unknown_outcome_unless_it_was_not_sent() -> None:
    assert type(change_error(NoResponse("reset"))) is OutcomeUnknown
    assert type(change_error(NotSent("refused"))) is CarrierUnavailable


@pytest.mark.parametrize(
    "error",
    [ApiError(500), ApiError(503, 20503, 3.0), ApiError(408), NoResponse("reset"), NotSent("refused")],
)
def test_a_look_up_without_a_response_can_be_repeated(error: RequestFailed) -> None:
    raised = look_up_error(error)
    assert type(raised) is CarrierUnavailable
    assert raised.retry_after == getattr(error, "retry_after", None)


@pytest.mark.parametrize(("answer", "cause"), _REFUSED.items(), ids=str)
def test_a_look_up_is_refused_for_the_same_reason_as_a_change(
    answer: tuple[int, int], cause: RefusalCause
) -> None:
    looked, changed = look_up_error(ApiError(*answer)), change_error(ApiError(*answer))
    assert isinstance(looked, Refused)
    assert isinstance(changed, Refused)
    assert looked.cause is cause
    assert looked.explanation == changed.explanation


@pytest.mark.parametrize("code", [21422, 21452])
def test_neither_a_look_up_nor_a_release_loses_a_race_for_a_number(code: int) -> None:
    error = ApiError(400, code)
    for raised in look_up_error(error), release_error(error, has_emergency_address=False):
        assert isinstance(raised, Refused)
        assert f"error {code}" in raised.explanation


def test_the_error_of_a_redirect_names_the_setting() -> None:
    for error in change_error(ApiError(302)), look_up_error(ApiError(302)):
        assert isinstance(error, Refused)
        assert "LOCALDIAL_TWILIO_BASE_URL" in error.explanation


def test_the_error_of_a_proxy_that_wants_a_password_does_not_blame_twilio() -> None:
    for error in change_error(ApiError(407)), look_up_error(ApiError(407)):
        assert isinstance(error, Refused)
        assert "HTTPS_PROXY" in error.explanation
        assert "finds the request invalid" not in error.explanation


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ((400, 99999), "(status 400, error 99999, https://www.twilio.com/docs/api/errors/99999)"),
        ((400, 21458), "(status 400, error 21458, https://www.twilio.com/docs/api/errors/21458)"),
        ((403, 20006), "(status 403, error 20006, https://www.twilio.com/docs/api/errors/20006)"),
        ((403, 0), "(status 403, no error code)"),
        ((418, 0), "(status 418, no error code)"),
        ((422, 0), "(status 422, no error code)"),
        ((302, 0), "(status 302)"),
        ((308, 0), "(status 308)"),
        ((407, 0), "(status 407)"),
    ],
    ids=str,
)
def test_an_answer_that_is_not_known_is_named_in_every_request(answer: tuple[int, int], named: str) -> None:
    error = ApiError(*answer)
    for raised in (
        change_error(error),
        look_up_error(error),
        release_error(error, has_emergency_address=False),
    ):
        assert isinstance(raised, Refused)
        assert named in raised.explanation


def test_a_proxy_that_does_not_connect_is_named_and_an_overloaded_one_is_asked_again() -> None:
    for request_error in change_error, look_up_error:
        password, blocked, busy = (request_error(ProxyRefused(status)) for status in (407, 403, 503))
        assert isinstance(password, Refused)
        assert "wants a user name and a password (status 407)" in password.explanation
        assert isinstance(blocked, Refused)
        assert "refuses the connection (status 403)" in blocked.explanation
        # Nothing was sent, so the outcome is known.
        assert type(busy) is CarrierUnavailable
