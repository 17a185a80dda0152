"""The Go toolchain, for the tests of what is written in Go."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.interop.languages import Unavailable

ROOT: Final = Path(__file__).parents[2]
# The first build compiles gRPC, on a machine that may be busy.
PATIENCE: Final = 280

_BUILT: Final = ROOT / "build" / "go"


def go(folder: str, *arguments: str) -> str:
    """Run ``go`` in a folder of the repository; answer what it says. Raises ``Unavailable`` without Go."""
    program = shutil.which("go")
    if program is None:
        raise Unavailable("go is missing: https://go.dev/dl")
    ended = subprocess.run(
        [program, *arguments],
        cwd=ROOT / folder,
        # What go.mod names is what is tested, whatever Go workspace the folder lies in.
        env={**os.environ, "GOWORK": "off"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, f"go {' '.join(arguments)}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def build(folder: str, package: str) -> Path:
    """Build a program; answer where it is."""
    program = _BUILT / f"{Path(folder).name}-{Path(package).name}"
    go(folder, "build", "-o", str(program), package)
    return program
