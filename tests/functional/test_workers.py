"""Several workers on one port: how they share it, start, crash and stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial.v1 import number_inventory_pb2 as inventory
from localdial_client import Client, LocaldialError
from tests.functional.server_process import environment_with
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until

COMMAND = [sys.executable, "-m", "localdial_server"]


class Supervised:
    """`localdial serve` with several workers in a folder, with one log for all processes."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.log = folder / "server.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", *arguments],
                env=environment_with(LOCALDIAL_LOG_FORMAT="json", **settings),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Give it its own process group, as a shell does.
                process_group=0,
            )
        ready = re.fullmatch(r"localdial is ready on (\S+?)(?:; its page is \S+)?\n", self.read_line())
        assert ready, f"the server did not start: {self.log.read_text('utf-8')}"
        self.address = ready[1]

    @property
    def workers(self) -> set[int]:
        return set(children(self.process.pid))

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the events of this name that the supervisor and its workers have logged."""
        lines = [line for line in self.log.read_text("utf-8").splitlines() if f'"{event}"' in line]
        return [found for line in lines if (found := json.loads(line))["event"] == event]

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self) -> None:
        self.process.kill()
        # The workers notice and end by themselves.
        self.process.communicate()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def connections(pid: int, port: int) -> int:
    """Return the number of connections to the port that the process has accepted."""
    tables = [Path(f"/proc/{pid}/net/{table}").read_text("ascii") for table in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    established = {
        f"socket:[{inode}]"
        for _, local, _, state, *_, inode in (row[:10] for row in rows)
        if local.endswith(f":{port:04X}") and state == "01"
    }
    return len([file for file in Path(f"/proc/{pid}/fd").iterdir() if str(file.readlink()) in established])


def has_ended(pid: int) -> bool:
    """Return whether the process has ended, even if its exit code was not collected yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def start(tmp_path: Path, migrated_url: str) -> Iterator[Callable[..., Supervised]]:
    """Return a function that starts a server of two workers. All processes are gone after the test."""
    started: list[Supervised] = []

    def start(*arguments: str, **settings: str) -> Supervised:
        defaults = {"LOCALDIAL_DATABASE_URL": migrated_url, "LOCALDIAL_WORKERS": "2"}
        server = Supervised(tmp_path, *arguments, **{**defaults, **settings})
        started.append(server)
        return server

    yield start
    for server in started:
        workers = server.workers if server.process.poll() is None else set()
        server.close()
        for worker in workers:
            wait_until(lambda worker=worker: has_ended(worker))


@pytest.fixture
def clients() -> Iterator[Callable[[str], Client]]:
    """Return a function that creates clients without shared connections."""
    made: list[Client] = []

    def client(address: str) -> Client:
        made.append(Client(address, options=[("grpc.use_local_subchannel_pool", 1)]))
        return made[-1]

    yield client
    for each in made:
        each.close()


def set_up(client: Client) -> None:
    organization = directory.Organization(organization_id="acme", organization_number="+13125550150")
    client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
    user = directory.User(organization_id="acme", user_id="ann", work_phone="+13125550160")
    client.directory.set_user(directory.SetUserRequest(user=user))


def resolve(client: Client) -> str:
    request = calls.ResolveOutboundCallerIdRequest(
        organization_id="acme", user_id="ann", callee_number="+14155550123"
    )
    return client.call_routing.resolve_outbound_caller_id(request).call_id


def rows(postgres: PostgresServer, url: str, statement: str) -> list[tuple[Any, ...]]:
    return postgres.execute(statement, name_of(url))


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def recorded(postgres: PostgresServer, url: str) -> list[str]:
    return [call_id for (call_id,) in rows(postgres, url, "SELECT call_id FROM outbound_calls")]


def test_connections_are_spread_over_workers_with_the_same_settings(
    start: Callable[..., Supervised],
    clients: Callable[[str], Client],
    migrated_url: str,
    tmp_path: Path,
) -> None:
    file = tmp_path / "localdial.toml"
    file.write_text(f'database_url = "{migrated_url}"\nmetrics_listen = "127.0.0.1:0"\nworkers = 64\n')
    server = start(
        *("--config", str(file), "--listen", "localhost:0", "--workers", "2"),
        LOCALDIAL_DATABASE_URL="",
        LOCALDIAL_WORKERS="",
    )
    name, _, port = server.address.rpartition(":")
    assert name == "localhost"
    set_up(clients(server.address))
    for _ in range(24):
        resolve(clients(server.address))
    counts = [connections(worker, int(port)) for worker in server.workers]
    assert len(counts) == 2
    # A client connects to each address of the host name.
    assert sum(counts) >= 25
    assert min(counts) > 0
    metrics = server.logged("serving metrics")[0]["address"]
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as answer:
        assert b"localdial_calls_recorded_total 24.0\n" in answer.read()
    password = migrated_url.partition("@")[0].rpartition(":")[2]
    for process in server.process.pid, *server.workers:
        assert password not in Path(f"/proc/{process}/cmdline").read_text("utf-8")


def test_workers_that_are_killed_are_replaced_and_no_call_fails(
    start: Callable[..., Supervised],
    clients: Callable[[str], Client],
    postgres: PostgresServer,
    migrated_url: str,
) -> None:
    server = start()
    callers = [clients(server.address) for _ in range(6)]
    set_up(callers[0])
    enough = threading.Event()

    def call(client: Client) -> list[str]:
        answered = []
        # Pause, so that a busy machine has time to start another worker.
        while not enough.wait(0.01):
            answered.append(resolve(client))
        return answered

    with ThreadPoolExecutor() as threads:
        calling = [threads.submit(call, client) for client in callers]
        try:
            for number, worker in enumerate(server.workers, start=1):
                os.kill(worker, signal.SIGKILL)
                # Two workers and their supervisor logged the event before.
                wait_until(lambda number=number: len(server.logged("serving")) == 3 + number)
        finally:
            enough.set()
    answered = [call_id for each in calling for call_id in each.result()]
    assert set(answered) <= set(recorded(postgres, migrated_url))
    assert len(answered) == len(set(answered))


def test_a_worker_killed_in_an_outage_is_replaced_when_postgresql_is_back(
    start: Callable[..., Supervised], clients: Callable[[str], Client], tmp_path: Path
) -> None:
    with PostgresServer() as own:
        url = create_postgres(own)
        server = start(LOCALDIAL_DATABASE_URL=url, LOCALDIAL_SPOOL_DIRECTORY=str(tmp_path / "spool"))
        port = int(server.address.rpartition(":")[2])
        set_up(clients(server.address))
        # Each worker must know the organization, which a resolve loads, but not the change that set it up.
        while min(connections(worker, port) for worker in server.workers) < 2:
            resolve(clients(server.address))
        own.stop()
        killed, left = server.workers
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(server.workers) == 2 and killed not in server.workers)
        wait_until(lambda: server.logged("waiting for the database"))
        (waiting,) = server.workers - {left}
        # The replacement does not listen yet, so every new connection reaches the worker that knows.
        answered = [resolve(clients(server.address)) for _ in range(8)]
        # Two workers and their supervisor logged the event before.
        assert len(server.logged("serving")) == 3
        own.start()
        wait_until(lambda: len(server.logged("serving")) == 4)
        assert server.workers == {left, waiting}
        wait_until(lambda: resolve(clients(server.address)) and connections(waiting, port) > 0)
        wait_until(lambda: set(answered) <= set(recorded(own, url)))
        assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_running_calls_are_finished_when_the_supervisor_ends(
    start: Callable[..., Supervised],
    clients: Callable[[str], Client],
    postgres: PostgresServer,
    migrated_url: str,
    number: signal.Signals,
) -> None:
    server = start(LOCALDIAL_SIMULATOR_LATENCY_MS="500")
    client = clients(server.address)
    set_up(client)
    workers = server.workers
    request = inventory.PurchaseNumbersRequest(organization_id="acme", area_code="415")
    with ThreadPoolExecutor() as threads:
        purchase = threads.submit(client.number_inventory.purchase_numbers, request)
        wait_until(lambda: rows(postgres, migrated_url, "SELECT 1 FROM numbers"))
        assert server.stop(number) == (0 if number == signal.SIGTERM else -number)
        assert len(purchase.result(30).numbers) == 1
    for worker in workers:
        wait_until(lambda worker=worker: has_ended(worker))


def test_every_call_answered_before_the_stop_is_recorded(
    start: Callable[..., Supervised],
    clients: Callable[[str], Client],
    postgres: PostgresServer,
    migrated_url: str,
) -> None:
    server = start()
    callers = [clients(server.address) for _ in range(6)]
    set_up(callers[0])

    def call(client: Client) -> tuple[list[str], grpc.StatusCode]:
        answered = []
        while True:
            try:
                answered.append(resolve(client))
            except LocaldialError as error:
                return answered, error.code

    with ThreadPoolExecutor() as threads:
        calling = [threads.submit(call, client) for client in callers]
        wait_until(lambda: len(recorded(postgres, migrated_url)) > 50)
        assert server.stop() == 0
    codes = {each.result()[1] for each in calling}
    # Calls fail only after the last worker is gone: refused, or cut off with their connection.
    assert codes <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    answered = {call_id for each in calling for call_id in each.result()[0]}
    assert answered <= set(recorded(postgres, migrated_url))


def test_ctrl_c_in_a_terminal_stops_the_server_cleanly(
    start: Callable[..., Supervised], clients: Callable[[str], Client]
) -> None:
    server = start()
    set_up(clients(server.address))
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(60) == 0
    assert len(server.logged("stopped")) == 3
    assert "Traceback" not in server.log.read_text("utf-8")


def test_workers_load_the_demo(start: Callable[..., Supervised]) -> None:
    server = start("--demo")
    assert server.read_line() == "\n"
    assert server.read_line().startswith("The organization `demo` is loaded.")


def failed_start(*arguments: str, **settings: str) -> str:
    """Start a server that cannot start; return its error line after all its processes have ended."""
    ended = subprocess.run(
        [*COMMAND, "serve", *arguments],
        env=environment_with(**settings),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


def test_a_wrong_password_is_reported_once_for_all_workers(migrated_url: str) -> None:
    password = migrated_url.partition("@")[0].rpartition(":")[2]
    wrong = migrated_url.replace(password, "guessed")
    assert "password" in failed_start("--workers", "2", LOCALDIAL_DATABASE_URL=wrong)


def test_a_newer_schema_is_reported_once_for_all_workers(postgres: PostgresServer, migrated_url: str) -> None:
    postgres.execute("UPDATE localdial_schema_version SET version_num = '9999'", name_of(migrated_url))
    assert "newer localdial" in failed_start("--workers", "2", LOCALDIAL_DATABASE_URL=migrated_url)


def test_workers_are_refused_a_port_in_use(migrated_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        said = failed_start("--workers", "2", "--listen", address, LOCALDIAL_DATABASE_URL=migrated_url)
    assert said == in_use(address)


def test_another_server_is_refused_the_port_of_workers(
    start: Callable[..., Supervised], migrated_url: str
) -> None:
    address = start().address
    assert failed_start("--listen", address, LOCALDIAL_DATABASE_URL=migrated_url) == in_use(address)


def in_use(address: str) -> str:
    return (
        f"Error: cannot listen on {address}: the address is in use. "
        "Stop the server there, or set LOCALDIAL_LISTEN to another address"
    )
