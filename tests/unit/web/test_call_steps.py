"""What happens to a call-back, step by step."""

import pytest

from localdial_server.web.webhook.call_steps import (
    Call,
    Dial,
    DialEnded,
    HangUp,
    Message,
    after_dial,
    is_accepted,
)

CALLED, CALLER = "+14155550100", "+16285550155"
WORK_PHONE, ORGANIZATION_NUMBER = "+13125550160", "+13125550150"
CALL = Call("CA1", CALLED, CALLER)
FALLBACK = Dial(ORGANIZATION_NUMBER, CALLER, "acme")


def ended(
    status: str, *, fallback: str | None = ORGANIZATION_NUMBER, screened: bool = False, bridged: str = ""
) -> DialEnded:
    return DialEnded("acme", fallback, screened, status, bridged)


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled", "", "something new"])
def test_if_nobody_answers_the_fallback_is_rung(status: str) -> None:
    assert after_dial(CALL, ended(status)) == FALLBACK


def test_after_the_fallback_no_phone_is_rung() -> None:
    assert FALLBACK.fallback_number is None


@pytest.mark.parametrize("status", ["completed", "answered"])
def test_a_call_that_was_answered_ends(status: str) -> None:
    assert after_dial(CALL, ended(status)) == HangUp()
    assert after_dial(CALL, ended(status, bridged="true", screened=True)) == HangUp()


def test_a_call_that_was_answered_but_not_accepted_goes_on() -> None:
    assert after_dial(CALL, ended("completed", screened=True, bridged="false")) == FALLBACK


def test_a_screened_call_goes_on_if_twilio_does_not_say_whether_it_was_accepted() -> None:
    assert after_dial(CALL, ended("completed", screened=True)) == FALLBACK


def test_without_a_fallback_the_caller_hears_a_message_of_the_organization() -> None:
    assert after_dial(CALL, ended("busy", fallback=None)) == Message("acme")


@pytest.mark.parametrize(
    "caller", ["", "anonymous", "+266696687", "sip:ann@example.com", "client:ann", "12345", "+1628555\u0661"]
)
def test_if_the_caller_withholds_the_number_the_called_number_is_shown(caller: str) -> None:
    call = Call.of({"To": CALLED, "From": caller})
    assert call.caller_number is None
    assert call.shown_number == CALLED
    assert after_dial(call, ended("busy")) == Dial(ORGANIZATION_NUMBER, CALLED, "acme")


def test_the_phone_that_rings_shows_the_callers_own_number() -> None:
    assert CALL.shown_number == CALLER


@pytest.mark.parametrize("fallback", [ORGANIZATION_NUMBER, None])
@pytest.mark.parametrize("screened", [True, False])
def test_the_next_step_knows_from_its_url_what_to_do(fallback: str | None, *, screened: bool) -> None:
    dial = Dial(WORK_PHONE, CALLER, "acme & sons", fallback, screened=screened)
    form = {"DialCallStatus": "busy", "DialBridged": "false"}
    assert DialEnded.of(dial.parameters(), form) == DialEnded(
        "acme & sons", fallback, screened, "busy", "false"
    )


@pytest.mark.parametrize("fallback", ["", "1312555016O", "+13125550160", "1312555AccountSid", "123"])
def test_a_text_that_is_not_a_number_is_never_rung(fallback: str) -> None:
    assert DialEnded.of({"fallback": fallback}, {}).fallback_number is None


def test_no_number_is_at_the_end_of_a_url_where_the_signature_would_not_hold_it() -> None:
    *_, last = FALLBACK.parameters()
    assert last == "screened"


def test_a_call_is_read_from_twilios_parameters() -> None:
    assert Call.of({"CallSid": "CA1", "To": CALLED, "From": CALLER, "ToCity": ""}) == CALL
    assert Call.of({}) == Call("", "", None)


@pytest.mark.parametrize(("digits", "accepted"), [("1", True), ("2", False), ("", False), ("11", False)])
def test_only_the_key_1_accepts_a_call(digits: str, *, accepted: bool) -> None:
    assert is_accepted({"Digits": digits}) is accepted
    assert not is_accepted({})
