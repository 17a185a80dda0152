"""The drivers, and the live server that they all call."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.conftest import STRICT
from tests.functional.server_process import ServerProcess
from tests.interop.driver import Driver
from tests.interop.languages import WITHOUT_CLIENT, Unavailable, command_of, languages

StartDriver = Callable[[str], Driver]


@pytest.fixture(scope="session", params=languages())
def language(request: pytest.FixtureRequest) -> str:
    """Return each language in turn; skip those whose driver cannot be built here."""
    name: str = request.param
    return available(name)


@pytest.fixture(scope="session", params=[*languages(), *WITHOUT_CLIENT])
def caller(request: pytest.FixtureRequest) -> str:
    """Return each language in turn, and each way to call without a client."""
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
    """Return a function that returns the running driver of a language, or a new one after it broke."""
    drivers: dict[str, Driver] = {}

    def running(language: str) -> Driver:
        if language not in drivers or not drivers[language].is_running:
            drivers[language] = start_driver(language)
        return drivers[language]

    return running


@pytest.fixture(scope="session")
def start_driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartDriver]:
    """Return a function that starts a driver of a language. All drivers end with the session."""
    folder = tmp_path_factory.mktemp("drivers")
    with contextlib.ExitStack() as started:

        def start(language: str) -> Driver:
            return started.enter_context(Driver(command_of(language), folder / f"{language}.log"))

        yield start


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Yield the server that all languages call."""
    with ServerProcess(tmp_path_factory.mktemp("server"), LOCALDIAL_HTTP_LISTEN="127.0.0.1:0") as server:
        yield server
        assert server.stop() == 0
        # A failure that a client's retries hid is a failure.
        assert [event for event in server.logged() if event["level"] in {"error", "critical"}] == []


def available(language: str) -> str:
    """Return the language; skip the test if its driver cannot be built here."""
    try:
        command_of(language)
    except Unavailable as missing:
        pytest.skip(f"{language}: {missing}")
    return language
