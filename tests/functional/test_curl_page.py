"""The page of curl commands shows their real output."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.command_page import comparable, demo_server
from tests.functional.curl_page import HTTP, PAGE, URL
from tests.functional.server_process import ServerProcess

PROBES = PAGE.probes()

# curl's exit code with --fail-with-body for a status of 400 or more.
FAILED = 22


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing")
    server = demo_server(tmp_path, **HTTP)
    yield server
    server.kill()


def test_every_command_prints_what_the_page_shows(server: ServerProcess) -> None:
    # All commands run in one test, because they depend on the effects of those above them.
    for probe in PROBES:
        code, said = PAGE.run(probe.command, server)
        # On a busy machine the deadline may pass before the call arrives. Commands with a deadline
        # can be repeated.
        for _ in range(3 if "connect-timeout-ms" in probe.command else 0):
            if comparable(said) != comparable(probe.shown):
                code, said = PAGE.run(probe.command, server)
        assert comparable(said) == comparable(probe.shown), probe.command
        assert code == (FAILED if "--fail-with-body" in probe.command else 0), probe.command


def test_every_command_of_the_page_is_tested() -> None:
    commands = re.findall(r"^curl ", PAGE.text, re.MULTILINE)
    assert len(PROBES) == len(commands) > 15
    assert all(URL in probe.command for probe in PROBES)
