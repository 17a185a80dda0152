"""Where Twilio sends the calls to numbers that are bought or configured."""

import pytest

from localdial_server.app.ports.carrier import CallRoute, Refused
from localdial_server.carriers.twilio.account import NumberSettings
from tests.unit.carriers.twilio.conftest import MAIN, NUMBER, TwilioHarness

_APPLICATION = "AP" + "1" * 32
_TRUNK = "TK" + "2" * 32
_ADDRESS = "AD" + "3" * 32
_BUNDLE = "BU" + "4" * 32


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (NumberSettings(), {}),
        (
            NumberSettings(voice_url="https://v.example/voice"),
            {"VoiceUrl": "https://v.example/voice", "VoiceMethod": "POST"},
        ),
        (NumberSettings(voice_application_sid=_APPLICATION), {"VoiceApplicationSid": _APPLICATION}),
        (NumberSettings(trunk_sid=_TRUNK), {"TrunkSid": _TRUNK}),
        (NumberSettings(address_sid=_ADDRESS), {"AddressSid": _ADDRESS}),
        # No number of the NANP is ever asked for a bundle.
        (NumberSettings(bundle_sid=_BUNDLE), {}),
    ],
    ids=["nothing", "url", "application", "trunk", "address", "bundle"],
)
async def test_a_number_is_set_up_when_it_is_bought(
    twilio: TwilioHarness, settings: NumberSettings, fields: dict[str, str]
) -> None:
    await twilio.carriers(numbers=settings).all()[0].order(NUMBER, "localdial-1", 5)
    assert twilio.fields_of(NUMBER) == {"FriendlyName": "localdial-1", **fields}


@pytest.mark.parametrize("before", [{"VoiceApplicationSid": _APPLICATION}, {"TrunkSid": _TRUNK}])
async def test_configuring_a_voice_url_removes_what_takes_precedence_over_it(
    twilio: TwilioHarness, before: dict[str, str]
) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER, "Branch 7")
    twilio.ledger.update(twilio.ledger.account(MAIN), number.sid, before)
    configured = await twilio.carriers().all()[0].configure(number.sid)
    assert configured.reference == "Branch 7"
    fields = twilio.fields_of(NUMBER)
    assert fields["FriendlyName"] == "Branch 7"
    assert fields["VoiceUrl"] == "https://voice.example/voice"
    assert not fields.get("VoiceApplicationSid")
    assert not fields.get("TrunkSid")


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, CallRoute()),
        ({"VoiceUrl": "https://pbx.example"}, CallRoute("https://pbx.example", "POST")),
        ({"VoiceUrl": "https://pbx.example", "VoiceMethod": "GET"}, CallRoute("https://pbx.example", "GET")),
        ({"VoiceApplicationSid": _APPLICATION}, CallRoute(application_id=_APPLICATION)),
        ({"TrunkSid": _TRUNK}, CallRoute(trunk_id=_TRUNK)),
    ],
)
async def test_a_number_shows_what_is_set_for_its_calls(
    twilio: TwilioHarness, fields: dict[str, str], shown: CallRoute
) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER, "")
    twilio.ledger.update(twilio.ledger.account(MAIN), number.sid, fields)
    (owned,) = await twilio.carriers().all()[0].list_owned()
    assert owned.call_route == shown


async def test_without_a_setting_for_calls_nothing_is_configured(twilio: TwilioHarness) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER, "Branch 7")
    carrier = twilio.carriers(numbers=NumberSettings()).all()[0]
    assert "LOCALDIAL_WEBHOOK_PUBLIC_URL" in carrier.callback_warning
    with pytest.raises(Refused, match="LOCALDIAL_WEBHOOK_PUBLIC_URL"):
        await carrier.configure(number.sid)
    assert twilio.events("number_updated") == []
