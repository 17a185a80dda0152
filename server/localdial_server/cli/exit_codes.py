"""The exit codes of the commands, and the error of a command's own."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Final

# `localdial --version` needs no client.
if TYPE_CHECKING:
    from localdial_client import FieldViolation


class ExitCode(IntEnum):
    """Exit codes of the commands."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNAVAILABLE = 5
    PARTIAL = 6


EXIT_CODE_HELP: Final[Mapping[ExitCode, str]] = {
    ExitCode.OK: "done",
    ExitCode.ERROR: "any other error",
    ExitCode.USAGE: "wrong usage, or an invalid argument (INVALID_ARGUMENT)",
    ExitCode.NOT_FOUND: "no such organization, user or number, or no number for sale (NOT_FOUND)",
    ExitCode.CONFLICT: "not possible in the current state (FAILED_PRECONDITION, ALREADY_EXISTS)",
    ExitCode.UNAVAILABLE: "no answer from the server (UNAVAILABLE, DEADLINE_EXCEEDED)",
    ExitCode.PARTIAL: "partly done: some numbers failed, or fewer were bought than requested",
}


class CliError(Exception):
    """A command failed for a reason of its own, not because of an error from the server."""

    def __init__(
        self, message: str, exit_code: ExitCode = ExitCode.USAGE, details: "Iterable[FieldViolation]" = ()
    ) -> None:
        """`details`: the individual faults, each with its place, such as a setting or a line of a file."""
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.details = tuple(details)
