"""The Go client."""

from tests.support.go import build


def command() -> list[str]:
    """Build the driver; answer the command line of it."""
    return [str(build("clients/go", "./interop"))]
