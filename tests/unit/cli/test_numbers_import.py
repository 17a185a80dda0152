"""`localdial numbers import` and `numbers delete` for numbers that are held elsewhere, and for files."""

from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersResponse,
    GetNumberResponse,
    ImportNumbersResponse,
)
from localdial.v1.number_pb2 import LocalPresenceNumber, NumberState
from localdial_server.cli.command import Session
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.numbers_import import NumbersFile
from tests.support.fake_server import fails

from .conftest import Cli

HELD, BOUGHT = "+14155550142", "+14155550100"


def number(phone_number: str, carrier: str = "external") -> LocalPresenceNumber:
    return LocalPresenceNumber(phone_number=phone_number, area_code="415", carrier=carrier)


def released(phone_number: str, carrier: str) -> LocalPresenceNumber:
    return LocalPresenceNumber(
        phone_number=phone_number, carrier=carrier, state=NumberState.NUMBER_STATE_RELEASED
    )


def test_external_numbers_are_imported_as_such_and_the_notice_is_shown(cli: Cli) -> None:
    cli.server.answers(ImportNumbersResponse(numbers=[number(HELD)], notice="what it means"))
    result = cli.run("numbers", "import", "acme", HELD, "--external", "--yes")
    assert result.exit_code == ExitCode.OK
    assert HELD in result.stdout
    assert "external" in result.stdout
    assert "what it means" in result.stderr
    (request,) = cli.requests("ImportNumbers")
    assert (request.carrier, list(request.phone_numbers), request.configure) == ("external", [HELD], False)


def test_the_right_to_use_external_numbers_must_be_confirmed(cli: Cli) -> None:
    result = cli.run("numbers", "import", "acme", HELD, "--external")
    assert result.exit_code == ExitCode.USAGE
    assert "attest that acme has the right to show it" in " ".join(result.stderr.split())
    assert cli.server.received == []


@pytest.mark.parametrize(
    "options",
    [
        ("--external", "--all"),
        ("--external", "--configure", HELD),
        ("--external",),
        ("--file", "numbers.txt", HELD),
        ("--file", "numbers.txt", "--all"),
    ],
)
def test_options_that_exclude_each_other_are_refused(cli: Cli, options: tuple[str, ...]) -> None:
    result = cli.run("numbers", "import", "acme", "--yes", *options)
    assert result.exit_code == ExitCode.USAGE
    assert cli.server.received == []


def test_a_file_is_imported_in_batches_each_number_once(cli: Cli, tmp_path: Path) -> None:
    wanted = [f"+1415555{line:04}" for line in range(1500)]
    file = tmp_path / "numbers.txt"
    file.write_bytes(
        b"\xef\xbb\xbf" + "\r\n".join([*wanted[:1200], "", f" {wanted[0]} ", *wanted[1200:]]).encode()
    )
    cli.server.answers(
        ImportNumbersResponse(numbers=map(number, wanted[:1000]), revision=1, notice="notice"),
        ImportNumbersResponse(numbers=map(number, wanted[1000:]), revision=2, notice="notice"),
    )
    result = cli.run("numbers", "import", "acme", "--file", str(file), "--external", "--yes")
    assert result.exit_code == ExitCode.OK
    sent = [list(request.phone_numbers) for request in cli.requests("ImportNumbers")]
    assert sent == [wanted[:1000], wanted[1000:]]
    assert {request.carrier for request in cli.requests("ImportNumbers")} == {"external"}
    assert result.stderr.count("notice") == 1
    assert "1,000 of 1,500 numbers done" in result.stderr


def test_numbers_to_configure_are_imported_in_smaller_batches(cli: Cli, tmp_path: Path) -> None:
    wanted = [f"+1415555{line:04}" for line in range(150)]
    file = tmp_path / "numbers.txt"
    file.write_text("\n".join(wanted))
    cli.server.answers(
        ImportNumbersResponse(numbers=map(number, wanted[:100])),
        ImportNumbersResponse(numbers=map(number, wanted[100:])),
    )
    result = cli.run("numbers", "import", "acme", "--file", str(file), "--configure", "--yes")
    assert result.exit_code == ExitCode.OK
    assert [len(request.phone_numbers) for request in cli.requests("ImportNumbers")] == [100, 50]


def test_numbers_of_a_file_that_the_server_refuses_are_reported_by_their_lines(
    cli: Cli, tmp_path: Path
) -> None:
    lines = [*(f"+1415555{line:04}" for line in range(1000)), "", "+16285550142", "+16285550143"]
    file = tmp_path / "numbers.txt"
    file.write_text("\n".join(lines))
    violations = [
        BadRequest.FieldViolation(field=f"phone_numbers[{index}]", description="must be possible")
        for index in (0, 1)
    ]
    cli.server.answers(
        ImportNumbersResponse(numbers=map(number, lines[:1000])),
        fails(
            grpc.StatusCode.INVALID_ARGUMENT,
            "phone_numbers[0] must be possible",
            ErrorInfo(reason="INVALID_FIELDS", domain="localdial"),
            BadRequest(field_violations=violations),
        ),
    )
    result = cli.run("numbers", "import", "acme", "--file", str(file))
    assert result.exit_code == ExitCode.USAGE
    assert "1,000 numbers were imported; correct " in result.stderr
    assert "line 1002: must be possible" in result.stderr
    assert "line 1003: must be possible" in result.stderr
    assert "phone_numbers[" not in result.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"", "has no numbers"),
        (b"\n \n", "has no numbers"),
        (b"\xff\xfe+", "is not UTF-8 text"),
        (b"+14155550142\n\n4155550143\n", "line 3: '4155550143' must be a phone number in E.164"),
        (b"Phone\n+14155550142\n", "line 1: 'Phone' must be a phone number in E.164"),
        (b"+14155550142,Acme\n", "line 1: '+14155550142,Acme' must be"),
        (b"+1415555\n", "line 1: '+1415555' must have ten digits"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    cli: Cli, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "numbers.txt"
    if content is not None:
        file.write_bytes(content)
    result = cli.run("numbers", "import", "acme", "--file", str(file), "--external", "--yes")
    assert result.exit_code == ExitCode.USAGE
    assert problem in " ".join(result.stderr.split())
    assert cli.server.received == []


def test_a_file_with_a_wrong_line_is_refused_before_its_first_numbers_are_imported(
    cli: Cli, tmp_path: Path
) -> None:
    lines = [*(f"+1415555{line:04}" for line in range(100)), "", "4155550142", "+1415555"]
    file = tmp_path / "numbers.txt"
    file.write_text("\n".join(lines))
    result = cli.run("numbers", "import", "acme", "--file", str(file))
    assert result.exit_code == ExitCode.USAGE
    assert "2 lines are wrong, and nothing was imported" in " ".join(result.stderr.split())
    assert "line 102: '4155550142' must be" in result.stderr
    assert "did you mean +14155550142?" in result.stderr
    assert "line 103: '+1415555' must" in result.stderr
    assert cli.server.received == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        f"{HELD}\r{BOUGHT}\r",
        f"{HELD}\r\n\r\n{BOUGHT}\r\n",
        f'"{HELD}"\n"{BOUGHT}"\n',
        f"{HELD},,\n{BOUGHT},,\n,,\n",
        f"{HELD};\n {BOUGHT} ;\n",
        f"{HELD}\t\n{BOUGHT}",
    ],
    ids=["CR", "CRLF and empty lines", "quotes", "commas", "semicolons", "tabs"],
)
def test_numbers_are_read_as_spreadsheets_save_them(tmp_path: Path, text: str, encoding: str) -> None:
    file = tmp_path / "numbers.csv"
    file.write_bytes(text.encode(encoding))
    assert NumbersFile.read(file).numbers == [HELD, BOUGHT]


def test_the_question_before_a_deletion_says_what_becomes_of_each_number(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def confirm(_: object, question: str, *, yes: bool) -> None:
        assert not yes
        asked.append(question)
        raise CliError("declined")

    monkeypatch.setattr(Session, "confirm", confirm)
    held, bought = GetNumberResponse(number=number(HELD)), GetNumberResponse(number=number(BOUGHT, "twilio"))
    missing = fails(grpc.StatusCode.NOT_FOUND, "no", ErrorInfo(reason="NUMBER_NOT_FOUND", domain="localdial"))
    cli.server.answers(held, bought, held, bought, missing)
    for names in ([HELD], [BOUGHT, HELD], [BOUGHT], ["+14155550999"]):
        cli.run("numbers", "delete", "acme", *names)
    assert asked == [
        f"Delete {HELD} of acme? Held at another carrier, and only forgotten here.",
        (
            f"Delete {BOUGHT}, {HELD} of acme? The carrier may sell released numbers to others. "
            f"{HELD}: held at another carrier, and only forgotten here."
        ),
        f"Delete {BOUGHT} of acme? The carrier may sell released numbers to others.",
        "Delete +14155550999 of acme? The carrier may sell released numbers to others.",
    ]
    assert cli.requests("DeleteNumbers") == []


def test_a_deleted_external_number_is_forgotten_and_any_other_released(cli: Cli) -> None:
    deleted = [released(HELD, "external"), released(BOUGHT, "twilio")]
    cli.server.answers(DeleteNumbersResponse(deleted=deleted))
    result = cli.run("numbers", "delete", "acme", HELD, BOUGHT, "--yes")
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith("+")}
    assert "FORGOTTEN" in rows[HELD]
    assert "RELEASED" in rows[BOUGHT]
