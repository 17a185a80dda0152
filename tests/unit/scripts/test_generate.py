"""`scripts/generate` leaves out languages without a toolchain, except in strict mode, which CI uses."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

TOOLCHAINS = {"go", "java", "mvn", "node", "npm"}


@pytest.fixture
def path(tmp_path: Path, generators: Path) -> str:
    """Return a PATH with every program except the toolchains."""
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


def test_a_language_that_is_left_out_is_reported(path: str) -> None:
    ended = check(path)
    assert ended.returncode == 0, ended.stderr
    assert "left out java: java mvn missing\n" in ended.stderr
    assert ended.stdout == "generated code is up to date (python)\n"


def test_in_strict_mode_a_missing_toolchain_is_an_error(path: str) -> None:
    ended = check(path, strict=True)
    assert ended.returncode == 1
    assert "left out" in ended.stderr


def test_a_requested_language_without_a_toolchain_is_an_error(path: str) -> None:
    assert check(path, "--lang", "java").returncode == 1
    assert check(path, "--lang", "python").returncode == 0


def test_an_unknown_language_is_refused(path: str) -> None:
    ended = check(path, "--lang", "cobol")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("usage: ")
