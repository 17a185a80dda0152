"""A rolling restart of the servers, as for a new release: no client sees a failed call."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client
from tests.functional.server_process import SameAddressServer
from tests.interop.conftest import StartDriver
from tests.interop.driver import Driver
from tests.support.databases import create_postgres
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until

RESTARTS = 20
CONCURRENCY = 2

# Longer than the default, so that a busy machine alone causes no failure.
TIMEOUT_MS = 30_000

# How long a call may stay in a server's spool because the database was busy.
SPOOL_SECONDS = 120.0

# An orchestrator waits before the next restart; clients find a new server within a second.
PAUSE_SECONDS = 1.0

RESOLVE = "localdial.v1.CallRouting/ResolveOutboundCallerId"


@pytest.fixture(scope="module")
def database_url(postgres: PostgresServer) -> str:
    return create_postgres(postgres)


@pytest.fixture(scope="module")
def servers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SameAddressServer]]:
    folder = tmp_path_factory.mktemp("servers")
    servers = [SameAddressServer(folder / name, database_url) for name in ("a", "b")]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()


@dataclass
class Load:
    """The results of one language's client under load."""

    driver: Driver
    organization: str
    calls: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)

    def connect(self, addresses: Sequence[str]) -> None:
        """Make the driver create a client for all servers."""
        command = {"op": "connect", "client": "load", "addresses": addresses, "timeout_ms": TIMEOUT_MS}
        assert self.driver.ask(command) == {"ok": True}

    def put(self, done: threading.Event) -> None:
        """Call until `done` is set."""
        request = {"organization_id": self.organization, "user_id": "ann", "callee_number": "+14155550123"}
        command = {"op": "load", "client": "load", "method": RESOLVE, "request": request}
        while not done.is_set():
            answer = self.driver.ask({**command, "concurrency": CONCURRENCY, "seconds": 2.0})
            self.calls += answer["calls"]
            self.errors.update(answer["errors"])
            self.samples += answer["samples"]


# Takes about a minute, and several on a busy machine.
@pytest.mark.timeout(900)
def test_no_client_sees_a_call_fail_while_servers_are_restarted_twenty_times(
    available_languages: Sequence[str],
    start_driver: StartDriver,
    servers: list[SameAddressServer],
    database_url: str,
) -> None:
    loads = {
        language: Load(start_driver(language), f"rolling-{language}") for language in available_languages
    }
    for one in loads.values():
        set_up(servers[0].address, one.organization)
        one.connect([server.address for server in servers])
    done = threading.Event()
    with ThreadPoolExecutor(len(loads)) as loading:
        running = [loading.submit(one.put, done) for one in loads.values()]
        try:
            for server in itertools.islice(itertools.cycle(servers), RESTARTS):
                time.sleep(PAUSE_SECONDS)
                assert server.stop() == 0
                server.start()
        finally:
            done.set()
        for each in running:
            each.result()
    for language, one in loads.items():
        assert one.driver.ask({"op": "close", "client": "load"}) == {"ok": True}
        assert (language, dict(one.errors), one.samples) == (language, {}, [])
        # At least one call fits between two restarts, and each is recorded once, even if it was retried.
        assert one.calls > RESTARTS
        recorded_later(database_url, one)


def set_up(address: str, organization: str) -> None:
    with Client(address) as client:
        wanted = Organization(organization_id=organization)
        client.directory.set_organization(SetOrganizationRequest(organization=wanted))
        user = User(organization_id=organization, user_id="ann", caller_id="+14155550142")
        client.directory.set_user(SetUserRequest(user=user))


def recorded(database_url: str, organization: str) -> int:
    with closing(psycopg.connect(database_url)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM outbound_calls WHERE organization_id = %s", [organization]
        ).fetchone()
    assert row is not None
    return int(row[0])


def recorded_later(database_url: str, load: Load) -> None:
    """Check that each call is recorded once, including those that wait in a spool for a busy database."""
    wait_until(lambda: recorded(database_url, load.organization) >= load.calls, pause=0.5)
    assert recorded(database_url, load.organization) == load.calls
