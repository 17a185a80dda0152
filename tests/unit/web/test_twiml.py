"""The TwiML that tells Twilio what to do with a call."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from localdial_server.domain.callers import NumberReader
from localdial_server.web.webhook.call_steps import Call, Dial
from localdial_server.web.webhook.twiml import TwimlWriter

WRITER = TwimlWriter("https://voice.example.com/localdial", 20, NumberReader("US"))
CALL = Call("CA1", "+14155550100", "+16285550155")
DIAL = Dial("+13125550160", "acme", shows_caller=True, fallback_number="+13125550150")


def verbs(twiml: str) -> list[ET.Element]:
    response = ET.fromstring(twiml.encode())
    assert response.tag == "Response"
    return list(response)


def test_a_phone_rings_for_a_time_and_twilio_reports_the_end() -> None:
    [dial] = verbs(WRITER.dial(DIAL, CALL))
    assert dial.tag == "Dial"
    action = dial.attrib.pop("action")
    assert dial.attrib == {
        "method": "POST",
        "timeout": "20",
        "callerId": "+16285550155",
        "answerOnBridge": "true",
    }
    assert action == (
        "https://voice.example.com/localdial/dial-ended"
        "?organization=acme&shows_caller=yes&fallback=13125550150&is_fallback=no&screened=no"
    )
    [number] = dial
    assert (number.tag, number.text, number.attrib) == ("Number", "+13125550160", {})


def test_a_user_who_answers_a_screened_call_is_asked_first() -> None:
    [dial] = verbs(WRITER.dial(replace(DIAL, screened=True), CALL))
    [number] = dial
    assert number.attrib == {
        "url": "https://voice.example.com/localdial/screen"
        "?organization=acme&shows_caller=yes&fallback=13125550150&is_fallback=no&screened=yes",
        "method": "POST",
    }
    gather, hang_up = verbs(WRITER.question("Acme Lending"))
    assert gather.attrib == {
        "numDigits": "1",
        "timeout": "6",
        "action": "https://voice.example.com/localdial/screened",
        "method": "POST",
    }
    [say] = gather
    assert say.text == "A call back for Acme Lending. Press 1 to accept."
    assert hang_up.tag == "Hangup", "a user who presses no key does not get the call"
    assert verbs(WRITER.connect()) == []


@pytest.mark.parametrize(
    "organization_id", ["a&b=c", "100%", "a+b", "<acme>", '"acme"', "a/b?c#d", "~a.b_c-d"]
)
def test_an_organization_identifier_survives_the_url(organization_id: str) -> None:
    [dial] = verbs(WRITER.dial(replace(DIAL, organization_id=organization_id), CALL))
    url = urlsplit(dial.attrib["action"])
    assert parse_qs(url.query, strict_parsing=True)["organization"] == [organization_id]
    # No proxy rewrites a query that has only these characters.
    assert set(url.query) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%&=")


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Acme Lending", "Acme Lending"),
        ("Smith & Sons <Loans> \"First\" 'n' More ]]>", "Smith & Sons <Loans> \"First\" 'n' More ]]>"),
        ("Zürich Crédit 日本 🏠", "Zürich Crédit 日本 🏠"),
        ("</Say><Dial>+19005550100</Dial>", "</Say><Dial>+19005550100</Dial>"),
        ("Ac\x00me\x0b\ufffe Lend\ning", "Ac me  Lend ing"),
    ],
)
def test_an_organizations_name_is_spoken_whatever_its_characters(name: str, spoken: str) -> None:
    say, hang_up = verbs(WRITER.message(name))
    assert say.text == (
        f"Thank you for calling {spoken}. Nobody can take your call right now. "
        "Please call again later. Goodbye."
    )
    assert (say.tag, hang_up.tag) == ("Say", "Hangup")
    [gather, _] = verbs(WRITER.question(name))
    assert gather[0].text == f"A call back for {spoken}. Press 1 to accept."


@pytest.mark.parametrize("name", ["", " ", "\x00"])
def test_without_a_name_the_caller_still_hears_a_message(name: str) -> None:
    say, _ = verbs(WRITER.message(name))
    assert say.text == "Your call cannot be connected right now. Please call again later. Goodbye."
    [gather, _] = verbs(WRITER.question(name))
    assert gather[0].text == "A call back. Press 1 to accept."


def test_an_answered_call_is_hung_up() -> None:
    [hang_up] = verbs(WRITER.hang_up())
    assert hang_up.tag == "Hangup"
