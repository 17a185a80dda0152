"""A machine without a language's toolchain generates the others; CI leaves out none."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.scripts.conftest import ROOT

TOOLCHAINS = {"go", "java", "mvn", "node", "npm"}


@pytest.fixture
def path(tmp_path: Path, generators: Path) -> str:
    """A PATH with all that there is but the toolchains."""
    assert generators.exists()
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(":")):
        for program in Path(place).glob("*"):
            if program.name not in TOOLCHAINS:
                link = folder / program.name
                link.unlink(missing_ok=True)
                link.symlink_to(program)
    return f"{folder}"


def check(path: str, *arguments: str, strict: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path, "LOCALDIAL_TEST_STRICT": "1" if strict else "0"}
    return subprocess.run(
        [ROOT / "scripts/generate", "--check", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_what_is_left_out_is_said(path: str) -> None:
    ended = check(path)
    assert ended.returncode == 0, ended.stderr
    assert "left out java: java mvn missing\n" in ended.stderr
    assert ended.stdout == "generated code is up to date (python)\n"


def test_nothing_may_be_left_out_where_that_is_asked(path: str) -> None:
    ended = check(path, strict=True)
    assert ended.returncode == 1
    assert "left out" in ended.stderr


def test_a_language_that_is_asked_for_is_not_left_out(path: str) -> None:
    assert check(path, "--lang", "java").returncode == 1
    assert check(path, "--lang", "python").returncode == 0


def test_a_language_that_there_is_not_is_refused(path: str) -> None:
    ended = check(path, "--lang", "cobol")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: ")
