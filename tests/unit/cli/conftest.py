"""The command line against a fake server."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from localdial.v1.number_inventory_pb2 import SearchAvailableNumbersResponse
from localdial_server.cli.app import app
from tests.support.fake_server import Answer, FakeServer


class Cli:
    """Runs `localdial` in this process, against a fake server."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.address = server.start()

    def run(self, *arguments: str) -> Result:
        """Run a command that calls the fake server."""
        result = CliRunner().invoke(app, ["--server", self.address, *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def buy(self, *arguments: str, answer: Answer, warning: str = "") -> Result:
        """Run `numbers buy`, which asks for a warning of call-backs first; the purchase gets `answer`."""
        self.server.answers(SearchAvailableNumbersResponse(callback_warning=warning), answer)
        return self.run("numbers", "buy", *arguments)

    def requests(self, method: str) -> list[Any]:
        """Return the requests that the fake server received for the method, in order."""
        return [call.request for call in self.server.received if call.path.endswith(f"/{method}")]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    for name in ("LOCALDIAL_SERVER", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    server = FakeServer()
    yield Cli(server)
    server.stop()
