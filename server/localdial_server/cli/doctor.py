"""`localdial doctor`: check the settings, the database and the carrier."""

from typing import TYPE_CHECKING, Final

import typer
from rich.text import Text

from localdial_server.cli.command import local_command, settings_from
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.cli.options import ConfigOption
from localdial_server.cli.output import Output
from localdial_server.cli.tables import make_console
from localdial_server.cli.values import printable

if TYPE_CHECKING:
    from localdial_server.admin.doctor_finding import Finding

_STYLES: Final = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}
_STATE_WIDTH: Final = max(map(len, _STYLES))


@local_command
def doctor(out: Output, *, config_file: ConfigOption = None) -> None:
    """Check the settings, the database and the carrier, and say what is wrong. Changes and buys nothing."""
    from localdial_server.admin.doctor import examine  # noqa: PLC0415 - slow to load

    findings: list[Finding] = []
    console = make_console()

    def on_finding(finding: "Finding") -> None:
        findings.append(finding)
        if not out.as_json:
            state = finding.state.value
            line = Text.assemble(
                (f"{state:{_STATE_WIDTH}}  ", _STYLES[state]), printable(f"{finding.check}: {finding.text}")
            )
            console.print(line, soft_wrap=True)

    is_healthy = examine(settings_from(out, config_file), on_finding)
    out.result(
        {
            "ok": is_healthy,
            "findings": [
                {"check": finding.check, "state": finding.state.value, "text": finding.text}
                for finding in findings
            ],
        }
    )
    if not is_healthy:
        raise typer.Exit(ExitCode.ERROR)
