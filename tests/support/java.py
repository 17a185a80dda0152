"""Builds the Java client, its interop driver and its examples with Maven."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

FOLDER = Path(__file__).parents[2] / "clients" / "java"
REACTOR = FOLDER / "reactor" / "pom.xml"
DRIVER = FOLDER / "interop" / "target" / "localdial-interop.jar"
LIBRARIES = FOLDER / "interop" / "target" / "lib"
CALLBACK_ROUTER = FOLDER / "examples" / "callback-router" / "target" / "callback-router.jar"

_TARGET = FOLDER / "target"
_STAMP = _TARGET / "built-from"

# Start fast: one thread collects garbage, and only the first compiler runs.
_QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class MavenFailed(Exception):
    """Maven ended with an error. The text is its output."""


def missing() -> str:
    """Return the missing tools as text, or an empty string."""
    return " and ".join(tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None)


def java(*arguments: str | Path) -> list[str]:
    """Return the command line of a Java program that starts fast."""
    program = shutil.which("java")
    assert program is not None, missing()
    return [program, *_QUICK, *map(str, arguments)]


def build() -> None:
    """Compile and package everything, unless the sources are unchanged since the last time."""
    with _lock():
        if not _up_to_date():
            _maven("package", "-DskipTests")
            _STAMP.write_text(_stamp(), encoding="ascii")


def verify() -> None:
    """Compile, lint, run the unit tests and package, even if nothing changed."""
    with _lock():
        _maven("verify")
        _STAMP.write_text(_stamp(), encoding="ascii")


def _maven(*arguments: str) -> None:
    """Run Maven offline, and online if its repository lacks something. Raises `MavenFailed`."""
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(REACTOR), *arguments]
    for offline in (["--offline"], []):
        done = subprocess.run([*command, *offline], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        if "offline mode" not in done.stdout:
            break
    raise MavenFailed(done.stdout + done.stderr)


def _lock() -> FileLock:
    _TARGET.mkdir(exist_ok=True)
    return FileLock(_TARGET / "build.lock")


def _up_to_date() -> bool:
    return (
        all(path.exists() for path in (DRIVER, CALLBACK_ROUTER, _STAMP))
        and _STAMP.read_text(encoding="ascii") == _stamp()
    )


def _stamp() -> str:
    """Return a digest of all sources."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if "target" not in path.relative_to(FOLDER).parts and path.is_file():
            digest.update(f"{path.relative_to(FOLDER)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
