"""Compare the contract with what clients rely on, by `buf breaking`.

The contract has to be compatible with

- `proto/baseline-v1.binpb`, the contract as it was last recorded, and every earlier
  version of that file in git, so that recording a baseline cannot hide a break;
- the main line before this change, because clients that follow it already use it.

`localdial.v1` has been stable since that file was first recorded, shortly before the first
release. Commits without the file are older, and the contract is not compared with them.

When the change is on the main line already, as in a fresh clone of it, the commit
before it is used. Without git history, only the baseline is.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

BASELINE = Path("proto/baseline-v1.binpb")
# The files of a contract, and how buf builds them.
CONTRACT = ("proto/localdial", "third_party/proto", "buf.yaml")
MAIN_LINES = ("origin/main", "main")


def git(root: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None if it fails or is not installed."""
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def commit(root: Path, *arguments: str) -> str | None:
    """Return the commit that git prints, or None if it finds none."""
    found = git(root, *arguments)
    return found.decode().strip() if found else None


def baselines(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the image of every baseline: the current one, then those in git, newest first."""
    yield f"{BASELINE}", (root / BASELINE).read_bytes()
    history = git(root, "log", "--format=%H", "--", f"{BASELINE}") or b""
    for each in history.decode().split():
        held = git(root, "show", f"{each}:{BASELINE}")
        if held is not None:
            yield f"{BASELINE} of {each:.12}", held


def main_line(root: Path) -> str | None:
    """Return the commit of the main line that this change is based on, or None if git does not know it."""
    head = commit(root, "rev-parse", "HEAD")
    edited = git(root, "status", "--porcelain", "--", *CONTRACT)
    for name in MAIN_LINES:
        base = commit(root, "merge-base", "HEAD", name)
        if base is not None and (base != head or edited):
            return base
    return commit(root, "rev-parse", "--verify", "--quiet", "HEAD^")


@contextmanager
def files_of(root: Path, base: str) -> Iterator[Path]:
    """Yield a folder with the contract's files as they were in the commit `base`."""
    archive = git(root, "archive", base, *CONTRACT)
    if archive is None:
        raise SystemExit(f"{base} has no contract to compare with")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder, "proto")


def breaks(root: Path, against: Path) -> str:
    """Return what breaks clients of the contract `against`, one finding per line; empty if nothing does."""
    ended = subprocess.run(
        ["buf", "breaking", "proto", "--exclude-imports", "--against", f"{against}"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    # buf exits with 100 when it finds breaking changes; any other code means that buf itself failed.
    if ended.returncode not in (0, 100):
        raise SystemExit(f"buf breaking --against {against}: {ended.stderr}")
    return ended.stdout


def check(root: Path) -> dict[str, str]:
    """Return the findings against each compared contract, by the contract's name; empty if nothing breaks."""
    found = {}
    compared = set()
    for name, image in baselines(root):
        if image not in compared:
            compared.add(image)
            with tempfile.TemporaryDirectory() as folder:
                against = Path(folder, "baseline.binpb")
                against.write_bytes(image)
                found[name] = breaks(root, against)
    base = main_line(root)
    if base is not None and git(root, "cat-file", "-e", f"{base}:{BASELINE}") is not None:
        with files_of(root, base) as against:
            found[f"the main line at {base:.12}"] = breaks(root, against)
    return found


def record(root: Path) -> None:
    """Record the contract as it is now as the baseline."""
    subprocess.run(
        ["buf", "build", "proto", "--exclude-source-info", "--output", f"{BASELINE}"], cwd=root, check=True
    )


def main() -> None:
    """Check the contract; record it as the baseline if asked to and nothing breaks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true", help="record the contract as the new baseline")
    arguments = parser.parse_args()
    root = Path.cwd()
    found = check(root)
    for name, what in found.items():
        if what:
            print(f"breaks clients of {name}:\n{what}", file=sys.stderr)
    if any(found.values()):
        sys.exit("the contract only grows: add to it, and leave everything else as it is")
    print(f"the contract breaks no clients of {', '.join(found)}")
    if arguments.record:
        record(root)


if __name__ == "__main__":
    main()
