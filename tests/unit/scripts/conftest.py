import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[3]
INSTALL = """
source scripts/lib/environment.sh
make_environment .venv-generate --requirement requirements/generate.txt
"""


@pytest.fixture(scope="session")
def generators() -> Path:
    """Return the folder of the programs that scripts/generate runs, such as buf."""
    lock = ROOT / "build" / "generators.lock"
    lock.parent.mkdir(exist_ok=True)
    # The tests may run in several processes, and each of them would install the programs.
    with FileLock(lock):
        subprocess.run(["bash", "-euc", INSTALL], cwd=ROOT, check=True, capture_output=True, timeout=240)
    return ROOT / ".venv-generate" / "bin"
