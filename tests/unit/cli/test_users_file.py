import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from localdial.v1.directory_pb2 import User
from localdial_server.cli.exit_codes import CliError
from localdial_server.cli.users_file import BadRow, Row, UsersFile

HEADER = b"user_id,display_name,caller_id,work_phone\n"


def rows_of(path: Path, content: bytes, **headers: str) -> list[Row | BadRow]:
    """Return the rows of the file, without the fields that they were read from."""
    path.write_bytes(content)
    with UsersFile(path, headers) as file:
        return [replace(row, fields=()) for row in file.rows("acme")]


def users_of(path: Path, content: bytes, **headers: str) -> list[tuple[str, str, str, str]]:
    """Return the values of the rows, all of which are users."""
    rows = rows_of(path, content, **headers)
    assert [row for row in rows if isinstance(row, BadRow)] == []
    users = [row.user for row in rows if isinstance(row, Row)]
    return [(user.user_id, user.display_name, user.caller_id, user.work_phone) for user in users]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.csv"


def test_columns_may_come_in_any_order_and_empty_fields_are_empty(path: Path) -> None:
    content = b'work_phone,user_id,caller_id,display_name\n+13035550192,bob,,"Bob, the ""best"""\n'
    user = User(
        organization_id="acme", user_id="bob", display_name='Bob, the "best"', work_phone="+13035550192"
    )
    assert rows_of(path, content) == [Row(2, user)]


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"zo\xc3\xab,,,\n",
        b"\xef\xbb\xbf" + HEADER + b"zo\xc3\xab,,,\n",
        (HEADER + b"zo\xc3\xab,,,\n").replace(b"\n", b"\r\n"),
        HEADER + b"zo\xc3\xab,,,",
    ],
    ids=["plain", "byte order mark", "CRLF", "no line end at the end"],
)
def test_utf8_is_read_with_and_without_a_byte_order_mark_and_with_any_line_ends(
    path: Path, content: bytes
) -> None:
    assert rows_of(path, content) == [Row(2, User(organization_id="acme", user_id="zo\u00eb"))]


def test_the_line_of_a_row_is_where_it_begins(path: Path) -> None:
    content = HEADER + b'a,"two\nlines",,\n\nb,,,\n\n\n"c",,,\n'
    assert [(row.line, row.user.user_id) for row in rows_of(path, content) if isinstance(row, Row)] == [
        (2, "a"),
        (5, "b"),
        (8, "c"),
    ]


def test_a_bad_row_leaves_the_other_rows_valid(path: Path) -> None:
    content = HEADER + b"a,,\nb,caf\xe9,,\nc,,,,x\nd,,,\n"
    assert rows_of(path, content) == [
        BadRow(2, "", "has 3 columns instead of 4: 'a,,'"),
        BadRow(
            3,
            "display_name",
            r"'caf\udce9' is not UTF-8 text; save the file as CSV in UTF-8 (in Excel: CSV UTF-8)",
        ),
        BadRow(4, "", "has 5 columns instead of 4: 'c,,,,x'"),
        Row(5, User(organization_id="acme", user_id="d")),
    ]


def test_a_duplicate_user_names_both_lines(path: Path) -> None:
    assert rows_of(path, HEADER + b"a,,,\nb,,,\na,again,,\n")[2] == BadRow(
        4, "user_id", "a is already on line 2"
    )


def test_rows_without_a_user_id_are_left_to_the_server(path: Path) -> None:
    assert all(isinstance(row, Row) for row in rows_of(path, HEADER + b",a,,\n,b,,\n"))


def test_a_quote_that_is_never_closed_is_a_bad_row_and_not_a_long_name(path: Path) -> None:
    first, second = rows_of(path, HEADER + b'a,,,\nb,"open,,\nc,,,\n')
    assert isinstance(first, Row)
    assert isinstance(second, BadRow)
    assert second.line == 3
    assert "close its quotes" in second.problem
    assert "The rest of the file was not read" in second.problem
    assert second.fields == ()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"user_id,display_name,caller_id\n", "no column work_phone"),
        (
            b"user_id,name,caller_id,work_phone\n",
            "line 1: the header is wrong: no column display_name.*'name'",
        ),
        (b"user_id,display_name,caller_id,work_phone,user_id\n", "duplicate column user_id"),
        (b"\n\nuser_id;display_name;caller_id\n", "line 3: the header is wrong: no column work_phone"),
        (b"user_id,caf\xe9\n", "line 1, is not UTF-8 text; save the file as CSV in UTF-8"),
        (b"\n,,,\n", "is empty"),
    ],
)
def test_a_wrong_header_is_refused(path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(CliError, match=problem) as caught:
        rows_of(path, content)
    assert caught.value.message.startswith("users.csv")


def test_a_file_can_be_read_twice(path: Path) -> None:
    path.write_bytes(HEADER + b"a,,,\nb,,,\n")
    with UsersFile(path) as file:
        assert list(file.rows("acme")) == list(file.rows("acme"))
        assert file.position == file.size


def test_a_pipe_can_be_read_twice_too(path: Path) -> None:
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(HEADER + b"a,,,\n",))
    writer.start()
    with UsersFile(path) as file:
        assert list(file.rows("acme")) == list(file.rows("acme")) != []
    writer.join()


def test_a_change_of_the_file_is_noticed(path: Path) -> None:
    path.write_bytes(HEADER)
    with UsersFile(path) as file:
        before = file.version
        assert file.version == before
        with path.open("ab") as other:
            other.write(b"a,,,\n")
        assert file.version != before


def test_an_unreadable_file_is_reported_in_one_line(path: Path) -> None:
    with pytest.raises(CliError, match="cannot be read: No such file or directory"):
        UsersFile(path)


ANN = ("ann", "Ann", "", "+13035550192")


@pytest.mark.parametrize(
    "content",
    [
        "user_id,display_name,caller_id,work_phone\rann,Ann,,+13035550192\r",
        "\r\n,,,\r\nuser_id,display_name,caller_id,work_phone\r\n,,,\r\nann,Ann,,+13035550192\r\n , ,,\r\n",
        "user_id,display_name,caller_id,work_phone,\nann,Ann,,+13035550192,\n",
        "user_id,display_name,caller_id,work_phone\nann,Ann,,+13035550192,,\n",
        "user_id,display_name,caller_id,work_phone,,\nann,Ann,,+13035550192\n",
        "sep=;\nuser_id;display_name;caller_id;work_phone\nann;Ann;;+13035550192\n",
        "sep=,\nuser_id,display_name,caller_id,work_phone\nann,Ann,,+13035550192\n",
        "SEP=\t\r\nuser_id\tdisplay_name\tcaller_id\twork_phone\r\nann\tAnn\t\t+13035550192\r\n",
        "sep=^\nuser_id^display_name^caller_id^work_phone\nann^Ann^^+13035550192\n",
        '"sep=;"\nuser_id;display_name;caller_id;work_phone\nann;Ann;;+13035550192\n',
        "sep=;,,,\nuser_id;display_name;caller_id;work_phone\nann;Ann;;+13035550192\n",
        "sep=;\nuser_id,display_name,caller_id,work_phone\nann,Ann,,+13035550192\n",
        "user_id;display_name;caller_id;work_phone\nann;Ann;;+13035550192\n",
        "user_id\tdisplay_name\tcaller_id\twork_phone\nann\tAnn\t\t+13035550192\n",
        "User_ID, DISPLAY_NAME ,Caller_Id,work_PHONE\nann,Ann,,+13035550192\n",
        "User ID,Display  Name,caller-id,Work\u00a0Phone\u200b\nann,Ann,,+13035550192\n",
        "user_id,\ufeffdisplay_name,caller_id,work_phone\nann,Ann,,+13035550192\n",
        "role,user_id,display_name,caller_id,work_phone\nagent,ann,Ann,,+13035550192\n",
    ],
    ids=[
        "CR line ends",
        "blank lines and rows of commas",
        "empty trailing column",
        "empty trailing fields",
        "empty trailing columns in the header only",
        "sep=;",
        "sep=,",
        "sep= and a tab",
        "sep= and any other",
        "sep= in quotes",
        "sep= saved as a cell",
        "sep= that does not hold",
        "semicolons",
        "tabs",
        "header in other case",
        "header in words",
        "a byte order mark in the header",
        "another column",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_spreadsheets_write_is_read(path: Path, content: str, encoding: str) -> None:
    if encoding.startswith("utf-16-") and content[0] == "\r":
        content = content.lstrip("\r\n,")
    assert users_of(path, content.encode(encoding)) == [ANN]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"work_phone,User ID,Work Phone,display_name,caller_id\n",
            "line 1: the header is wrong: duplicate column work_phone.*; rename or delete the column",
        ),
        (
            b"user_id,display_name,work_phone\n",
            "no column caller_id. .*pass --map caller_id=NAME; if no user has this, add an empty column",
        ),
        (
            b"Ann,+13035550192\n",
            "it names none of the columns. It has 'Ann', .*must have user_id,display_name,caller_id",
        ),
        (b"PK\x03\x04\0\0,x\n", "line 1, is not UTF-8 text; save the file as CSV in UTF-8"),
    ],
)
def test_a_wrong_header_is_refused_with_the_cure(path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(CliError, match=problem):
        rows_of(path, content)


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("A\0nn", r"'A\x00nn' is not UTF-8 text; save the file as CSV in UTF-8"),
        ("A" * 251, f"'{'A' * 80}\N{HORIZONTAL ELLIPSIS}' has 251 characters, of at most 250"),
    ],
)
def test_what_is_no_name_is_a_bad_row(path: Path, field: str, problem: str) -> None:
    [row] = rows_of(path, HEADER + f"ann,{field},,\n".encode())
    assert isinstance(row, BadRow)
    assert (row.line, row.column) == (2, "display_name")
    assert row.problem.startswith(problem)


def test_columns_that_are_not_used_are_known(path: Path) -> None:
    path.write_bytes(b"role,user_id,display_name,caller_id,work_phone,team,\nx,ann,Ann,,,y,\n")
    with UsersFile(path) as file:
        assert len(list(file.rows("acme"))) == 1
        assert file.ignored_columns == ["role", "team"]


def test_a_column_may_have_another_name_and_be_used_twice(path: Path) -> None:
    content = b"Employee,Full Name,Mobile Phone,work_phone\nann,Ann,+13035550192,unused\n"
    headers = {"user_id": "employee", "display_name": "Full Name", "caller_id": "Mobile Phone"}
    assert users_of(path, content, **headers, work_phone="mobile phone ") == [
        ("ann", "Ann", "+13035550192", "+13035550192")
    ]
    with pytest.raises(CliError, match=r"no column Cell\. It has 'Employee', 'Full Name', .* and must have "):
        rows_of(path, content, **headers, work_phone="Cell")


def test_text_in_a_column_without_a_name_is_not_dropped(path: Path) -> None:
    assert rows_of(path, b"user_id,display_name,caller_id,work_phone,\nann,Ann,,,x\n") == [
        BadRow(2, "", "has 'x' in a column without a name")
    ]


def test_utf_16_that_ends_within_a_character_is_a_bad_row(path: Path) -> None:
    [row] = rows_of(path, (HEADER.decode() + "ann,,,x").encode("utf-16")[:-1])
    assert isinstance(row, BadRow)


def test_a_line_without_end_is_refused(path: Path) -> None:
    with pytest.raises(CliError, match=r"users\.csv, line 2, is longer than 1,048,576 characters"):
        rows_of(path, HEADER + b"a" * 3_000_000)
