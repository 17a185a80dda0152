"""Builds the TypeScript client, once per run, and offline if its dependencies are installed."""

import functools
import hashlib
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

FOLDER = Path(__file__).parents[2] / "clients" / "typescript"

_LOCK = Path(__file__).parents[2] / "build" / "typescript.lock"
_OLDEST_NODE = 20


class NoNode(Exception):
    """Node.js or npm is missing or too old."""


@functools.cache
def node() -> str:
    """Return the path of Node.js. Raises `NoNode`."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise NoNode("node and npm are missing")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < _OLDEST_NODE:
        raise NoNode(f"node is {version}; {_OLDEST_NODE} is the oldest that will do")
    return found


def run(*command: str, timeout: float = 240, folder: Path = FOLDER) -> str:
    """Run a command in the folder and return its output. Fails if the command fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@functools.cache
def build() -> Path:
    """Install the pinned dependencies, compile what changed, and return the folder. Raises `NoNode`."""
    node()
    _LOCK.parent.mkdir(exist_ok=True)
    # The tests may run in several processes, each of which builds.
    with FileLock(_LOCK):
        pinned = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
        stamp = FOLDER / "node_modules" / ".localdial-stamp"
        if not stamp.is_file() or stamp.read_text("ascii") != pinned:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
            stamp.write_text(pinned, "ascii")
        _remove_stale_output()
        run("npm", "run", "--silent", "build")
    return FOLDER


def _remove_stale_output() -> None:
    """Remove compiled files without a source: `tsc --build` keeps them, and `npm pack` would pack them."""
    sources = {path.relative_to(FOLDER / "src").with_suffix("") for path in (FOLDER / "src").rglob("*.ts")}
    for path in (FOLDER / "dist").rglob("*.*"):
        module = path.relative_to(FOLDER / "dist")
        if module.with_name(module.name.partition(".")[0]) not in sources:
            path.unlink(missing_ok=True)
