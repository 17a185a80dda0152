"""The drivers, and the live server that all of them call."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.conftest import STRICT
from tests.functional.server_process import ServerProcess
from tests.interop.driver import Driver
from tests.interop.languages import Unavailable, command_of, languages

StartDriver = Callable[[str], Driver]


@pytest.fixture(scope="session", params=languages())
def language(request: pytest.FixtureRequest) -> str:
    """Return each language whose driver can be built here."""
    name: str = request.param
    return available(name)


@pytest.fixture(scope="session")
def available_languages() -> Sequence[str]:
    """Return the languages whose drivers can be built here; all of them in strict mode."""
    found = []
    for name in languages():
        try:
            command_of(name)
        except Unavailable:
            if STRICT:
                raise
            continue
        found.append(name)
    return found


@pytest.fixture(scope="session")
def running_driver(start_driver: StartDriver) -> StartDriver:
    """Return a running driver of the language: the same for all tests, a new one after it broke."""
    drivers: dict[str, Driver] = {}

    def running(language: str) -> Driver:
        if language not in drivers or not drivers[language].is_running:
            drivers[language] = start_driver(language)
        return drivers[language]

    return running


@pytest.fixture(scope="session")
def start_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartDriver]:
    """Start a driver of the language; all of them end with the tests."""
    folder = tmp_path_factory.mktemp("drivers")
    with contextlib.ExitStack() as started:

        def start(language: str) -> Driver:
            return started.enter_context(Driver(command_of(language), folder / f"{language}.log"))

        yield start


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Return the server that all languages call."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as server:
        yield server
        assert server.stop() == 0
        # A failure that a client's retries hid is a failure.
        assert [event for event in server.logged() if event["level"] in {"error", "critical"}] == []


def available(language: str) -> str:
    """Skip the test unless the driver of the language can be built here."""
    try:
        command_of(language)
    except Unavailable as missing:
        pytest.skip(f"{language}: {missing}")
    return language
