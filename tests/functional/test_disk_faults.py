"""The disk is full, or the files of the database are not where they were: what a server answers meanwhile."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial_server.observability.health import CALL_BACKS
from tests.functional.caller import Caller, is_refused, is_serving, recorded
from tests.functional.commands import Run, said_in_one_line
from tests.functional.server_process import ServerProcess
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.simulated_disk import SimulatedDisk
from tests.support.waiting import wait_until

_CALL_ROUTING = "localdial.v1.CallRouting"


@pytest.fixture
def disk(tmp_path: Path) -> SimulatedDisk:
    return SimulatedDisk(tmp_path / "disk", tmp_path / "state")


@pytest.fixture
def caller(start_server: Callable[..., ServerProcess], disk: SimulatedDisk) -> Caller:
    """A server whose SQLite file is on the simulated disk."""
    caller = Caller(
        start_server(LOCALDIAL_DATABASE_URL=f"sqlite:///{disk.folder / 'localdial.db'}", **disk.environment)
    )
    caller.set_up()
    caller.resolve()
    return caller


def _problems(server: ServerProcess) -> list[dict[str, object]]:
    """Return the warnings and errors that the server has logged, each of which must be a single line."""
    log = server.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert all(line.startswith("{") for line in log.splitlines())
    return [event for event in server.logged() if event["level"] in {"warning", "error"}]


def test_while_the_disk_is_full_resolves_are_refused_and_the_server_says_so_once(
    caller: Caller, disk: SimulatedDisk
) -> None:
    server = caller.server
    assert is_serving(server)
    disk.fill()
    refused = sum(is_refused(caller.resolve) for _ in range(200))
    assert refused > 150
    for service in "", _CALL_ROUTING:
        wait_until(lambda service=service: not is_serving(server, service))
    # Reading needs no room.
    assert caller.route("0000").last_call_id == "0000"
    assert is_serving(server, CALL_BACKS)
    failures = [event for event in _problems(server) if event["event"] == "the database failed"]
    assert [event["cause"] for event in failures] == ["database or disk is full"] * len(failures)
    assert len(failures) <= 2
    disk.make_room()
    # No call is needed for that.
    wait_until(lambda: is_serving(server))
    caller.resolve()


@pytest.mark.parametrize("how", ["moved", "replaced", "deleted", "without its log"])
def test_a_server_whose_database_is_not_in_its_place_refuses_everything_and_says_so_once(
    caller: Caller, disk: SimulatedDisk, tmp_path: Path, how: str
) -> None:
    files = sorted(disk.folder.glob("localdial.db*"))
    if how == "without its log":
        files = [file for file in files if file.name.endswith("-wal")]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in files:
        file.rename(elsewhere / file.name)
        if how == "replaced":
            file.touch()
        if how == "deleted":
            (elsewhere / file.name).unlink()
    for _ in range(20):
        assert is_refused(caller.resolve)
        assert is_refused(lambda: caller.route("0000"))
        assert is_refused(lambda: caller.change("bob"))
    server = caller.server
    for service in "", _CALL_ROUTING, CALL_BACKS:
        wait_until(lambda service=service: not is_serving(server, service))
    (problem,) = _problems(server)
    assert str(problem["event"]).startswith("the database is not in its place")
    if how != "deleted":
        for file in files:
            (elsewhere / file.name).replace(file)
        wait_until(lambda: is_serving(server))
        caller.resolve()
        assert caller.route("0000").last_call_id == "0000"


@pytest.mark.parametrize("how", ["through a hard link", "after its lock file was deleted"])
def test_a_second_server_on_the_same_file_does_not_start(
    caller: Caller, disk: SimulatedDisk, run_command: Run, how: str
) -> None:
    file = disk.folder / "localdial.db"
    if how == "through a hard link":
        file = disk.folder / "link" / file.name
        file.parent.mkdir()
        file.hardlink_to(disk.folder / file.name)
    else:
        file.with_name(f"{file.name}.lock").unlink()
    said = said_in_one_line(run_command("serve", LOCALDIAL_DATABASE_URL=f"sqlite:///{file}"))
    assert ("hard links" if how == "through a hard link" else "another localdial uses") in said
    caller.resolve()


@pytest.fixture
def postgresql() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def test_a_full_spool_disk_refuses_calls_only_while_postgresql_is_down(
    start_server: Callable[..., ServerProcess], disk: SimulatedDisk, postgresql: PostgresServer
) -> None:
    url = create_postgres(postgresql)
    caller = Caller(
        start_server(
            LOCALDIAL_DATABASE_URL=url,
            LOCALDIAL_SPOOL_DIRECTORY=str(disk.folder / "spool"),
            LOCALDIAL_SNAPSHOT_POLL_SECONDS="0.1",
            **disk.environment,
        )
    )
    caller.set_up()
    answered = [caller.resolve().call_id]
    postgresql.stop()
    answered += [caller.resolve().call_id for _ in range(20)]
    assert is_serving(caller.server)
    disk.fill()
    wait_until(lambda: is_refused(caller.resolve))
    wait_until(lambda: not is_serving(caller.server))
    postgresql.start()
    # The spool cannot be emptied, but its calls are recorded.
    wait_until(lambda: is_serving(caller.server))
    wait_until(lambda: not is_refused(caller.resolve))
    wait_until(lambda: not is_refused(lambda: caller.route("0020")))
    assert caller.route("0020").last_call_id == "0020"
    assert not caller.resolve().recorded_later
    assert set(answered) <= set(recorded(postgresql, url))
    for _ in range(100):
        caller.resolve()
    about_the_disk = [event for event in _problems(caller.server) if event["event"] == "the database failed"]
    assert len({event["cause"] for event in about_the_disk}) >= 1
    assert len(about_the_disk) <= 4
    disk.make_room()
    postgresql.stop()
    assert caller.resolve().recorded_later
