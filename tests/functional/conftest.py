import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from localdial_client import Client
from tests.functional.commands import Run, run_to_its_end
from tests.functional.databases import NewDatabase, in_engine
from tests.functional.server_process import ServerProcess
from tests.functional.simulator_process import SUBACCOUNT_SID, SimulatorProcess
from tests.support.databases import create_postgres, create_sqlite
from tests.support.postgres import PostgresServer


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function that starts a server with these settings. It is killed after the test."""
    started: list[ServerProcess] = []

    def start(**settings: str) -> ServerProcess:
        folder = tmp_path / f"server{len(started)}"
        folder.mkdir()
        process = ServerProcess(folder, **settings)
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """A Twilio simulator with a subaccount and an owned number, whose state survives a crash."""
    with SimulatorProcess(
        *("--state", str(tmp_path / "simulator.jsonl")),
        *("--subaccount", f"{SUBACCOUNT_SID}:sub-secret"),
        *("--owned", "+14155550199"),
    ) as process:
        yield process


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


@pytest.fixture
def migrated_url(postgres: PostgresServer) -> Iterator[str]:
    """Return the URL of a database of the newest schema."""
    url = create_postgres(postgres)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Return a function that creates a database of the newest schema and returns its URL."""

    def new_database(kind: str, work: Callable[[Engine], object] | None = None) -> str:
        if kind == "sqlite":
            path = tmp_path / f"database{len(list(tmp_path.glob('*.db')))}.db"
            create_sqlite(path)
            url = f"sqlite:///{path}"
        else:
            url = create_postgres(request.getfixturevalue("postgres"))
        if work is not None:
            in_engine(url, work)
        return url

    return new_database


@pytest.fixture
def run_command(tmp_path: Path) -> Run:
    """Return a function that runs a command of localdial to its end, with its files in `tmp_path`."""
    return functools.partial(run_to_its_end, tmp_path)
