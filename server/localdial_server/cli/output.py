"""The output of the commands, for people or for programs, and their exit codes.

Results go to stdout and everything else to stderr, so that a pipe carries only results. With `--json`
stdout gets exactly one document, and an error is a document on stderr.
"""

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from localdial.v1.number_pb2 import NumberFailure
from localdial_client import LocaldialError, from_status
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.values import printable

# Rich draws tables and colors, and takes longer to load than most commands take to run.
if TYPE_CHECKING:
    from rich.console import RenderableType

_EXIT_CODES: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: ExitCode.USAGE,
    grpc.StatusCode.NOT_FOUND: ExitCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION: ExitCode.CONFLICT,
    grpc.StatusCode.ALREADY_EXISTS: ExitCode.CONFLICT,
    grpc.StatusCode.UNAVAILABLE: ExitCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: ExitCode.UNAVAILABLE,
}

# With these codes the client cannot know whether the call took effect.
_OUTCOME_UNKNOWN: Final = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
}

# Reasons of these codes after which nothing was bought or deleted.
_NOTHING_DONE: Final = {"CARRIER_UNAVAILABLE"}

_HINTS: Final = {
    "NO_NUMBERS_AVAILABLE": "Try another area code: `localdial numbers search` shows what is for sale.",
    "ORGANIZATION_NOT_FOUND": "`localdial orgs list` shows the organizations; "
    "`localdial orgs set` creates one.",
    "USER_NOT_FOUND": "`localdial users list` shows the users of an organization; "
    "`localdial users set` creates one.",
    "CALL_NOT_FOUND": "`localdial calls list` shows the recorded calls of an organization.",
    "NUMBER_NOT_FOUND": "`localdial numbers list` shows the numbers of an organization.",
    "ORGANIZATION_HAS_NUMBERS": "`localdial numbers delete` releases them.",
    "UNAUTHENTICATED": "Set LOCALDIAL_API_KEY to a key of this server; `localdial keys create --database` "
    "creates the first one.",
    "PERMISSION_DENIED": "`localdial keys list` shows the role of each key; only admins may call it.",
    "API_KEY_NOT_FOUND": "`localdial keys list` shows the keys.",
    "NO_CALLER_ID": "Give the user a caller ID (`localdial users set`), or the organization a number "
    "(`localdial orgs set --number`, `localdial numbers buy`).",
}

# The contract asks clients to show these as warnings: the caller did nothing wrong.
_WARNINGS: Final = {"NO_NUMBERS_AVAILABLE"}


def exit_code(error: LocaldialError | CliError) -> ExitCode:
    """Return the exit code of a command that failed with this error."""
    if isinstance(error, CliError):
        return error.exit_code
    return _EXIT_CODES.get(error.code, ExitCode.ERROR)


def exit_code_of_items(done: int, failures: Sequence[NumberFailure]) -> ExitCode:
    """Return the exit code of a command whose items succeed or fail one by one."""
    if not failures:
        return ExitCode.OK
    codes = {exit_code(from_status(failure.status)) for failure in failures}
    if done:
        return ExitCode.PARTIAL
    return codes.pop() if len(codes) == 1 else ExitCode.ERROR


def counted(count: int, noun: str) -> str:
    """Return the count and the noun, in the plural unless the count is 1: `1 number`, `2,500 numbers`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Output:
    """Prints a command's result and its errors, as text or as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        """`as_json`: for programs instead of people."""
        self.as_json = as_json

    def result(self, document: Message | Mapping[str, Any], *parts: "RenderableType") -> None:
        """Print the result on stdout: `document` for programs, `parts` for people."""
        if self.as_json:
            print(json.dumps(as_dict(document), indent=2), flush=True)
            return
        for part in parts:
            print(part if isinstance(part, str) else _rendered(part))

    def partial_result(self, text: str) -> None:
        """Print a part of the result for people as soon as it is known. Programs get it in the document."""
        if not self.as_json:
            print(text, flush=True)

    def announce(self, document: Mapping[str, Any], text: str = "") -> None:
        """Print a line on stdout while a server runs: `document` for programs, `text` for people.

        An empty one is not printed. The server keeps running when stdout is closed.
        """
        line = self.announcement(document, text)
        if line:
            with contextlib.suppress(BrokenPipeError):
                print(line, flush=True)

    def announcement(self, document: Mapping[str, Any], text: str) -> str:
        """Return the line that `announce` prints; empty if there is none."""
        return (json.dumps(document) if document else "") if self.as_json else text

    def note(self, text: str) -> None:
        """Print a remark for people on stderr. Programs get it in the document."""
        if not self.as_json:
            self._print_line(text)

    def warn(self, text: str) -> None:
        """Print a warning for people on stderr. Programs get it in the document."""
        if not self.as_json:
            self._print_line(text, "Warning: ", "bold yellow")

    def warn_beforehand(self, text: str) -> None:
        """Print a warning on stderr before the command acts, for programs too: no document has it."""
        self._print_line(text, "Warning: ", "bold yellow")

    def failures(self, failures: Iterable[NumberFailure]) -> None:
        """Print for people which numbers failed and why. Programs get it in the document."""
        if self.as_json:
            return
        for failure in failures:
            error = from_status(failure.status)
            self._print_line(
                f"{error.message} [{_reason_and_code(error)}]", f"{failure.phone_number}: ", "bold red"
            )

    def error(self, error: LocaldialError | CliError) -> None:
        """Print on stderr why the command failed."""
        if self.as_json:
            print(json.dumps({"error": error_document(error)}, indent=2), file=sys.stderr, flush=True)
            return
        if isinstance(error, LocaldialError) and error.reason in _WARNINGS:
            self._print_line(error.message, "Warning: ", "bold yellow")
        elif isinstance(error, CliError) and len(error.details) == 1:
            ((field, description),) = error.details
            self._print_line(f"{error.message}: {field}: {description}", "Error: ", "bold red")
            return
        else:
            # The server's message only repeats some of the fields, which are all listed below.
            fields = error.field_violations if isinstance(error, LocaldialError) else ()
            wrong = "this argument is wrong" if len(fields) == 1 else "these arguments are wrong"
            self._print_line(wrong if fields else error.message, "Error: ", "bold red")
        for field, description in error.details if isinstance(error, CliError) else error.field_violations:
            self._print_line(description, f"  {field}: ")
        if isinstance(error, LocaldialError):
            if error.unlisted_violations:
                self._print_line(f"  and {error.unlisted_violations:,} more")
            self._print_line(_reason_and_code(error), "Reason: ")
            for hint in (*_notes(error), *_hints(error)):
                self._print_line(hint)

    def _print_line(self, text: str, label: str = "", style: str = "") -> None:
        from rich.text import Text  # noqa: PLC0415 - slow to load

        from localdial_server.cli.tables import make_console  # noqa: PLC0415 - slow to load

        line = Text.assemble((printable(label), style), printable(text))
        make_console(stderr=True).print(line, soft_wrap=True)


def _rendered(part: "RenderableType") -> str:
    from localdial_server.cli.tables import render  # noqa: PLC0415 - slow to load

    return render(part)


def as_dict(document: Message | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document for JSON: fields named as in the contract, lists present even when empty."""
    if isinstance(document, Message):
        return MessageToDict(
            document, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
    return document


def _reason_and_code(error: LocaldialError) -> str:
    return f"{error.reason} ({error.code.name})" if error.reason else error.code.name


def request_id(error: LocaldialError) -> str:
    """Return the request ID that makes a repeat of the failed call safe; empty if none is needed."""
    is_unknown = error.code in _OUTCOME_UNKNOWN and error.reason not in _NOTHING_DONE
    return getattr(error.request, "request_id", "") if is_unknown else ""


def _notes(error: LocaldialError) -> Sequence[str]:
    """Return the notes that the command added to the error."""
    return getattr(error, "__notes__", ())


def _hints(error: LocaldialError) -> Iterable[str]:
    if error.reason in _HINTS:
        yield _HINTS[error.reason]
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        yield "The server did not answer in time; --timeout sets a longer deadline."
    if error.code is grpc.StatusCode.UNAVAILABLE and not error.reason:
        yield (
            "Is the server running there? `localdial serve` starts one; --server names another. A server "
            "with TLS needs --tls, or --ca if its certificate is from an authority of your own."
        )
    if request_id(error):
        yield (
            "The request may or may not have been carried out. Repeat the command with "
            f"--request-id {request_id(error)} to learn the outcome; it is never carried out twice."
        )


def error_document(error: LocaldialError | CliError) -> Mapping[str, Any]:
    """Return the error for JSON."""
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
