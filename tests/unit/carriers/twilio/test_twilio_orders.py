"""Orders of the Twilio adapter: nothing is bought twice, and no number that is owned is changed."""

import asyncio
import time

import pytest

from localdial_server.app.ports.carrier import (
    CarrierUnavailable,
    NumberTaken,
    OutcomeUnknown,
    Refused,
)
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio.account import NumberSettings
from localdial_server.carriers.twilio_simulator.http_faults import error
from tests.unit.carriers.twilio.conftest import MAIN, NUMBER, TwilioHarness

_ADDRESS = "AD" + "3" * 32
_BUNDLE = "BU" + "4" * 32


async def test_an_order_of_an_owned_number_fails_and_leaves_the_number_unchanged(
    twilio: TwilioHarness,
) -> None:
    twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER, "the receptionist")
    with pytest.raises(NumberTaken):
        await twilio.carriers().all()[0].order(NUMBER, "localdial-1", 5)
    assert twilio.fields_of(NUMBER) == {"FriendlyName": "the receptionist"}
    assert twilio.events("number_updated", "number_bought") == []


async def test_repeating_an_order_with_its_reference_buys_once(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    first = await carrier.order(NUMBER, "localdial-1", 5)
    assert await carrier.order(NUMBER, "localdial-1", 5) == first
    assert len(twilio.events("number_bought")) == 1


async def test_a_purchase_that_only_changed_an_owned_number_fails_and_is_undone(
    twilio: TwilioHarness, caplog: pytest.LogCaptureFixture
) -> None:
    # The account has owned the number for an hour, and the look-up does not show it.
    twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER, "the receptionist")
    twilio.now = time.time() + 3600
    twilio.faults.add(Operation.FIND_BY_NUMBER, Fault.NOT_SEEN)
    for number in twilio.ledger.numbers.values():
        number.created = time.time() - 3600
    carrier = twilio.carriers().all()[0]
    with pytest.raises(NumberTaken):
        await carrier.order(NUMBER, "localdial-1", 5)
    assert twilio.events("number_bought") == []
    assert await carrier.find_by_reference("localdial-1") is None, "nothing is left to adopt"
    (record,) = caplog.records
    assert "correct the number in the carrier's console" in record.message
    assert NUMBER.removeprefix("+") not in str(vars(record)), "no phone number in the log"


async def test_when_an_owned_number_keeps_our_reference_the_log_says_so_without_the_number(
    twilio: TwilioHarness, caplog: pytest.LogCaptureFixture
) -> None:
    number = twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER)
    twilio.now = time.time() + 3600
    number.created = time.time() - 3600
    twilio.faults.add(Operation.FIND_BY_NUMBER, Fault.NOT_SEEN)
    twilio.faults.add(Operation.CONFIGURE, Fault.ERROR_503)
    with pytest.raises(NumberTaken):
        await twilio.carriers().all()[0].order(NUMBER, "localdial-1", 5)
    _, still_named = caplog.records
    logged = vars(still_named)
    assert (logged["reference"], logged["carrier_number_id"]) == ("localdial-1", number.sid)
    assert NUMBER.removeprefix("+") not in str(logged)


async def test_one_of_many_simultaneous_orders_of_a_number_in_one_process_wins(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    outcomes = await asyncio.gather(
        *(carrier.order(NUMBER, f"localdial-{n}", 10) for n in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, NumberTaken) for outcome in outcomes) == 1
    assert len(twilio.events("number_bought")) == 1
    assert twilio.events("number_updated") == []


async def test_an_order_ends_at_its_timeout(twilio: TwilioHarness) -> None:
    twilio.faults.add(Operation.ORDER, Fault.TIMEOUT_BEFORE)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await twilio.carriers().all()[0].order(NUMBER, "localdial-1", 1.0)
    assert time.monotonic() - began < 2.0


async def test_when_the_look_up_before_an_order_fails_nothing_is_ordered(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    for fault in Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE, Fault.ERROR_500:
        twilio.faults.add(Operation.FIND_BY_NUMBER, fault)
        with pytest.raises(CarrierUnavailable):
            await carrier.order(NUMBER, "localdial-1", 1.0)
    assert twilio.events("number_bought") == []


async def test_the_carriers_retry_after_is_passed_on(twilio: TwilioHarness) -> None:
    carrier = twilio.carriers().all()[0]
    twilio.faults.add(Operation.ORDER, error(429, 20429, retry_after=7))
    twilio.faults.add(Operation.FIND_BY_NUMBER, error(503, 20503, retry_after=9))
    for seconds in 9, 7:
        with pytest.raises(CarrierUnavailable) as unavailable:
            await carrier.order(NUMBER, "localdial-1", 5)
        assert unavailable.value.retry_after == seconds


@pytest.mark.parametrize("reference", ["", "x" * 65, "two words", "é"])
async def test_an_invalid_reference_is_refused_before_anything_is_sent(
    twilio: TwilioHarness, reference: str
) -> None:
    with pytest.raises(Refused):
        await twilio.carriers().all()[0].order(NUMBER, reference, 5)
    assert twilio.events("number_bought") == []


async def test_a_number_outside_the_nanp_is_bought_with_the_bundle(twilio: TwilioHarness) -> None:
    settings = NumberSettings(address_sid=_ADDRESS, bundle_sid=_BUNDLE)
    carrier = twilio.carriers(numbers=settings).all()[0]
    await carrier.order("+442079460000", "localdial-1", 5)
    assert twilio.fields_of("+442079460000") == {
        "FriendlyName": "localdial-1",
        "AddressSid": _ADDRESS,
        "BundleSid": _BUNDLE,
    }


@pytest.mark.parametrize("carrier_number_id", ["..", "a/b", "a?b", "a#b", "a%2Fb", "a b", "1" * 129])
async def test_an_identifier_that_changes_the_meaning_of_a_path_is_rejected(
    twilio: TwilioHarness, carrier_number_id: str
) -> None:
    twilio.next_sid = carrier_number_id
    carrier = twilio.carriers().all()[0]
    with pytest.raises(OutcomeUnknown, match="names no number"):
        await carrier.order(NUMBER, "localdial-1", 5)
