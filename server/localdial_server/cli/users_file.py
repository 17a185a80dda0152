"""Reads a CSV file of users, row by row. It does not call a server."""

import csv
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from localdial.v1.directory_pb2 import User
from localdial_server.cli.output import CliError

COLUMNS: Final = ("user_id", "display_name", "caller_id", "work_phone")

_NOT_UTF8: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A user of the file, and the line on which its row begins."""

    line: int
    user: User


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not a valid user.

    `line` is where it begins; `column` is the column at fault, empty if it is not a single one.
    """

    line: int
    column: str
    problem: str


class UsersFile:
    """An open CSV file of users. Raises `CliError` if it cannot be opened or its header is wrong."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._file = _open(path)
        except OSError as error:
            raise CliError(f"{path} cannot be read: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """The size in bytes."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._file.tell()

    @property
    def version(self) -> tuple[int, int]:
        """A value that changes when the file is written to."""
        status = os.fstat(self._file.fileno())
        return status.st_mtime_ns, status.st_size

    def rows(self, organization: str) -> Iterator[Row | BadRow]:
        """Yield all rows, in order, as users of the organization; blank lines are skipped.

        Rows are read from the file as the iterator advances. Each call starts again at the first row, and
        invalidates the iterator of the previous call.
        """
        self._file.seek(0)
        # strict: a quote that is never closed must be an error, not a user whose name is half the file.
        reader = csv.reader(self._lines(), strict=True)
        first_lines: dict[str, int] = {}
        line = 1
        try:
            header = next(reader, None)
            if header is None:
                raise CliError(f"{self.name} is empty; its first line must be {','.join(COLUMNS)}")
            self._check_header(header)
            line = reader.line_num + 1
            for fields in reader:
                if fields:
                    yield _row(line, header, fields, organization, first_lines)
                line = reader.line_num + 1
        except csv.Error as error:
            yield BadRow(line, "", f"is not CSV ({error}); the rest of the file was not read")

    def _lines(self) -> Iterator[str]:
        encoding = "utf-8-sig"
        for line in self._file:
            # Bytes that are not UTF-8 become surrogates, so that only their own row is bad.
            yield line.decode(encoding, errors="surrogateescape")
            encoding = "utf-8"

    def _check_header(self, header: Sequence[str]) -> None:
        if _NOT_UTF8.search("".join(header)):
            raise CliError(f"{self.name} is not UTF-8 text")
        problems = [f"unknown column {name!r}" for name in header if name not in COLUMNS]
        problems += [f"duplicate column {name}" for name in COLUMNS if header.count(name) > 1]
        # A missing column would silently clear this field of every user.
        problems += [f"no column {name}" for name in COLUMNS if name not in header]
        if problems:
            raise CliError(
                f"{self.name} has the wrong header: {', '.join(problems)}; its first line must be "
                f"{','.join(COLUMNS)}, in any order, separated by commas"
            )


def _row(
    line: int, header: Sequence[str], fields: Sequence[str], organization: str, first_lines: dict[str, int]
) -> Row | BadRow:
    if len(fields) != len(header):
        return BadRow(line, "", f"has {len(fields)} columns instead of {len(header)}")
    values = dict(zip(header, fields, strict=True))
    for column, value in values.items():
        if _NOT_UTF8.search(value):
            return BadRow(line, column, "is not UTF-8 text")
    user_id = values["user_id"]
    first = first_lines.setdefault(user_id, line)
    # The server reports rows without a user_id, so they are not also reported as duplicates.
    if first != line and user_id:
        return BadRow(line, "user_id", f"{user_id} is already on line {first}")
    return Row(line, User(organization_id=organization, **values))


def _open(path: Path) -> BinaryIO:
    file = path.open("rb")
    if file.seekable():
        return file
    # A pipe can be read only once, but the file is read twice.
    with file:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        shutil.copyfileobj(file, copy)
    return copy
