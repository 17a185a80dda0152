"""JSON over HTTP, without a client."""

import sys


def command() -> list[str]:
    """Return the command line of the driver."""
    return [sys.executable, "-m", "tests.interop.http_json"]
