"""Purchases that fail or are filled in part: the CRM learns what its user should do.

A real server, the Twilio adapter and the Twilio simulator over HTTP.
"""

from collections.abc import Callable, Iterator

import pytest

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest
from localdial.v1.number_inventory_pb2 import (
    ListNumbersRequest,
    PurchaseNumbersRequest,
    PurchaseNumbersResponse,
    ReconcileNumbersRequest,
    SearchAvailableNumbersRequest,
)
from localdial_client import Client, LocaldialError, from_status
from tests.functional.server_process import ServerProcess
from tests.functional.simulator_process import ACCOUNT_SID, SimulatorProcess

Start = Callable[..., ServerProcess]

# The most orders that a purchase of one number places before it gives up.
_MOST_ORDERS_OF_ONE = 6


@pytest.fixture
def client(simulator: SimulatorProcess, start_server: Start) -> Iterator[Client]:
    with Client(start_server(**simulator.settings).address) as client:
        _add_organization(client)
        yield client


def _add_organization(client: Client) -> None:
    organization = Organization(organization_id="acme")
    client.directory.set_organization(SetOrganizationRequest(organization=organization))


def buy(
    client: Client, quantity: int = 1, area_code: str = "415", request_id: str = "once"
) -> PurchaseNumbersResponse:
    return client.number_inventory.purchase_numbers(
        PurchaseNumbersRequest(
            organization_id="acme", area_code=area_code, quantity=quantity, request_id=request_id
        )
    )


def refused(client: Client, quantity: int = 1, area_code: str = "415") -> LocaldialError:
    """Try to buy; check that nothing was stored, and return the error."""
    with pytest.raises(LocaldialError) as caught:
        buy(client, quantity, area_code)
    numbers = client.number_inventory.list_numbers(ListNumbersRequest(organization_id="acme"))
    assert list(numbers.numbers) == []
    # The message must reveal neither the account nor its secret.
    assert ACCOUNT_SID not in caught.value.message
    assert "simulator" not in caught.value.message
    return caught.value


def bought(simulator: SimulatorProcess) -> int:
    count: int = simulator.ask("journal")["bought"]
    return count


def assert_books_balance(client: Client, simulator: SimulatorProcess) -> None:
    """Check that the inventory has exactly the numbers that the carrier sold."""
    listed = client.number_inventory.list_numbers(ListNumbersRequest(organization_id="acme")).numbers
    ours = {number["sid"] for number in simulator.ask("numbers")["numbers"] if number["fields"]}
    assert {number.carrier_number_id for number in listed} == ours
    assert bought(simulator) == len(listed)


def test_wrong_credentials_are_reported_as_a_problem_of_the_server(
    simulator: SimulatorProcess, start_server: Start
) -> None:
    server = start_server(**{**simulator.settings, "LOCALDIAL_TWILIO_AUTH_TOKEN": "not-the-token"})
    with Client(server.address) as client:
        _add_organization(client)
        error = refused(client)
        assert (error.code.name, error.reason) == ("FAILED_PRECONDITION", "CARRIER_REFUSED")
        assert error.metadata["cause"] == "CREDENTIALS"
        assert "does not accept the server's credentials" in error.message
        assert "localdial doctor" in error.message
        assert "not-the-token" not in error.message
        assert error.retry_delay is None, "a retry does not help"
        with pytest.raises(LocaldialError) as not_searched:
            client.number_inventory.search_available_numbers(
                SearchAvailableNumbersRequest(organization_id="acme", area_code="415")
            )
        assert not_searched.value.metadata["cause"] == "CREDENTIALS"
    assert bought(simulator) == 0


def test_a_trial_account_buys_its_one_number_and_says_what_to_do_for_more(
    client: Client, simulator: SimulatorProcess
) -> None:
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"type": "Trial"})
    # The account owns its one number from the start.
    error = refused(client)
    assert (error.reason, error.metadata["cause"]) == ("CARRIER_REFUSED", "ACCOUNT")
    assert "trial account" in error.message
    assert "Upgrade" in error.message
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"type": "Full"})
    assert len(buy(client).numbers) == 1, "the same request_id buys after the cause is removed"
    assert_books_balance(client, simulator)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("address_required", "LOCALDIAL_TWILIO_ADDRESS_SID"),
        ("local_address_required", "another area code"),
        ("bundle_required", "LOCALDIAL_TWILIO_BUNDLE_SID"),
        ("bundle_wrong", "does not fit the number"),
    ],
)
def test_a_regulatory_refusal_says_which_papers_are_missing(
    client: Client, simulator: SimulatorProcess, fault: str, said: str
) -> None:
    simulator.tell("faults", {"operation": "order", "fault": fault})
    error = refused(client, area_code="+4420")
    assert (error.code.name, error.reason) == ("FAILED_PRECONDITION", "CARRIER_REFUSED")
    assert error.metadata["cause"] == "REGULATORY"
    assert error.metadata["phone_number"] == "+442079460000"
    assert said in error.message
    assert bought(simulator) == 0


def test_numbers_without_voice_are_not_bought(client: Client, simulator: SimulatorProcess) -> None:
    simulator.tell("faults", {"operation": "search", "fault": "no_voice"})
    error = refused(client)
    assert (error.code.name, error.reason) == ("NOT_FOUND", "NO_NUMBERS_AVAILABLE")
    assert error.metadata == {"area_code": "415"}
    assert "try another" in error.message
    assert bought(simulator) == 0


def test_a_number_taken_between_search_and_order_is_replaced_by_the_next(
    client: Client, simulator: SimulatorProcess
) -> None:
    simulator.tell("faults", {"operation": "order", "fault": "taken", "count": 2})
    (number,) = buy(client).numbers
    assert number.phone_number == "+14155550102"
    assert_books_balance(client, simulator)


def test_when_every_number_is_taken_the_purchase_gives_up(
    client: Client, simulator: SimulatorProcess
) -> None:
    simulator.tell("faults", {"operation": "order", "fault": "taken", "count": 100})
    assert refused(client).reason == "NO_NUMBERS_AVAILABLE"
    assert simulator.ask("faults")["left"] == 100 - _MOST_ORDERS_OF_ONE
    assert bought(simulator) == 0


def test_a_partly_filled_purchase_says_how_many_numbers_are_missing_and_why(
    client: Client, simulator: SimulatorProcess
) -> None:
    # The simulator has three numbers in Wyoming.
    answer = buy(client, 5, "307")
    assert (len(answer.numbers), answer.unfilled_count) == (3, 2)
    why = from_status(answer.unfilled_status)
    assert (why.code.name, why.reason) == ("NOT_FOUND", "NO_NUMBERS_AVAILABLE")
    assert why.metadata == {"area_code": "307"}
    assert buy(client, 5, "307") == answer, "a repeat gets the same answer"
    assert_books_balance(client, simulator)


def test_a_purchase_that_exhausts_the_balance_keeps_the_bought_numbers_and_says_why_it_ended(
    client: Client, simulator: SimulatorProcess
) -> None:
    # The balance pays for two and a half numbers.
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"balance": "2.87"})
    answer = buy(client, 5)
    assert (len(answer.numbers), answer.unfilled_count) == (2, 3)
    why = from_status(answer.unfilled_status)
    assert (why.code.name, why.reason) == ("FAILED_PRECONDITION", "CARRIER_REFUSED")
    assert why.metadata["cause"] == "ACCOUNT"
    assert "add money" in why.message
    # The account is suspended, so its numbers cannot be listed; only the sales can be counted.
    assert bought(simulator) == 2
    simulator.tell(f"accounts/{ACCOUNT_SID}", {"balance": "100", "status": "active"})
    assert buy(client, 5) == answer, "a repeat gets the same answer and buys nothing"
    assert len(buy(client, 3, request_id="the-rest").numbers) == 3
    report = client.number_inventory.reconcile_numbers(ReconcileNumbersRequest(organization_id="acme"))
    assert (report.open_count, report.missing_count, report.adopted_count) == (0, 0, 0)
    assert_books_balance(client, simulator)
