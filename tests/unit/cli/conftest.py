"""The command line against a server that answers as it is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from localdial_server.cli import app
from tests.support.fake_server import FakeServer


class Cli:
    """Runs ``localdial`` in this process."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.address = server.start()

    def run(self, *arguments: str) -> Result:
        """Run a command that asks the server."""
        result = CliRunner().invoke(app, ["--server", self.address, *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def requests(self, method: str) -> list[Any]:
        """The requests that came for this method."""
        return [call.request for call in self.server.received if call.path.endswith(f"/{method}")]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    for name in ("LOCALDIAL_SERVER", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    server = FakeServer()
    yield Cli(server)
    server.stop()
