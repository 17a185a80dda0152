"""What happens to a call-back, step by step."""

import pytest

from localdial.v1.call_routing_pb2 import InboundCallOutcome
from localdial_server.domain.callers import NumberReader
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
FALLBACK = Dial(ORGANIZATION_NUMBER, "acme", shows_caller=True, is_fallback=True)


def ended(
    status: str,
    *,
    fallback: str | None = ORGANIZATION_NUMBER,
    is_fallback: bool = False,
    screened: bool = False,
    bridged: str = "",
) -> DialEnded:
    return DialEnded(
        "acme",
        shows_caller=True,
        fallback_number=fallback,
        is_fallback=is_fallback,
        screened=screened,
        status=status,
        bridged=bridged,
    )


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled", "", "something new"])
def test_if_nobody_answers_the_fallback_is_rung(status: str) -> None:
    assert after_dial(ended(status)) == FALLBACK


def test_after_the_fallback_no_phone_is_rung() -> None:
    assert FALLBACK.fallback_number is None


@pytest.mark.parametrize("status", ["completed", "answered"])
def test_a_call_that_was_answered_ends(status: str) -> None:
    assert after_dial(ended(status)) == HangUp()
    assert after_dial(ended(status, bridged="true", screened=True)) == HangUp()


def test_a_call_that_was_answered_but_not_accepted_goes_on() -> None:
    assert after_dial(ended("completed", screened=True, bridged="false")) == FALLBACK


def test_a_screened_call_goes_on_if_twilio_does_not_say_whether_it_was_accepted() -> None:
    assert after_dial(ended("completed", screened=True)) == FALLBACK


def test_without_a_fallback_the_caller_hears_a_message_of_the_organization() -> None:
    assert after_dial(ended("busy", fallback=None)) == Message("acme")


@pytest.mark.parametrize(("shows_caller", "shown"), [(True, CALLER), (False, CALLED)])
def test_the_phone_shows_the_caller_or_the_called_number(*, shows_caller: bool, shown: str) -> None:
    assert Dial(WORK_PHONE, "acme", shows_caller).shown_number(CALL, NumberReader("US")) == shown


@pytest.mark.parametrize("fallback", [ORGANIZATION_NUMBER, None])
@pytest.mark.parametrize("shows_caller", [True, False])
@pytest.mark.parametrize("is_fallback", [True, False])
@pytest.mark.parametrize("screened", [True, False])
def test_the_next_step_knows_from_its_url_what_to_do(
    fallback: str | None, *, shows_caller: bool, is_fallback: bool, screened: bool
) -> None:
    dial = Dial(WORK_PHONE, "acme & sons", shows_caller, fallback, is_fallback, screened)
    form = {"DialCallStatus": "busy", "DialBridged": "false"}
    assert DialEnded.of(dial.parameters(), form) == DialEnded(
        "acme & sons", shows_caller, fallback, is_fallback, screened, "busy", "false"
    )


@pytest.mark.parametrize("fallback", ["", "1312555016O", "+13125550160", "1312555AccountSid", "123"])
def test_a_text_that_is_not_a_number_is_never_rung(fallback: str) -> None:
    assert DialEnded.of({"fallback": fallback}, {}).fallback_number is None


def test_no_url_ends_with_a_number_because_the_signature_does_not_delimit_it() -> None:
    *_, last = FALLBACK.parameters()
    assert last == "screened"


def test_a_call_is_read_from_twilios_parameters() -> None:
    assert Call.of({"CallSid": "CA1", "To": CALLED, "From": CALLER, "ToCity": ""}) == CALL
    assert Call.of({}) == Call("", "", "")


@pytest.mark.parametrize(("digits", "accepted"), [("1", True), ("2", False), ("", False), ("11", False)])
def test_only_the_key_1_accepts_a_call(digits: str, *, accepted: bool) -> None:
    assert is_accepted({"Digits": digits}) is accepted
    assert not is_accepted({})


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (ended("completed"), "ANSWERED"),
        (ended("completed", screened=True, bridged="true"), "ANSWERED"),
        (ended("completed", screened=True, bridged="false"), "SCREENED_OUT"),
        (ended("completed", screened=True), "SCREENED_OUT"),
        (ended("completed", fallback=None, is_fallback=True), "ANSWERED_BY_FALLBACK"),
        *((ended(status), "MISSED") for status in ("no-answer", "busy", "failed", "canceled", "")),
        (ended("no-answer", fallback=None, is_fallback=True), "MISSED"),
    ],
)
def test_the_outcome_of_each_phone_is_reported(how: DialEnded, outcome: str) -> None:
    assert InboundCallOutcome.Name(how.outcome) == f"INBOUND_CALL_OUTCOME_{outcome}"
