"""What the commands print, for people or for programs, and what they exit with.

Answers go to stdout and everything else to stderr, so that a pipe carries answers only. With ``--json``
stdout gets exactly one document, and an error is a document on stderr.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.table import Table
from rich.text import Text

from localdial.v1.number_pb2 import NumberFailure
from localdial_client import FieldViolation, LocaldialError, from_status
from localdial_server.cli.tables import console_of, plain, written


class ExitCode(IntEnum):
    """What a command exits with, for scripts to decide by."""

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
    ExitCode.USAGE: "wrong usage, or the server finds an argument invalid (INVALID_ARGUMENT)",
    ExitCode.NOT_FOUND: "no such organization, user or number, or none to buy (NOT_FOUND)",
    ExitCode.CONFLICT: "not possible as things stand (FAILED_PRECONDITION, ALREADY_EXISTS)",
    ExitCode.UNAVAILABLE: "no answer from the server (UNAVAILABLE, DEADLINE_EXCEEDED)",
    ExitCode.PARTIAL: "done in part: some numbers failed, or fewer were bought than asked for",
}

_EXIT_CODES: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: ExitCode.USAGE,
    grpc.StatusCode.NOT_FOUND: ExitCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION: ExitCode.CONFLICT,
    grpc.StatusCode.ALREADY_EXISTS: ExitCode.CONFLICT,
    grpc.StatusCode.UNAVAILABLE: ExitCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: ExitCode.UNAVAILABLE,
}

# After these nobody knows whether the call took effect.
_OUTCOME_UNKNOWN: Final = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
}

_HINTS: Final = {
    "NO_NUMBERS_AVAILABLE": "Try another area code: `localdial numbers search` shows what there is.",
    "ORGANIZATION_NOT_FOUND": "`localdial orgs list` shows those there are, `localdial orgs set` makes one.",
    "ORGANIZATION_HAS_NUMBERS": "`localdial numbers delete` releases them.",
    "NO_CALLER_ID": "Give the user a caller ID (`localdial users set`), or the organization a number "
    "(`localdial orgs set --number`, `localdial numbers buy`).",
}

# What the contract asks to be shown as a warning: the caller did nothing wrong.
_WARNINGS: Final = {"NO_NUMBERS_AVAILABLE"}


class CliError(Exception):
    """A command cannot do what it was asked, for a reason of its own: no server said so."""

    def __init__(
        self, message: str, exit_code: ExitCode = ExitCode.USAGE, details: Iterable[FieldViolation] = ()
    ) -> None:
        """``details``: what is wrong in particular, each with the place it is at."""
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.details = tuple(details)


def exit_code(error: LocaldialError | CliError) -> ExitCode:
    """Tell what a command that failed like this exits with."""
    if isinstance(error, CliError):
        return error.exit_code
    return _EXIT_CODES.get(error.code, ExitCode.ERROR)


def exit_code_of_items(done: int, failures: Sequence[NumberFailure]) -> ExitCode:
    """Tell what a command exits with whose items succeed and fail each on its own."""
    if not failures:
        return ExitCode.OK
    codes = {exit_code(from_status(failure.status)) for failure in failures}
    if done:
        return ExitCode.PARTIAL
    return codes.pop() if len(codes) == 1 else ExitCode.ERROR


class Output:
    """Where a command's answer and its errors go, in the form that was asked for."""

    def __init__(self, *, as_json: bool) -> None:
        """``as_json``: for programs instead of people."""
        self.as_json = as_json
        self._err = console_of(stderr=True)

    def answer(self, document: Message | Mapping[str, Any], *shown: Table | str) -> None:
        """Print what the command was asked for: ``document`` to programs, ``shown`` to people."""
        if self.as_json:
            print(json.dumps(as_dict(document), indent=2), flush=True)
            return
        for each in shown:
            print(written(each))

    def show(self, text: str) -> None:
        """Print a part of the answer to people as soon as it is known. Programs get it in the document."""
        if not self.as_json:
            print(text, flush=True)

    def note(self, text: str) -> None:
        """Tell people something besides the answer. Programs have it in the document."""
        if not self.as_json:
            self._say(text)

    def warn(self, text: str) -> None:
        """Warn people about something in the answer. Programs have it in the document."""
        if not self.as_json:
            self._say(text, "Warning: ", "bold yellow")

    def failures(self, failures: Iterable[NumberFailure]) -> None:
        """Tell people which numbers failed and why. Programs have it in the document."""
        if self.as_json:
            return
        for failure in failures:
            error = from_status(failure.status)
            self._say(f"{error.message} [{_names(error)}]", f"{failure.phone_number}: ", "bold red")

    def error(self, error: LocaldialError | CliError) -> None:
        """Say on stderr why the command failed."""
        if self.as_json:
            print(json.dumps({"error": error_document(error)}, indent=2), file=sys.stderr, flush=True)
            return
        if isinstance(error, LocaldialError) and error.reason in _WARNINGS:
            self._say(error.message, "Warning: ", "bold yellow")
        elif isinstance(error, CliError) and len(error.details) == 1:
            ((field, description),) = error.details
            self._say(f"{error.message}: {field}: {description}", "Error: ", "bold red")
            return
        else:
            # The message of the server only repeats some of the fields.
            listed = isinstance(error, LocaldialError) and error.field_violations
            self._say("these arguments are wrong" if listed else error.message, "Error: ", "bold red")
        for field, description in error.details if isinstance(error, CliError) else error.field_violations:
            self._say(description, f"  {field}: ")
        if isinstance(error, LocaldialError):
            self._say(_names(error), "Reason: ")
            for hint in (*_notes(error), *_hints(error)):
                self._say(hint)

    def _say(self, text: str, label: str = "", style: str = "") -> None:
        line = Text.assemble((plain(label), style), plain(text))
        self._err.print(line, soft_wrap=True)


def as_dict(document: Message | Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the document as JSON has it: fields named as in the contract, lists there even when empty."""
    if isinstance(document, Message):
        return MessageToDict(
            document, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
    return document


def _names(error: LocaldialError) -> str:
    return f"{error.reason} ({error.code.name})" if error.reason else error.code.name


def request_id(error: LocaldialError) -> str:
    """Find the identifier that makes a repeat of the failed call harmless, if there is one."""
    return getattr(error.request, "request_id", "") if error.code in _OUTCOME_UNKNOWN else ""


def _notes(error: LocaldialError) -> Sequence[str]:
    """Answer what the command added to the error on its way."""
    return getattr(error, "__notes__", ())


def _hints(error: LocaldialError) -> Iterable[str]:
    if error.reason in _HINTS:
        yield _HINTS[error.reason]
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        yield "There was no answer in time; --timeout gives it longer."
    if error.code is grpc.StatusCode.UNAVAILABLE and not error.reason:
        yield "Is the server running there? `localdial serve` starts one, --server names another."
    if request_id(error):
        yield (
            "It may or may not have been done. Repeat the command with "
            f"--request-id {request_id(error)} to learn the outcome: it is never done twice."
        )


def error_document(error: LocaldialError | CliError) -> Mapping[str, Any]:
    """Write the error as JSON has it."""
    if isinstance(error, CliError):
        details = [violation._asdict() for violation in error.details]
        return {"code": "", "reason": "", "message": error.message, "field_violations": details}
    document: dict[str, Any] = {
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "field_violations": [violation._asdict() for violation in error.field_violations],
        "retry_delay_seconds": error.retry_delay,
        "notes": list(_notes(error)),
    }
    if request_id(error):
        document["request_id"] = request_id(error)
    return document
