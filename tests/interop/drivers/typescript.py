"""The TypeScript client."""

from scripts.lib import node
from tests.interop.languages import Unavailable
from tests.support import typescript


def command() -> list[str]:
    """Build the driver and return its command line. Raises `Unavailable`."""
    try:
        folder = typescript.build()
        return [node.node(), "--enable-source-maps", str(folder / "build" / "interop" / "driver.js")]
    except node.NoNode as missing:
        raise Unavailable(str(missing)) from missing
