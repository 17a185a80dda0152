"""Compares the contract with what clients rely on, by `buf breaking`.

The contract has to be compatible with

- `proto/baseline.binpb`, the contract as it was last released, and with every older
  baseline that git remembers, so that none is recorded over a break;
- the main line before this change: what clients that follow it have by now.

The baseline goes with the files, so there is always something to compare with. A
main line is compared with itself where the change is on it already, as in a clone
of it; then the commit before counts.
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

BASELINE = Path("proto/baseline.binpb")
# What a contract consists of: the files, and how they are built.
CONTRACT = ("proto/localdial", "third_party/proto", "buf.yaml")
MAIN_LINES = ("origin/main", "main")


def git(root: Path, *arguments: str) -> bytes | None:
    """Answer what git says; None where it does not know, or is not there."""
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def commit(root: Path, *arguments: str) -> str | None:
    """Answer the commit that git finds."""
    found = git(root, *arguments)
    return found.decode().strip() if found else None


def baselines(root: Path) -> Iterator[tuple[str, bytes]]:
    """Find every baseline that ever was, each with a name for people."""
    yield f"{BASELINE}", (root / BASELINE).read_bytes()
    history = git(root, "log", "--format=%H", "--", f"{BASELINE}") or b""
    for each in history.decode().split():
        held = git(root, "show", f"{each}:{BASELINE}")
        if held is not None:
            yield f"{BASELINE} of {each:.12}", held


def main_line(root: Path) -> str | None:
    """Find the commit of the main line that this change is made on."""
    head = commit(root, "rev-parse", "HEAD")
    edited = git(root, "status", "--porcelain", "--", *CONTRACT)
    for name in MAIN_LINES:
        base = commit(root, "merge-base", "HEAD", name)
        if base is not None and (base != head or edited):
            return base
    return commit(root, "rev-parse", "--verify", "--quiet", "HEAD^")


@contextmanager
def files_of(root: Path, base: str) -> Iterator[Path]:
    """Take the contract's files as they were in a commit; yields the folder to compare with."""
    archive = git(root, "archive", base, *CONTRACT)
    if archive is None:
        raise SystemExit(f"{base} has no contract to compare with")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder, "proto")


def breaks(root: Path, against: Path) -> str:
    """Answer what of the contract breaks clients of another; nothing if nothing does."""
    ended = subprocess.run(
        ["buf", "breaking", "proto", "--exclude-imports", "--against", f"{against}"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    # 100 is buf's code for what it was asked to find; any other is a failure of its own.
    if ended.returncode not in (0, 100):
        raise SystemExit(f"buf breaking --against {against}: {ended.stderr}")
    return ended.stdout


def check(root: Path) -> dict[str, str]:
    """Compare with all that clients rely on: by the name of each, what breaks its clients."""
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
    if base is not None:
        with files_of(root, base) as against:
            found[f"the main line at {base:.12}"] = breaks(root, against)
    return found


def record(root: Path) -> None:
    """Make the contract as it is the baseline."""
    subprocess.run(
        ["buf", "build", "proto", "--exclude-source-info", "--output", f"{BASELINE}"], cwd=root, check=True
    )


def main() -> None:
    """Check; record if asked and nothing breaks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true", help="make the contract the new baseline")
    arguments = parser.parse_args()
    root = Path.cwd()
    found = check(root)
    for name, what in found.items():
        if what:
            print(f"breaks clients of {name}:\n{what}", file=sys.stderr)
    if any(found.values()):
        sys.exit("the contract only ever grows: add, and leave what is there as it is")
    print(f"the contract breaks no clients of {', '.join(found)}")
    if arguments.record:
        record(root)


if __name__ == "__main__":
    main()
