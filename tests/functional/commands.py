"""Runs commands of localdial to their end, and checks the error of those that fail."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.functional.server_process import environment_with
from tests.support.waiting import DEADLINE_SECONDS

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def command_line(name: str) -> list[str]:
    """Return the command line of a command."""
    return [sys.executable, "-m", "localdial_server", name]


def environment_of(folder: Path, **settings: str) -> dict[str, str]:
    """Return the environment: these settings, and files in this folder."""
    return environment_with(
        **{
            "LOCALDIAL_SPOOL_DIRECTORY": str(folder / "spool"),
            "LOCALDIAL_LOG_FORMAT": "json",
            **settings,
        }
    )


def run_to_its_end(
    folder: Path,
    name: str,
    *,
    through: Sequence[str] = (),
    prepare: Callable[[], Any] | None = None,
    **settings: str,
) -> "subprocess.CompletedProcess[str]":
    """Run a command.

    `through` is a program, and `prepare` a function, that restricts the rights of the command first.
    """
    return subprocess.run(
        [*through, *command_line(name)],
        env=environment_of(folder, **settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
        preexec_fn=prepare,
    )


def said_in_one_line(ended: "subprocess.CompletedProcess[str]", *secrets: str) -> str:
    """Check that the command failed with a single line of output, and return the line."""
    assert ended.returncode not in (0, -11, -6)
    assert ended.stdout == ""
    lines = [line for line in ended.stderr.splitlines() if line]
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    for secret in secrets:
        assert secret not in ended.stderr
    return lines[0]
