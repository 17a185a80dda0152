"""What the README tells to paste works when pasted."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.server_process import ServerProcess

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\.venv/bin/localdial (.+)$", README, re.MULTILINE)
(PROGRAM,) = re.findall(r"^```python\n(.+?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def demo_server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    server = start_server()
    assert said(server, "-m", "localdial_server", "demo")
    return server


def said(server: ServerProcess, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "LOCALDIAL_SERVER": server.address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_quickstarts_commands_show_what_they_promise(demo_server: ServerProcess) -> None:
    assert len(COMMANDS) == 5
    resolved, routed, bought, listed, demo = (
        said(demo_server, "-m", "localdial_server", *command.split()) for command in COMMANDS
    )
    assert "LOCAL_PRESENCE_MAPPED" in resolved
    assert "bob" in routed
    assert "+1312" in bought
    assert "+1415" in listed
    assert "+1312" in listed
    assert "NO_CALLER_ID" in demo


def test_the_python_example_prints_the_caller_id(demo_server: ServerProcess) -> None:
    program = PROGRAM.replace('"127.0.0.1:50051"', repr(demo_server.address))
    assert program != PROGRAM
    assert said(demo_server, "-c", program).startswith("+1415")
