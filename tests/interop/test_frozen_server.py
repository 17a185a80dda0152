"""A server freezes with a call: every client notices by its ping, and repeats the call on another server."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.functional.server_process import ServerProcess
from tests.interop.conftest import StartDriver

# A client pings a connection that is silent for 30 s, and waits 10 s for the answer.
NOTICED_SECONDS = 45.0
# Longer than that, so that only a repeat elsewhere can answer the call.
TIMEOUT_MS = 75_000

LIST = {
    "op": "call",
    "client": "a",
    "method": "localdial.v1.Directory/ListOrganizations",
    "request": {},
    "timeout_ms": TIMEOUT_MS,
}


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Sequence[ServerProcess]]:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with ServerProcess(tmp_path / "a") as one, ServerProcess(tmp_path / "b") as other:
        try:
            yield [one, other]
        finally:
            os.kill(one.pid, signal.SIGCONT)


# All languages wait at the same time, so this takes 45 s.
@pytest.mark.timeout(240)
def test_a_call_on_a_frozen_server_is_answered_by_another_within_45_seconds(
    available_languages: Sequence[str], start_driver: StartDriver, servers: Sequence[ServerProcess]
) -> None:
    drivers = {language: start_driver(language) for language in available_languages}
    for driver in drivers.values():
        addresses = [server.address for server in servers]
        assert driver.ask({"op": "connect", "client": "a", "addresses": addresses}) == {"ok": True}
        # Both connections must be up before one of the servers freezes.
        for _ in range(20):
            assert "response" in driver.ask(LIST)
            time.sleep(0.02)
    os.kill(servers[0].pid, signal.SIGSTOP)

    def longest_call(language: str) -> float:
        took = []
        # Calls take turns over the servers, so one of two is for the frozen one.
        for _ in range(2):
            begun = time.monotonic()
            answer = drivers[language].ask(LIST, patience=90.0)
            took.append(time.monotonic() - begun)
            assert "response" in answer, (language, answer)
        return max(took)

    with ThreadPoolExecutor(len(drivers)) as pool:
        longest = dict(zip(drivers, pool.map(longest_call, drivers), strict=True))
    for language, seconds in longest.items():
        assert 1.0 < seconds < NOTICED_SECONDS, (language, seconds)
