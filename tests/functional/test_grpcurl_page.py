"""What the page of probes shows is what grpcurl says."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.grpcurl_page import ADDRESS, GRPCURL, PAGE, ROOT, comparable, probes, run, start_server
from tests.functional.server_process import ServerProcess

# To build grpcurl takes minutes where the machine has never done it and others work on it too.
pytestmark = pytest.mark.timeout(900)

TEXT = PAGE.read_text("utf-8")
PROBES = probes(TEXT)
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
    subprocess.run([GRPCURL, "-version"], check=True, capture_output=True, timeout=600)


@pytest.fixture
def server(tmp_path: Path, _grpcurl: None) -> Iterator[ServerProcess]:
    server = start_server(tmp_path)
    yield server
    server.kill()


def test_every_command_says_what_the_page_shows(server: ServerProcess) -> None:
    # In one test: a probe looks at what those above it did.
    for probe in PROBES:
        code, said = run(probe.command, server)
        # On a machine with much else to do the deadline may come before the call. Those that have one
        # may be made again.
        for _ in range(3 if "-max-time" in probe.command else 0):
            if comparable(said) != comparable(probe.shown):
                code, said = run(probe.command, server)
        assert comparable(said) == comparable(probe.shown), probe.command
        failed = probe.shown.startswith("Error")
        assert (code != 0) == (failed or probe.shown.startswith("ERROR:")), probe.command
        if code > 64:
            # The number of the status, as the page says.
            assert f"  Code: {STATUS[code - 64]}\n" in said


def test_the_readmes_command_works(server: ServerProcess) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r"^grpcurl .+?[^\\]\n", readme, re.MULTILINE | re.DOTALL)
    code, said = run(command, server)
    assert code == 0, said
    assert json.loads(said)["callerId"] == "+14155550100"


def test_no_command_of_the_page_is_left_out() -> None:
    commands = re.findall(r"^grpcurl ", TEXT, re.MULTILINE)
    assert len(PROBES) == len(commands) > 20
    assert all(ADDRESS in probe.command for probe in PROBES)


def test_the_page_and_the_script_install_the_same_version() -> None:
    (version,) = re.findall(r"^version=(.+)$", GRPCURL.read_text("utf-8"), re.MULTILINE)
    assert f"cmd/grpcurl@{version}\n" in TEXT


def test_every_link_has_its_target() -> None:
    for path in re.findall(r"\]\(([^#):]+)[^:)]*\)", TEXT):
        assert (PAGE.parent / path).exists()
