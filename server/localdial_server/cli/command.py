"""What every client command has in common: which server it asks, and how its answer and errors are shown."""

import functools
import inspect
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Concatenate, Final, ParamSpec, TypeVar

import typer
from google.protobuf.message import Message

from localdial_client import Client, LocaldialError
from localdial_server.cli.output import CliError, Output, exit_code

DEFAULT_SERVER: Final = "127.0.0.1:50051"
SERVER_ENV: Final = "LOCALDIAL_SERVER"

# The largest page that the contract grants.
PAGE_SIZE: Final = 1000

_PROGRAM: Final = "localdial"
_PANEL: Final = "Every command"

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="HOST:PORT",
        help=f"The server to ask. Environment: {SERVER_ENV}. Default: {DEFAULT_SERVER}.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Answer with one JSON document, for programs.", rich_help_panel=_PANEL),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="How long a call may take. Default: 5, or 60 where the carrier is asked.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]

OrganizationArgument = Annotated[
    str, typer.Argument(metavar="ORG", help="The organization.", show_default=False)
]
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user (agent).", show_default=False)]
NumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", help="The number, as +14155550100.", show_default=False)
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask first. Needed where nobody can be asked.")
]


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """The options that may stand before or after the name of a command; after it they win."""

    server: str = DEFAULT_SERVER
    as_json: bool = False
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What a client command works with."""

    client: Client
    out: Output
    server: str

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on only if the user agrees: what follows spends money, or destroys something.

        Raises ``CliError`` where nobody can be asked, ``typer.Abort`` when the answer is no.
        """
        if yes:
            return
        if not sys.stdin.isatty():
            raise CliError(f"{question} Nobody can answer that here; say --yes to go ahead")
        typer.confirm(question, abort=True, err=True)


def root_options(context: typer.Context) -> ConnectionOptions:
    """Answer the options that stand before the name of the command."""
    options: ConnectionOptions = context.find_root().obj
    return options


@contextmanager
def errors_shown(out: Output) -> Iterator[None]:
    """Show the errors that a command may end with, and exit with their code."""
    try:
        yield
    except (LocaldialError, CliError) as error:
        out.error(error)
        raise typer.Exit(exit_code(error)) from error


def command_line(server: str, *arguments: str) -> str:
    """Write a command for the user to paste, which asks the same server."""
    elsewhere = () if server == DEFAULT_SERVER else ("--server", server)
    return shlex.join((_program(), *arguments, *elsewhere))


def _program() -> str:
    started = Path(sys.argv[0])
    if started.name != _PROGRAM or shutil.which(_PROGRAM) == str(started.absolute()):
        return _PROGRAM
    # It was started by a path that is not on PATH, and only so can it be started again.
    directory = Path.cwd()
    absolute = started.absolute()
    return str(absolute.relative_to(directory) if absolute.is_relative_to(directory) else absolute)


def connect(options: ConnectionOptions) -> Client:
    """Make a client of the server that the options name."""
    if options.timeout is None:
        return Client(options.server)
    return Client(options.server, timeout=options.timeout, carrier_timeout=options.timeout)


Arguments = ParamSpec("Arguments")


def client_command(function: Callable[Concatenate[Session, Arguments], None]) -> Callable[..., None]:
    """Make a function of a ``Session`` a command: with the options of every command, and its errors shown."""

    @functools.wraps(function)
    def command(
        context: typer.Context,
        server: str | None,
        as_json: bool,  # noqa: FBT001 - typer calls by name, but ParamSpec allows no keyword-only ones
        timeout: float | None,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        before = root_options(context)
        options = ConnectionOptions(
            server=before.server if server is None else server,
            as_json=before.as_json or as_json,
            timeout=before.timeout if timeout is None else timeout,
        )
        out = Output(as_json=options.as_json)
        with errors_shown(out), connect(options) as client:
            function(Session(client, out, options.server), *args, **kwargs)

    # typer reads the parameters off the signature: those of the function behind its session, and ours.
    own = list(inspect.signature(function).parameters.values())[1:]
    ours = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        inspect.Parameter("server", inspect.Parameter.KEYWORD_ONLY, annotation=ServerOption, default=None),
        inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, annotation=JsonOption, default=False),
        inspect.Parameter("timeout", inspect.Parameter.KEYWORD_ONLY, annotation=TimeoutOption, default=None),
    ]
    command.__signature__ = inspect.Signature([*own, *ours])  # type: ignore[attr-defined]
    return command


PageT = TypeVar("PageT", bound=Message)


def gather(pages: Iterable[PageT], into: PageT) -> PageT:
    """Merge all pages into one response, which has no page token."""
    for page in pages:
        into.MergeFrom(page)
    # A token of an earlier page stays in a merge, because the last page's is empty.
    into.ClearField("next_page_token")
    return into
