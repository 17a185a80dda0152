"""What the Twilio adapter does beyond the promises of the carrier port."""

import asyncio
import dataclasses
import subprocess
import sys
import time

import pytest

from localdial_server.app.ports.carrier import (
    CallRoute,
    CarrierUnavailable,
    NumberNotOwned,
    NumberTaken,
    OutcomeUnknown,
    Price,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio.account import NumberSettings
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio.api import TwilioApi
from localdial_server.carriers.twilio.error_codes import NotSent
from localdial_server.carriers.twilio.http_client import TwilioHttpClient
from localdial_server.carriers.twilio_simulator import resources
from localdial_server.carriers.twilio_simulator.http_faults import HttpFault, Kind, When, error
from localdial_server.domain.area_codes import area_code_of
from tests.unit.carriers.twilio.conftest import MAIN, SUB, TwilioHarness

_NUMBER = "+14155550100"
_APPLICATION = "AP" + "1" * 32
_TRUNK = "TK" + "2" * 32
_ADDRESS = "AD" + "3" * 32
_BUNDLE = "BU" + "4" * 32


def fields_of(twilio: TwilioHarness, phone_number: str) -> dict[str, str]:
    (number,) = [each for each in twilio.ledger.numbers.values() if each.phone_number == phone_number]
    return number.fields


def _offer(phone_number: str, locality: str, region: str) -> dict[str, str]:
    return {"phone_number": phone_number, "locality": locality, "region": region}


async def test_organizations_buy_in_their_own_subaccount_or_else_in_the_main_account(
    twilio: TwilioHarness,
) -> None:
    carriers = twilio.carriers(subaccounts={"acme": SUB})
    bought = await carriers.for_organization("acme").order(_NUMBER, "localdial-1", 5)
    await carriers.for_organization("other").order("+14155550101", "localdial-2", 5)
    assert [(e["phone_number"], e["account_sid"]) for e in twilio.events("number_bought")] == [
        (_NUMBER, SUB),
        ("+14155550101", MAIN),
    ]
    assert await carriers.for_organization("other").find_by_number(_NUMBER) is None
    assert await carriers.for_organization("acme").find_by_number(_NUMBER) == bought
    # The main account pays.
    assert twilio.ledger.accounts[MAIN].balance < twilio.ledger.accounts[SUB].balance


async def test_each_account_is_found_by_its_sid_and_listed_once(twilio: TwilioHarness) -> None:
    carriers = twilio.carriers(subaccounts={"acme": SUB, "acme-two": SUB, "third": MAIN})
    assert [carrier.account for carrier in carriers.all()] == [MAIN, SUB]
    assert carriers.by_account(SUB) is carriers.for_organization("acme")
    assert carriers.by_account("AC" + "f" * 32) is None
    assert carriers.by_account("") is None
    assert {carriers.name, *(carrier.name for carrier in carriers.all())} == {"twilio"}


async def test_an_api_key_replaces_the_auth_token(twilio: TwilioHarness) -> None:
    carriers = twilio.carriers(username="SK" + "c" * 32, password="key-secret")
    assert (await carriers.all()[0].order(_NUMBER, "localdial-1", 5)).phone_number == _NUMBER


def test_the_librarys_environment_variables_are_ignored(
    twilio: TwilioHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", SUB)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another-secret")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    asked: list[str] = []

    def answer(_self: TwilioHttpClient, _method: str, uri: str, **_rest: object) -> None:
        asked.append(uri)
        raise NotSent("enough")

    monkeypatch.setattr(TwilioHttpClient, "request", answer)
    api = TwilioApi(dataclasses.replace(twilio.account, base_url=""))
    with pytest.raises(NotSent):
        api.account(MAIN)
    api.close()
    assert asked == [f"https://api.twilio.com/2010-04-01/Accounts/{MAIN}.json"]


@pytest.mark.parametrize("password", ["wrong", "another-secret"])
async def test_wrong_credentials_are_refused_and_never_shown(twilio: TwilioHarness, password: str) -> None:
    carrier = twilio.carriers(password=password).all()[0]
    for call in (
        carrier.search("415", 1),
        carrier.order(_NUMBER, "localdial-1", 5),
        carrier.find_by_number(_NUMBER),
        carrier.list_owned(),
        carrier.release("PN" + "1" * 32),
    ):
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.cause is RefusalCause.CREDENTIALS
        assert password not in f"{refused.value!r} {refused.value.__cause__!r}"
    assert password not in repr(twilio.carriers(password=password)) + repr(
        dataclasses.replace(twilio.account, password=password)
    )


async def test_a_suspended_account_is_refused_with_an_explanation(twilio: TwilioHarness) -> None:
    twilio.ledger.change_account(MAIN, {"status": "suspended"})
    with pytest.raises(Refused) as refused:
        await twilio.carriers().all()[0].order(_NUMBER, "localdial-1", 5)
    assert refused.value.cause is RefusalCause.ACCOUNT
    assert "suspended" in refused.value.explanation


async def test_numbers_bought_before_the_balance_ran_out_are_kept(twilio: TwilioHarness) -> None:
    twilio.ledger.change_account(MAIN, {"balance": "2.50"})
    carrier = twilio.carriers().all()[0]
    await carrier.order("+14155550100", "localdial-1", 5)
    await carrier.order("+14155550101", "localdial-2", 5)
    with pytest.raises(Refused) as refused:
        await carrier.order("+14155550102", "localdial-3", 5)
    assert refused.value.cause is RefusalCause.ACCOUNT
    twilio.ledger.change_account(MAIN, {"status": "active", "balance": "10"})
    assert [each.phone_number for each in await carrier.list_owned()] == ["+14155550100", "+14155550101"]


async def test_a_trial_account_can_have_only_one_number(twilio: TwilioHarness) -> None:
    twilio.ledger.change_account(MAIN, {"type": "Trial"})
    carrier = twilio.carriers().all()[0]
    await carrier.order("+14155550100", "localdial-1", 5)
    with pytest.raises(Refused) as refused:
        await carrier.order("+14155550101", "localdial-2", 5)
    assert refused.value.cause is RefusalCause.ACCOUNT
    assert "trial" in refused.value.explanation


async def test_an_order_of_an_owned_number_fails_and_leaves_the_number_unchanged(
    twilio: TwilioHarness,
) -> None:
    twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER, "the receptionist")
    with pytest.raises(NumberTaken):
        await twilio.carriers().all()[0].order(_NUMBER, "localdial-1", 5)
    assert fields_of(twilio, _NUMBER) == {"FriendlyName": "the receptionist"}
    assert twilio.events("number_updated", "number_bought") == []


async def test_repeating_an_order_with_its_reference_buys_once(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    first = await carrier.order(_NUMBER, "localdial-1", 5)
    assert await carrier.order(_NUMBER, "localdial-1", 5) == first
    assert len(twilio.events("number_bought")) == 1


async def test_a_purchase_that_only_changed_an_owned_number_fails_and_is_undone(
    twilio: TwilioHarness, caplog: pytest.LogCaptureFixture
) -> None:
    # The account has owned the number for an hour, and the look-up does not show it.
    twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER, "the receptionist")
    twilio.now = time.time() + 3600
    twilio.faults.add(Operation.FIND_BY_NUMBER, Fault.NOT_SEEN)
    for number in twilio.ledger.numbers.values():
        number.created = time.time() - 3600
    carrier = twilio.carriers().all()[0]
    with pytest.raises(NumberTaken):
        await carrier.order(_NUMBER, "localdial-1", 5)
    assert twilio.events("number_bought") == []
    assert await carrier.find_by_reference("localdial-1") is None, "nothing is left to adopt"
    (record,) = caplog.records
    assert "correct the number in the carrier's console" in record.message
    assert _NUMBER.removeprefix("+") not in str(vars(record)), "no phone number in the log"


async def test_when_an_owned_number_keeps_our_reference_the_log_says_so_without_the_number(
    twilio: TwilioHarness, caplog: pytest.LogCaptureFixture
) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER)
    twilio.now = time.time() + 3600
    number.created = time.time() - 3600
    twilio.faults.add(Operation.FIND_BY_NUMBER, Fault.NOT_SEEN)
    twilio.faults.add(Operation.CONFIGURE, Fault.ERROR_503)
    with pytest.raises(NumberTaken):
        await twilio.carriers().all()[0].order(_NUMBER, "localdial-1", 5)
    _, still_named = caplog.records
    logged = vars(still_named)
    assert (logged["reference"], logged["carrier_number_id"]) == ("localdial-1", number.sid)
    assert _NUMBER.removeprefix("+") not in str(logged)


async def test_one_of_many_simultaneous_orders_of_a_number_in_one_process_wins(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    outcomes = await asyncio.gather(
        *(carrier.order(_NUMBER, f"localdial-{n}", 10) for n in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, NumberTaken) for outcome in outcomes) == 1
    assert len(twilio.events("number_bought")) == 1
    assert twilio.events("number_updated") == []


async def test_an_order_ends_at_its_timeout(twilio: TwilioHarness) -> None:
    twilio.faults.add(Operation.ORDER, Fault.TIMEOUT_BEFORE)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await twilio.carriers().all()[0].order(_NUMBER, "localdial-1", 1.0)
    assert time.monotonic() - began < 2.0


async def test_when_the_look_up_before_an_order_fails_nothing_is_ordered(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    for fault in Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE, Fault.ERROR_500:
        twilio.faults.add(Operation.FIND_BY_NUMBER, fault)
        with pytest.raises(CarrierUnavailable):
            await carrier.order(_NUMBER, "localdial-1", 1.0)
    assert twilio.events("number_bought") == []


async def test_the_carriers_retry_after_is_passed_on(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    twilio.faults.add(Operation.ORDER, error(429, 20429, retry_after=7))
    twilio.faults.add(Operation.FIND_BY_NUMBER, error(503, 20503, retry_after=9))
    for seconds in 9, 7:
        with pytest.raises(CarrierUnavailable) as unavailable:
            await carrier.order(_NUMBER, "localdial-1", 5)
        assert unavailable.value.retry_after == seconds


@pytest.mark.parametrize("reference", ["", "x" * 65, "two words", "é"])
async def test_an_invalid_reference_is_refused_before_anything_is_sent(
    twilio: TwilioHarness, reference: str
) -> None:
    with pytest.raises(Refused):
        await twilio.carriers().all()[0].order(_NUMBER, reference, 5)
    assert twilio.events("number_bought") == []


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
    await twilio.carriers(numbers=settings).all()[0].order(_NUMBER, "localdial-1", 5)
    assert fields_of(twilio, _NUMBER) == {"FriendlyName": "localdial-1", **fields}


async def test_a_number_outside_the_nanp_is_bought_with_the_bundle(twilio: TwilioHarness) -> None:
    settings = NumberSettings(address_sid=_ADDRESS, bundle_sid=_BUNDLE)
    carrier = twilio.carriers(numbers=settings).all()[0]
    await carrier.order("+442079460000", "localdial-1", 5)
    assert fields_of(twilio, "+442079460000") == {
        "FriendlyName": "localdial-1",
        "AddressSid": _ADDRESS,
        "BundleSid": _BUNDLE,
    }


@pytest.mark.parametrize("before", [{"VoiceApplicationSid": _APPLICATION}, {"TrunkSid": _TRUNK}])
async def test_configuring_a_voice_url_removes_what_takes_precedence_over_it(
    twilio: TwilioHarness, before: dict[str, str]
) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER, "Branch 7")
    twilio.ledger.update(twilio.ledger.account(MAIN), number.sid, before)
    configured = await twilio.carriers().all()[0].configure(number.sid)
    assert configured.reference == "Branch 7"
    fields = fields_of(twilio, _NUMBER)
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
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER, "")
    twilio.ledger.update(twilio.ledger.account(MAIN), number.sid, fields)
    (owned,) = await twilio.carriers().all()[0].list_owned()
    assert owned.call_route == shown


async def test_without_a_setting_for_calls_nothing_is_configured(twilio: TwilioHarness) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER, "Branch 7")
    carrier = twilio.carriers(numbers=NumberSettings()).all()[0]
    assert "LOCALDIAL_WEBHOOK_PUBLIC_URL" in carrier.callback_warning
    with pytest.raises(Refused, match="LOCALDIAL_WEBHOOK_PUBLIC_URL"):
        await carrier.configure(number.sid)
    assert twilio.events("number_updated") == []


@pytest.mark.parametrize("number_id", ["PN" + "9" * 32, "SIM-14155550100", "../Accounts", "", "a/b?c"])
async def test_an_unknown_number_cannot_be_configured_and_counts_as_released(
    twilio: TwilioHarness, number_id: str
) -> None:
    carrier = twilio.carriers().all()[0]
    with pytest.raises(NumberNotOwned):
        await carrier.configure(number_id)
    await carrier.release(number_id)
    assert twilio.events("number_updated", "number_released") == []


@pytest.mark.parametrize("carrier_number_id", ["number_1", "urn:number:1", "_", "~1.", "1" * 128])
async def test_a_number_is_configured_and_released_by_any_identifier_that_fits_a_path(
    twilio: TwilioHarness, carrier_number_id: str
) -> None:
    twilio.next_sid = carrier_number_id
    carrier = twilio.carriers().all()[0]
    number = await carrier.order(_NUMBER, "localdial-1", 5)
    assert number.carrier_number_id == carrier_number_id
    assert await carrier.configure(carrier_number_id) == number
    assert await carrier.release(carrier_number_id)
    assert twilio.ledger.numbers == {}


@pytest.mark.parametrize("carrier_number_id", ["..", "a/b", "a?b", "a#b", "a%2Fb", "a b", "1" * 129])
async def test_an_identifier_that_changes_the_meaning_of_a_path_is_rejected(
    twilio: TwilioHarness, carrier_number_id: str
) -> None:
    twilio.next_sid = carrier_number_id
    carrier = twilio.carriers().all()[0]
    with pytest.raises(OutcomeUnknown, match="names no number"):
        await carrier.order(_NUMBER, "localdial-1", 5)


async def test_a_404_of_a_missing_account_does_not_count_as_a_release(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    owned = await carrier.order(_NUMBER, "localdial-1", 5)
    twilio.faults.add(Operation.RELEASE, error(404, 0))
    twilio.faults.add(Operation.LIST_OWNED, error(404, 0))
    with pytest.raises(Refused) as refused:
        await carrier.release(owned.carrier_number_id)
    assert refused.value.cause is RefusalCause.ACCOUNT
    assert twilio.events("number_released") == []
    await carrier.release(owned.carrier_number_id)
    assert len(twilio.events("number_released")) == 1


async def test_repeating_a_release_waits_for_the_one_that_is_running(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers(timeout=1.0).all()[0]
    owned = await carrier.order(_NUMBER, "localdial-1", 5)
    twilio.faults.add(Operation.RELEASE, HttpFault(Kind.TIMEOUT, When.AFTER, seconds=0.3))
    first = asyncio.ensure_future(carrier.release(owned.carrier_number_id))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.wait({first})
    await carrier.release(owned.carrier_number_id)
    assert len(twilio.events("number_released")) == 1


async def test_every_page_of_a_list_is_read(twilio: TwilioHarness) -> None:
    account = twilio.ledger.account(MAIN)
    numbers = [f"+1415555{line}" for line in range(2000, 2040)]
    for number in reversed(numbers):
        twilio.ledger.grant(account, number, "")
    owned = await twilio.carriers(page_size=7).all()[0].list_owned()
    assert [each.phone_number for each in owned] == numbers


async def test_a_list_with_a_failed_page_fails(twilio: TwilioHarness) -> None:
    for line in range(2000, 2005):
        twilio.ledger.grant(twilio.ledger.account(MAIN), f"+1415555{line}", "")
    carrier = twilio.carriers(page_size=2).all()[0]
    twilio.faults.add(Operation.LIST_OWNED, None, Fault.ERROR_500)
    with pytest.raises(CarrierUnavailable):
        await carrier.list_owned()


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("", ""),
        ("(415) 555-0100", ""),
        ("+14155550100", ""),
        ("4155550100", ""),
        ("(415) 555-0101", "(415) 555-0101"),
        ("0100", "0100"),
        ("front desk", "front desk"),
        ("localdial-1", "localdial-1"),
    ],
)
async def test_a_number_named_after_itself_has_no_reference(
    twilio: TwilioHarness, name: str, reference: str
) -> None:
    twilio.ledger.grant(twilio.ledger.account(MAIN), _NUMBER, name)
    found = await twilio.carriers().all()[0].find_by_number(_NUMBER)
    assert found is not None
    assert found.reference == reference


async def test_place_names_that_are_too_long_to_store_are_cut(
    twilio: TwilioHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        resources, "available_phone_number", lambda number, **_: _offer(number, "T" * 201, "R" * 17)
    )
    (found,) = await twilio.carriers().all()[0].search("415", 1)
    assert (found.locality, found.region) == ("T" * 200, "R" * 16)


async def test_a_country_without_numbers_is_told_apart_from_a_missing_account(twilio: TwilioHarness) -> None:
    # The simulator sells in every NANP country, so it is told to know nothing of Jamaica.
    twilio.faults.add(Operation.SEARCH, error(404, 20404), error(404, 20404))
    assert await twilio.carriers().all()[0].search("876", 5) == []
    twilio.faults.add(Operation.LIST_OWNED, error(404, 20404))
    with pytest.raises(Refused):
        await twilio.carriers().all()[0].search("876", 5)


# Puerto Rico (three codes), the Dominican Republic, Jamaica (two codes), the Bahamas, Barbados, the
# Virgin Islands, Guam; then Canada and the US, and countries outside the NANP.
@pytest.mark.parametrize(
    "area_code",
    [
        "787",
        "939",
        "809",
        "829",
        "849",
        "876",
        "658",
        "242",
        "246",
        "340",
        "671",
        "416",
        "415",
        "+4420",
        "+4930",
    ],
)
async def test_every_area_code_is_searched_in_the_way_that_its_country_allows(
    twilio: TwilioHarness, area_code: str
) -> None:
    found = await twilio.carriers().all()[0].search(area_code, 5)
    assert [area_code_of(offer.phone_number) for offer in found] == [area_code] * 5


@pytest.mark.parametrize("code", [21451, 21452])
async def test_error_codes_for_an_unstocked_area_code_mean_no_stock(twilio: TwilioHarness, code: int) -> None:
    twilio.faults.add(Operation.SEARCH, error(400, code))
    assert await twilio.carriers().all()[0].search("415", 5) == []


async def test_prices_are_those_of_the_account_and_are_cached(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers(subaccounts={"acme": SUB}).all()[0]
    assert await carrier.monthly_price(_NUMBER) == Price("USD", 1_150_000)
    twilio.faults.add(Operation.MONTHLY_PRICE, Fault.ERROR_500)
    assert await carrier.monthly_price("+12125550100") == Price("USD", 1_150_000)
    assert twilio.faults.left() == 1
    with pytest.raises(CarrierUnavailable):
        await carrier.monthly_price("+61255500000")
    assert await carrier.monthly_price("+61255500000") == Price("USD", 3_000_000)
    assert await carrier.monthly_price("+18005550100") is None, "no local number"


def test_the_library_is_not_loaded_unless_it_is_used() -> None:
    loaded = "import sys, localdial_server.runtime.serve, localdial_server.cli; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert not {"twilio", "requests", "starlette", "uvicorn"} & set(modules.stdout.split())


async def test_a_hanging_carrier_piles_up_neither_threads_nor_calls(twilio: TwilioHarness) -> None:
    carriers: TwilioCarriers = twilio.carriers(timeout=1.0, threads=4, waiting=8)
    carrier = carriers.all()[0]
    twilio.faults.add(Operation.FIND_BY_NUMBER, *[Fault.TIMEOUT_BEFORE] * 100)
    began = time.monotonic()
    calls = [asyncio.ensure_future(carrier.find_by_number(_NUMBER)) for _ in range(60)]
    done, pending = await asyncio.wait(calls, timeout=0.2)
    assert len(pending) <= 4 + 8
    assert len(done) >= 60 - 12
    assert len(carriers.threads._threads) <= 4
    await asyncio.wait(calls)
    assert all(isinstance(call.exception(), CarrierUnavailable) for call in calls)
    assert time.monotonic() - began < 4.5, "each call ends within twice its time-out, and a grace"
    twilio.faults.clear()
    assert await carrier.find_by_number(_NUMBER) is None


async def test_a_number_with_an_emergency_address_is_not_released_and_the_reason_says_what_to_do(
    twilio: TwilioHarness,
) -> None:
    carrier = twilio.carriers().all()[0]
    owned = await carrier.order(_NUMBER, "localdial-1", 5)
    account = twilio.ledger.account(MAIN)
    twilio.ledger.update(account, owned.carrier_number_id, {"EmergencyAddressSid": _ADDRESS})
    with pytest.raises(Refused, match="emergency address") as refused:
        await carrier.release(owned.carrier_number_id)
    assert refused.value.cause is RefusalCause.REGULATORY
    twilio.ledger.update(account, owned.carrier_number_id, {"EmergencyAddressSid": ""})
    assert await carrier.release(owned.carrier_number_id)


@pytest.mark.parametrize("code", [0, 20001, 21422, 21452, 21999])
async def test_a_release_that_is_answered_with_400_is_refused_whatever_the_code(
    twilio: TwilioHarness, code: int
) -> None:
    carrier = twilio.carriers().all()[0]
    owned = await carrier.order(_NUMBER, "localdial-1", 5)
    twilio.faults.add(Operation.RELEASE, error(400, code))
    twilio.faults.add(Operation.FETCH, error(500, 0))
    with pytest.raises(Refused) as refused:
        await carrier.release(owned.carrier_number_id)
    assert refused.value.cause is RefusalCause.INVALID
    assert twilio.events("number_released") == []
