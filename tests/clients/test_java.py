"""The Java client's own tests, and its example."""

import subprocess
from pathlib import Path

import pytest

from tests.functional.server_process import ServerProcess
from tests.support import java

if java.missing():
    pytest.skip(f"{java.missing()} missing", allow_module_level=True)


def test_it_compiles_without_warnings_and_passes_its_own_tests() -> None:
    java.verify()


def test_the_example_runs(tmp_path: Path) -> None:
    java.build()
    with ServerProcess(tmp_path) as server:
        done = example(server.address)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "ann calls +12125550123, who sees +14085550100",
        "  because: CALLER_ID_REASON_ORGANIZATION_NUMBER",
        "+12125550123 calls back and is connected with +14155550142",
        "  because: DESTINATION_REASON_LAST_CALLER, user ann",
    ]


def test_the_example_reports_errors() -> None:
    java.build()
    done = example("127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.startswith("UNAVAILABLE: ")
    assert len(done.stderr.splitlines()) == 1


def example(address: str) -> subprocess.CompletedProcess[str]:
    """Run the program of the README from its source."""
    program = java.FOLDER / "examples" / "Example.java"
    command = java.java("-cp", java.LIBRARIES / "*", program, address)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
