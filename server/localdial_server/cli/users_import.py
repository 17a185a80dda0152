"""`localdial users import`: check the whole file before writing the first user."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from localdial.v1.directory_pb2 import BatchSetUsersRequest, BatchSetUsersResponse
from localdial_client import FieldViolation, InvalidArgument, LocaldialError
from localdial_server.cli.command import Session
from localdial_server.cli.output import CliError, ExitCode, counted
from localdial_server.cli.progress import progress
from localdial_server.cli.users_file import BadRow, Row, UsersFile

# The most users that BatchSetUsers writes in one transaction.
BATCH_SIZE: Final = 1000

_USER_FIELD: Final = re.compile(r"users\[([0-9]+)\](?:\.(.+))?")


def run(session: Session, organization: str, path: Path) -> None:
    """Import the file into the organization.

    Raises `CliError` that names every bad row before anything is written, and what the client raises.
    """
    with UsersFile(path) as file:
        version = file.version
        total, bad_rows = _check(session, organization, file)
        if bad_rows:
            raise _rejection(file.name, total, bad_rows)
        if not total:
            raise CliError(f"{file.name} has no users; nothing was written")
        if file.version != version:
            raise CliError(
                f"{file.name} changed while it was being checked; nothing was written. Run the command again",
                ExitCode.ERROR,
            )
        revision = _write(session, organization, file, total)
    document = {"organization_id": organization, "user_count": total, "revision": str(revision)}
    session.out.result(document, f"{counted(total, 'user')} set in {organization}")


def _check(session: Session, organization: str, file: UsersFile) -> tuple[int, list[BadRow]]:
    """Check every row, here and at the server. Return how many there are, and the bad ones."""
    bad_rows: list[BadRow] = []
    total = 0
    rows = file.rows(organization)
    with progress(session.out) as show:
        while batch := list(islice(rows, BATCH_SIZE)):
            total += len(batch)
            bad_rows += [row for row in batch if isinstance(row, BadRow)]
            bad_rows += _rejected_rows(session, organization, [row for row in batch if isinstance(row, Row)])
            show("checking", file.position, file.size)
    return total, bad_rows


def _rejected_rows(session: Session, organization: str, rows: Sequence[Row]) -> Iterator[BadRow]:
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
            for column, description in violations[index]:
                yield BadRow(rows[index].line, column, description)
        # Check again without the bad rows: the server may check in stages, or report only some errors.
        reported = set(bad)
        rows = [row for index, row in enumerate(rows) if index not in reported]


def _by_index(error: LocaldialError) -> Mapping[int, list[FieldViolation]]:
    """Return the violations by the index of the user; their fields are relative to the user."""
    violations = defaultdict(list)
    for violation in error.field_violations:
        if match := _USER_FIELD.fullmatch(violation.field):
            violations[int(match[1])].append(FieldViolation(match[2] or "", violation.description))
    return violations


def _write(session: Session, organization: str, file: UsersFile, total: int) -> int:
    """Send every row, all of which passed the check, to the server. Return the last revision."""
    written = revision = 0
    rows = file.rows(organization)
    try:
        with progress(session.out) as show:
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
                show("writing", written, total)
    except LocaldialError as error:
        error.add_note(f"{written:,} of {total:,} users were written. Running the command again is safe.")
        raise
    return revision


def _send(
    session: Session, organization: str, rows: Sequence[Row], *, validate_only: bool = False
) -> BatchSetUsersResponse:
    request = BatchSetUsersRequest(
        organization_id=organization, users=[row.user for row in rows], validate_only=validate_only
    )
    return session.client.directory.batch_set_users(request)


def _rejection(name: str, total: int, bad_rows: Sequence[BadRow]) -> CliError:
    count = len({row.line for row in bad_rows})
    return CliError(
        f"{name}: {count:,} of {total:,} rows {'is' if count == 1 else 'are'} wrong, and nothing was written",
        details=[
            FieldViolation(
                f"line {row.line}, {row.column}" if row.column else f"line {row.line}", row.problem
            )
            for row in sorted(bad_rows, key=lambda row: row.line)
        ],
    )
