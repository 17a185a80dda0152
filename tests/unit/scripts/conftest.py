import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
INSTALL = """
source scripts/lib/environment.sh
make_environment .venv-generate --requirement requirements/generate.txt
"""


@pytest.fixture(scope="session")
def generators() -> Path:
    """Answer the folder of the programs that scripts/generate runs, buf among them."""
    subprocess.run(["bash", "-euc", INSTALL], cwd=ROOT, check=True, capture_output=True, timeout=240)
    return ROOT / ".venv-generate" / "bin"
