"""Import of an export into a database: all of it, or nothing.

The file is read once, in one transaction: each line is checked, and its record inserted.
After the first problem nothing more is inserted, and the rest is read only to report
further problems. At the end the records are exported again and compared with the file.
"""

import os
import stat
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, Engine

from localdial_server.app.current_caller import COMMAND_LINE
from localdial_server.domain.audit import AuditEventKind
from localdial_server.storage.sql.area_codes import refresh_area_codes
from localdial_server.storage.sql.audit import AuditTrail, Change
from localdial_server.storage.transfer.export_file import export_lines
from localdial_server.storage.transfer.import_rows import Inserter
from localdial_server.storage.transfer.problems import ImportRefused, Problem
from localdial_server.storage.transfer.records import (
    FORMAT,
    READABLE_VERSIONS,
    WITH_COUNTS,
    BadLineError,
    End,
    FieldProblem,
    Header,
    Record,
    Tally,
    parse,
    sort_key,
)

# Far longer than any line of an export, so a longer one is not from an export.
_LONGEST_LINE: Final = 64 * 1024 * 1024

# Reading stops after this many bad lines.
_MOST_BAD_LINES: Final = 20

# The records that outlive their organization.
_OUTLIVE: Final = ("call", "inbound_call", "audit_event", "call_count", "shown_caller_id")
_ORGANIZATIONS: Final = {"organization", "deleted_organization"}

# The event of an import names this many of its organizations.
_MOST_NAMED: Final = 20

# The header and the last line.
_LINES_AROUND: Final = 2

# So many that the reports take no time.
_LINES_PER_REPORT: Final = 1000


def import_all(engine: Engine, file: BinaryIO, on_progress: Callable[[str, int, int | None], None]) -> End:
    """Import the file and return its last line.

    `on_progress` gets the step, how much of it is done (bytes of the file while importing, then
    records), and the total (None if the length of the file is unknown).

    Raises `ImportRefused`, after which nothing is imported.
    """
    size = _size(file)
    with engine.begin() as connection:
        reading = _Reading(connection, lambda done: on_progress("importing", done, size))
        end = reading.read(file)
        tally = Tally(reading.version)
        ids, inserter = reading.organization_ids, reading.inserter
        for _ in export_lines(connection, ids, tally, inserter.file_revisions, inserter.other_events):
            on_progress("verifying", tally.records, reading.line - _LINES_AROUND)
        if tally.end() != end:
            raise ImportRefused(
                Problem(reading.line, "", "is not what the database gives back: it has changed the records")
            )
        _record(connection, ids, end)
        # The release that wrote the file may have known fewer area codes.
        refresh_area_codes(connection)
    return end


def _record(connection: Connection, organization_ids: Sequence[str], end: End) -> None:
    """Record the import, in the name of no organization: each has brought its own record along."""
    counts = {name: count for name, count in end.items() if isinstance(count, int)}
    imported = {**counts, "organization_ids": organization_ids[:_MOST_NAMED]}
    AuditTrail(connection, COMMAND_LINE).record(
        "", AuditEventKind.ORGANIZATIONS_IMPORTED, Change("", after=imported)
    )


def _size(file: BinaryIO) -> int | None:
    """Return the length of the file in bytes, None if it is not a regular file."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


class _Reading:
    """One pass over a file."""

    def __init__(self, connection: Connection, on_read: Callable[[int], None]) -> None:
        self.line = 0
        self.organization_ids: list[str] = []
        self._problems: list[Problem] = []
        self.inserter = Inserter(connection, self._problems)
        self._on_read = on_read
        self._tally = Tally()
        self._bad_lines = 0
        self._last_key: tuple[str, int, Any] = ("", 0, "")
        self._is_deleted = False

    @property
    def version(self) -> int:
        """The version of the format that the file has."""
        return self._tally.version

    def read(self, file: BinaryIO) -> End:
        """Read and insert every record; return the last line. Raises `ImportRefused`."""
        end = self._read_to_end(file)
        self.inserter.flush()
        # After a bad line the counts are wrong in any case.
        if end is not None and not self._problems:
            self._compare(end, self._tally.end())
        if end is None or self._problems:
            raise ImportRefused(*sorted(self._problems))
        return end

    def _read_to_end(self, file: BinaryIO) -> End | None:
        bytes_read = 0
        for line in iter(partial(file.readline, _LONGEST_LINE), b""):
            self.line += 1
            bytes_read += len(line)
            if not line.endswith(b"\n"):
                break
            try:
                record = parse(line[:-1])
                if record["kind"] == "end":
                    if file.read(1):
                        self._add_problem("is the last line of an export, but the file goes on")
                    return record
                self._process(record)
                self._tally.add(record["kind"], 1, line)
            except BadLineError as error:
                if self.line == 1:
                    self._add_problem("is not the first line of an export of localdial")
                    return None
                self._problems += [Problem(self.line, *problem) for problem in error.problems]
                self._bad_lines += 1
                if self._bad_lines == _MOST_BAD_LINES:
                    return None
            if self.line % _LINES_PER_REPORT == 0:
                self._on_read(bytes_read)
        self.line = max(self.line, 1)
        self._add_problem("is where the file was cut off: the last line of an export is missing")
        return None

    def _process(self, record: Header | Record) -> None:
        if record["kind"] == "header":
            self._check_header(record)
        elif self.line == 1:
            raise BadLineError(FieldProblem("", "comes before the header"))
        else:
            self._check_place(record)
            self.inserter.add(self.line, record)

    def _check_header(self, header: Header) -> None:
        if self.line > 1 or header["format"] != FORMAT:
            raise BadLineError(FieldProblem("", "is out of place"))
        if header["version"] not in READABLE_VERSIONS:
            readable = " and ".join(map(str, sorted(READABLE_VERSIONS)))
            problem = f"is {header['version']}, and this release of localdial reads {readable}"
            raise ImportRefused(Problem(1, "version", problem))
        self._tally.version = header["version"]
        self.inserter.has_counts = header["version"] >= WITH_COUNTS

    def _check_place(self, record: Record) -> None:
        """Check that the record belongs to the organization before it, and does not occur twice."""
        key, last_key = sort_key(record), self._last_key
        if key <= last_key:
            raise BadLineError(FieldProblem("", "occurs twice or is out of place"))
        self._last_key = key
        kind = record["kind"]
        if kind in _ORGANIZATIONS:
            self.organization_ids.append(record["organization_id"])
            self._is_deleted = kind == "deleted_organization"
        elif key[0] != last_key[0]:
            raise BadLineError(
                FieldProblem("organization_id", "must be that of the organization line before this line")
            )
        elif self._is_deleted and kind not in _OUTLIVE:
            raise BadLineError(
                FieldProblem("kind", f"must be one of {', '.join(_OUTLIVE)}, since it was deleted")
            )

    def _compare(self, end: End, found: End) -> None:
        """Check the counts and the checksum of the last line."""
        for field, value in found.items():
            stated = end.get(field)
            if field == "sha256" and stated != value:
                self._add_problem("is not the checksum of the lines before: the file was changed", field)
            elif stated != value:
                self._add_problem(f"is {stated} here, but the lines before have {value}", field)

    def _add_problem(self, message: str, field: str = "") -> None:
        self._problems.append(Problem(self.line, field, message))
