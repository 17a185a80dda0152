"""The matrix of the rules through each language's client, with the same bytes as in Python."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.functional.server_process import ServerProcess
from tests.interop.conftest import StartDriver
from tests.interop.conversation import Conversation
from tests.interop.driver import Driver
from tests.interop.languages import REFERENCE, address_for
from tests.interop.stock import restore_stock
from tests.interop.transcript import Said, Transcript, prefix_of
from tests.scenarios.live_target import LiveTarget
from tests.scenarios.loader import load_cases
from tests.scenarios.runner import run_case

Played = Mapping[str, list[Said]]


@pytest.fixture(scope="session")
def play(live_server: ServerProcess, start_driver: StartDriver) -> Callable[[str], Played]:
    """Return a function that plays all cases in a language, once, and returns their transcripts."""
    played: dict[str, Played] = {}

    def play(language: str) -> Played:
        if language not in played:
            restore_stock(live_server)
            driver = start_driver(language)
            address = address_for(language, live_server)
            assert driver.ask({"op": "connect", "client": "matrix", "addresses": [address]}) == {"ok": True}
            played[language] = asyncio.run(play_all(driver, language))
        return played[language]

    return play


# Takes up to a minute, and several on a busy machine.
@pytest.mark.timeout(900)
def test_the_cases_pass_with_the_same_bytes_as_in_python(caller: str, play: Callable[[str], Played]) -> None:
    said, pythons = play(caller), play(REFERENCE)
    assert said.keys() == pythons.keys()
    for case in said:
        assert said[case] == pythons[case], case


async def play_all(driver: Driver, language: str) -> Played:
    said: dict[str, list[Said]] = {}
    for index, case in enumerate(load_cases()):
        prefix = prefix_of(language, f"m{index}")
        transcript = Transcript(prefix)
        target = LiveTarget(Conversation(driver, "matrix", transcript).as_client(), prefix)
        try:
            await run_case(case, target)
        finally:
            await target.clean()
        assert transcript.said
        said[case.name] = transcript.said
    return said
