import os
import threading
from pathlib import Path

import pytest

from localdial.v1.directory_pb2 import User
from localdial_server.cli.output import CliError
from localdial_server.cli.users_file import BadRow, Row, UsersFile

HEADER = b"user_id,display_name,caller_id,work_phone\n"


def rows_of(path: Path, content: bytes) -> list[Row | BadRow]:
    path.write_bytes(content)
    with UsersFile(path) as file:
        return list(file.rows("acme"))


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
    content = HEADER + b"a,,\nb,caf\xe9,,\nc,,,,\nd,,,\n"
    assert rows_of(path, content) == [
        BadRow(2, "", "has 3 columns instead of 4"),
        BadRow(3, "display_name", "is not UTF-8 text"),
        BadRow(4, "", "has 5 columns instead of 4"),
        Row(5, User(organization_id="acme", user_id="d")),
    ]


def test_a_duplicate_user_names_both_lines(path: Path) -> None:
    assert rows_of(path, HEADER + b"a,,,\nb,,,\na,again,,\n")[2] == BadRow(
        4, "user_id", "a is already on line 2"
    )


def test_rows_without_a_user_id_are_left_to_the_server(path: Path) -> None:
    assert all(isinstance(row, Row) for row in rows_of(path, HEADER + b",,,\n,,,\n"))


def test_a_quote_that_is_never_closed_is_a_bad_row_and_not_a_long_name(path: Path) -> None:
    first, second = rows_of(path, HEADER + b'a,,,\nb,"open,,\nc,,,\n')
    assert isinstance(first, Row)
    assert isinstance(second, BadRow)
    assert second.line == 3
    assert "the rest of the file was not read" in second.problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"user_id,display_name,caller_id\n", "no column work_phone"),
        (b"user_id,name,caller_id,work_phone\n", "unknown column 'name', no column display_name"),
        (b"user_id,display_name,caller_id,work_phone,user_id\n", "duplicate column user_id"),
        (b"user_id;display_name;caller_id;work_phone\n", "separated by commas"),
        ("user_id,display_name".encode("utf-16"), "is not UTF-8 text"),
    ],
)
def test_a_wrong_header_is_refused(path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(CliError, match=problem) as caught:
        rows_of(path, content)
    assert caught.value.message.startswith("users.csv ")


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
