"""The grpcurl page: its commands, and the output that it shows.

    python -m tests.functional.grpcurl_page

runs the commands and writes their output into the page. Review the diff before you
commit it.
"""

import subprocess
import tempfile
from pathlib import Path

from tests.functional.command_page import ROOT, CommandPage, demo_server

GRPCURL = ROOT / "scripts/grpcurl"
ADDRESS = "127.0.0.1:50051"
PAGE = CommandPage(
    ROOT / "docs/grpcurl.md", "grpcurl", lambda server: {ADDRESS: server.address}, GRPCURL.parent
)


def install_grpcurl() -> None:
    """Install grpcurl unless it is installed, so that no probe's output shows it."""
    subprocess.run([GRPCURL, "-version"], check=True, capture_output=True, timeout=600)


def main() -> None:
    """Rewrite the page."""
    install_grpcurl()
    with tempfile.TemporaryDirectory() as folder:
        server = demo_server(Path(folder))
        try:
            PAGE.rewrite(server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
