import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc import StatusCode

from localdial.v1.directory_pb2 import BatchSetUsersResponse, SetOrganizationResponse
from localdial.v1.number_inventory_pb2 import (
    GetNumberResponse,
    ListNumbersResponse,
    PurchaseNumbersResponse,
    SearchAvailableNumbersResponse,
)
from localdial.v1.number_pb2 import AvailableNumber, LocalPresenceNumber, NumberState
from localdial_client import Client
from localdial_server.cli import demo, demo_setup
from localdial_server.cli.demo_setup import Demo
from localdial_server.cli.exit_codes import CliError
from tests.support.fake_server import Answer, fails

from .conftest import Cli

DIRECTORY: list[Answer] = [SetOrganizationResponse(), BatchSetUsersResponse()] * 2


def number(phone_number: str, carrier: str = "simulator") -> LocalPresenceNumber:
    return LocalPresenceNumber(
        phone_number=phone_number,
        area_code=phone_number[2:5],
        carrier=carrier,
        state=NumberState.NUMBER_STATE_ACTIVE,
    )


LOCAL, NEW_YORK = number("+14155550100"), number("+12125550100")


def test_the_demo_buys_nothing_from_a_carrier_that_sells_real_numbers(cli: Cli) -> None:
    on_sale = SearchAvailableNumbersResponse(available=[AvailableNumber(phone_number="+14152345678")])
    cli.server.answers(*DIRECTORY, ListNumbersResponse(), on_sale)
    with Client(cli.address) as client, pytest.raises(CliError, match="sells real ones"):
        demo_setup.load(client)
    assert cli.requests("PurchaseNumbers") == []


def test_the_demo_stops_if_its_number_is_at_another_carrier(cli: Cli) -> None:
    cli.server.answers(*DIRECTORY, ListNumbersResponse(numbers=[number("+14155550100", carrier="other")]))
    with Client(cli.address) as client, pytest.raises(CliError, match="sells real ones"):
        demo_setup.load(client)
    assert cli.requests("PurchaseNumbers") == []


def test_the_demo_does_not_buy_numbers_that_it_already_owns(cli: Cli) -> None:
    only_mapped = number("+17075550100")
    cli.server.answers(
        *DIRECTORY, ListNumbersResponse(numbers=[only_mapped, LOCAL]), ListNumbersResponse(numbers=[NEW_YORK])
    )
    with Client(cli.address) as client:
        assert demo_setup.load(client) == Demo((LOCAL, NEW_YORK))
    assert cli.requests("PurchaseNumbers") == []


def test_the_demo_buys_again_if_its_number_was_deleted(cli: Cli) -> None:
    gone = fails(StatusCode.NOT_FOUND, "gone", ErrorInfo(reason="NUMBER_NOT_FOUND", domain="localdial"))
    cli.server.answers(
        *DIRECTORY,
        ListNumbersResponse(),
        SearchAvailableNumbersResponse(available=[AvailableNumber(phone_number="+14155550101")]),
        PurchaseNumbersResponse(numbers=[LOCAL]),
        gone,
        PurchaseNumbersResponse(numbers=[number("+14155550101")]),
        GetNumberResponse(number=number("+14155550101")),
        ListNumbersResponse(numbers=[NEW_YORK]),
    )
    with Client(cli.address) as client:
        assert demo_setup.load(client).local_number == "+14155550101"
    assert [request.request_id for request in cli.requests("PurchaseNumbers")] == ["demo-415-1", "demo-415-2"]


def test_every_number_of_the_demo_is_fictional() -> None:
    loaded = Demo((LOCAL, NEW_YORK))
    users = [phone for user in demo_setup.USERS for phone in (user.caller_id, user.work_phone) if phone]
    organizations = [
        each.organization_number for each in demo_setup.ORGANIZATIONS if each.organization_number
    ]
    in_steps = [word for step in demo.steps(loaded) for word in step.command if word.startswith("+")]
    assert len(users) == 4
    for phone in (*users, *organizations, *in_steps, demo_setup.IMPORTED):
        assert phone[5:10] == "55501", phone


def test_an_unexpected_error_ends_the_demo(cli: Cli) -> None:
    cli.server.answers(
        *DIRECTORY, ListNumbersResponse(numbers=[LOCAL]), ListNumbersResponse(numbers=[NEW_YORK])
    )
    cli.server.answers(*[SetOrganizationResponse()] * 2)
    cli.server.answers(fails(StatusCode.INTERNAL, "told to fail"))
    result = cli.run("demo")
    assert result.exit_code == 1
    assert "Error: told to fail" in result.stderr
