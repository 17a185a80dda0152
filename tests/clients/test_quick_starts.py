"""The quick start of each client's README runs as it is printed, against the demo organization."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from scripts.lib import node
from tests.functional.server_process import ServerProcess, environment_with
from tests.support import go, java, typescript

ROOT: Final = Path(__file__).parents[2]
PRINTED_ADDRESS: Final = "127.0.0.1:50051"
# A first call also loads the program, perhaps on a busy machine.
RUN_SECONDS: Final = 120


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Yield a server with the demo organization, which `./scripts/serve --demo` loads."""
    with ServerProcess(tmp_path_factory.mktemp("demo")) as server:
        environment = environment_with(LOCALDIAL_SERVER=server.address)
        command = [sys.executable, "-m", "localdial_server", "demo"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=RUN_SECONDS)
        yield server


def quick_start(language: str) -> str:
    """Return the only program in the section "Quick start" of the client's README."""
    readme = (ROOT / "clients" / language / "README.md").read_text("utf-8")
    section = re.split(r"^## ", readme.split("\n## Quick start\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    section = section.split("\n### ", 1)[0]
    (program,) = re.findall(r"^```(?:python|go|ts|java)\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(program)


def run_python(program: Path) -> str:
    return output(sys.executable, str(program))


def run_go(program: Path) -> str:
    if go.missing():
        pytest.skip(f"{go.missing()} missing")
    return go.go("clients/go", "run", str(program))


def run_typescript(program: Path) -> str:
    try:
        package = typescript.build()
    except node.NoNode as missing:
        pytest.skip(f"typescript: {missing}")
    scope = program.parent / "node_modules" / "@localdial"
    scope.mkdir(parents=True)
    (scope / "client").symlink_to(package)
    # The program has no types of its own, so it is JavaScript too.
    module = program.rename(program.with_suffix(".mjs"))
    return output(node.node(), str(module))


def run_java(program: Path) -> str:
    if java.missing():
        pytest.skip(f"{java.missing()} missing")
    java.build()
    return output(*java.java("-cp", java.LIBRARIES / "*", program))


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


# The name of the program's file, what runs it, and what it prints.
PROGRAMS: Final[dict[str, tuple[str, Callable[[Path], str], str]]] = {
    "python": ("quick_start.py", run_python, "+14155550100\n['+14155550101']\n"),
    "go": ("main.go", run_go, "+14155550100 CALLER_ID_REASON_LOCAL_PRESENCE_MAPPED\n"),
    "typescript": ("quick_start.ts", run_typescript, "+14155550100\n[ '+14155550101' ]\n"),
    "java": ("QuickStart.java", run_java, "+14155550100\n+14155550101\n"),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_quick_start_runs_as_printed(demo_server: ServerProcess, tmp_path: Path, language: str) -> None:
    file, run, printed = PROGRAMS[language]
    text = quick_start(language)
    assert text.count(PRINTED_ADDRESS) == 1
    program = tmp_path / file
    program.write_text(text.replace(PRINTED_ADDRESS, demo_server.address), "utf-8")
    assert run(program) == printed
