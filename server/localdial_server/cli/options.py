"""The options and arguments that commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from localdial_server.cli.connection import COMMON_OPTIONS_PANEL, ConnectionOptions

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document.", rich_help_panel=COMMON_OPTIONS_PANEL)
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.001,
        help="Deadline of each call. Default: 5, or 60 for calls that involve the carrier.",
        rich_help_panel=COMMON_OPTIONS_PANEL,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="A TOML file with settings. Environment: LOCALDIAL_CONFIG."
    ),
]

OrganizationArgument = Annotated[str, typer.Argument(metavar="ORG", help="The organization.")]
UserArgument = Annotated[str, typer.Argument(metavar="USER", help="The user (agent).")]
NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The number, such as +14155550100.")]
YesOption = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Skip the confirmation. Required when there is no terminal to ask on."),
]


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """The options that may be given before or after a command's name; the one after it wins."""

    connection: ConnectionOptions
    as_json: bool = False
    timeout: float | None = None
    """Deadline of each call in seconds; None: the client's defaults."""


def root_options(context: typer.Context) -> CommonOptions:
    """Return the options that were given before the command's name."""
    options: CommonOptions = context.find_root().obj
    return options
