"""The Python client with threads."""

import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[3] / "clients" / "python" / "interop" / "driver.py"


def command() -> list[str]:
    """Return the command line of the driver."""
    return [sys.executable, str(PROGRAM)]
