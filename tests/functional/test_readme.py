"""The commands and programs of the README and of the guides work when pasted."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functional.server_process import ServerProcess
from tests.functional.simulator_process import SimulatorProcess
from tests.functional.webhook_process import webhook_address
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^\.venv/bin/localdial (.+)$", README, re.MULTILINE)
GETTING_STARTED = (ROOT / "docs/getting-started.md").read_text("utf-8")
(PROGRAM,) = re.findall(r"^```python\n(.+?)^```$", GETTING_STARTED, re.MULTILINE | re.DOTALL)


@pytest.fixture
def demo_server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    server = start_server()
    assert said(server, "-m", "localdial_server", "demo")
    return server


def said(server: ServerProcess, *arguments: str, folder: Path | None = None) -> str:
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "LOCALDIAL_SERVER": server.address},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_quickstarts_commands_show_what_they_promise(demo_server: ServerProcess) -> None:
    assert len(COMMANDS) == 5
    resolved, routed, bought, listed, demo = (
        said(demo_server, "-m", "localdial_server", *command.split()) for command in COMMANDS
    )
    assert "LOCAL_PRESENCE_MAPPED" in resolved
    assert "bob" in routed
    assert "+1312" in bought
    assert "+1415" in listed
    assert "+1312" in listed
    assert "NO_CALLER_ID" in demo


def test_the_commands_and_the_program_of_getting_started_work_beside_the_demo(
    demo_server: ServerProcess,
) -> None:
    # A newcomer comes from the README, whose server has loaded the demo.
    beginning, ending = GETTING_STARTED.split("## Resolve a call from a program")
    printed = {}
    for command in re.findall(r"^localdial (.+)$", beginning, re.MULTILINE):
        printed[command] = said(demo_server, "-m", "localdial_server", *shlex.split(command))
    program = PROGRAM.replace('"127.0.0.1:50051"', repr(demo_server.address))
    assert program != PROGRAM
    assert said(demo_server, "-c", program) == "+12135550100\n"
    for command in re.findall(r"^localdial (.+)$", ending, re.MULTILINE):
        printed[command] = said(demo_server, "-m", "localdial_server", *shlex.split(command))
    assert len(printed) > 8
    assert "LOCAL_PRESENCE_MAPPED" in printed["resolve acme ann +13235550155"]
    assert "LAST_CALLER" in printed["route +12135550100 +13235550155"]


def test_the_commands_of_the_page_about_users_files_work(demo_server: ServerProcess, tmp_path: Path) -> None:
    page = (ROOT / "docs/users-csv.md").read_text("utf-8")
    (agents,) = re.findall(r"^```csv\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "agents.csv").write_text(agents)
    (tmp_path / "export.csv").write_text(
        "sep=;\r\nEmployee;Display_Name;caller_id;Mobile Phone;Team\r\nann;Ann Lee;;(206) 555-0192;West\r\n"
    )
    said(demo_server, "-m", "localdial_server", "orgs", "set", "acme")
    commands = re.findall(r"^localdial (.+)$", page, re.MULTILINE)
    checked, imported, mapped = (
        said(demo_server, "-m", "localdial_server", *shlex.split(command), folder=tmp_path)
        for command in commands
    )
    assert "2 users would be set in acme" in checked
    assert "2 users set in acme" in imported
    assert "+12065550192" in mapped


def test_the_commands_of_the_page_about_external_numbers_work(
    demo_server: ServerProcess, tmp_path: Path
) -> None:
    page = (ROOT / "docs/external-numbers.md").read_text("utf-8")
    (tmp_path / "numbers.txt").write_text("+14155550142\n+12065550142\n")
    said(demo_server, "-m", "localdial_server", "orgs", "set", "acme")
    by_name, by_file = re.findall(r"^localdial (.+)$", page, re.MULTILINE)
    for command, number in (by_name, "+16285550142"), (by_file, "+12065550142"):
        # Without a terminal, the command cannot ask.
        arguments = [*shlex.split(command), "--yes"]
        assert number in said(demo_server, "-m", "localdial_server", *arguments, folder=tmp_path)


def test_the_webhook_answers_the_signed_call_back_of_its_page(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl or openssl is missing")
    page = (ROOT / "docs/webhook.md").read_text("utf-8")
    section = page.split("## Try it without Twilio")[1].split("## Who gets an answer")[0]
    serve, call, listing = re.findall(r"^```sh\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    settings = dict(re.findall(r"(LOCALDIAL_\w+)=(\S+)", serve))
    server = start_server(**settings, LOCALDIAL_WEBHOOK_LISTEN="127.0.0.1:0")
    said(server, "-m", "localdial_server", "demo")
    script = call.replace("127.0.0.1:8080", webhook_address(server))
    answered = subprocess.run(
        ["bash", "-euc", f'localdial() {{ "{sys.executable}" -m localdial_server "$@"; }}\n{script}'],
        env={**os.environ, "LOCALDIAL_SERVER": server.address},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "<Number>+13035550192</Number>" in answered.stdout
    arguments = shlex.split(listing)[1:]
    wait_until(lambda: "CA1" in said(server, "-m", "localdial_server", *arguments))
    assert "PENDING" in said(server, "-m", "localdial_server", *arguments)


def test_the_twilio_simulator_accepts_every_command_of_its_page() -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing")
    page = (ROOT / "docs/twilio-simulator.md").read_text("utf-8")
    commands = re.findall(r"^curl (.+)$", page, re.MULTILINE)
    assert len(commands) > 5
    with SimulatorProcess() as simulator:
        for command in commands:
            arguments = shlex.split(command.replace("127.0.0.1:8090", simulator.url), comments=True)
            subprocess.run(["curl", "--fail", "--silent", *arguments], check=True, timeout=30)
