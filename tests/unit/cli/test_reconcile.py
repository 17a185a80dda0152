"""`localdial reconcile`, `numbers import` and partly filled purchases."""

import json

import pytest
from google.rpc.status_pb2 import Status

from localdial.v1.number_inventory_pb2 import (
    ImportNumbersResponse,
    ListImportableNumbersResponse,
    MonthlyCost,
    PurchaseNumbersResponse,
    ReconcileNumbersResponse,
)
from localdial.v1.number_pb2 import CarrierNumber, LocalPresenceNumber, NumberFailure
from localdial_server.cli.exit_codes import ExitCode

from .conftest import Cli


def test_reconciling_without_differences_exits_with_0(cli: Cli) -> None:
    cli.server.answers(
        ReconcileNumbersResponse(
            adopted=[LocalPresenceNumber(phone_number="+14155550100")],
            adopted_count=1,
            monthly_costs=[MonthlyCost(currency_code="USD", micros=3_450_000, number_count=3)],
        )
    )
    result = cli.run("reconcile")
    assert result.exit_code == ExitCode.OK
    assert "+14155550100" in result.stdout
    assert "3.45 USD for 3 numbers" in result.stdout
    assert [request.organization_id for request in cli.requests("ReconcileNumbers")] == [""]


@pytest.mark.parametrize(
    "response",
    [
        ReconcileNumbersResponse(missing=[LocalPresenceNumber(phone_number="+14155550101")], missing_count=1),
        ReconcileNumbersResponse(strays=[CarrierNumber(phone_number="+14155550101")], strays_count=1),
        ReconcileNumbersResponse(
            open=[NumberFailure(phone_number="+14155550101", status=Status(code=14, message="not yet"))],
            open_count=1,
        ),
    ],
)
def test_a_difference_is_shown_and_exits_with_6(cli: Cli, response: ReconcileNumbersResponse) -> None:
    cli.server.answers(response)
    result = cli.run("reconcile", "acme")
    assert result.exit_code == ExitCode.PARTIAL
    assert "+14155550101" in result.output
    assert [request.organization_id for request in cli.requests("ReconcileNumbers")] == ["acme"]


def test_numbers_of_no_use_are_shown_with_the_reason_and_are_no_difference(cli: Cli) -> None:
    unusable = [CarrierNumber(phone_number="24567", obstacle="takes no voice calls")]
    cli.server.answers(ReconcileNumbersResponse(unusable=unusable, unusable_count=1))
    result = cli.run("reconcile")
    assert result.exit_code == ExitCode.OK
    assert "24567" in result.stdout
    assert "takes no voice calls" in result.stdout
    assert "unusable: 1 number of the carrier account" in result.stderr
    assert "localdial numbers import" not in result.output


def test_an_import_says_which_numbers_are_local_to_nobody(cli: Cli) -> None:
    toll_free, mobile = "+18005550199", "+447700900123"
    local = LocalPresenceNumber(phone_number="+14155550100", area_code="415")
    cli.server.answers(
        ImportNumbersResponse(
            numbers=[local, *(LocalPresenceNumber(phone_number=number) for number in (toll_free, mobile))]
        )
    )
    result = cli.run("numbers", "import", "acme", local.phone_number, toll_free, mobile)
    assert result.exit_code == ExitCode.OK
    assert f"without an area code: {toll_free}, {mobile}." in result.stderr


def test_all_numbers_are_imported_a_hundred_at_a_time(cli: Cli) -> None:
    numbers = [f"+1415555{line:04}" for line in range(100, 250)]
    cli.server.answers(
        ListImportableNumbersResponse(numbers=[CarrierNumber(phone_number=number) for number in numbers]),
        ImportNumbersResponse(numbers=[LocalPresenceNumber(phone_number=number) for number in numbers[:100]]),
        ImportNumbersResponse(numbers=[LocalPresenceNumber(phone_number=number) for number in numbers[100:]]),
    )
    result = cli.run("numbers", "import", "acme", "--all", "--configure", "--yes", "--json")
    assert result.exit_code == ExitCode.OK
    imports = cli.requests("ImportNumbers")
    assert [list(request.phone_numbers) for request in imports] == [numbers[:100], numbers[100:]]
    assert all(request.configure for request in imports)
    assert len(json.loads(result.stdout)["numbers"]) == 150


def test_an_import_changes_no_configuration_unless_asked_to(cli: Cli) -> None:
    cli.server.answers(ImportNumbersResponse(numbers=[LocalPresenceNumber(phone_number="+14155550100")]))
    assert cli.run("numbers", "import", "acme", "+14155550100").exit_code == ExitCode.OK
    (request,) = cli.requests("ImportNumbers")
    assert not request.configure


@pytest.mark.parametrize("arguments", [(), ("--all", "+14155550100")])
def test_an_import_needs_either_numbers_or_all(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli.run("numbers", "import", "acme", *arguments).exit_code == ExitCode.USAGE
    assert cli.requests("ImportNumbers") == []


def test_a_partly_filled_purchase_gives_the_reason(cli: Cli) -> None:
    in_part = PurchaseNumbersResponse(
        numbers=[LocalPresenceNumber(phone_number="+14155550100")],
        unfilled_count=2,
        unfilled_status=Status(code=8, message="the organization has reached its limit of 1 number"),
    )
    result = cli.buy("acme", "415", "-n", "3", "--yes", answer=in_part)
    assert result.exit_code == ExitCode.PARTIAL
    assert "2 of 3 could not be bought: the organization has reached its limit of 1 number" in result.stderr
