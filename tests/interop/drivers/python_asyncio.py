"""The Python client with asyncio."""

from tests.interop.drivers import python


def command() -> list[str]:
    """Return the command line of the driver."""
    return [*python.command(), "--asyncio"]
