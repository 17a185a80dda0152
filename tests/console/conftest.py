import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from localdial.v1.administration_pb2 import CreateApiKeyRequest, Role
from localdial_client import Client
from tests.console.browser import CHROMIUM, MISSING, Console, chromium, context_options
from tests.console.console_server import ConsoleServer, Tenant

OpenConsole = Callable[..., Console]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    """Yield a server that asks for no key. The tests of a module share it; each has its own organization."""
    del browser  # Without one, no server is needed.
    with ConsoleServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def own_server(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., ConsoleServer]]:
    """Return a function that starts a server for the test alone, with these settings."""
    del browser
    started: list[ConsoleServer] = []

    def start(**settings: str) -> ConsoleServer:
        folder = tmp_path / f"server{len(started)}"
        folder.mkdir()
        server = ConsoleServer(folder, **settings)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="module")
def guarded(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ConsoleServer, str]]:
    """Yield a server that asks for a key, and the key of an admin of all organizations."""
    del browser
    with ConsoleServer(tmp_path_factory.mktemp("guarded")) as server:
        with Client(server.address) as client:
            request = CreateApiKeyRequest(display_name="first", role=Role.ROLE_ADMIN)
            key = client.administration.create_api_key(request).key
        server.stop()
        server.change(LOCALDIAL_REQUIRE_CREDENTIALS="true")
        server.start()
        yield server, key


@pytest.fixture
def tenant(server: ConsoleServer) -> Iterator[Tenant]:
    """Yield a new organization of the shared server."""
    with Client(server.address) as client:
        yield Tenant(client, f"acme-{uuid.uuid4().hex[:12]}", display_name="Acme Lending")


@pytest.fixture
def open_console(browser: Browser) -> Iterator[OpenConsole]:
    """Return a function that opens a tab on a server, which no other tab shares anything with.

    After the test, it fails for each error in a tab's log, such as what the content policy has forbidden.
    """
    tabs: list[Console] = []

    def open_tab(server: ConsoleServer, **options: Any) -> Console:
        tabs.append(Console(browser.new_context(**context_options(**options)).new_page(), server.url))
        return tabs[-1]

    yield open_tab
    problems = [problem for tab in tabs for problem in tab.problems]
    for tab in tabs:
        tab.page.context.close()
    assert problems == []


@pytest.fixture
def console(open_console: OpenConsole, server: ConsoleServer) -> Console:
    """Return a tab on the shared server."""
    return open_console(server)
