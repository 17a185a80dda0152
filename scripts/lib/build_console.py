"""Build the web console; run by scripts/build-console, which says how."""

import argparse
import filecmp
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from scripts.lib import node

_ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = _ROOT / "clients" / "console"
PAGE: Final = _ROOT / "server" / "localdial_server" / "web" / "console"


def main() -> int:
    """Build the page, or with `--check` show how the committed page differs from its source."""
    parser = argparse.ArgumentParser(prog="scripts/build-console", description="Builds the web console.")
    parser.add_argument("--check", action="store_true", help="fail if the committed page is stale")
    check = parser.parse_args().check
    try:
        if not check:
            build(PAGE)
            return 0
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder))
            stale = differences(Path(folder), PAGE)
    except node.NoNode as missing:
        print(f"left out the console: {missing}", file=sys.stderr)
        return int(not check or os.environ.get("LOCALDIAL_TEST_STRICT") == "1")
    if stale:
        print("\n".join(stale), file=sys.stderr)
        print("the console's page is stale: run scripts/build-console and commit it", file=sys.stderr)
        return 1
    print("the console's page is up to date")
    return 0


def build(page: Path) -> None:
    """Build the page into the folder, in place of what is there. Raises `node.NoNode`."""
    with node.lock_on(SOURCE):
        node.install(SOURCE)
        options = ("--outDir", str(page), "--emptyOutDir", "--logLevel", "warn")
        node.run("npm", "run", "--silent", "build", "--", *options, folder=SOURCE)


def differences(built: Path, committed: Path) -> list[str]:
    """Return a line for each file that only one of the folders has, or that is not the same in both."""
    files, others = (
        {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for folder in (built, committed)
    )
    found = [f"only in the build: {name}" for name in files.keys() - others.keys()]
    found += [f"only in the tree: {name}" for name in others.keys() - files.keys()]
    found += [
        f"differs: {name}"
        for name in files.keys() & others.keys()
        if not filecmp.cmp(files[name], others[name], shallow=False)
    ]
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
