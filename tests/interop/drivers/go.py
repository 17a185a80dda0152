"""The Go client."""

from tests.interop.languages import Unavailable
from tests.support import go


def command() -> list[str]:
    """Build the driver if its sources changed, and return its command line."""
    lacking = go.missing()
    if lacking:
        raise Unavailable(f"{lacking} missing")
    return [str(go.build("clients/go", "./interop"))]
