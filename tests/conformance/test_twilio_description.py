"""The Twilio adapter's requests and the Twilio simulator's responses match Twilio's API description."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from localdial_server.app.ports.carrier import NumberTaken
from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger
from tests.conformance.twilio_account import ACCOUNT_SID
from tests.support.twilio_description import Watched, require_description
from tests.support.twilio_simulator import TwilioSimulators

_TOKEN = "a-secret"
_DIGITS = "0" * 32
_NUMBERS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json"


@pytest.fixture
def watched() -> Watched:
    return Watched(require_description())


@pytest.fixture
def url(watched: Watched, twilio_simulators: TwilioSimulators) -> Iterator[str]:
    ledger = Ledger()
    ledger.open_account(ACCOUNT_SID, _TOKEN)
    with twilio_simulators.serve(ledger, FaultInjector(), watched.around) as url:
        yield url


def ask(url: str, path: str, form: str | None = None) -> None:
    request = urllib.request.Request(url + path, form.encode() if form is not None else None)
    request.add_header("Authorization", f"Basic {b64encode(f'{ACCOUNT_SID}:{_TOKEN}'.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=10) as response:
        json.load(response)


@pytest.mark.parametrize(
    "settings",
    [
        NumberSettings(voice_url="https://voice.example.com/voice"),
        NumberSettings(voice_application_sid=f"AP{_DIGITS}", address_sid=f"AD{_DIGITS}"),
        NumberSettings(trunk_sid=f"TK{_DIGITS}", bundle_sid=f"BU{_DIGITS}"),
    ],
    ids=["url", "application and address", "trunk and bundle"],
)
async def test_every_call_of_the_adapter_is_as_described(
    watched: Watched, url: str, settings: NumberSettings
) -> None:
    carriers = TwilioCarriers(
        TwilioAccount(ACCOUNT_SID, ACCOUNT_SID, _TOKEN, base_url=url, timeout=10, numbers=settings)
    )
    try:
        carrier = carriers.all()[0]
        for area_code in "415", "416", "787", "+4420", "+612", "907":
            await carrier.search(area_code, 5)
        for number in "+14155550100", "+442079460000":
            owned = await carrier.order(number, f"localdial-{number[1:]}", 10)
            with pytest.raises(NumberTaken):
                await carrier.order(number, "localdial-another", 10)
            assert await carrier.find_by_number(number) == owned
            assert await carrier.find_by_reference(owned.reference) == owned
        assert len(await carrier.list_owned()) == 2
        await carrier.configure(owned.carrier_number_id)
        await carrier.release(owned.carrier_number_id)
        await carrier.release(owned.carrier_number_id)
        await carrier.look(lambda api: api.account(ACCOUNT_SID))
        await carrier.look(lambda api: api.balance(ACCOUNT_SID))
    finally:
        carriers.close()
        carriers.threads.join(15)
    assert watched.count() >= 20
    assert watched.violations() == []


@pytest.mark.parametrize(
    "form",
    [
        f"PhoneNumber=%2B14155550100&AddressSid=AD{_DIGITS[1:]}",
        "PhoneNumber=%2B14155550100&TrunkSid=",
        "PhoneNumber=%2B14155550100&VoiceMethod=PUT",
    ],
)
def test_a_request_that_is_not_as_described_is_noticed(watched: Watched, url: str, form: str) -> None:
    ask(url, _NUMBERS, form)
    # The response may violate the description too.
    assert watched.violations()[0].startswith(f"post {_NUMBERS}: ")


def test_a_response_that_is_not_as_described_is_noticed(
    watched: Watched, twilio_simulators: TwilioSimulators
) -> None:
    async def wrong(scope: Scope, receive: Receive, send: Send) -> None:
        answer = JSONResponse({"incoming_phone_numbers": [{"sid": 7}]})
        await answer(scope, receive, send)

    app: ASGIApp = watched.around(wrong)
    ledger = Ledger()
    with twilio_simulators.serve(ledger, FaultInjector(), lambda _: app) as url:
        ask(url, _NUMBERS)
    (violation,) = watched.violations()
    assert violation.startswith(f"get {_NUMBERS}, response: ")
