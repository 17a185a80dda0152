"""Reads a CSV file of users, row by row. It does not call a server."""

import codecs
import csv
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from localdial.v1.directory_pb2 import User
from localdial_server.cli.output import CliError, counted

COLUMNS: Final = ("user_id", "display_name", "caller_id", "work_phone")

_BYTE_ORDER_MARKS: Final = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
_NOT_TEXT: Final = re.compile("[\ud800-\udfff\ufffd]")
_SAVE_AS_UTF8: Final = "save the file as CSV in UTF-8"

# A line must fit into memory, and a list of users has no longer ones.
_LONGEST_LINE: Final = 1_048_576

# The first is what the documentation asks for; spreadsheets in some countries write the others.
_SEPARATORS: Final = ",;\t|"
# Microsoft Excel reads the separator of a CSV file from such a line, and writes it.
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A user of the file.

    `line` is where its row begins, and `fields` the row as it is in the file. `read_numbers` maps each number
    that is not E.164 in the file to the E.164 number that it was read as.
    """

    line: int
    user: User
    fields: Sequence[str] = ()
    read_numbers: dict[str, str] = dataclass_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not a valid user.

    `line` is where it begins; `column` is the column at fault, empty if it is not a single one. `fields` is
    the row as it is in the file; empty if the rest of the file is not CSV.
    """

    line: int
    column: str
    problem: str
    fields: Sequence[str] = ()


class UsersFile:
    """An open CSV file of users. Raises `CliError` if it cannot be opened or its header is wrong.

    `headers`: the file's own names of columns, by our names, where they differ.
    """

    def __init__(self, path: Path, headers: Mapping[str, str] | None = None) -> None:
        self.name = path.name
        self.header: Sequence[str] = ()
        self.separator = _SEPARATORS[0]
        self.ignored_columns: Sequence[str] = ()
        self._headers = headers or {}
        try:
            self._file = _open(path)
        except OSError as error:
            raise CliError(f"{path} cannot be read: {error.strerror}") from None
        self._text = _as_text(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

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
        """Yield all rows, in order, as users of the organization; rows without any text are skipped.

        Rows are read from the file as the iterator advances. Each call starts again at the first row, and
        invalidates the iterator of the previous call.
        """
        lines = _Lines(self._text)
        positions = self._read_header(lines)
        # strict: a quote that is never closed must be an error, not a user whose name is half the file.
        reader = csv.reader(lines, delimiter=self.separator, strict=True)
        first_lines: dict[str, int] = {}
        line = lines.number + 1
        try:
            for fields in reader:
                if any(field.strip() for field in fields):
                    problem = self._problem(fields)
                    yield (
                        BadRow(line, "", problem, fields)
                        if problem
                        else _row(
                            line,
                            {column: fields[position] for column, position in positions.items()},
                            fields,
                            organization,
                            first_lines,
                        )
                    )
                line = lines.number + 1
        except csv.Error as error:
            yield BadRow(line, "", f"is not CSV ({error}); the rest of the file was not read")

    def _read_header(self, lines: "_Lines") -> Mapping[str, int]:
        """Read the file up to its header; return the position of each of our columns."""
        separators = _SEPARATORS
        for text in lines:
            if named := _SEPARATOR_LINE.fullmatch(text.strip()):
                separators = named[1]
            elif text.strip(f" {_SEPARATORS}\r\n"):
                break
        else:
            raise CliError(f"{self.name} is empty; its first line must be {','.join(COLUMNS)}")
        if _NOT_TEXT.search(text) or "\0" in text:
            raise CliError(f"{self.name}, line {lines.number}, is not UTF-8 text; {_SAVE_AS_UTF8}")
        # The right separator is the one that gives the most of our columns.
        self.separator = max(separators, key=lambda each: len(self._positions(_parsed(text, each))))
        self.header = _parsed(text, self.separator)
        positions = self._positions(self.header)
        self._check_header(positions, lines.number)
        used = {at[0] for at in positions.values()}
        self.ignored_columns = [
            name for index, name in enumerate(self.header) if index not in used and name.strip()
        ]
        return {column: at[0] for column, at in positions.items()}

    def _positions(self, header: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """Return where the header has each of our columns, without those that it does not have."""
        folded = [name.strip().casefold() for name in header]
        wanted = {column: self._headers.get(column, column).strip().casefold() for column in COLUMNS}
        return {
            column: [index for index, name in enumerate(folded) if name == theirs]
            for column, theirs in wanted.items()
            if theirs in folded
        }

    def _check_header(self, positions: Mapping[str, Sequence[int]], line: int) -> None:
        names = {column: self._headers.get(column, column) for column in COLUMNS}
        problems = [f"duplicate column {names[column]}" for column, at in positions.items() if len(at) > 1]
        # A missing column would silently clear this field of every user.
        missing = [column for column in COLUMNS if column not in positions]
        problems += [f"no column {names[column]}" for column in missing]
        if problems:
            found = ", ".join(repr(name) for name in self.header)
            raise CliError(
                f"{self.name}, line {line}: the header is wrong: {', '.join(problems)}. It has {found}, and "
                f"must have {','.join(COLUMNS)}, in any order; if your column has another name, pass "
                f"--map {(missing or COLUMNS)[0]}=NAME"
            )

    def _problem(self, fields: Sequence[str]) -> str:
        """Return why the fields do not fit the header, as the rest of a sentence; empty if they do."""
        width = len(self.header)
        last_named = max(index for index, name in enumerate(self.header, 1) if name.strip())
        # Spreadsheets write empty columns at the end.
        if len(fields) < last_named or any(field.strip() for field in fields[width:]):
            return f"has {counted(len(fields), 'column')} instead of {width}"
        for name, field in zip(self.header, fields, strict=False):
            if field.strip() and not name.strip():
                return f"has {field!r} in a column without a name"
        return ""


def _row(
    line: int,
    values: Mapping[str, str],
    fields: Sequence[str],
    organization: str,
    first_lines: dict[str, int],
) -> Row | BadRow:
    for column, value in values.items():
        if _NOT_TEXT.search(value):
            return BadRow(line, column, f"is not UTF-8 text; {_SAVE_AS_UTF8}", fields)
    user_id = values["user_id"]
    first = first_lines.setdefault(user_id, line)
    # The server reports rows without a user_id, so they are not also reported as duplicates.
    if first != line and user_id:
        return BadRow(line, "user_id", f"{user_id} is already on line {first}", fields)
    return Row(line, User(organization_id=organization, **values), fields)


class _Lines:
    """The lines of a text from its beginning, with their line ends, and the number of the last one read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        text.seek(0)
        self._text = text
        self.number = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == _LONGEST_LINE:
            raise CliError(
                f"line {self.number} is longer than {_LONGEST_LINE:,} characters, so this is no list of users"
            )
        return line


def _parsed(line: str, separator: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return [line.strip()]


def _as_text(file: BinaryIO) -> io.TextIOWrapper:
    """Return the file as text in the encoding that it begins with: UTF-8 or UTF-16."""
    begin = file.read(2)
    file.seek(0)
    if begin in _BYTE_ORDER_MARKS:
        encoding = "utf-16"
    elif begin[1:] == b"\0":
        # Without a byte order mark, a name of a column in UTF-16 shows by its zeros.
        encoding = "utf-16-le"
    elif begin[:1] == b"\0":
        encoding = "utf-16-be"
    else:
        encoding = "utf-8-sig"
    # Bytes that are not text become surrogates or U+FFFD, so that only their own row is bad.
    errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    return io.TextIOWrapper(file, encoding, errors, newline="")


def _open(path: Path) -> BinaryIO:
    file = path.open("rb")
    if file.seekable():
        return file
    # A pipe can be read only once, but the file is read twice.
    with file:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        shutil.copyfileobj(file, copy)
    copy.seek(0)
    return copy
