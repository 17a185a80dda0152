import json

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersResponse,
    ImportNumbersResponse,
    PurchaseNumbersResponse,
    SearchAvailableNumbersResponse,
)
from localdial.v1.number_pb2 import LocalPresenceNumber, NumberFailure
from localdial_server.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from tests.support.fake_server import Answer, fails, status

from .conftest import Cli

NUMBER = "+14155550100"


def failure(code: grpc.StatusCode, reason: str, message: str = "told to fail", **metadata: str) -> Answer:
    return fails(code, message, ErrorInfo(reason=reason, domain="localdial", metadata=metadata))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 2),
        (grpc.StatusCode.NOT_FOUND, 3),
        (grpc.StatusCode.FAILED_PRECONDITION, 4),
        (grpc.StatusCode.ALREADY_EXISTS, 4),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 5),
        (grpc.StatusCode.INTERNAL, 1),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
        (grpc.StatusCode.PERMISSION_DENIED, 1),
    ],
)
def test_the_exit_code_depends_on_the_status_code(cli: Cli, code: grpc.StatusCode, expected: int) -> None:
    cli.server.answers(failure(code, "SOME_REASON"))
    result = cli.run("orgs", "get", "acme")
    assert result.exit_code == expected
    assert result.stdout == ""
    assert result.stderr.splitlines()[:2] == ["Error: told to fail", f"Reason: SOME_REASON ({code.name})"]


def test_an_unreachable_server_is_reported_with_a_hint(cli: Cli) -> None:
    result = cli.run("orgs", "list", "--server", "127.0.0.1:1")
    assert result.exit_code == 5
    assert "Connection refused" in result.stderr
    assert "`localdial serve` starts one" in result.stderr


def test_invalid_fields_are_listed_one_per_line(cli: Cli) -> None:
    violations = [
        BadRequest.FieldViolation(
            field="callee_number", description="must be E.164; did you mean +14155550100?"
        ),
        BadRequest.FieldViolation(field="user_id", description="is required"),
    ]
    cli.server.answers(
        fails(
            grpc.StatusCode.INVALID_ARGUMENT,
            "callee_number must be E.164",
            ErrorInfo(reason="INVALID_FIELDS", domain="localdial"),
            BadRequest(field_violations=violations),
        )
    )
    result = cli.run("resolve", "acme", "ann", "(415) 555-0100")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "Error: these arguments are wrong",
        "  callee_number: must be E.164; did you mean +14155550100?",
        "  user_id: is required",
        "Reason: INVALID_FIELDS (INVALID_ARGUMENT)",
    ]
    [request] = cli.requests("ResolveOutboundCallerId")
    assert request.callee_number == "(415) 555-0100", "what the user typed is for the server to judge"


def test_the_number_of_invalid_fields_that_are_not_listed_is_printed(cli: Cli) -> None:
    info = ErrorInfo(reason="INVALID_FIELDS", domain="localdial", metadata={"violation_count": "1301"})
    listed = BadRequest(field_violations=[BadRequest.FieldViolation(field="f", description="is bad")])
    cli.server.answers(fails(grpc.StatusCode.INVALID_ARGUMENT, "wrong", info, listed))
    result = cli.run("orgs", "get", "acme")
    assert result.stderr.splitlines()[1:3] == ["  f: is bad", "  and 1,300 more"]


def test_with_json_an_error_is_one_document_on_stderr(cli: Cli) -> None:
    cli.server.answers(
        fails(
            grpc.StatusCode.FAILED_PRECONDITION,
            "not now",
            ErrorInfo(reason="REVISION_NOT_REACHED", domain="localdial", metadata={"revision": "7"}),
            BadRequest(field_violations=[BadRequest.FieldViolation(field="f", description="d")]),
            RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
        )
    )
    result = cli.run("orgs", "get", "acme", "--json")
    assert result.exit_code == 4
    assert result.stdout == ""
    assert json.loads(result.stderr) == {
        "error": {
            "code": "FAILED_PRECONDITION",
            "reason": "REVISION_NOT_REACHED",
            "message": "not now",
            "metadata": {"revision": "7"},
            "field_violations": [{"field": "f", "description": "d"}],
            "retry_delay_seconds": 1.5,
            "notes": [],
        }
    }


def test_no_numbers_for_sale_is_a_warning_that_suggests_another_area_code(cli: Cli) -> None:
    sold_out = failure(grpc.StatusCode.NOT_FOUND, "NO_NUMBERS_AVAILABLE", "sold out")
    result = cli.buy("acme", "907", "--yes", answer=sold_out)
    assert result.exit_code == 3
    assert result.stderr.splitlines()[0] == "Warning: sold out"
    assert "Try another area code" in result.stderr


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("method", "command"),
    [
        ("PurchaseNumbers", ("numbers", "buy", "acme", "415", "--yes")),
        ("DeleteNumbers", ("numbers", "delete", "acme", NUMBER, "--yes")),
    ],
)
def test_after_an_unknown_outcome_the_request_id_for_a_repeat_is_shown(
    cli: Cli, method: str, command: tuple[str, ...], *, as_json: bool
) -> None:
    unknown = failure(grpc.StatusCode.INTERNAL, "INTERNAL")
    # `buy` searches first, and goes on if that fails.
    cli.server.answers(*[unknown] * command.count("buy"), unknown)
    result = cli.run(*command, *(["--json"] if as_json else []))
    [request] = cli.requests(method)
    assert request.request_id
    if as_json:
        assert json.loads(result.stderr)["error"]["request_id"] == request.request_id
    else:
        assert f"--request-id {request.request_id}" in result.stderr

    cli.run(*command, "--request-id", request.request_id)
    assert cli.requests(method)[1].request_id == request.request_id


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, "CARRIER_REFUSED"),
        (grpc.StatusCode.UNAVAILABLE, "CARRIER_UNAVAILABLE"),
    ],
)
def test_when_nothing_was_bought_no_repeat_with_the_request_id_is_suggested(
    cli: Cli, code: grpc.StatusCode, reason: str
) -> None:
    # The client repeats a call that is UNAVAILABLE, so every attempt fails.
    cli.server.answers(SearchAvailableNumbersResponse(), *[failure(code, reason)] * 10)
    result = cli.run("numbers", "buy", "acme", "415", "--yes")
    assert reason in result.stderr
    assert "--request-id" not in result.stderr


def number_failure(phone_number: str, code: grpc.StatusCode, reason: str) -> NumberFailure:
    return NumberFailure(
        phone_number=phone_number, status=status(code, "no", ErrorInfo(reason=reason, domain="localdial"))
    )


MISSING = number_failure("+14155550101", grpc.StatusCode.NOT_FOUND, "NUMBER_NOT_FOUND")
BUSY = number_failure("+14155550102", grpc.StatusCode.FAILED_PRECONDITION, "NUMBER_NOT_ACTIVE")


@pytest.mark.parametrize(
    ("done", "failures", "expected"),
    [
        ([NUMBER], [], ExitCode.OK),
        ([NUMBER], [MISSING], ExitCode.PARTIAL),
        ([], [MISSING], ExitCode.NOT_FOUND),
        ([], [BUSY, BUSY], ExitCode.CONFLICT),
        ([], [MISSING, BUSY], ExitCode.ERROR),
    ],
)
def test_the_exit_code_reflects_the_failures_of_single_numbers(
    cli: Cli, done: list[str], failures: list[NumberFailure], expected: ExitCode
) -> None:
    numbers = [LocalPresenceNumber(phone_number=each, area_code="415") for each in done]
    cli.server.answers(
        DeleteNumbersResponse(deleted=numbers, failures=failures),
        ImportNumbersResponse(numbers=numbers, failures=failures),
    )
    for command in (("delete", "acme", NUMBER, "--yes"), ("import", "acme", NUMBER)):
        result = cli.run("numbers", *command)
        assert result.exit_code == expected
        assert [line.partition(" [")[0] for line in result.stderr.splitlines()] == [
            f"{each.phone_number}: no" for each in failures
        ]


def test_a_partly_filled_purchase_is_shown_with_a_warning(cli: Cli) -> None:
    in_part = PurchaseNumbersResponse(numbers=[LocalPresenceNumber(phone_number=NUMBER)], unfilled_count=2)
    result = cli.buy("acme", "307", "--quantity", "3", "--yes", answer=in_part)
    assert result.exit_code == ExitCode.PARTIAL
    assert NUMBER in result.stdout
    assert "2 of 3 could not be bought" in result.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_purchase_warns_beforehand_if_call_backs_would_reach_nobody(
    cli: Cli, options: tuple[str, ...]
) -> None:
    bought = PurchaseNumbersResponse(numbers=[LocalPresenceNumber(phone_number=NUMBER)])
    result = cli.buy("acme", "415", "--yes", *options, answer=bought, warning="they reach nobody")
    assert (result.exit_code, result.stderr) == (ExitCode.OK, "Warning: they reach nobody\n")
    assert NUMBER in result.stdout


def test_a_purchase_without_yes_warns_before_the_question(cli: Cli) -> None:
    cli.server.answers(SearchAvailableNumbersResponse(callback_warning="they reach nobody"))
    result = cli.run("numbers", "buy", "acme", "415")
    assert result.stderr.startswith("Warning: they reach nobody\n")
    assert cli.requests("PurchaseNumbers") == []


def test_a_refused_release_is_shown_with_its_reason_and_is_partly_done(cli: Cli) -> None:
    refused = status(
        grpc.StatusCode.FAILED_PRECONDITION,
        "remove the address",
        ErrorInfo(reason="CARRIER_REFUSED", domain="localdial"),
    )
    number = LocalPresenceNumber(phone_number=NUMBER, release_status=refused)
    cli.server.answers(DeleteNumbersResponse(deleted=[number]))
    result = cli.run("numbers", "delete", "acme", NUMBER, "--yes")
    assert result.exit_code == ExitCode.PARTIAL
    assert f"{NUMBER}: remove the address [CARRIER_REFUSED (FAILED_PRECONDITION)]" in result.stderr


def test_every_exit_code_is_explained_by_the_help(cli: Cli) -> None:
    assert set(EXIT_CODE_HELP) == set(ExitCode)
    text = " ".join(cli.run("--help").stdout.split())
    for code, meaning in EXIT_CODE_HELP.items():
        assert f"{code.value} {meaning}" in text
