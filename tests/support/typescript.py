"""Builds the TypeScript client, once per run, and offline if its dependencies are installed."""

import functools
from pathlib import Path

from scripts.lib import node

FOLDER = Path(__file__).parents[2] / "clients" / "typescript"


def run(*command: str, timeout: float = 240, folder: Path = FOLDER) -> str:
    """Run a command in the folder and return its output. Fails if the command fails."""
    return node.run(*command, folder=folder, timeout=timeout)


@functools.cache
def build() -> Path:
    """Install the pinned dependencies, compile what changed, and return the folder. Raises `node.NoNode`."""
    # The tests may run in several processes, each of which builds.
    with node.lock_on(FOLDER):
        node.install(FOLDER)
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
