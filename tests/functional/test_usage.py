"""The usage of numbers on real servers: counted soon, once, and for good."""

from collections.abc import Callable
from pathlib import Path

import pytest

from localdial.v1.number_inventory_pb2 import GetUsageRequest, GetUsageResponse, ListNumbersRequest
from localdial_client import Client, InvalidArgument
from tests.functional.caller import Caller
from tests.functional.databases import NewDatabase
from tests.functional.server_process import ServerProcess
from tests.functional.test_clocks import Start, start
from tests.functional.test_durability import resolve, set_up
from tests.functional.test_keys_command import localdial
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until

__all__ = ["start"]

# Counted at the shortest interval.
SOON = {"LOCALDIAL_CALL_COUNT_SECONDS": "1"}


def usage(client: Client, days: int = 2, time_zone: str = "") -> GetUsageResponse:
    request = GetUsageRequest(organization_id="acme", days=days, time_zone=time_zone)
    return client.number_inventory.get_usage(request)


def calls(client: Client) -> int:
    return sum(day.call_count for day in usage(client).days)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_resolved_calls_are_counted_soon_and_stay_counted(
    start_server: Callable[..., ServerProcess], new_database: NewDatabase, kind: str
) -> None:
    database = {"LOCALDIAL_DATABASE_URL": new_database(kind)}
    server = start_server(**database, **SOON)
    with Client(server.address) as client:
        number = set_up(client)
        for _ in range(3):
            resolve(client, "ann")
        resolve(client, "bob", "+442079460123")
        resolve(client, "bob", "+18005550123")
        wait_until(lambda: calls(client) == 5)
        counted = usage(client, time_zone="America/New_York")
        # The callees of ann are in San Francisco, where the number is.
        assert sum(day.local_count for day in counted.days) == 3
        shown = {each.phone_number: sum(each.shown_counts) for each in counted.numbers}
        assert shown == {number: 3, "+13125550150": 2}
        assert all(len(each.shown_counts) == 2 for each in counted.numbers)
        without = counted.area_codes_without_local_number
        assert [(code.area_code, code.call_count) for code in without] == [("+4420", 1)]
        assert counted.HasField("counted_until_time")
        (listed,) = client.number_inventory.list_numbers(ListNumbersRequest(organization_id="acme")).numbers
        (of_number,) = (each for each in counted.numbers if each.phone_number == number)
        assert listed.last_shown_time == of_number.last_shown_time
        command = "numbers", "usage", "acme", "--time-zone", "Asia/Tokyo"
        table = localdial(*command, LOCALDIAL_SERVER=server.address)
        assert table.returncode == 0
        for text in number, "60%", "+4420", "WITHOUT A LOCAL NUMBER":
            assert text in table.stdout
        with pytest.raises(InvalidArgument, match="America/New_York"):
            usage(client, time_zone="America/Springfield")
    server.kill()
    server.start()
    with Client(server.address) as client:
        resolve(client, "ann")
        wait_until(lambda: calls(client) == 6)


def test_calls_of_a_server_whose_clock_is_behind_are_counted(
    start: Start,
    start_server: Callable[..., ServerProcess],
    new_database: NewDatabase,
) -> None:
    url = new_database("postgresql")
    right = start_server(LOCALDIAL_DATABASE_URL=url, **SOON)
    with Client(right.address) as client:
        set_up(client)
        resolve(client, "ann")
        wait_until(lambda: calls(client) == 1)
        # Another callee, since the calls to one are kept in order.
        behind = start(url, -7 * 3600)
        with Client(behind.address) as client_behind:
            resolve(client_behind, "ann", "+14155550177")
        # It notes late calls at intervals, and when it stops.
        assert behind.stop() == 0
        wait_until(lambda: calls(client) == 2)


def test_calls_that_were_in_the_spool_are_counted(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    with PostgresServer() as postgresql:
        url = create_postgres(postgresql)
        caller = Caller(
            start_server(
                LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SPOOL_DIRECTORY=str(tmp_path / "spool"), **SOON
            )
        )
        caller.set_up()
        caller.resolve()
        postgresql.stop()
        wait_until(lambda: caller.resolve().recorded_later)
        postgresql.start()
        with Client(caller.server.address) as client:
            wait_until(lambda: calls(client) >= 2)
            recorded = localdial("calls", "list", "acme", "--json", LOCALDIAL_SERVER=caller.server.address)
            assert calls(client) == recorded.stdout.count('"call_id"')


def test_several_servers_count_each_call_once(
    start_server: Callable[..., ServerProcess], new_database: NewDatabase
) -> None:
    url = new_database("postgresql")
    servers = [start_server(LOCALDIAL_DATABASE_URL=url, **SOON) for _ in range(3)]
    with Client(servers[0].address) as client:
        set_up(client)
        for server in servers * 10:
            with Client(server.address) as other:
                resolve(other, "ann")
        wait_until(lambda: calls(client) == 30)
        assert usage(client).counted_until_time.seconds > 0
