"""Purchases sent to two servers at once, which share a PostgreSQL and a carrier account."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest
from localdial.v1.number_inventory_pb2 import ListNumbersRequest, PurchaseNumbersRequest
from localdial_client import Client, LocaldialError, Unavailable
from tests.functional.databases import NewDatabase
from tests.functional.server_process import ServerProcess
from tests.functional.simulator_process import SimulatorProcess

_MAX_NUMBERS = 7
_REQUESTS = 8
_QUANTITY = 2
_MOST_REPEATS = 200


def outcome(client: Client, request_id: str) -> frozenset[str] | str:
    """Buy until the answer is final; return the carrier's ids of the numbers, or the reason of the error."""
    request = PurchaseNumbersRequest(
        organization_id="acme", area_code="415", quantity=_QUANTITY, request_id=request_id
    )
    for _ in range(_MOST_REPEATS):
        try:
            answer = client.number_inventory.purchase_numbers(request, timeout=60)
        except Unavailable:
            continue
        except LocaldialError as error:
            return error.reason
        return frozenset(number.carrier_number_id for number in answer.numbers)
    raise AssertionError("there is no end to it")


def test_two_servers_fill_no_request_twice_and_respect_the_limit_together(
    start_server: Callable[..., ServerProcess], new_database: NewDatabase, simulator: SimulatorProcess
) -> None:
    settings = {
        **simulator.settings,
        "LOCALDIAL_DATABASE_URL": new_database("postgresql"),
        "LOCALDIAL_MAX_NUMBERS": str(_MAX_NUMBERS),
    }
    servers = [start_server(**settings) for _ in range(2)]
    request_ids = [f"request-{number}" for number in range(_REQUESTS)]
    outcomes: defaultdict[str, list[frozenset[str] | str]] = defaultdict(list)
    with Client(servers[0].address) as home, Client(servers[1].address) as other:
        organization = Organization(organization_id="acme")
        home.directory.set_organization(SetOrganizationRequest(organization=organization))
        calls = [(request_id, client) for request_id in request_ids for client in (home, other)]
        with ThreadPoolExecutor(len(calls)) as threads:
            ended = threads.map(lambda call: outcome(call[1], call[0]), calls)
            for (request_id, _), came in zip(calls, ended, strict=True):
                outcomes[request_id].append(came)
        listed = home.number_inventory.list_numbers(ListNumbersRequest(organization_id="acme")).numbers

    bought = {
        event["sid"] for event in simulator.ask("journal")["events"] if event["event"] == "number_bought"
    }
    assert len(bought) == simulator.ask("journal")["bought"] == _MAX_NUMBERS
    assert {number.carrier_number_id for number in listed} == bought
    answered: list[str] = []
    for request_id, each in outcomes.items():
        numbers = {one for one in each if isinstance(one, frozenset)}
        assert len(numbers) <= 1, f"{request_id} was answered in two ways"
        for one in numbers:
            assert len(one) <= _QUANTITY
            answered += one
    assert sorted(answered) == sorted(bought), "each number belongs to one request"
    # A request bought nothing because the limit was reached, on this server or the other one.
    refusals = {one for each in outcomes.values() for one in each if isinstance(one, str)}
    assert "NUMBER_LIMIT_REACHED" in refusals
    assert refusals <= {"NUMBER_LIMIT_REACHED", "NO_NUMBERS_AVAILABLE"}
