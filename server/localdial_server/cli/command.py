"""The commands' shared parts: options, the server to call, and how results and errors are shown."""

import difflib
import functools
import inspect
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

import typer
from google.protobuf.message import Message

from localdial_client import Client, FieldViolation, LocaldialError
from localdial_server.cli.connection import (
    CLIENT_VARIABLES,
    SERVER_ENV,
    ConnectionOptions,
    takes_connection,
)
from localdial_server.cli.exit_codes import CliError, ExitCode
from localdial_server.cli.options import CommonOptions, JsonOption, TimeoutOption, root_options
from localdial_server.cli.output import Output, exit_code
from localdial_server.settings.errors import SettingsError, StartError
from localdial_server.settings.service_links import is_service_link

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

# The largest page that the contract allows.
PAGE_SIZE: Final = 1000

_PROGRAM: Final = "localdial"


@dataclass(frozen=True, slots=True)
class Session:
    """The client and output of a client command, its connection, and its `--timeout`."""

    client: Client
    out: Output
    connection: ConnectionOptions
    timeout: float | None = None

    def confirm(self, question: str, *, yes: bool) -> None:
        """Continue only if the user agrees to spend money or to destroy something.

        `yes` is the option that skips the question. Raises `CliError` if there is no terminal to ask on
        and `typer.Abort` if the user declines.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise CliError(f"{question} There is no terminal to ask on; pass --yes to continue")
        typer.confirm(question, abort=True, err=True)


def output_of(context: typer.Context, *, as_json: bool) -> Output:
    """Return the output of a command that does not call a server; `as_json` is its own option."""
    return Output(as_json=as_json or root_options(context).as_json)


@contextmanager
def errors_shown(out: Output) -> Iterator[None]:
    """Show the error that a command ends with, and exit with its code."""
    try:
        yield
    except (LocaldialError, CliError, SettingsError, StartError) as error:
        shown = _shown_error(error)
        out.error(shown)
        raise typer.Exit(exit_code(shown)) from error


def _shown_error(error: LocaldialError | CliError | SettingsError | StartError) -> LocaldialError | CliError:
    match error:
        case SettingsError():
            problems = [FieldViolation(problem.setting, problem.message) for problem in error.problems]
            return CliError("the settings cannot be used", ExitCode.USAGE, problems)
        case StartError():
            return CliError(str(error), ExitCode.ERROR)
        case _:
            return error


def settings_from(out: Output, config_file: Path | None, **options: object) -> "Settings":
    """Return the settings of the server, and warn of misspelled variables. Raises `SettingsError`."""
    # Commands that only call a server need no settings.
    from localdial_server.settings import settings  # noqa: PLC0415 - slow to load

    for name, similar in settings.unknown_variables(*CLIENT_VARIABLES):
        _warn_of_variable(out, name, similar)
    return settings.read_settings(config_file, **options)


def lasting_settings_from(out: Output, config_file: Path | None, **options: object) -> "Settings":
    """Do what `settings_from` does for a command that keeps running, which Pydantic would fill.

    Raises `StartError` too.
    """
    from localdial_server.settings.values import read_values  # noqa: PLC0415 - see above

    reading = read_values(config_file, CLIENT_VARIABLES, **options)
    for name, similar in reading.unknown_variables:
        _warn_of_variable(out, name, similar)
    return reading.settings()


def _warn_of_variable(out: Output, name: str, similar: str | None) -> None:
    suggestion = f"; did you mean {similar}?" if similar else ""
    out.warn(f"the environment variable {name} is not used: there is no such setting{suggestion}")


def command_line(connection: ConnectionOptions, *arguments: str) -> str:
    """Return a command that the user can paste to call the same server."""
    return shlex.join((_program(), *arguments, *connection.arguments()))


def _program() -> str:
    started = Path(sys.argv[0])
    if started.name != _PROGRAM or shutil.which(_PROGRAM) == str(started.absolute()):
        return _PROGRAM
    # The program is not on PATH, so the user needs the path to start it again.
    directory = Path.cwd()
    absolute = started.absolute()
    return str(absolute.relative_to(directory) if absolute.is_relative_to(directory) else absolute)


def connect(options: CommonOptions) -> Client:
    """Return a client of the server that the options name. Raises `CliError` if they name none."""
    address = options.connection.address
    arguments = dict(options.connection.client_arguments())
    if options.timeout is not None:
        arguments |= {"timeout": options.timeout, "carrier_timeout": options.timeout}
    try:
        return Client(address, **arguments)
    except ValueError as error:
        cause = str(error).replace("pass tls=True", "pass --tls or --ca")
    try:
        Client(address).close()
    except ValueError as error:
        # The address is wrong, whatever the other options are.
        raise CliError(
            f"the server's address, from --server or {SERVER_ENV}, cannot be used: {error}"
        ) from None
    raise CliError(f"cannot connect to {address} with these options: {cause}", ExitCode.USAGE)


def _warn_of_misspelled_server(out: Output) -> None:
    """Warn of variables that look like the one for the server, without loading the settings' names."""
    prefix, _, wanted = SERVER_ENV.partition("_")
    for name, value in sorted(os.environ.items()):
        found = name.upper().removeprefix(f"{prefix}_")
        if (
            name.upper() != found
            and found != wanted
            and not is_service_link(name, value)
            and difflib.get_close_matches(found, [wanted], cutoff=0.7)
        ):
            _warn_of_variable(out, name, SERVER_ENV)


Arguments = ParamSpec("Arguments")


def client_command(function: Callable[Concatenate[Session, Arguments], None]) -> Callable[..., None]:
    """Turn a function of a `Session` into a command with the common options and with its errors shown."""

    def command(
        context: typer.Context,
        as_json: bool,  # noqa: FBT001 - typer calls by name, but ParamSpec allows no keyword-only ones
        timeout: float | None,
        given: ConnectionOptions,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        before = root_options(context)
        options = CommonOptions(
            before.connection.overridden_by(given),
            as_json=before.as_json or as_json,
            timeout=before.timeout if timeout is None else timeout,
        )
        out = Output(as_json=options.as_json)
        _warn_of_misspelled_server(out)
        with errors_shown(out), connect(options) as client:
            function(Session(client, out, options.connection, options.timeout), *args, **kwargs)

    functools.update_wrapper(command, function)
    _declare(command, function, _JSON, _TIMEOUT)
    return takes_connection(command)


def local_command(function: Callable[Concatenate[Output, Arguments], None]) -> Callable[..., None]:
    """Turn a function of an `Output` into a command that calls no server, with its errors shown."""

    @functools.wraps(function)
    def command(
        context: typer.Context,
        as_json: bool,  # noqa: FBT001 - see client_command
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        out = output_of(context, as_json=as_json)
        with errors_shown(out):
            function(out, *args, **kwargs)

    _declare(command, function, _JSON)
    return command


_CONTEXT: Final = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
_JSON: Final = _CONTEXT.replace(name="as_json", annotation=JsonOption, default=False)
_TIMEOUT: Final = _CONTEXT.replace(name="timeout", annotation=TimeoutOption, default=None)


def _declare(command: Callable[..., None], function: Callable[..., None], *common: inspect.Parameter) -> None:
    """Declare the function's parameters, except the first, and the common ones for typer to read."""
    own = list(inspect.signature(function).parameters.values())[1:]
    command.__signature__ = inspect.Signature([*own, _CONTEXT, *common])  # type: ignore[attr-defined]  # undeclared by mypy


PageT = TypeVar("PageT", bound=Message)


def merge_pages(pages: Iterator[PageT]) -> PageT:
    """Merge all pages of a list into one response without a page token."""
    merged = next(pages)
    for page in pages:
        merged.MergeFrom(page)
    # The last page's token is empty, so merging it does not overwrite the first page's.
    merged.ClearField("next_page_token")
    return merged
