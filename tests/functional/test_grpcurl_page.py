"""The page of grpcurl commands shows their real output."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.command_page import ROOT, comparable, demo_server
from tests.functional.grpcurl_page import ADDRESS, GRPCURL, PAGE, install_grpcurl
from tests.functional.server_process import ServerProcess

# The first build of grpcurl takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)

TEXT = PAGE.text
PROBES = PAGE.probes()
STATUS = {
    3: "InvalidArgument",
    4: "DeadlineExceeded",
    5: "NotFound",
    9: "FailedPrecondition",
    14: "Unavailable",
}


@pytest.fixture(scope="module")
def _grpcurl() -> None:
    if shutil.which("go") is None:
        pytest.skip("Go is missing, which grpcurl is installed with")
    install_grpcurl()


@pytest.fixture
def server(tmp_path: Path, _grpcurl: None) -> Iterator[ServerProcess]:
    server = demo_server(tmp_path)
    yield server
    server.kill()


def test_every_command_prints_what_the_page_shows(server: ServerProcess) -> None:
    # All commands run in one test, because they depend on the effects of those above them.
    for probe in PROBES:
        code, said = PAGE.run(probe.command, server)
        # On a busy machine the deadline may pass before the call arrives. Commands with a deadline
        # can be repeated.
        for _ in range(3 if "-max-time" in probe.command else 0):
            if comparable(said) != comparable(probe.shown):
                code, said = PAGE.run(probe.command, server)
        assert comparable(said) == comparable(probe.shown), probe.command
        failed = probe.shown.startswith("Error")
        assert (code != 0) == (failed or probe.shown.startswith("ERROR:")), probe.command
        if code > 64:
            # The exit code is 64 plus the number of the status, as the page says.
            assert f"  Code: {STATUS[code - 64]}\n" in said


def test_the_readmes_command_works(server: ServerProcess) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r"^grpcurl .+?[^\\]\n", readme, re.MULTILINE | re.DOTALL)
    code, said = PAGE.run(command, server)
    assert code == 0, said
    assert json.loads(said)["callerId"] == "+14155550100"


def test_every_command_of_the_page_is_tested() -> None:
    commands = re.findall(r"^grpcurl ", TEXT, re.MULTILINE)
    assert len(PROBES) == len(commands) > 20
    assert all(ADDRESS in probe.command for probe in PROBES)


def test_the_page_and_the_script_install_the_same_version() -> None:
    (version,) = re.findall(r"^version=(.+)$", GRPCURL.read_text("utf-8"), re.MULTILINE)
    assert f"cmd/grpcurl@{version}\n" in TEXT


def test_every_link_has_a_target() -> None:
    for path in re.findall(r"\]\(([^#):]+)[^:)]*\)", TEXT):
        assert (PAGE.path.parent / path).exists()
