import json
from collections.abc import Callable
from pathlib import Path

import pytest

from localdial_server.cli.command import command_line
from localdial_server.cli.connection import ConnectionOptions
from localdial_server.cli.exit_codes import ExitCode
from localdial_server.runtime import bootstrap
from localdial_server.runtime import serve as server_process
from localdial_server.settings.addresses import reachable
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings, describe_settings

from .conftest import Cli

Ready = Callable[[str, str], None]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Replace the server by one that is ready and stops at once; return the settings it was started with."""
    started: list[Settings] = []

    def serve(settings: Settings, on_ready: Ready) -> None:
        started.append(settings)
        on_ready("127.0.0.1:4711", "http://127.0.0.1:4712/" if settings.http_listen else "")

    monkeypatch.setattr(server_process, "serve", serve)
    return started


def test_the_help_lists_every_setting_with_its_default_and_description(cli: Cli) -> None:
    text = " ".join(cli.run("serve", "--help").stdout.split())
    for setting in describe_settings():
        assert f"{setting.env} (default: {setting.default}) {setting.description}" in text


def test_the_listen_option_reaches_the_server_and_the_address_is_printed(
    cli: Cli, served: list[Settings]
) -> None:
    result = cli.run("serve", "--listen", "127.0.0.1:0")
    assert result.stdout == "localdial is ready on 127.0.0.1:4711\n"
    assert [settings.listen for settings in served] == ["127.0.0.1:0"]
    assert json.loads(cli.run("serve", "--json").stdout) == {"address": "127.0.0.1:4711"}


def test_the_http_option_reaches_the_server_and_the_page_is_printed(cli: Cli, served: list[Settings]) -> None:
    result = cli.run("serve", "--http", "127.0.0.1:0")
    assert result.stdout == "localdial is ready on 127.0.0.1:4711; its page is http://127.0.0.1:4712/\n"
    assert [settings.http_listen for settings in served] == ["127.0.0.1:0"]
    assert json.loads(cli.run("serve", "--http", "127.0.0.1:0", "--json").stdout) == {
        "address": "127.0.0.1:4711",
        "page": "http://127.0.0.1:4712/",
    }


def test_the_demo_switches_http_on(cli: Cli, served: list[Settings]) -> None:
    cli.run("serve", "--demo")
    assert [settings.http_listen for settings in served] == ["127.0.0.1:0"]


def test_the_demo_needs_a_server_that_is_open(
    cli: Cli, served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDIAL_REQUIRE_CREDENTIALS", "true")
    result = cli.run("serve", "--demo")
    assert result.exit_code == ExitCode.USAGE
    assert "load the demo with `localdial demo`" in " ".join(result.stderr.split())
    assert served == []


def test_insecurity_has_to_be_spelled_out(cli: Cli, served: list[Settings]) -> None:
    result = cli.run("serve", "--listen", "0.0.0.0:0")
    assert result.exit_code == ExitCode.USAGE
    assert "which other machines can reach" in " ".join(result.stderr.split())
    assert served == []
    assert cli.run("serve", "--listen", "0.0.0.0:0", "--insecure").exit_code == ExitCode.OK
    assert [settings.allow_insecure for settings in served] == [True]


def test_invalid_settings_are_a_usage_error_and_start_nothing(
    cli: Cli, served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDIAL_LOG_FORMAT", "xml")
    result = cli.run("serve", "--listen", "nowhere")
    assert result.exit_code == ExitCode.USAGE
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: the settings cannot be used"
    assert [line.split(":")[0].strip() for line in lines[1:]] == ["--listen", "LOCALDIAL_LOG_FORMAT"]
    assert served == []


def test_one_invalid_setting_is_reported_in_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_LOG_FORMAT", "xml")
    for command in ("serve", "migrate"):
        (line,) = cli.run(command).stderr.splitlines()
        assert line.startswith("Error: the settings cannot be used: LOCALDIAL_LOG_FORMAT: must be ")
    (problem,) = json.loads(cli.run("serve", "--json").stderr)["error"]["field_violations"]
    assert problem["field"] == "LOCALDIAL_LOG_FORMAT"


def test_a_start_error_is_reported_in_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> str:
        raise StartError("the port is taken")

    monkeypatch.setattr(server_process, "serve", refuse)
    monkeypatch.setattr(bootstrap, "migrate", refuse)
    for command in ("serve", "migrate"):
        result = cli.run(command)
        assert result.exit_code == ExitCode.ERROR
        assert result.stderr == "Error: the port is taken\n"


def test_migrate_prints_what_it_did(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "migrate", lambda _: "all is new")
    assert cli.run("migrate").stdout == "all is new\n"
    assert json.loads(cli.run("migrate", "--json").stdout) == {"done": "all is new"}


def test_the_server_keeps_running_when_the_demo_cannot_be_loaded(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "serve", lambda _, on_ready: on_ready("127.0.0.1:1", ""))
    result = cli.run("serve", "--demo")
    assert result.exit_code == ExitCode.OK
    assert "The demo organization is not loaded" in result.stderr


@pytest.mark.parametrize(
    ("served_on", "reached_at"),
    [
        ("0.0.0.0:1", "127.0.0.1:1"),
        ("[::]:1", "[::1]:1"),
        ("10.0.0.0:1", "10.0.0.0:1"),
        ("localhost:1", "localhost:1"),
    ],
)
def test_a_wildcard_address_is_called_at_loopback(served_on: str, reached_at: str) -> None:
    assert reachable(served_on) == reached_at


@pytest.mark.parametrize(
    ("started_as", "on_path", "shown"),
    [
        ("bin/localdial", True, "localdial"),
        ("bin/localdial", False, "bin/localdial"),
        ("localdial_server/__main__.py", False, "localdial"),
    ],
)
def test_a_pasted_command_starts_the_same_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started_as: str, shown: str, *, on_path: bool
) -> None:
    program = tmp_path / started_as
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(program.parent) if on_path else str(tmp_path))
    monkeypatch.setattr("sys.argv", [str(program), "serve"])
    assert command_line(ConnectionOptions(), "orgs", "list") == f"{shown} orgs list"
    assert command_line(ConnectionOptions("[::1]:1"), "route", "+1") == f"{shown} route +1 --server '[::1]:1'"
