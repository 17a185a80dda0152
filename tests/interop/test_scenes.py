"""The requests and answers of clients in each language, with the same bytes as in Python."""

from collections.abc import Callable, Iterator
from operator import attrgetter

import pytest

from tests.functional.server_process import ServerProcess
from tests.interop.conftest import StartDriver
from tests.interop.contract import METHODS
from tests.interop.languages import REFERENCE, address_for
from tests.interop.player import play_scene
from tests.interop.schema import Scene, load_scenes
from tests.interop.scripted_server import ScriptedServer
from tests.interop.stock import restore_stock
from tests.interop.transcript import Said, prefix_of

SCENES = load_scenes()
LIVE, SCRIPTED = ([scene for scene in SCENES if scene.server == server] for server in ("live", "scripted"))

Play = Callable[[str, Scene], list[Said]]


@pytest.fixture(scope="session")
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="session")
def play(live_server: ServerProcess, script: ScriptedServer, running_driver: StartDriver) -> Play:
    """Return a function that plays a scene in a language, once, and returns the transcript."""
    said: dict[tuple[str, str], list[Said]] = {}

    def play(language: str, scene: Scene) -> list[Said]:
        if (language, scene.name) not in said:
            restore_stock(live_server)
            prefix = prefix_of(language, f"s{SCENES.index(scene)}")
            said[language, scene.name] = play_scene(
                scene, running_driver(language), prefix, address_for(language, live_server), script
            )
        return said[language, scene.name]

    return play


@pytest.mark.parametrize("scene", LIVE, ids=attrgetter("name"))
def test_the_scene_passes_with_the_same_bytes_as_in_python(caller: str, scene: Scene, play: Play) -> None:
    assert play(caller, scene) == play(REFERENCE, scene)


@pytest.mark.parametrize("scene", SCRIPTED, ids=attrgetter("name"))
def test_the_client_passes_the_scene_with_the_same_bytes_as_in_python(
    language: str, scene: Scene, play: Play
) -> None:
    assert play(language, scene) == play(REFERENCE, scene)


def test_every_method_is_called_on_the_live_server() -> None:
    called = {step.method for scene in LIVE for step in scene.steps}
    assert called == set(METHODS)
