"""A page of the docs that shows commands of one program, each with its real output."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.functional.server_process import ServerProcess

ROOT: Final = Path(__file__).parents[2]

# Parts that differ from run to run: times, and values that the server generates.
_VARYING: Final = {
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


@dataclass(frozen=True)
class CommandPage:
    """A page, the program that its commands run, and the addresses in them.

    `tools`: a folder that is put on the path. `layout` returns an output as the page shows it.
    """

    path: Path
    program: str
    addresses: Callable[[ServerProcess], Mapping[str, str]]
    tools: Path | None = None
    layout: Callable[[str], str] = str

    @property
    def text(self) -> str:
        """The page."""
        return self.path.read_text("utf-8")

    def probes(self) -> list[Probe]:
        """Return the commands of the page that are followed by their output, in order."""
        pattern = rf"^```sh\n(?P<command>{self.program} .+?)^```\n\n```(?:json|text)\n(?P<shown>.*?)^```$"
        found = re.finditer(pattern, self.text, re.MULTILINE | re.DOTALL)
        return [Probe(each["command"], each["shown"], *each.span("shown")) for each in found]

    def run(self, command: str, server: ServerProcess) -> tuple[int, str]:
        """Run a command against this server; return its exit code and its output."""
        for written, real in self.addresses(server).items():
            command = command.replace(written, real)
        path = os.environ["PATH"]
        ended = subprocess.run(
            ["bash", "-euc", command],
            cwd=ROOT,
            env={**os.environ, "PATH": path if self.tools is None else f"{self.tools}:{path}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, self.layout(ended.stdout)

    def rewrite(self, server: ServerProcess) -> None:
        """Write the current output of the commands into the page."""
        self.path.write_text("".join(self._rewritten(server)), "utf-8")

    def _rewritten(self, server: ServerProcess) -> Iterator[str]:
        page, at = self.text, 0
        for probe in self.probes():
            _, said = self.run(probe.command, server)
            yield page[at : probe.start]
            yield probe.shown if comparable(said) == comparable(probe.shown) else said
            at = probe.end
        yield page[at:]


def demo_server(folder: Path, **settings: str) -> ServerProcess:
    """Start a server as the pages describe, and load the demo."""
    server = ServerProcess(folder, LOCALDIAL_SIMULATOR_LATENCY_MS="1000", **settings)
    server.start()
    subprocess.run(
        [sys.executable, "-m", "localdial_server", "demo"],
        env={**os.environ, "LOCALDIAL_SERVER": server.address},
        check=True,
        capture_output=True,
        timeout=120,
    )
    return server


def comparable(text: str) -> str:
    """Replace the parts that differ from run to run."""
    for pattern, name in _VARYING.items():
        text = re.sub(pattern, name, text)
    return text
