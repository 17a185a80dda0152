"""The Go toolchain, for the tests of what is written in Go."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
# The first build compiles gRPC, on a machine that may be busy.
PATIENCE: Final = 280

_BUILT: Final = ROOT / "build" / "go"


def missing() -> str:
    """Say what is missing here to build anything in Go; nothing if it is all there."""
    return "" if shutil.which("go") else "go"


def go(folder: str, *arguments: str) -> str:
    """Run ``go`` in a folder of the repository; answer what it says."""
    return _run(folder, "go", *arguments)


def unformatted(folder: str) -> str:
    """Answer the files that are not written as gofmt would write them."""
    return _run(folder, "gofmt", "-l", ".")


def staticcheck(folder: str) -> None:
    """Check a module by staticcheck, as pinned."""
    program = _BUILT / "staticcheck"
    go("clients/go/tools", "build", "-o", str(program), "honnef.co/go/tools/cmd/staticcheck")
    _run(folder, str(program), "./...")


def build(folder: str, package: str) -> Path:
    """Build a program; answer where it is."""
    program = _BUILT / f"{Path(folder).name}-{Path(package).name or 'program'}"
    go(folder, "build", "-o", str(program), package)
    return program


def _run(folder: str, *command: str) -> str:
    ended = subprocess.run(
        command,
        cwd=ROOT / folder,
        # What go.mod names is what is tested, whatever Go workspace the folder lies in.
        env={**os.environ, "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, f"{' '.join(command)}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout
