"""The power fails: what was answered is still there.

A simulated disk keeps what was synced apart from what was only written, and loses the rest with the
power. Each test also runs without the server's syncs, to show that it would see a loss.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client, LocaldialError
from tests.functional.caller import Caller, is_refused, recorded
from tests.functional.server_process import ServerProcess
from tests.functional.test_durability import resolve, route, set_up
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.simulated_disk import SimulatedDisk
from tests.support.waiting import wait_until

_UNSYNCED = str(Path(__file__).with_name("unsynced"))

_CALLS = 50


@pytest.fixture
def disk(tmp_path: Path) -> SimulatedDisk:
    return SimulatedDisk(tmp_path / "disk", tmp_path / "state")


def _settings(disk: SimulatedDisk, synchronous: str) -> Mapping[str, str]:
    if synchronous == "FULL":
        return disk.environment
    return {**disk.environment, "PYTHONPATH": _UNSYNCED, "WITHOUT_SYNC": synchronous}


def _found(server: ServerProcess) -> tuple[set[str], set[str]]:
    """Return the calls and the numbers in the database."""
    with Client(server.address) as client:
        listed = client.call_routing.list_outbound_calls(
            calls.ListOutboundCallsRequest(organization_id="acme", page_size=1000)
        )
        numbers = client.number_inventory.list_numbers(inventory.ListNumbersRequest(organization_id="acme"))
    return {call.call_id for call in listed.calls}, {number.phone_number for number in numbers.numbers}


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL", "OFF"])
def test_what_was_answered_survives_a_loss_of_power(
    start_server: Callable[..., ServerProcess], disk: SimulatedDisk, synchronous: str
) -> None:
    url = f"sqlite:///{disk.folder / 'localdial.db'}"
    server = start_server(LOCALDIAL_DATABASE_URL=url, **_settings(disk, synchronous))
    with Client(server.address) as client:
        bought = set_up(client)
        answered = [resolve(client, "ann", f"+1415555{number:04}").call_id for number in range(_CALLS)]
        last = resolve(client, "bob").call_id
    server.kill()
    disk.cut_power()
    server.start()
    if synchronous != "FULL":
        with pytest.raises((AssertionError, LocaldialError)):
            assert _found(server) == ({*answered, last}, {bought})
        return
    assert _found(server) == ({*answered, last}, {bought})
    with Client(server.address) as client:
        assert route(client, bought).last_call_id == last


@pytest.fixture
def postgresql() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_calls_in_the_spool_survive_a_loss_of_power(
    start_server: Callable[..., ServerProcess],
    disk: SimulatedDisk,
    postgresql: PostgresServer,
    synchronous: str,
) -> None:
    url = create_postgres(postgresql)
    spool = str(disk.folder / "spool")
    caller = Caller(
        start_server(
            LOCALDIAL_DATABASE_URL=url,
            LOCALDIAL_SPOOL_DIRECTORY=spool,
            LOCALDIAL_SNAPSHOT_POLL_SECONDS="0.1",
            **_settings(disk, synchronous),
        )
    )
    caller.set_up()
    caller.resolve()
    postgresql.stop()
    answers = [caller.resolve() for _ in range(_CALLS)]
    assert all(answer.recorded_later for answer in answers)
    caller.server.kill()
    disk.cut_power()
    postgresql.start()
    caller.restart()
    later = {answer.call_id for answer in answers}
    if synchronous == "FULL":
        wait_until(lambda: later <= set(recorded(postgresql, url)))
    else:
        # The spools are empty once call-backs are routed.
        wait_until(lambda: not is_refused(lambda: caller.route("0000")))
        assert not later <= set(recorded(postgresql, url))
