"""The grpcurl page: its commands, and the output that it shows.

    python -m tests.functional.grpcurl_page

runs the commands and writes their output into the page. Review the diff before you
commit it.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.functional.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/grpcurl.md"
GRPCURL = ROOT / "scripts/grpcurl"
ADDRESS = "127.0.0.1:50051"
# A command, and the output below it.
PROBE = re.compile(
    r"^```sh\n(?P<command>grpcurl .+?)^```\n\n```(?:json|text)\n(?P<shown>.*?)^```$", re.MULTILINE | re.DOTALL
)

# Parts that differ from run to run: times, and values that the server generates.
VARYING = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z": "<time>",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "<id>",
    r'"carrierNumberId": "[^"]+"': '"carrierNumberId": "<id>"',
}


@dataclass(frozen=True)
class Probe:
    """A command of the page with the output that the page shows, and the place of that output."""

    command: str
    shown: str
    start: int
    end: int


def probes(page: str) -> list[Probe]:
    """Return the commands of the page that are followed by their output, in order."""
    return [Probe(found["command"], found["shown"], *found.span("shown")) for found in PROBE.finditer(page)]


def install_grpcurl() -> None:
    """Install grpcurl unless it is installed, so that no probe's output shows it."""
    subprocess.run([GRPCURL, "-version"], check=True, capture_output=True, timeout=600)


def start_server(folder: Path) -> ServerProcess:
    """Start a server as the page describes, and load the demo."""
    server = ServerProcess(folder, LOCALDIAL_SIMULATOR_LATENCY_MS="1000")
    server.start()
    subprocess.run(
        [sys.executable, "-m", "localdial_server", "demo"],
        env={**os.environ, "LOCALDIAL_SERVER": server.address},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return server


def run(command: str, server: ServerProcess) -> tuple[int, str]:
    """Run a command of the page against this server; return its exit code and its output."""
    ended = subprocess.run(
        ["bash", "-euc", command.replace(ADDRESS, server.address)],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{GRPCURL.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def comparable(text: str) -> str:
    """Replace the parts that differ from run to run."""
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text


def rewritten(page: str, server: ServerProcess) -> Iterator[str]:
    """Yield the page in parts, with the current output of the commands."""
    at = 0
    for probe in probes(page):
        _, said = run(probe.command, server)
        yield page[at : probe.start]
        yield probe.shown if comparable(said) == comparable(probe.shown) else said
        at = probe.end
    yield page[at:]


def main() -> None:
    """Rewrite the page."""
    install_grpcurl()
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder))
        try:
            page = "".join(rewritten(PAGE.read_text("utf-8"), server))
        finally:
            server.stop()
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
