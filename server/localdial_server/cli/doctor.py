"""``localdial doctor``: says in words what is wrong with the settings, the database and the carrier."""

from typing import TYPE_CHECKING, Final

import typer
from rich.text import Text

from localdial_server.cli.command import JsonOption, errors_shown, root_options
from localdial_server.cli.output import ExitCode, Output
from localdial_server.cli.serve import ConfigOption, load_settings
from localdial_server.cli.tables import console_of, plain

if TYPE_CHECKING:
    from localdial_server.admin.findings import Finding

_STYLES: Final = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}
_WIDTH: Final = max(map(len, _STYLES))


def doctor(context: typer.Context, *, config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the settings, the database and the carrier, and say what is wrong. Changes and buys nothing."""
    # Only this command and the server need what the server is made of.
    from localdial_server.admin.doctor import examine  # noqa: PLC0415

    out = Output(as_json=as_json or root_options(context).as_json)
    findings: list[Finding] = []
    console = console_of()

    def tell(finding: "Finding") -> None:
        findings.append(finding)
        if not out.as_json:
            state = finding.state.value
            line = Text.assemble(
                (f"{state:{_WIDTH}}  ", _STYLES[state]), plain(f"{finding.check}: {finding.text}")
            )
            console.print(line, soft_wrap=True)

    with errors_shown(out):
        is_well = examine(load_settings(config_file), tell)
    out.answer(
        {
            "ok": is_well,
            "findings": [
                {"check": finding.check, "state": finding.state.value, "text": finding.text}
                for finding in findings
            ],
        }
    )
    if not is_well:
        raise typer.Exit(ExitCode.ERROR)
