"""The Java client."""

from tests.interop.languages import Unavailable
from tests.support import java


def command() -> list[str]:
    """Build the driver if its sources changed, and return its command line."""
    lacking = java.missing()
    if lacking:
        raise Unavailable(f"{lacking} missing")
    java.build()
    return java.java("-jar", java.DRIVER)
