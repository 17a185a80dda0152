"""`localdial migrate`, `export`, `import` and `prune`: work on the database itself, without a server.

The server's modules are slow to load, so each command imports them only when it runs.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from localdial_client import FieldViolation
from localdial_server.cli.command import local_command, settings_from
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.options import ConfigOption
from localdial_server.cli.output import Output, counted
from localdial_server.cli.progress import progress
from localdial_server.cli.times import parse_age
from localdial_server.settings.errors import StartError

# The file name that stands for stdin or stdout.
_STREAM: Final = "-"


@local_command
def migrate(out: Output, *, config_file: ConfigOption = None) -> None:
    """Bring the database's schema up to date."""
    from localdial_server.runtime import bootstrap  # noqa: PLC0415 - slow to load

    done = bootstrap.migrate(settings_from(out, config_file))
    out.result({"done": done}, done)


@local_command
def export(
    out: Output,
    *,
    organizations: Annotated[
        list[str] | None,
        typer.Option(
            "--organization",
            metavar="ORG",
            help="Only this organization; may be repeated. Default: all, plus what remains of deleted ones.",
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", metavar="FILE", help="The file to write; - is stdout.")
    ] = _STREAM,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
    config_file: ConfigOption = None,
) -> None:
    """Export organizations with their call history to a file, for `localdial import`."""
    from localdial_server.admin import maintenance  # noqa: PLC0415 - slow to load

    settings = settings_from(out, config_file)
    try:
        with _writable(output, force=force) as file, progress(out) as show:
            end = maintenance.export(settings, organizations or (), file, show)
    except maintenance.UnknownOrganizations as error:
        raise CliError(f"no such organization: {error}", ExitCode.NOT_FOUND) from None
    except OSError as error:
        raise CliError(f"{output} cannot be written: {error.strerror}", ExitCode.ERROR) from None
    if maintenance.has_spooled_calls(settings):
        out.warn(
            f"the spool {settings.spool_directory} holds calls that are not in the database yet, and so are "
            "not in the export: run the server until it has recorded them, then export again"
        )
    summary = f"exported: {_counts(end)}"
    if output == _STREAM:
        # The export itself is the result, and its last line has the same counts.
        out.note(summary)
    else:
        out.result(_document(end), f"{output}: {summary}")


@local_command
def import_(
    out: Output,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `localdial export` wrote; - is stdin.")],
    *,
    config_file: ConfigOption = None,
) -> None:
    """Import the organizations of an export: all of them or none."""
    from localdial_server.admin import maintenance  # noqa: PLC0415 - slow to load

    settings = settings_from(out, config_file)
    try:
        with _readable(file) as lines, progress(out) as show:
            end = maintenance.import_(settings, lines, show)
    except maintenance.ImportRefused as error:
        problems = [
            FieldViolation(f"line {line}, {field}" if field else f"line {line}", message)
            for line, field, message in error.problems
        ]
        raise CliError(f"{file} cannot be imported; nothing was changed", details=problems) from None
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror}") from None
    out.result(_document(end), f"imported and verified: {_counts(end)}")


AgeOption = Annotated[
    str,
    typer.Option(
        "--older-than",
        metavar="AGE",
        help="Delete those older than this: 400d, 57w or 9600h (days, weeks, hours), at least 1d.",
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only count them.")]


@local_command
def prune_calls(
    out: Output, *, older_than: AgeOption, dry_run: DryRunOption = False, config_file: ConfigOption = None
) -> None:
    """Delete the records of old calls, of all organizations."""
    from localdial_server.admin import maintenance  # noqa: PLC0415 - slow to load

    _prune(out, maintenance.prune_calls, "call", older_than, config_file, dry_run=dry_run)


@local_command
def prune_changes(
    out: Output, *, older_than: AgeOption, dry_run: DryRunOption = False, config_file: ConfigOption = None
) -> None:
    """Delete the record of old changes, of all organizations."""
    from localdial_server.admin import maintenance  # noqa: PLC0415 - slow to load

    _prune(out, maintenance.prune_changes, "change", older_than, config_file, dry_run=dry_run)


def _prune(
    out: Output,
    delete: Callable[..., int],
    noun: str,
    older_than: str,
    config_file: Path | None,
    *,
    dry_run: bool,
) -> None:
    """Delete the old records of one kind, or count them, and print how many there were."""
    deleted = 0
    age = parse_age(older_than, "--older-than")
    settings = settings_from(out, config_file)
    try:
        with progress(out) as show:

            def on_progress(what: str, done: int, total: int | None) -> None:
                nonlocal deleted
                deleted = done
                show(what, done, total)

            count = delete(settings, age, on_progress, dry_run=dry_run)
    except (KeyboardInterrupt, StartError):
        if deleted:
            out.note(f"{counted(deleted, noun)} deleted so far; the rest are still there")
        raise
    if dry_run:
        verb = "is" if count == 1 else "are"
        out.result({"would_delete": count}, f"{counted(count, noun)} {verb} older than {older_than}")
    else:
        out.result({"deleted": count}, f"deleted {counted(count, noun)} older than {older_than}")


@contextmanager
def _writable(output: str, *, force: bool) -> Iterator[BinaryIO]:
    """Open the output. A file is readable only by its owner, and gets its name once it is complete.

    `force`: replace an existing file.
    """
    if output == _STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    _require_writable(path, force=force)
    # The export holds phone numbers of borrowers, and this file is readable only by its owner.
    descriptor, part_name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    part = Path(part_name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not force:
            _take_name(part, path)
        else:
            _require_writable(path, force=True)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _take_name(part: Path, path: Path) -> None:
    """Give the finished file its name unless another file has it meanwhile. Raises `CliError`."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:
        # Some file systems have no links. Without them, a file that appears right now is replaced.
        _require_writable(path, force=False)
        part.replace(path)


def _require_writable(path: Path, *, force: bool) -> None:
    if path.exists() and not path.is_file():
        raise CliError(f"{path} is not a regular file; pass another --output")
    if os.path.lexists(path) and not force:
        raise _exists(path)


def _exists(path: Path) -> CliError:
    return CliError(f"{path} exists; pass another --output, or --force to replace it")


@contextmanager
def _readable(name: str) -> Iterator[BinaryIO]:
    if name == _STREAM:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


def _document(end: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the export's last line without its kind."""
    return {field: value for field, value in end.items() if field != "kind"}


def _counts(end: Mapping[str, Any]) -> str:
    """Return what an export contains: `organizations: 1, users: 50, ...`."""
    counts = {field: value for field, value in end.items() if isinstance(value, int)}
    return ", ".join(f"{field.replace('_', ' ')}: {value:,}" for field, value in counts.items())
