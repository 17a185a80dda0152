import json

import pytest

from localdial.v1.call_routing_pb2 import (
    CallerIdReason,
    DestinationReason,
    ListOutboundCallsResponse,
    OutboundCall,
    ResolveOutboundCallerIdResponse,
    RouteInboundCallResponse,
)
from localdial.v1.directory_pb2 import ListUsersResponse, User
from localdial.v1.number_inventory_pb2 import ListNumbersResponse
from localdial.v1.number_pb2 import LocalPresenceNumber, NumberState
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.cli.numbers import STATES, ListedState
from localdial_server.cli.routing import CALLER_ID_REASONS, DESTINATION_REASONS
from localdial_server.cli.tables import table
from localdial_server.cli.values import enum_name, printable

from .conftest import Cli

CALLEE = "+14155550155"


def test_a_list_is_one_document_of_all_pages(cli: Cli) -> None:
    cli.server.answers(
        ListNumbersResponse(
            numbers=[LocalPresenceNumber(phone_number="+14155550100")], next_page_token="more", total_size=2
        ),
        ListNumbersResponse(numbers=[LocalPresenceNumber(phone_number="+14155550101")], total_size=2),
    )
    document = json.loads(cli.run("numbers", "list", "acme", "--json").stdout)
    assert [number["phone_number"] for number in document["numbers"]] == ["+14155550100", "+14155550101"]
    assert document["next_page_token"] == ""
    assert document["total_size"] == 2
    assert [request.page_token for request in cli.requests("ListNumbers")] == ["", "more"]


def test_json_uses_the_contracts_field_names_and_keeps_empty_fields(cli: Cli) -> None:
    cli.server.answers(ListNumbersResponse(numbers=[LocalPresenceNumber(phone_number="+14155550100")]))
    [number] = json.loads(cli.run("numbers", "list", "acme", "--json").stdout)["numbers"]
    assert number["mapped_area_codes"] == []
    assert number["carrier_number_id"] == ""
    assert number["state"] == "NUMBER_STATE_UNSPECIFIED"


@pytest.mark.parametrize("arguments", [("--json", "orgs", "list"), ("orgs", "list", "--json")])
def test_json_may_be_given_before_or_after_the_command(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert json.loads(cli.run(*arguments).stdout)["organizations"] == []


def test_a_server_option_after_the_command_wins_over_one_before_it(cli: Cli) -> None:
    result = cli.run("--server", "127.0.0.1:1", "orgs", "list", "--server", cli.address)
    assert result.exit_code == ExitCode.OK


def test_the_server_is_read_from_the_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_SERVER", cli.address)
    assert cli.run("--server", "", "orgs", "list").exit_code == ExitCode.OK


def test_the_timeout_is_the_deadline_of_every_call_including_those_to_the_carrier(cli: Cli) -> None:
    # Between the two defaults (5 and 60), and far enough from both for a slow machine.
    cli.run("numbers", "search", "acme", "415", "--timeout", "30")
    cli.run("--timeout", "30", "orgs", "list")
    assert all(10 < call.seconds_left < 31 for call in cli.server.received)
    assert len(cli.server.received) == 2


@pytest.mark.parametrize(
    "command",
    [
        ("numbers", "buy", "acme", "415"),
        ("numbers", "delete", "acme", "+14155550100"),
        ("orgs", "delete", "acme"),
        ("users", "delete", "acme", "ann"),
    ],
)
def test_spending_and_deleting_need_yes_when_there_is_no_terminal(cli: Cli, command: tuple[str, ...]) -> None:
    result = cli.run(*command)
    assert result.exit_code == ExitCode.USAGE
    assert "--yes" in result.stderr
    # These spend nothing: before a purchase, the command looks up whether call-backs will reach the server,
    # and before a deletion, which numbers are held elsewhere.
    look_ups = {"SearchAvailableNumbers", "GetNumber"}
    assert {received.path.rpartition("/")[2] for received in cli.server.received} <= look_ups
    assert cli.run(*command, "--yes").exit_code == ExitCode.OK
    done = [received.path.rpartition("/")[2] for received in cli.server.received]
    assert len([method for method in done if method not in look_ups]) == 1


def test_a_dry_run_records_nothing(cli: Cli) -> None:
    cli.server.answers(ResolveOutboundCallerIdResponse(caller_id="+14155550100"))
    result = cli.run("resolve", "acme", "ann", CALLEE, "--dry-run", "--min-revision", "7")
    [request] = cli.requests("ResolveOutboundCallerId")
    assert request.validate_only
    assert request.min_revision == 7
    assert "not recorded" in result.stdout


def test_a_call_that_is_recorded_later_is_shown_as_such(cli: Cli) -> None:
    response = ResolveOutboundCallerIdResponse(caller_id="+14155550100", call_id="c")
    for later in True, False:
        response.recorded_later = later
        cli.server.answers(response)
        result = cli.run("resolve", "acme", "ann", CALLEE)
        assert ("later" in result.stdout) == later


def test_a_degraded_call_back_is_asked_for_and_shown_as_such(cli: Cli) -> None:
    response = RouteInboundCallResponse(
        destination_number=CALLEE, reason=DestinationReason.DESTINATION_REASON_ORGANIZATION_NUMBER
    )
    for degraded in True, False:
        response.degraded = degraded
        cli.server.answers(response)
        result = cli.run("route", "+14155550100", *(["--allow-degraded"] if degraded else []))
        assert ("database does not say who called last" in result.stdout) == degraded
        assert cli.requests("RouteInboundCall")[-1].allow_degraded == degraded


def test_an_impossible_revision_is_refused_before_the_call(cli: Cli) -> None:
    for revision in ("-1", str(2**63)):
        result = cli.run("resolve", "acme", "ann", CALLEE, "--min-revision", revision)
        assert result.exit_code == ExitCode.USAGE
    assert cli.server.received == []


def test_calls_are_listed_up_to_the_limit_without_fetching_further_pages(cli: Cli) -> None:
    pages = [
        ListOutboundCallsResponse(
            calls=[OutboundCall(call_id=f"{page}{index}") for index in range(2)], next_page_token="more"
        )
        for page in "abc"
    ]
    cli.server.answers(*pages)
    document = json.loads(cli.run("calls", "list", "acme", "--limit", "3", "--json").stdout)
    assert [call["call_id"] for call in document["calls"]] == ["a0", "a1", "b0"]
    assert len(cli.requests("ListOutboundCalls")) == 2


def test_a_withheld_caller_is_sent_as_an_empty_number(cli: Cli) -> None:
    cli.run("route", "+14155550100")
    [request] = cli.requests("RouteInboundCall")
    assert request.caller_number == ""


def test_a_table_is_neither_cut_nor_colored_when_stdout_is_not_a_terminal(cli: Cli) -> None:
    name = "n" * 200
    cli.server.answers(
        ListUsersResponse(users=[User(user_id="u" * 128, caller_id=CALLEE, display_name=name)])
    )
    lines = cli.run("users", "list", "acme").stdout.splitlines()
    assert lines == [
        f"{'USER':128}  {'CALLER ID':12}  WORK PHONE  NAME",
        f"{'u' * 128}  {CALLEE:12}  {'-':10}  {name}",
    ]


def test_text_from_a_server_cannot_control_the_terminal(cli: Cli) -> None:
    cli.server.answers(ListUsersResponse(users=[User(user_id="u", display_name="\x1b[2J\x9b[bold]\u202eok")]))
    output = cli.run("users", "list", "acme").stdout
    assert "\ufffd[2J\ufffd[bold]\ufffdok" in output


def test_names_in_any_script_are_left_as_they_are() -> None:
    name = "Zo\u00eb\u00a0\u4e2d\u6587 \U0001f469\u200d\U0001f4bb"
    assert printable(name) == name


def test_only_the_column_that_may_wrap_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    shown = table(("NUMBER", "PLACE"), [(CALLEE, "p" * 100)], may_wrap={"PLACE"})
    assert [column.width for column in shown.columns] == [len(CALLEE), 40 - len(CALLEE) - 2 * 3]
    monkeypatch.setenv("COLUMNS", "10")
    shown = table(("NUMBER", "PLACE"), [(CALLEE, "p" * 100)], may_wrap={"PLACE"})
    assert [column.width for column in shown.columns] == [len(CALLEE), 16]


def test_an_unknown_enum_value_is_shown_as_its_number() -> None:
    assert enum_name(LocalPresenceNumber(state=NumberState.NUMBER_STATE_ACTIVE), "state") == "ACTIVE"
    assert enum_name(LocalPresenceNumber.FromString(b"\x28\x63"), "state") == "99"


def test_every_reason_has_its_sentence() -> None:
    assert set(CALLER_ID_REASONS) == {value for value in CallerIdReason.values() if value}
    assert set(DESTINATION_REASONS) == {value for value in DestinationReason.values() if value}


def test_numbers_can_be_listed_by_every_state_that_a_listed_number_can_have(cli: Cli) -> None:
    never_listed = {NumberState.NUMBER_STATE_RELEASED}
    assert set(STATES.values()) == set(NumberState.values()) - never_listed
    for state in ListedState:
        assert cli.run("numbers", "list", "acme", "--state", state).exit_code == ExitCode.OK
    assert [request.state for request in cli.requests("ListNumbers")] == [
        STATES[each] for each in ListedState
    ]


@pytest.mark.parametrize("arguments", [("version",), ("--version",)])
def test_the_version_is_printed(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = cli.run(*arguments)
    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith("localdial ")
