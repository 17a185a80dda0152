"""Releases by the Twilio adapter: which responses mean that a number is gone, and which refuse."""

import asyncio

import pytest

from localdial_server.app.ports.carrier import (
    NumberNotOwned,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.simulator.faults import Operation
from localdial_server.carriers.twilio_simulator.http_faults import HttpFault, Kind, When, error
from tests.unit.carriers.twilio.conftest import MAIN, NUMBER, TwilioHarness

_ADDRESS = "AD" + "3" * 32


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
    number = await carrier.order(NUMBER, "localdial-1", 5)
    assert number.carrier_number_id == carrier_number_id
    assert await carrier.configure(carrier_number_id) == number
    assert await carrier.release(carrier_number_id)
    assert twilio.ledger.numbers == {}


async def test_a_404_of_a_missing_account_does_not_count_as_a_release(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    owned = await carrier.order(NUMBER, "localdial-1", 5)
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
    owned = await carrier.order(NUMBER, "localdial-1", 5)
    twilio.faults.add(Operation.RELEASE, HttpFault(Kind.TIMEOUT, When.AFTER, seconds=0.3))
    first = asyncio.ensure_future(carrier.release(owned.carrier_number_id))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.wait({first})
    await carrier.release(owned.carrier_number_id)
    assert len(twilio.events("number_released")) == 1


async def test_a_number_with_an_emergency_address_is_not_released_and_the_reason_says_what_to_do(
    twilio: TwilioHarness,
) -> None:
    carrier = twilio.carriers().all()[0]
    owned = await carrier.order(NUMBER, "localdial-1", 5)
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
    owned = await carrier.order(NUMBER, "localdial-1", 5)
    twilio.faults.add(Operation.RELEASE, error(400, code))
    twilio.faults.add(Operation.FETCH, error(500, 0))
    with pytest.raises(Refused) as refused:
        await carrier.release(owned.carrier_number_id)
    assert refused.value.cause is RefusalCause.INVALID
    assert twilio.events("number_released") == []
