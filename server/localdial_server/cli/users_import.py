"""`localdial users import`: check the whole file before writing the first user."""

import contextlib
import csv
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import typer
from rich.table import Table

from localdial.v1.directory_pb2 import (
    BatchSetUsersRequest,
    BatchSetUsersResponse,
    DeleteUserRequest,
)
from localdial_client import FieldViolation, InvalidArgument, LocaldialError, NotFound
from localdial_server.cli.command import Session
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.output import counted
from localdial_server.cli.progress import progress
from localdial_server.cli.similar_ids import users_of, warn_of_similar_users
from localdial_server.cli.tables import table
from localdial_server.cli.text_file import shown_value
from localdial_server.cli.users_file import COLUMNS, SEPARATORS, BadRow, Row, UsersFile

# The most users that BatchSetUsers writes in one transaction.
BATCH_SIZE: Final = 1000

PHONE_COLUMNS: Final = ("caller_id", "work_phone")
# The column of a file of rejected rows that says what is wrong. An import of that file ignores it.
PROBLEM: Final = "problem"

# Spreadsheets write a number like this unless its cell is formatted as text: 1.41556E+10, 14155550100.0.
_CALCULATED: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?E[+-]?[0-9]+|[0-9]+[.,]0+", re.ASCII | re.IGNORECASE)

_USER_FIELD: Final = re.compile(r"users\[([0-9]+)\](?:\.(.+))?")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported.

    `headers`: the file's names of columns, by ours, where they differ. `default_country`: the ISO 3166-1
    alpha-2 code of the country whose national numbers the file has; None if all are E.164. `rejects`: the
    file for the bad rows, so that the others are imported; None to import all rows or none.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    default_country: str | None = None
    rejects: Path | None = None
    delete_others: bool = False
    dry_run: bool = False
    yes: bool = False


@dataclass(slots=True)
class _Checked:
    """The result of the check of the file."""

    organization: str
    options: ImportOptions
    user_ids: set[str] = field(default_factory=set)
    row_count: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    read_numbers: dict[str, str] = field(default_factory=dict)
    """The numbers that were read as national ones: the text of the file, and E.164."""

    @property
    def bad_count(self) -> int:
        """How many rows are wrong; one row may have several mistakes."""
        return len({row.line for row in self.bad_rows})

    @property
    def is_complete(self) -> bool:
        """Whether the file could be read to its end."""
        return all(row.fields for row in self.bad_rows)

    @property
    def good_count(self) -> int:
        """How many rows can be imported."""
        return self.row_count - self.bad_count


def country(text: str) -> str:
    """Return the country of `--default-country` (ISO 3166-1 alpha-2). Raises `CliError`."""
    from localdial_server.domain.international import is_country  # noqa: PLC0415 - slow to load

    code = text.upper()
    if not is_country(code):
        raise CliError(
            f"--default-country is {text!r}, but must be the two-letter ISO code of a country, "
            "such as US or GB"
        )
    return code


def run(session: Session, organization: str, path: Path, options: ImportOptions) -> None:
    """Import the file into the organization.

    Raises `CliError` that names every bad row before anything is written, and what the client raises.
    Raises `typer.Exit` with `ExitCode.PARTIAL` if rows were rejected and the others imported.
    """
    if options.rejects is not None and options.rejects.exists():
        raise CliError(f"{options.rejects} exists; pass another --rejects")
    with UsersFile(path, options.headers) as file:
        version = file.version
        checked = _check(session, organization, file, options)
        if file.ignored_columns:
            session.out.note(f"columns that are not used: {', '.join(file.ignored_columns)}")
        if checked.bad_rows and (options.rejects is None or not checked.is_complete):
            raise _rejection(file.name, checked)
        if not checked.row_count:
            raise CliError(f"{file.name} has no users; nothing was written")
        known = users_of(session, organization)
        others = _others(known, checked) if options.delete_others else []
        warn_of_similar_users(session, checked.user_ids, set(known).difference(others))
        if options.dry_run:
            _show(session, checked, others, None)
        else:
            if others:
                question = (
                    f"Delete {counted(len(others), 'user')} of {organization} that the file does not have?"
                )
                session.confirm(question, yes=options.yes)
            if file.version != version:
                raise CliError(
                    f"{file.name} changed while it was being checked; nothing was written. "
                    "Run the command again",
                    ExitCode.ERROR,
                )
            with _rejects_written(options.rejects, file, checked.bad_rows):
                revision = _write(session, file, checked)
            revision = _delete(session, organization, others) or revision
            _show(session, checked, others, revision)
    if checked.bad_rows:
        raise typer.Exit(ExitCode.PARTIAL)


def _show(session: Session, checked: _Checked, others: Sequence[str], revision: int | None) -> None:
    """Print what was done, or what would be done if there is no `revision`."""
    organization, options = checked.organization, checked.options
    is_done = revision is not None
    document: dict[str, Any] = {"organization_id": organization, "user_count": checked.good_count}
    document |= {"revision": str(revision)} if is_done else {"dry_run": True}
    parts: list[Table | str] = [
        f"{counted(checked.good_count, 'user')} {'set' if is_done else 'would be set'} in {organization}"
    ]
    if options.default_country:
        document["read_numbers"] = checked.read_numbers
        if checked.read_numbers and not is_done:
            header = "IN THE FILE", f"READ IN {options.default_country}"
            parts.append(table(header, list(checked.read_numbers.items())))
    if options.delete_others:
        document["deleted_user_ids"] = others
        names = f": {', '.join(others)}" if others else ""
        parts.append(f"{counted(len(others), 'user')} {'' if is_done else 'would be '}deleted{names}")
    if options.rejects is not None:
        document["rejected_count"] = checked.bad_count
    session.out.result(document, *parts)
    if checked.bad_rows:
        verb, pronoun = ("is", "it is") if checked.bad_count == 1 else ("are", "they are")
        condition = "" if is_done else "without --dry-run, "
        session.out.warn(
            f"{counted(checked.bad_count, 'row')} {verb} wrong; {condition}{pronoun} written to "
            f"{options.rejects}"
        )


def _check(session: Session, organization: str, file: UsersFile, options: ImportOptions) -> _Checked:
    """Check every row, here and at the server."""
    checked = _Checked(organization, options)
    rows = _read_rows(file, organization, options)
    with progress(session.out) as show:
        while batch := list(islice(rows, BATCH_SIZE)):
            checked.row_count += len(batch)
            good = [row for row in batch if isinstance(row, Row)]
            checked.bad_rows += [row for row in batch if isinstance(row, BadRow)]
            checked.bad_rows += _rejected_rows(session, organization, good, options.default_country)
            checked.user_ids |= {row.user.user_id for row in good}
            checked.read_numbers |= {
                text: number for row in good for text, number in row.read_numbers.items()
            }
            show("checking", file.position, file.size)
    return checked


def _read_rows(file: UsersFile, organization: str, options: ImportOptions) -> Iterator[Row | BadRow]:
    """Yield the rows of the file with its national numbers in E.164, where they are certain."""
    from localdial_server.domain.suggested_numbers import typed_number  # noqa: PLC0415 - slow to load

    for row in file.rows(organization):
        if isinstance(row, Row) and options.default_country:
            for column in PHONE_COLUMNS:
                text = getattr(row.user, column)
                number = typed_number(text, options.default_country) if text else None
                if number is not None and number != text:
                    setattr(row.user, column, number)
                    row.read_numbers[text] = number
        yield row


def _others(known: Sequence[str], checked: _Checked) -> Sequence[str]:
    """Return the known users that the file does not have. Raises `CliError` if rows are wrong."""
    if checked.bad_rows:
        raise CliError(
            f"{counted(checked.bad_count, 'row')} of the file cannot be read, so it is not certain who has "
            "left: correct them, or leave out --delete-others; nothing was written"
        )
    return [user_id for user_id in known if user_id not in checked.user_ids]


@contextlib.contextmanager
def _progress_reported(session: Session, progress_made: Callable[[], str]) -> Iterator[None]:
    """Add the progress to the error if a call fails or the user interrupts the command."""
    try:
        yield
    except LocaldialError as error:
        error.add_note(f"{progress_made()} Running the command again is safe.")
        raise
    except KeyboardInterrupt:
        session.out.note(f"{progress_made()} Running the command again is safe.")
        raise


def _delete(session: Session, organization: str, user_ids: Sequence[str]) -> int:
    """Delete the users; return the last revision, 0 if nobody was deleted."""
    revision = deleted = 0
    with (
        _progress_reported(
            session,
            lambda: (
                "All users of the file are set, and at least "
                f"{deleted:,} of {len(user_ids):,} others deleted."
            ),
        ),
        progress(session.out) as show,
    ):
        for user_id in user_ids:
            request = DeleteUserRequest(organization_id=organization, user_id=user_id)
            # Somebody else may have deleted the user since.
            with contextlib.suppress(NotFound):
                revision = session.client.directory.delete_user(request).revision
            deleted += 1
            show("deleting", deleted, len(user_ids))
    return revision


@contextlib.contextmanager
def _rejects_written(path: Path | None, file: UsersFile, bad_rows: Sequence[BadRow]) -> Iterator[None]:
    """Write the bad rows, if there are any, and remove their file if the import of the others fails.

    Without that, the same command could not be run again.
    """
    if path is None or not bad_rows:
        yield
        return
    try:
        # The rows hold phone numbers, so only the owner may read the file.
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        try:
            # Excel takes a file for UTF-8 only if it begins with a byte order mark.
            with os.fdopen(
                descriptor, "w", encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as out:
                _write_rejects(out, file, bad_rows)
        except OSError as error:
            raise _unwritable(path, error) from None
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _unwritable(path: Path, error: OSError) -> CliError:
    return CliError(f"{path} cannot be written: {error.strerror}; nothing was imported")


def _write_rejects(out: TextIO, file: UsersFile, bad_rows: Sequence[BadRow]) -> None:
    """Write the bad rows as CSV, unchanged but for a last column that says what is wrong."""
    problems: dict[int, list[str]] = defaultdict(list)
    rows = {}
    for row in sorted(bad_rows, key=lambda row: row.line):
        problems[row.line].append(f"{row.column}: {row.problem}" if row.column else row.problem)
        rows[row.line] = row.fields
    width = max([len(file.header), *map(len, rows.values())])
    header = [*file.header, *[""] * (width - len(file.header))]
    # The file may itself be one of rejected rows; what was wrong then is replaced.
    kept = [index for index, name in enumerate(header) if name != PROBLEM]
    # An import finds any other separator only by a line of its own.
    separator = file.separator if file.separator in SEPARATORS else SEPARATORS[0]
    writer = csv.writer(out, delimiter=separator)
    writer.writerow([*(header[index] for index in kept), PROBLEM])
    for line, fields in rows.items():
        values = [fields[index] if index < len(fields) else "" for index in kept]
        writer.writerow([*values, f"line {line}: {'; '.join(problems[line])}"])


def _rejected_rows(
    session: Session, organization: str, rows: Sequence[Row], country: str | None
) -> Iterator[BadRow]:
    while rows:
        try:
            _send(session, organization, rows, validate_only=True)
        except InvalidArgument as error:
            violations = _by_index(error)
            bad = [index for index in violations if index < len(rows)]
            if not bad:
                raise
            if error.unlisted_violations and len(bad) > 1:
                # The list may end in the middle of this row's violations, so check the row again.
                bad.pop()
        else:
            return
        for index in bad:
            row = rows[index]
            for column, description in violations[index]:
                problem = _problem(row, column, description, country) if column in COLUMNS else description
                yield BadRow(row.line, column, problem, row.fields)
        # Check again without the bad rows: the server may check in stages, or report only some errors.
        reported = set(bad)
        rows = [row for index, row in enumerate(rows) if index not in reported]


def _problem(row: Row, column: str, description: str, country: str | None) -> str:
    """Return what is wrong in the column, with the value, from the server's description.

    `country` is where national numbers were read, None if they were not.
    """
    value = getattr(row.user, column)
    if column in PHONE_COLUMNS and _CALCULATED.fullmatch(value.strip()):
        description = (
            "is what a spreadsheet has made of a phone number; format the column as text, enter the number "
            "again and save the file"
        )
    elif column in PHONE_COLUMNS and country is not None and not value.startswith("+"):
        description = f"cannot be read with certainty as a number in {country}; it {description}"
    return f"{shown_value(value)} {description}"


def _by_index(error: LocaldialError) -> Mapping[int, list[FieldViolation]]:
    """Return the violations by the index of the user; their fields are relative to the user."""
    violations = defaultdict(list)
    for violation in error.field_violations:
        if match := _USER_FIELD.fullmatch(violation.field):
            violations[int(match[1])].append(FieldViolation(match[2] or "", violation.description))
    return violations


def _write(session: Session, file: UsersFile, checked: _Checked) -> int:
    """Send every row that passed the check to the server. Return the last revision."""
    written = revision = 0
    bad_lines = {row.line for row in checked.bad_rows}
    organization = checked.organization
    rows = (row for row in _read_rows(file, organization, checked.options) if row.line not in bad_lines)
    with (
        _progress_reported(
            session, lambda: f"At least {written:,} of {checked.good_count:,} users were written."
        ),
        progress(session.out) as show,
    ):
        while batch := list(islice(rows, BATCH_SIZE)):
            users = [row for row in batch if isinstance(row, Row)]
            if len(users) < len(batch):
                raise CliError(
                    f"{file.name} changed after it was checked; {counted(written, 'user')} written. "
                    "Run the command again",
                    ExitCode.ERROR,
                )
            revision = _send(session, organization, users).revision
            written += len(users)
            show("writing", written, checked.good_count)
    return revision


def _send(
    session: Session, organization: str, rows: Sequence[Row], *, validate_only: bool = False
) -> BatchSetUsersResponse:
    request = BatchSetUsersRequest(
        organization_id=organization, users=[row.user for row in rows], validate_only=validate_only
    )
    return session.client.directory.batch_set_users(request)


def _rejection(name: str, checked: _Checked) -> CliError:
    verb = "is" if checked.bad_count == 1 else "are"
    return CliError(
        f"{name}: {checked.bad_count:,} of {checked.row_count:,} rows {verb} wrong, and nothing was written",
        details=[
            FieldViolation(
                f"line {row.line}, {row.column}" if row.column else f"line {row.line}", row.problem
            )
            for row in sorted(checked.bad_rows, key=lambda row: row.line)
        ],
    )
