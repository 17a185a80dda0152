"""The matrix on a live server, through the Python client."""

from collections.abc import Iterator
from operator import attrgetter

import pytest

from localdial_client import Client
from tests.functional.server_process import ServerProcess
from tests.scenarios.live_target import LiveTarget
from tests.scenarios.loader import load_cases
from tests.scenarios.runner import run_case
from tests.scenarios.schema import Case


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Yield a client of a server for all cases."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        with Client(server.address) as client:
            yield client
        assert server.stop() == 0
        # A failure that the client's retries hid is a failure.
        assert [event for event in server.logged() if event["level"] in {"error", "critical"}] == []


@pytest.mark.parametrize("case", load_cases(), ids=attrgetter("name"))
async def test_the_case_passes_on_a_live_server(case: Case, client: Client) -> None:
    target = LiveTarget(client)
    try:
        await run_case(case, target)
    finally:
        await target.clean()
