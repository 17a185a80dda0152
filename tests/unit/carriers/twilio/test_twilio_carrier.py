"""The accounts, the credentials and the threads of the Twilio adapter."""

import asyncio
import dataclasses
import subprocess
import sys
import time

import pytest

from localdial_server.app.ports.carrier import (
    CarrierUnavailable,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio.adapter import TwilioCarriers
from localdial_server.carriers.twilio.api import TwilioApi
from localdial_server.carriers.twilio.error_codes import NotSent
from localdial_server.carriers.twilio.http_client import TwilioHttpClient
from tests.unit.carriers.twilio.conftest import MAIN, NUMBER, SUB, TwilioHarness


async def test_organizations_buy_in_their_own_subaccount_or_else_in_the_main_account(
    twilio: TwilioHarness,
) -> None:
    carriers = twilio.carriers(subaccounts={"acme": SUB})
    bought = await carriers.for_organization("acme").order(NUMBER, "localdial-1", 5)
    await carriers.for_organization("other").order("+14155550101", "localdial-2", 5)
    assert [(e["phone_number"], e["account_sid"]) for e in twilio.events("number_bought")] == [
        (NUMBER, SUB),
        ("+14155550101", MAIN),
    ]
    assert await carriers.for_organization("other").find_by_number(NUMBER) is None
    assert await carriers.for_organization("acme").find_by_number(NUMBER) == bought
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
    assert (await carriers.all()[0].order(NUMBER, "localdial-1", 5)).phone_number == NUMBER


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
        carrier.order(NUMBER, "localdial-1", 5),
        carrier.find_by_number(NUMBER),
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
        await twilio.carriers().all()[0].order(NUMBER, "localdial-1", 5)
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


def test_the_library_is_not_loaded_unless_it_is_used() -> None:
    loaded = "import sys, localdial_server.runtime.serve, localdial_server.cli; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert not {"twilio", "requests", "starlette", "uvicorn"} & set(modules.stdout.split())


async def test_a_hanging_carrier_piles_up_neither_threads_nor_calls(twilio: TwilioHarness) -> None:
    carriers: TwilioCarriers = twilio.carriers(timeout=1.0, threads=4, waiting=8)
    carrier = carriers.all()[0]
    twilio.faults.add(Operation.FIND_BY_NUMBER, *[Fault.TIMEOUT_BEFORE] * 100)
    began = time.monotonic()
    calls = [asyncio.ensure_future(carrier.find_by_number(NUMBER)) for _ in range(60)]
    done, pending = await asyncio.wait(calls, timeout=0.2)
    assert len(pending) <= 4 + 8
    assert len(done) >= 60 - 12
    assert len(carriers.threads._threads) <= 4
    await asyncio.wait(calls)
    assert all(isinstance(call.exception(), CarrierUnavailable) for call in calls)
    assert time.monotonic() - began < 4.5, "each call ends within twice its time-out, and a grace"
    twilio.faults.clear()
    assert await carrier.find_by_number(NUMBER) is None
