"""`localdial numbers import`: the numbers to import, and their import in batches."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from localdial.v1.number_inventory_pb2 import ImportNumbersRequest, ImportNumbersResponse
from localdial_client import FieldViolation, InvalidArgument
from localdial_server.cli.command import Session
from localdial_server.cli.exit_codes import CliError
from localdial_server.cli.output import counted
from localdial_server.cli.text_file import SAVE_AS_UTF8, Lines, as_text, is_text, opened, shown_value

EXTERNAL: Final = "external"
"""The carrier of numbers that are held elsewhere."""

# The most numbers that ImportNumbers accepts. To configure a number takes a request to the carrier, so a
# batch of these is smaller: its response comes in time, and shows that the import goes on.
_BATCH_SIZE: Final = 1000
_BATCH_TO_CONFIGURE: Final = 100

# Line ends, and the characters that spreadsheets write around cells and for empty ones.
_AROUND: Final = ' \t\r\n",;'

_NUMBER_FIELD: Final = re.compile(r"phone_numbers\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class NumbersFile:
    """The numbers of a file, each once and in its order, and the line of each, counted from 1."""

    name: str
    numbers: Sequence[str]
    lines: Sequence[int]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file with one number per line, also as a spreadsheet saves one; empty lines are skipped.

        Raises `CliError` if it cannot be read, has no numbers, or a line has anything but a possible number.
        """
        lines: dict[str, int] = {}
        problems = []
        with as_text(opened(path)) as text:
            source = Lines(text, path.name)
            for line in source:
                number = line.strip(_AROUND)
                problem = _problem(number) if number else None
                if problem is not None:
                    problems.append(FieldViolation(f"line {source.number}", problem))
                elif number:
                    lines.setdefault(number, source.number)
        if problems:
            wrong = f"{counted(len(problems), 'line')} {'is' if len(problems) == 1 else 'are'} wrong"
            raise CliError(f"{path}: {wrong}, and nothing was imported", details=problems)
        if not lines:
            raise CliError(f"{path} has no numbers; write one number per line, such as +14155550100")
        return cls(str(path), list(lines), list(lines.values()))


def _problem(text: str) -> str | None:
    """Return why the text is no number to import; None if it is one."""
    from localdial_server.domain.possible_numbers import why_impossible  # noqa: PLC0415 - slow to load
    from localdial_server.domain.suggested_numbers import suggested_number  # noqa: PLC0415 - slow to load

    if not is_text(text):
        return f"{shown_value(text)} is not UTF-8 text; {SAVE_AS_UTF8}"
    problem = why_impossible(text)
    if problem is None:
        return None
    meant = suggested_number(text)
    return f"{shown_value(text)} {problem}" + (f"; did you mean {meant}?" if meant is not None else "")


def check_options(*, sources: int, every: bool, configure: bool, external: bool) -> None:
    """Raise `CliError` for options that exclude each other. `sources`: how many say what to import."""
    if sources != 1:
        raise CliError("name the numbers to import, or pass --all or --file")
    if external and every:
        raise CliError("--all is for numbers of the carrier account: name external numbers, or pass --file")
    if external and configure:
        raise CliError("--configure is for numbers of the carrier account: it does not go with --external")


def question(organization: str, count: int, *, every: bool, configure: bool, external: bool) -> str:
    """Return what the user must confirm before the import; empty if there is nothing to confirm."""
    importing = f"Import {counted(count, 'number')} into {organization}"
    if external:
        return (
            f"{importing} as held at another carrier? You attest that {organization} has the right to show "
            f"{'it' if count == 1 else 'them'} as caller ID."
        )
    if configure:
        return (
            f"{importing}, and have the carrier send their calls here? That replaces the voice URL, "
            "application or trunk that is set there; they keep their names."
        )
    return f"{importing}?" if every else ""


def run(
    session: Session,
    request: ImportNumbersRequest,
    numbers: Sequence[str],
    file: NumbersFile | None,
) -> ImportNumbersResponse:
    """Import the numbers as `request` says, and return the responses of all batches as one.

    Raises what the client raises, and `CliError` for wrong lines of the file that the numbers come from.
    """
    response = ImportNumbersResponse()
    size = _BATCH_TO_CONFIGURE if request.configure else _BATCH_SIZE
    for begin in range(0, len(numbers), size):
        del request.phone_numbers[:]
        request.phone_numbers.extend(numbers[begin : begin + size])
        try:
            response.MergeFrom(session.client.number_inventory.import_numbers(request))
        except InvalidArgument as error:
            if file is None:
                raise
            raise _wrong_lines(error, file, begin, len(response.numbers)) from error
        if len(numbers) > size:
            session.out.note(f"{min(begin + size, len(numbers)):,} of {len(numbers):,} numbers done")
    return response


def _wrong_lines(error: InvalidArgument, file: NumbersFile, begin: int, imported: int) -> CliError:
    """Return the server's error about the numbers from index `begin` on, by the lines of the file."""
    details = []
    for violation in error.field_violations:
        match = _NUMBER_FIELD.fullmatch(violation.field)
        place = f"line {file.lines[begin + int(match[1])]}" if match is not None else violation.field
        details.append(FieldViolation(place, violation.description))
    done = (
        f"{counted(imported, 'number')} {'was' if imported == 1 else 'were'}" if imported else "nothing was"
    )
    lines = "this line" if len(details) == 1 else "these lines"
    return CliError(
        f"{done} imported; correct {lines} of {file.name} and repeat the command", details=details
    )
