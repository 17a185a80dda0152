"""What happens to a call-back, step by step."""

import pytest

from localdial_server.web.webhook.flow import (
    Call,
    Dial,
    DialEnded,
    HangUp,
    Message,
    Organization,
    after_dial,
    is_accepted,
)

CALLED, CALLER = "+14155550100", "+16285550155"
WORK_PHONE, ORGANIZATION_NUMBER = "+13125550160", "+13125550150"
CALL = Call("CA1", CALLED, CALLER)
ACME = Organization("acme", "Acme Lending", ORGANIZATION_NUMBER)


def ended(
    status: str, *, dialled: str | None = WORK_PHONE, screened: bool = False, bridged: str = ""
) -> DialEnded:
    return DialEnded("acme", dialled, screened, status, bridged)


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled", "", "something new"])
def test_a_phone_that_nobody_answers_is_followed_by_the_organization_number(status: str) -> None:
    assert after_dial(CALL, ended(status), ACME) == Dial(ORGANIZATION_NUMBER, CALLER, "acme")


@pytest.mark.parametrize("status", ["completed", "answered"])
def test_a_call_that_was_answered_ends(status: str) -> None:
    assert after_dial(CALL, ended(status), ACME) == HangUp()
    assert after_dial(CALL, ended(status, bridged="true", screened=True), ACME) == HangUp()


def test_a_call_that_was_answered_and_not_accepted_goes_on() -> None:
    declined = ended("completed", screened=True, bridged="false")
    assert after_dial(CALL, declined, ACME) == Dial(ORGANIZATION_NUMBER, CALLER, "acme")


def test_where_nobody_knows_whether_it_was_accepted_it_goes_on_rather_than_end_in_silence() -> None:
    assert after_dial(CALL, ended("completed", screened=True), ACME) != HangUp()


@pytest.mark.parametrize(
    ("call", "dialled"),
    [
        (CALL, ORGANIZATION_NUMBER),
        (Call("CA1", ORGANIZATION_NUMBER, CALLER), WORK_PHONE),
        (Call("CA1", CALLED, ORGANIZATION_NUMBER), WORK_PHONE),
        (CALL, None),
    ],
    ids=["it was dialled", "it was called", "it calls", "nobody knows what was dialled"],
)
def test_the_organization_number_is_not_dialled_in_a_circle(call: Call, dialled: str | None) -> None:
    assert after_dial(call, ended("no-answer", dialled=dialled), ACME) == Message("Acme Lending")


def test_without_an_organization_number_the_caller_is_told_in_the_organizations_name() -> None:
    assert after_dial(CALL, ended("busy"), Organization("acme", "Acme Lending")) == Message("Acme Lending")


def test_without_an_answer_from_localdial_the_caller_is_told_all_the_same() -> None:
    assert after_dial(CALL, ended("busy"), None) == Message("")


@pytest.mark.parametrize(
    "caller", ["", "anonymous", "+266696687", "sip:ann@example.com", "client:ann", "12345", "+1628555\u0661"]
)
def test_where_the_caller_has_no_number_to_show_the_called_one_is_shown(caller: str) -> None:
    assert Call("CA1", CALLED, caller).shown_number == CALLED
    step = after_dial(Call("CA1", CALLED, caller), ended("busy"), ACME)
    assert step == Dial(ORGANIZATION_NUMBER, CALLED, "acme")


def test_the_callers_own_number_is_passed_on() -> None:
    assert CALL.shown_number == CALLER


def test_a_dials_parameters_tell_the_next_step_what_was_dialled() -> None:
    for screened in True, False:
        dial = Dial(WORK_PHONE, CALLER, "acme & sons", screened=screened)
        form = {"DialCallStatus": "busy", "DialBridged": "false"}
        assert DialEnded.of(dial.parameters(), form) == DialEnded(
            "acme & sons", WORK_PHONE, screened, "busy", "false"
        )


@pytest.mark.parametrize("dialled", ["", "1312555016O", "+13125550160", "1312555AccountSid", "123"])
def test_what_is_no_number_was_not_dialled(dialled: str) -> None:
    assert DialEnded.of({"dialled": dialled}, {}).dialled_number is None


def test_a_call_is_read_from_what_the_carrier_sends() -> None:
    assert Call.of({"CallSid": "CA1", "To": CALLED, "From": CALLER, "ToCity": ""}) == CALL
    assert Call.of({}) == Call("", "", "")


@pytest.mark.parametrize(("digits", "accepted"), [("1", True), ("2", False), ("", False), ("11", False)])
def test_only_1_accepts(digits: str, *, accepted: bool) -> None:
    assert is_accepted({"Digits": digits}) is accepted
    assert not is_accepted({})
