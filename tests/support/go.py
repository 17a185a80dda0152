"""The Go toolchain, for the tests of Go code."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from filelock import FileLock

ROOT: Final = Path(__file__).parents[2]
# The first build compiles gRPC, perhaps on a busy machine.
_BUILD_SECONDS: Final = 280

_BUILT: Final = ROOT / "build" / "go"


def missing() -> str:
    """Return what is missing to build anything in Go, or an empty string."""
    return "" if shutil.which("go") else "go"


def go(folder: str, *arguments: str) -> str:
    """Run `go` in a folder of the repository and return its output."""
    return _run(folder, "go", *arguments)


def unformatted(folder: str) -> str:
    """Return the files that gofmt would change, one per line."""
    return _run(folder, "gofmt", "-l", ".")


def staticcheck(folder: str) -> None:
    """Check a module with the pinned staticcheck."""
    program = _BUILT / "staticcheck"
    go("clients/go/tools", "build", "-o", str(program), "honnef.co/go/tools/cmd/staticcheck")
    _run(folder, str(program), "./...")


def build(folder: str, package: str) -> Path:
    """Build a program and return its path."""
    program = _BUILT / f"{Path(folder).name}-{Path(package).name or 'program'}"
    _BUILT.mkdir(parents=True, exist_ok=True)
    # The tests may run in several processes, each of which builds.
    with FileLock(f"{program}.lock"):
        go(folder, "build", "-o", str(program), package)
    return program


def _run(folder: str, *command: str) -> str:
    ended = subprocess.run(
        command,
        cwd=ROOT / folder,
        # Test the versions of go.mod even if the folder is inside a Go workspace.
        env={**os.environ, "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, f"{' '.join(command)}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout
