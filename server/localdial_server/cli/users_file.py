"""Reads a CSV file of users, row by row. It does not call a server."""

import csv
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from localdial.v1.directory_pb2 import User
from localdial_server.cli.exit_codes import CliError
from localdial_server.cli.output import counted
from localdial_server.cli.text_file import (
    SAVE_AS_UTF8,
    Lines,
    as_text,
    cut,
    is_text,
    opened,
    shown_value,
)

COLUMNS: Final = ("user_id", "display_name", "caller_id", "work_phone")

# Longer texts are a mistake, and a batch of them would be too large for a request. The server's own limits
# are lower.
_LONGEST_FIELD: Final = 250

# The first is what the documentation asks for; spreadsheets in some countries write the others.
SEPARATORS: Final = ",;\t|"
# Microsoft Excel reads the separator of a CSV file from such a line. Programs that do not know it save it as
# a cell: in quotes, or with empty cells behind it.
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([^"\r\n])"?[,;\t| \r\n]*', re.IGNORECASE)


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
        self.separator = SEPARATORS[0]
        self.ignored_columns: Sequence[str] = ()
        self._headers = headers or {}
        self._file = opened(path)
        self._text = as_text(self._file)

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
        lines = Lines(self._text, self.name)
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
            yield BadRow(
                line,
                "",
                f"is not CSV ({error}); close its quotes, and write a quote within quotes twice. The rest of "
                "the file was not read",
            )

    def _read_header(self, lines: Lines) -> Mapping[str, int]:
        """Read the file up to its header; return the position of each of our columns."""
        separators = SEPARATORS
        for text in lines:
            if named := _SEPARATOR_LINE.fullmatch(text):
                separators = named[1] + SEPARATORS
            elif text.strip(f" {SEPARATORS}\r\n"):
                break
        else:
            raise CliError(f"{self.name} is empty; its first line must be {','.join(COLUMNS)}")
        if not is_text(text):
            raise CliError(f"{self.name}, line {lines.number}, is not UTF-8 text; {SAVE_AS_UTF8}")
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
        folded = [_folded(name) for name in header]
        wanted = {column: _folded(self._headers.get(column, column)) for column in COLUMNS}
        return {
            column: [index for index, name in enumerate(folded) if name == theirs]
            for column, theirs in wanted.items()
            if theirs in folded
        }

    def _check_header(self, positions: Mapping[str, Sequence[int]], line: int) -> None:
        names = {column: self._headers.get(column, column) for column in COLUMNS}
        problems, cures = [], []
        duplicates = [names[column] for column, at in positions.items() if len(at) > 1]
        if duplicates:
            problems += [f"duplicate column {name}" for name in duplicates]
            cures.append("rename or delete the column that you do not want")
        # A missing column would silently clear this field of every user.
        missing = [column for column in COLUMNS if column not in positions]
        if missing:
            problems += (
                [f"no column {names[column]}" for column in missing]
                if positions
                else ["it names none of the columns"]
            )
            cures.append(
                f"if your column has another name, pass --map {missing[0]}=NAME; if no user has this, add an "
                "empty column"
            )
        if problems:
            found = cut(", ".join(repr(name) for name in self.header), 400)
            wanted = ",".join(names.values())
            raise CliError(
                f"{self.name}, line {line}: the header is wrong: {', '.join(problems)}. It has {found}, and "
                f"must have {wanted}, in any order; {'; '.join(cures)}"
            )

    def _problem(self, fields: Sequence[str]) -> str:
        """Return why the fields do not fit the header, as the rest of a sentence; empty if they do."""
        width = len(self.header)
        last_named = max(index for index, name in enumerate(self.header, 1) if name.strip())
        # Spreadsheets write empty columns at the end.
        if len(fields) < last_named or any(field.strip() for field in fields[width:]):
            shown = self.separator.join(fields)
            return f"has {counted(len(fields), 'column')} instead of {width}: {shown_value(shown)}"
        for name, field in zip(self.header, fields, strict=False):
            if field.strip() and not name.strip():
                return f"has {shown_value(field)} in a column without a name"
        return ""


def _row(
    line: int,
    values: Mapping[str, str],
    fields: Sequence[str],
    organization: str,
    first_lines: dict[str, int],
) -> Row | BadRow:
    for column, value in values.items():
        if not is_text(value):
            return BadRow(line, column, f"{shown_value(value)} is not UTF-8 text; {SAVE_AS_UTF8}", fields)
        if len(value) > _LONGEST_FIELD:
            problem = f"{shown_value(value)} has {len(value):,} characters, of at most {_LONGEST_FIELD}"
            return BadRow(line, column, problem, fields)
    user_id = values["user_id"]
    first = first_lines.setdefault(user_id, line)
    # The server reports rows without a user_id, so they are not also reported as duplicates.
    if first != line and user_id:
        return BadRow(line, "user_id", f"{user_id} is already on line {first}", fields)
    return Row(line, User(organization_id=organization, **values), fields)


def _folded(name: str) -> str:
    """Return the name of a column without what people vary: `User ID` is user_id."""
    visible = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return re.sub(r"[\s_-]+", "_", visible.strip().casefold())


def _parsed(line: str, separator: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return [line.strip()]
