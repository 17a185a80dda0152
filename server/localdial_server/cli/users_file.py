"""A CSV file of users, row by row. Nothing here knows of a server."""

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
    """A user of the file, and the line that its row begins on."""

    line: int
    user: User


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no user: the line it begins on, the column at fault if it is one, and what is wrong."""

    line: int
    column: str
    problem: str


class UsersFile:
    """An open CSV file of users. Raises ``CliError`` when it cannot be opened or its header is wrong."""

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
        """How many bytes are read."""
        return self._file.tell()

    @property
    def version(self) -> tuple[int, int]:
        """Differs when the file was written to in between."""
        status = os.fstat(self._file.fileno())
        return status.st_mtime_ns, status.st_size

    def rows(self, organization: str) -> Iterator[Row | BadRow]:
        """All rows from the first, as users of the organization; blank lines are skipped.

        It is read on the fly. Each call begins anew, and ends the one before.
        """
        self._file.seek(0)
        # Strict: a quote that is never closed must be an error, and not a user with half the file for a name.
        reader = csv.reader(self._lines(), strict=True)
        header: Sequence[str] | None = None
        first_lines: dict[str, int] = {}
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                yield BadRow(line, "", f"is not CSV ({error}); the rest of the file was not read")
                return
            if header is None:
                header = self._header(fields)
            elif fields:
                yield _row(line, header, fields, organization, first_lines)
        if header is None:
            raise CliError(f"{self.name} is empty; its first line must be {','.join(COLUMNS)}")

    def _lines(self) -> Iterator[str]:
        encoding = "utf-8-sig"
        for line in self._file:
            # What is not UTF-8 is let through, marked, so that it spoils its own row and no other.
            yield line.decode(encoding, errors="surrogateescape")
            encoding = "utf-8"

    def _header(self, header: Sequence[str]) -> Sequence[str]:
        if _NOT_UTF8.search("".join(header)):
            raise CliError(f"{self.name} is not UTF-8 text")
        problems = [f"unknown column {name!r}" for name in header if name not in COLUMNS]
        problems += [f"column {name} twice" for name in COLUMNS if header.count(name) > 1]
        # A column that is left out would clear this field of every user, which must be said, not implied.
        problems += [f"no column {name}" for name in COLUMNS if name not in header]
        if problems:
            raise CliError(
                f"{self.name} has a wrong header: {', '.join(problems)}; its first line must be "
                f"{','.join(COLUMNS)}, in any order, separated by commas"
            )
        return header


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
    # Without an identifier rows are alike only in what the server reports anyway.
    if first != line and user_id:
        return BadRow(line, "user_id", f"{user_id} is in line {first} already")
    return Row(line, User(organization_id=organization, **values))


def _open(path: Path) -> BinaryIO:
    file = path.open("rb")
    if file.seekable():
        return file
    # A pipe can be read once only, and the file is read twice.
    with file:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        shutil.copyfileobj(file, copy)
    return copy
