import codecs
import json
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from localdial.v1.directory_pb2 import (
    BatchSetUsersRequest,
    BatchSetUsersResponse,
    DeleteUserResponse,
    ListUsersResponse,
    User,
)
from localdial_server.cli import users_import
from localdial_server.cli.command import Session
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.cli.users_file import Row
from localdial_server.cli.users_import import BATCH_SIZE
from tests.support.fake_server import Answer, fails

from .conftest import Cli

ROWS = BATCH_SIZE + 500


def invalid(*fields: str, unlisted: int = 0) -> Answer:
    violations = [BadRequest.FieldViolation(field=field, description="is wrong") for field in fields]
    return fails(
        grpc.StatusCode.INVALID_ARGUMENT,
        "told to fail",
        ErrorInfo(
            reason="INVALID_FIELDS",
            domain="localdial",
            metadata={"violation_count": str(len(fields) + unlisted)},
        ),
        BadRequest(field_violations=violations),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of one and a half batches."""
    path = tmp_path / "users.csv"
    rows = "".join(f"user{index},,,\n" for index in range(ROWS))
    path.write_text(f"user_id,display_name,caller_id,work_phone\n{rows}")
    return path


def sent_batches(cli: Cli) -> list[tuple[bool, int]]:
    """Return for each request whether it only checks, and how many users it has."""
    requests: list[BatchSetUsersRequest] = cli.requests("BatchSetUsers")
    return [(request.validate_only, len(request.users)) for request in requests]


def others(*user_ids: str) -> ListUsersResponse:
    return ListUsersResponse(users=[User(organization_id="acme", user_id=user_id) for user_id in user_ids])


def test_the_whole_file_is_checked_before_the_first_user_is_written(cli: Cli, path: Path) -> None:
    checked = [BatchSetUsersResponse(revision=5)] * 2
    cli.server.answers(*checked, others(), *[BatchSetUsersResponse(revision=revision) for revision in (6, 7)])
    result = cli.run("users", "import", "acme", str(path), "--json")
    assert result.exit_code == ExitCode.OK
    assert json.loads(result.stdout) == {"organization_id": "acme", "user_count": ROWS, "revision": "7"}
    assert sent_batches(cli) == [(True, BATCH_SIZE), (True, 500), (False, BATCH_SIZE), (False, 500)]
    written = [user for request in cli.requests("BatchSetUsers")[2:] for user in request.users]
    assert [user.user_id for user in written] == [f"user{index}" for index in range(ROWS)]
    assert {user.organization_id for user in written} == {"acme"}


def test_the_bad_rows_of_all_batches_are_reported_with_their_lines_and_nothing_is_written(
    cli: Cli, path: Path
) -> None:
    with path.open("a") as file:
        file.write("user3,,,\n")
    cli.server.answers(
        invalid("users[17].caller_id", "users[17].work_phone", "users[2]"),
        BatchSetUsersResponse(),
        invalid("users[0].user_id"),
    )
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code == ExitCode.USAGE
    # The header is line 1.
    first_line_of_second_batch = BATCH_SIZE + 2
    assert result.stderr.splitlines() == [
        f"Error: users.csv: 4 of {ROWS + 1:,} rows are wrong, and nothing was written",
        "  line 4: is wrong",
        "  line 19, caller_id: '' is wrong",
        "  line 19, work_phone: '' is wrong",
        f"  line {first_line_of_second_batch}, user_id: 'user{BATCH_SIZE}' is wrong",
        f"  line {ROWS + 2}, user_id: user3 is already on line 5",
    ]
    assert all(only_checks for only_checks, _ in sent_batches(cli))


def test_the_check_is_repeated_until_the_server_finds_no_more_bad_users(cli: Cli, path: Path) -> None:
    cli.server.answers(invalid("users[0].user_id"), invalid("users[0].caller_id"))
    result = cli.run("users", "import", "acme", str(path))
    assert result.stderr.splitlines()[1:] == [
        "  line 2, user_id: 'user0' is wrong",
        "  line 3, caller_id: '' is wrong",
    ]
    assert sent_batches(cli) == [
        (True, BATCH_SIZE),
        (True, BATCH_SIZE - 1),
        (True, BATCH_SIZE - 2),
        (True, 500),
    ]


def test_a_row_at_which_the_list_of_the_server_ends_is_checked_again(cli: Cli, path: Path) -> None:
    cli.server.answers(
        invalid("users[0].caller_id", "users[0].work_phone", "users[1].caller_id", unlisted=1),
        invalid("users[0].caller_id", "users[0].work_phone"),
    )
    result = cli.run("users", "import", "acme", str(path))
    assert result.stderr.splitlines()[1:] == [
        "  line 2, caller_id: '' is wrong",
        "  line 2, work_phone: '' is wrong",
        "  line 3, caller_id: '' is wrong",
        "  line 3, work_phone: '' is wrong",
    ]


@pytest.mark.parametrize("field", ["organization_id", "users", "users[5000].user_id"])
def test_a_violation_that_concerns_no_row_is_shown_as_the_server_sent_it(
    cli: Cli, path: Path, field: str
) -> None:
    cli.server.answers(invalid(field))
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code == ExitCode.USAGE
    assert f"  {field}: is wrong" in result.stderr.splitlines()
    assert sent_batches(cli) == [(True, BATCH_SIZE)]


def test_a_failure_while_writing_says_how_many_users_were_written(cli: Cli, path: Path) -> None:
    cli.server.answers(
        *[BatchSetUsersResponse()] * 2,
        others(),
        BatchSetUsersResponse(),
        fails(grpc.StatusCode.INTERNAL, "told to fail"),
    )
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code == ExitCode.ERROR
    assert f"{BATCH_SIZE:,} of {ROWS:,} users were written" in result.stderr


def test_a_file_that_is_changed_while_it_is_checked_is_not_written(cli: Cli, path: Path) -> None:
    def change(_: grpc.ServicerContext) -> BatchSetUsersResponse:
        path.write_text("user_id,display_name,caller_id,work_phone\n")
        return BatchSetUsersResponse()

    cli.server.answers(BatchSetUsersResponse(), change)
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code == ExitCode.ERROR
    assert "changed while it was being checked" in result.stderr
    assert all(only_checks for only_checks, _ in sent_batches(cli))


def test_a_row_that_is_changed_after_the_check_stops_the_writing(cli: Cli, path: Path) -> None:
    def change(_: grpc.ServicerContext) -> BatchSetUsersResponse:
        # With a semicolon in place of a comma, the row has three fields instead of four.
        content = path.read_bytes()
        path.write_bytes(content.replace(b"user1490,,,\n", b"user1490,,;\n"))
        return BatchSetUsersResponse()

    cli.server.answers(*[BatchSetUsersResponse()] * 2, others(), change)
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code == ExitCode.ERROR
    assert f"changed after it was checked; {BATCH_SIZE:,} users written" in result.stderr
    assert sent_batches(cli)[2:] == [(False, BATCH_SIZE)]


def test_a_file_without_users_writes_nothing(cli: Cli, path: Path) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\n")
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code == ExitCode.USAGE
    assert "has no users" in result.stderr
    assert cli.server.received == []


def test_a_dry_run_shows_what_it_made_of_each_number_and_writes_nothing(cli: Cli, path: Path) -> None:
    path.write_text(
        "Login,Full Name,Own Number,Mobile Phone\n"
        "ann,Ann,(415) 555-0100,+13035550192\n"
        "bob,Bob,,303.555.0193\n"
        "carol,Carol,555-0100,\n"
    )
    cli.server.answers(BatchSetUsersResponse())
    maps = ("user_id=Login", "display_name=full name", "caller_id=Own Number", "work_phone=Mobile Phone")
    options = [option for each in maps for option in ("--map", each)]
    result = cli.run(
        "users", "import", "acme", str(path), *options, "--default-country", "us", "--dry-run", "--json"
    )
    assert result.exit_code == ExitCode.OK
    assert json.loads(result.stdout) == {
        "organization_id": "acme",
        "user_count": 3,
        "dry_run": True,
        "read_numbers": {"(415) 555-0100": "+14155550100", "303.555.0193": "+13035550193"},
    }
    assert sent_batches(cli) == [(True, 3)]
    [request] = cli.requests("BatchSetUsers")
    assert [(user.caller_id, user.work_phone) for user in request.users] == [
        ("+14155550100", "+13035550192"),
        ("", "+13035550193"),
        ("555-0100", ""),
    ], "what is not certain is left to the server, which refuses it"


def test_bad_rows_go_to_a_file_and_the_others_are_imported(cli: Cli, path: Path, tmp_path: Path) -> None:
    path.write_text("user_id;display_name;caller_id;work_phone;team\na;A;;;x\nb;B\nc;C;bad;bad;y\nd;D;;;\n")
    cli.server.answers(
        invalid("users[1].caller_id", "users[1].work_phone"),
        BatchSetUsersResponse(),
        others(),
        BatchSetUsersResponse(revision=7),
    )
    rejects = tmp_path / "rejects.csv"
    result = cli.run("users", "import", "acme", str(path), "--rejects", str(rejects), "--json")
    assert result.exit_code == ExitCode.PARTIAL
    assert json.loads(result.stdout) == {
        "organization_id": "acme",
        "user_count": 2,
        "revision": "7",
        "rejected_count": 2,
    }
    assert rejects.stat().st_mode & 0o777 == 0o600
    assert rejects.read_bytes().startswith(codecs.BOM_UTF8)
    assert rejects.read_text("utf-8-sig") == (
        "user_id;display_name;caller_id;work_phone;team;problem\n"
        "b;B;;;;\"line 3: has 2 columns instead of 5: 'b;B'\"\n"
        "c;C;bad;bad;y;\"line 4: caller_id: 'bad' is wrong; work_phone: 'bad' is wrong\"\n"
    )
    written = cli.requests("BatchSetUsers")[-1]
    assert [user.user_id for user in written.users] == ["a", "d"]
    again = cli.run("users", "import", "acme", str(path), "--rejects", str(rejects))
    assert again.exit_code == ExitCode.USAGE
    assert "exists; pass another --rejects" in " ".join(again.stderr.split())


def test_rejected_rows_can_be_imported_and_rejected_again(cli: Cli, path: Path, tmp_path: Path) -> None:
    path.write_bytes("sep=^\nuser_id^display_name^caller_id^work_phone\na^Zo\u00eb^1^\nb^^^\n".encode())
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    cli.server.answers(
        invalid("users[0].caller_id"), BatchSetUsersResponse(), others(), BatchSetUsersResponse()
    )
    assert cli.run("users", "import", "acme", str(path), "--rejects", str(once)).exit_code == ExitCode.PARTIAL
    cli.server.answers(invalid("users[0].caller_id"))
    again = cli.run("users", "import", "acme", str(once), "--rejects", str(twice))
    assert again.exit_code == ExitCode.PARTIAL, again.stderr
    assert cli.requests("BatchSetUsers")[-1].users[0].display_name == "Zo\u00eb"
    assert twice.read_text("utf-8-sig") == (
        "user_id,display_name,caller_id,work_phone,problem\na,Zo\u00eb,1,,line 2: caller_id: '1' is wrong\n"
    )


def test_bad_rows_are_not_set_aside_if_the_rest_of_the_file_cannot_be_read(
    cli: Cli, path: Path, tmp_path: Path
) -> None:
    path.write_text('user_id,display_name,caller_id,work_phone\na,,,\nb,"open,,\nc,,,\n')
    rejects = tmp_path / "rejects.csv"
    result = cli.run("users", "import", "acme", str(path), "--rejects", str(rejects))
    assert result.exit_code == ExitCode.USAGE
    assert "nothing was written: line 3: is not CSV" in " ".join(result.stderr.split())
    assert not rejects.exists()
    assert sent_batches(cli) == [(True, 1)]


def test_a_failed_import_leaves_no_file_of_rejected_rows_in_the_way_of_the_next(
    cli: Cli, path: Path, tmp_path: Path
) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\na,,,\nb\n")
    rejects = tmp_path / "rejects.csv"
    cli.server.answers(BatchSetUsersResponse(), others(), fails(grpc.StatusCode.INTERNAL, "told to fail"))
    result = cli.run("users", "import", "acme", str(path), "--rejects", str(rejects))
    assert result.exit_code == ExitCode.ERROR
    assert not rejects.exists()


def test_rejected_rows_are_not_written_through_a_link(cli: Cli, path: Path, tmp_path: Path) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\na,,,\nb\n")
    elsewhere, rejects = tmp_path / "elsewhere.csv", tmp_path / "rejects.csv"
    rejects.symlink_to(elsewhere)
    cli.server.answers(BatchSetUsersResponse(), others())
    result = cli.run("users", "import", "acme", str(path), "--rejects", str(rejects))
    assert result.exit_code == ExitCode.USAGE
    assert "cannot be written: File exists; nothing was imported" in " ".join(result.stderr.split())
    assert not elsewhere.exists()
    assert sent_batches(cli) == [(True, 1)]


def test_rejected_rows_do_not_replace_the_file_itself(cli: Cli, path: Path) -> None:
    before = path.read_bytes()
    result = cli.run("users", "import", "acme", str(path), "--rejects", str(path))
    assert result.exit_code == ExitCode.USAGE
    assert path.read_bytes() == before
    assert cli.server.received == []


@pytest.mark.parametrize("number", ["1.41556E+10", "1,41556E+10", "1.41556e10", "14155550100.0"])
def test_a_number_that_a_spreadsheet_has_calculated_is_refused_with_the_cure(
    cli: Cli, path: Path, number: str
) -> None:
    path.write_text(f'user_id,display_name,caller_id,work_phone\na,,555,"{number}"\n')
    unread = "'555' cannot be read with certainty as a number in US; it is wrong"
    for options, problem in ((), "'555' is wrong"), (("--default-country", "US"), unread):
        cli.server.answers(invalid("users[0].caller_id", "users[0].work_phone"))
        result = cli.run("users", "import", "acme", str(path), *options)
        assert result.exit_code == ExitCode.USAGE
        assert f"line 2, caller_id: {problem}" in result.stderr
        assert f"line 2, work_phone: '{number}' is what a spreadsheet has made" in result.stderr
        assert "format the column as text" in result.stderr


def test_an_interrupted_import_says_what_was_written(
    cli: Cli, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = users_import._send

    def interrupted(session: Session, organization: str, rows: Sequence[Row], **options: bool) -> object:
        if not options and rows[0].user.user_id != "user0":
            raise KeyboardInterrupt
        return sent(session, organization, rows, **options)

    monkeypatch.setattr(users_import, "_send", interrupted)
    result = cli.run("users", "import", "acme", str(path))
    assert result.exit_code not in {ExitCode.OK, ExitCode.PARTIAL}
    assert f"At least {BATCH_SIZE:,} of {ROWS:,} users were written. Running the command again is safe." in (
        result.stderr
    )


def test_users_that_the_file_does_not_have_are_deleted_after_the_others_are_set(cli: Cli, path: Path) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\nann,,,\n")
    cli.server.answers(BatchSetUsersResponse(), others("ann", "bob", "zoe"))
    planned = cli.run("users", "import", "acme", str(path), "--delete-others", "--dry-run", "--json")
    assert json.loads(planned.stdout)["deleted_user_ids"] == ["bob", "zoe"]
    assert cli.requests("DeleteUser") == []
    cli.server.answers(BatchSetUsersResponse(), others("ann", "bob", "zoe"))
    refused = cli.run("users", "import", "acme", str(path), "--delete-others")
    assert refused.exit_code == ExitCode.USAGE
    assert "Delete 2 users of acme that the file does not have?" in " ".join(refused.stderr.split())
    cli.server.answers(
        BatchSetUsersResponse(),
        others("ann", "bob", "zoe"),
        BatchSetUsersResponse(revision=7),
        fails(grpc.StatusCode.NOT_FOUND, "gone", ErrorInfo(reason="USER_NOT_FOUND", domain="localdial")),
        DeleteUserResponse(revision=9),
    )
    done = cli.run("users", "import", "acme", str(path), "--delete-others", "--yes", "--json")
    assert done.exit_code == ExitCode.OK, done.stderr
    assert json.loads(done.stdout)["revision"] == "9"
    assert [request.user_id for request in cli.requests("DeleteUser")] == ["bob", "zoe"]


def test_nobody_is_deleted_while_rows_of_the_file_are_wrong(cli: Cli, path: Path, tmp_path: Path) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\nann,,,\nbob\n")
    cli.server.answers(BatchSetUsersResponse())
    rejects = str(tmp_path / "rejects.csv")
    result = cli.run("users", "import", "acme", str(path), "--rejects", rejects, "--delete-others", "--yes")
    assert result.exit_code == ExitCode.USAGE
    assert "not certain who has left" in " ".join(result.stderr.split())
    assert sent_batches(cli) == [(True, 1)]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--map", "phone=Mobile"), "must be COLUMN=NAME, and COLUMN one of user_id, display_name"),
        (("--map", "work_phone"), "must be COLUMN=NAME"),
        (("--map", "work_phone=A", "--map", "work_phone=B"), "--map names work_phone twice"),
        (("--default-country", "USA"), "must be the two-letter ISO code of a country, such as US or GB"),
    ],
)
def test_wrong_options_are_refused_before_the_file_is_read(
    cli: Cli, path: Path, options: tuple[str, ...], problem: str
) -> None:
    result = cli.run("users", "import", "acme", str(path), *options)
    assert result.exit_code == ExitCode.USAGE
    assert problem in " ".join(result.stderr.split())
    assert sent_batches(cli) == []


def test_new_ids_that_differ_from_others_only_by_case_are_warned_of(cli: Cli, path: Path) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\nann,,,\nbob,,,\nZoe,,,\nzoe,,,\ndan,,,\n")
    cli.server.answers(BatchSetUsersResponse(), others("Ann", "BOB", "bob", "dan", "Eve"))
    result = cli.run("users", "import", "acme", str(path), "--json")
    assert result.exit_code == ExitCode.OK, result.stderr
    assert result.stderr.splitlines() == [
        "Warning: the user ann is not Ann: ids are told apart by upper and lower case",
        "Warning: the user zoe is not Zoe: ids are told apart by upper and lower case",
    ]


def test_many_such_ids_are_counted(cli: Cli, path: Path) -> None:
    cli.server.answers(*[BatchSetUsersResponse()] * 2, others(*(f"USER{index}" for index in range(12))))
    result = cli.run("users", "import", "acme", str(path))
    assert result.stderr.splitlines()[-1] == "Warning: and 2 more such ids"
    assert len(result.stderr.splitlines()) == 11


def test_a_user_that_the_file_replaces_under_another_case_is_not_warned_of(cli: Cli, path: Path) -> None:
    path.write_text("user_id,display_name,caller_id,work_phone\nbob,,,\n")
    cli.server.answers(BatchSetUsersResponse(), others("BOB"))
    result = cli.run("users", "import", "acme", str(path), "--delete-others", "--yes")
    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
