"""The package of the Python client: its contents, and that it runs with its oldest dependencies."""

import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from localdial_client import __version__
from tests.conftest import STRICT
from tests.functional.server_process import ServerProcess
from tests.interop.driver import Driver
from tests.interop.drivers.python import PROGRAM
from tests.interop.player import play_scene
from tests.interop.schema import load_scenes
from tests.interop.scripted_server import ScriptedServer
from tests.interop.stock import restore_stock
from tests.interop.transcript import prefix_of

FOLDER = Path(__file__).parents[2] / "clients" / "python"
PACKAGES = "localdial", "localdial_client"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the source distribution and of the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, FOLDER)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"localdial_client-{__version__}.dist-info/METADATA").decode("utf-8")
    return Parser().parsestr(text)


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def sources() -> set[str]:
    """Return the files of the packages in git."""
    return set(run("git", "-C", FOLDER, "ls-files", *PACKAGES).splitlines())


def test_the_wheel_has_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"localdial_client-{__version__}.dist-info"
    assert names == sources() | {
        f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")
    }
    assert {
        "localdial_client/py.typed",
        "localdial/py.typed",
        "localdial_client/service_config.json",
        "localdial/v1/directory_pb2.pyi",
    } <= names


def test_the_source_distribution_has_the_examples_too(built: Path) -> None:
    with tarfile.open(built / f"localdial_client-{__version__}.tar.gz") as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    examples = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("examples/*.py")}
    assert examples
    others = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
    assert names - {".gitignore"} == (sources() | examples | others) - {".gitignore"}


def test_the_metadata_describe_the_package(metadata: Message) -> None:
    assert metadata["Name"] == "localdial-client"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (FOLDER / "README.md").read_text("utf-8")
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])


def test_the_readme_lists_the_oldest_supported_versions(metadata: Message) -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    for name, version in floors(metadata).items():
        assert f"{name} {version}" in readme


@pytest.mark.skipif(not STRICT, reason="takes a minute and a package index: LOCALDIAL_TEST_STRICT=1 runs it")
def test_with_the_oldest_dependencies_all_scenes_are_right(
    wheel: Path, metadata: Message, tmp_path: Path, server: ServerProcess, script: ScriptedServer
) -> None:
    python = tmp_path / "oldest" / "bin" / "python"
    run(sys.executable, "-m", "venv", python.parents[1])
    oldest = [f"{name}=={version}" for name, version in floors(metadata).items()]
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, *oldest)
    assert installed(python) >= set(oldest)
    with Driver([str(python), "-W", "error", str(PROGRAM)], tmp_path / "driver.log") as driver:
        for index, scene in enumerate(load_scenes()):
            restore_stock(server)
            assert play_scene(scene, driver, prefix_of("oldest", f"s{index}"), server.address, script)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path) as server:
        yield server


@pytest.fixture
def script() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def floors(metadata: Message) -> dict[str, str]:
    """Return the oldest version of each package that the client requires."""
    required = [text for text in metadata.get_all("Requires-Dist", []) if "extra ==" not in text]
    found = {}
    for text in required:
        match = re.fullmatch(r"([\w.-]+)(?:<[\d.]+,)?>=([\d.]+)(?:,<[\d.]+)?", text)
        assert match, f"{text} has no floor"
        found[match[1]] = match[2]
    assert found.keys() == {"googleapis-common-protos", "grpcio", "protobuf"}
    return found


def installed(python: Path) -> set[str]:
    """Return the installed packages, with versions as short as `floors` has them."""
    frozen = run(python, "-m", "pip", "freeze", "--disable-pip-version-check")
    return {re.sub(r"(==\d+\.\d+)\.0$", r"\1", line) for line in frozen.splitlines()}
