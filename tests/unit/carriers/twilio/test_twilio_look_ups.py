"""Searches, lists and prices of the Twilio adapter."""

import pytest

from localdial_server.app.ports.carrier import (
    CarrierUnavailable,
    Price,
    Refused,
)
from localdial_server.carriers.simulator.faults import Fault, Operation
from localdial_server.carriers.twilio_simulator import resources
from localdial_server.carriers.twilio_simulator.http_faults import error
from localdial_server.domain.area_codes import area_code_of
from tests.unit.carriers.twilio.conftest import MAIN, NUMBER, SUB, TwilioHarness


def _offer(phone_number: str, locality: str, region: str) -> dict[str, str]:
    return {"phone_number": phone_number, "locality": locality, "region": region}


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
    twilio.ledger.grant(twilio.ledger.account(MAIN), NUMBER, name)
    found = await twilio.carriers().all()[0].find_by_number(NUMBER)
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
    assert await carrier.monthly_price(NUMBER) == Price("USD", 1_150_000)
    twilio.faults.add(Operation.MONTHLY_PRICE, Fault.ERROR_500)
    assert await carrier.monthly_price("+12125550100") == Price("USD", 1_150_000)
    assert twilio.faults.left() == 1
    with pytest.raises(CarrierUnavailable):
        await carrier.monthly_price("+61255500000")
    assert await carrier.monthly_price("+61255500000") == Price("USD", 3_000_000)
    assert await carrier.monthly_price("+18005550100") is None, "no local number"
