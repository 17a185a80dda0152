"""Node.js and the packages that a folder's lock file names."""

import functools
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

from filelock import FileLock

_LOCKS: Final = Path(__file__).parents[2] / "build"
_OLDEST_NODE: Final = 20


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


def run(*command: str, folder: Path, timeout: float = 240) -> str:
    """Run a command in the folder and return its output. Raises `AssertionError` if the command fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def lock_on(folder: Path) -> FileLock:
    """Return the lock that a process holds while it installs or builds in the folder."""
    _LOCKS.mkdir(exist_ok=True)
    return FileLock(_LOCKS / f"{folder.name}.lock")


def install(folder: Path) -> None:
    """Install the pinned packages, unless they are installed. Hold `lock_on` it. Raises `NoNode`."""
    node()
    pinned = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".localdial-stamp"
    if not stamp.is_file() or stamp.read_text("ascii") != pinned:
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", folder=folder)
        stamp.write_text(pinned, "ascii")
