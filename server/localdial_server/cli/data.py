"""``localdial export``, ``import`` and ``calls prune``: work on the database itself, as ``migrate`` is."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from localdial_client import FieldViolation
from localdial_server.cli.command import JsonOption, errors_shown, root_options
from localdial_server.cli.output import CliError, ExitCode, Output
from localdial_server.cli.progress import progress
from localdial_server.cli.serve import ConfigOption, load_settings

_STREAM: Final = "-"

_AGE: Final = re.compile(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)
_HOURS: Final = {"h": 1, "d": 24, "w": 7 * 24}
_LEAST_HOURS: Final = 24
_MICROSECONDS_PER_HOUR: Final = 3_600_000_000


def export(
    context: typer.Context,
    *,
    organizations: Annotated[
        list[str] | None,
        typer.Option(
            "--organization",
            metavar="ORG",
            help="Only this organization; may be repeated. Default: all, and what is left of deleted ones.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", metavar="FILE", help="The file to write; - is stdout.")
    ] = _STREAM,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write organizations with their call history to a file, for `localdial import`."""
    # Only these commands need what the server is made of; the others start faster without.
    from localdial_server.admin import data  # noqa: PLC0415

    out = Output(as_json=as_json or root_options(context).as_json)
    with _errors_shown(out):
        settings = load_settings(config_file)
        try:
            with _written(output) as file, progress(out) as show:
                end = data.export(settings, organizations or (), file, show)
        except data.UnknownOrganizations as error:
            raise CliError(f"no such organization: {error}", ExitCode.NOT_FOUND) from None
        except OSError as error:
            raise CliError(f"{output} cannot be written: {error.strerror}", ExitCode.ERROR) from None
    if data.calls_wait(settings):
        out.warn(
            f"calls wait in {settings.spool_directory} that are not in the database yet, nor in the export: "
            "serve until they are recorded, and export again"
        )
    shown = f"exported: {_counts(end)}"
    if output == _STREAM:
        # The export itself is the answer, and its last line says the same.
        out.note(shown)
    else:
        out.answer(_document(end), f"{output}: {shown}")


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `localdial export` wrote; - is stdin.")],
    *,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the organizations of an export: all that is in it, or nothing."""
    # See export.
    from localdial_server.admin import data  # noqa: PLC0415

    out = Output(as_json=as_json or root_options(context).as_json)
    with _errors_shown(out):
        settings = load_settings(config_file)
        try:
            with _read(file) as lines, progress(out) as show:
                end = data.import_(settings, lines, show)
        except data.ImportRefused as error:
            problems = [
                FieldViolation(f"line {line}, {field}" if field else f"line {line}", message)
                for line, field, message in error.problems
            ]
            raise CliError(f"{file} cannot be imported, and nothing was", details=problems) from None
        except OSError as error:
            raise CliError(f"{file} cannot be read: {error.strerror}") from None
    out.answer(_document(end), f"imported, and read back to be the same: {_counts(end)}")


def prune(
    context: typer.Context,
    *,
    older_than: Annotated[
        str,
        typer.Option(
            metavar="AGE",
            help="Delete calls older than this: 400d, 57w or 9600h (days, weeks, hours), at least 1d.",
            show_default=False,
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete the records of old calls, of all organizations."""
    # See export.
    from localdial_server.admin import data  # noqa: PLC0415

    out = Output(as_json=as_json or root_options(context).as_json)
    deleted = 0
    with _errors_shown(out):
        age = _microseconds(older_than)
        settings = load_settings(config_file)
        try:
            with progress(out) as show:

                def note(what: str, done: int, total: int | None) -> None:
                    nonlocal deleted
                    deleted = done
                    show(what, done, total)

                count = data.prune_calls(settings, age, note, dry_run=dry_run)
        except (KeyboardInterrupt, data.StartError):
            if deleted:
                out.note(f"{deleted:,} calls are deleted, the others are still there")
            raise
    if dry_run:
        out.answer({"would_delete": count}, f"{count:,} calls are older than {older_than}")
    else:
        out.answer({"deleted": count}, f"{count:,} calls older than {older_than} are deleted")


@contextmanager
def _errors_shown(out: Output) -> Iterator[None]:
    # See export.
    from localdial_server.admin.data import StartError  # noqa: PLC0415

    with errors_shown(out):
        try:
            yield
        except StartError as error:
            raise CliError(str(error), ExitCode.ERROR) from None


@contextmanager
def _written(output: str) -> Iterator[BinaryIO]:
    """Open what to write to. A file gets its name when it is complete, and is its owner's alone."""
    if output == _STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        raise CliError(f"{output} is no file that could be replaced")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        # Everybody's phone numbers are in it.
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _read(name: str) -> Iterator[BinaryIO]:
    if name == _STREAM:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


def _microseconds(age: str) -> int:
    match = _AGE.fullmatch(age)
    hours = int(match[1]) * _HOURS[match[2]] if match else 0
    if hours < _LEAST_HOURS:
        raise CliError("--older-than must be a number of days, weeks or hours, such as 400d, and at least 1d")
    return hours * _MICROSECONDS_PER_HOUR


def _document(end: Mapping[str, Any]) -> Mapping[str, Any]:
    return {field: value for field, value in end.items() if field != "kind"}


def _counts(end: Mapping[str, Any]) -> str:
    """Say what is in an export: `organizations: 1, users: 50, ...`."""
    counts = {field: value for field, value in end.items() if isinstance(value, int)}
    return ", ".join(f"{field.replace('_', ' ')}: {value:,}" for field, value in counts.items())
