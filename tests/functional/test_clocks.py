"""Call-backs reach the user who called last, whatever the clocks of the servers say."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from localdial_client import Client
from tests.functional.databases import NewDatabase
from tests.functional.server_process import ServerProcess
from tests.functional.test_durability import resolve, route, set_up

_SHIFTED_CLOCK = str(Path(__file__).with_name("shifted_clock"))

_HOUR, _DAY = 3600, 86_400

Start = Callable[[str, int], ServerProcess]


@pytest.fixture
def start(start_server: Callable[..., ServerProcess], tmp_path: Path) -> Start:
    """Return a function that starts a server on a database, with its clock shifted by so many seconds."""
    spools = itertools.count()

    def start(url: str, shift: int) -> ServerProcess:
        return start_server(
            LOCALDIAL_DATABASE_URL=url,
            LOCALDIAL_SPOOL_DIRECTORY=str(tmp_path / f"spool{next(spools)}"),
            PYTHONPATH=_SHIFTED_CLOCK,
            CLOCK_SHIFT_SECONDS=str(shift),
        )

    return start


def _clock_warnings(server: ServerProcess) -> list[object]:
    return [event["seconds"] for event in server.logged() if "machine's clock" in str(event["event"])]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("before", "after"), [(0, -_HOUR), (_DAY, 0)])
def test_after_a_restart_with_the_clock_set_back_call_backs_reach_the_last_caller(
    start: Start, new_database: NewDatabase, kind: str, before: int, after: int
) -> None:
    url = new_database(kind)
    first = start(url, before)
    with Client(first.address) as client:
        number = set_up(client)
        for _ in range(3):
            resolve(client, "ann")
    assert first.stop() == 0
    assert _clock_warnings(first) == []
    second = start(url, after)
    with Client(second.address) as client:
        last = resolve(client, "bob")
        destination = route(client, number)
        assert (destination.user_id, destination.last_call_id) == ("bob", last.call_id)
        again = resolve(client, "ann")
        assert route(client, number).last_call_id == again.call_id
    (seconds,) = _clock_warnings(second)
    assert isinstance(seconds, float)
    assert seconds == pytest.approx(before - after, abs=60)


def test_call_backs_reach_the_last_caller_though_another_server_s_clock_is_ahead(
    start: Start, new_database: NewDatabase
) -> None:
    url = new_database("postgresql")
    ahead, right = start(url, _HOUR), start(url, 0)
    with Client(ahead.address) as client_ahead, Client(right.address) as client:
        number = set_up(client)
        for _ in range(2):
            resolve(client_ahead, "ann")
            last = resolve(client, "bob")
            destination = route(client_ahead, number)
            assert (destination.user_id, destination.last_call_id) == ("bob", last.call_id)
        # Only this callee's calls are stamped late.
        resolve(client, "ann", "+14155550124")
        resolve(client_ahead, "bob")
        assert route(client, number).user_id == "bob"
