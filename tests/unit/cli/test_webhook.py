import json
from collections.abc import Callable

import pytest

from localdial_server.cli.exit_codes import ExitCode
from localdial_server.runtime import serve as server_process
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings, describe_settings
from localdial_server.web.webhook import standalone
from localdial_server.web.webhook.routing_client import Server

from .conftest import Cli

Started = tuple[str, str, str]


@pytest.fixture(autouse=True)
def _only_what_the_webhook_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in describe_settings():
        monkeypatch.delenv(setting.env, raising=False)
    monkeypatch.setenv("LOCALDIAL_WEBHOOK_PUBLIC_URL", "https://voice.example.com/")
    monkeypatch.setenv("LOCALDIAL_TWILIO_AUTH_TOKEN", "hunter2")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    """Replace the webhook by one that is ready and stops at once; return what each was started with."""
    started: list[Started] = []

    def serve(settings: Settings, server: Server, listen: str, on_ready: Callable[[str], None]) -> None:
        started.append((settings.webhook_public_url, server.target, listen))
        on_ready("127.0.0.1:4711")

    monkeypatch.setattr(standalone, "serve", serve)
    return started


def test_the_webhook_calls_the_same_server_as_other_commands(cli: Cli, started: list[Started]) -> None:
    result = cli.run("webhook")
    assert result.stdout == "the webhook is ready on 127.0.0.1:4711\n"
    assert json.loads(cli.run("--json", "webhook", "--server", "there:1").stdout) == {
        "address": "127.0.0.1:4711"
    }
    url = "https://voice.example.com"
    assert started == [(url, cli.address, "127.0.0.1:8080"), (url, "there:1", "127.0.0.1:8080")]


def test_the_listen_option_wins_over_the_setting(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDIAL_WEBHOOK_LISTEN", "127.0.0.1:1")
    cli.run("webhook")
    cli.run("webhook", "--listen", "127.0.0.1:0")
    assert [listen for _, _, listen in started] == ["127.0.0.1:1", "127.0.0.1:0"]


@pytest.mark.parametrize("command", [["webhook"], ["serve", "--webhook", "127.0.0.1:0"]])
def test_without_a_public_url_and_a_token_no_webhook_is_started(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("LOCALDIAL_WEBHOOK_PUBLIC_URL")
    monkeypatch.delenv("LOCALDIAL_TWILIO_AUTH_TOKEN")
    result = cli.run(*command)
    assert result.exit_code == ExitCode.USAGE
    assert [line.split(":")[0].strip() for line in result.stderr.splitlines()[1:]] == [
        "LOCALDIAL_WEBHOOK_PUBLIC_URL",
        "LOCALDIAL_TWILIO_AUTH_TOKEN",
    ]
    assert started == []


def test_tokens_of_further_accounts_are_enough(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOCALDIAL_TWILIO_AUTH_TOKEN")
    monkeypatch.setenv("LOCALDIAL_WEBHOOK_ACCOUNT_TOKENS", "AC1:hunter2")
    assert cli.run("webhook").exit_code == ExitCode.OK
    assert len(started) == 1


def test_serve_takes_the_webhook_address_from_its_option(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(server_process, "serve", lambda settings, _: served.append(settings))
    cli.run("serve", "--webhook", "127.0.0.1:0")
    cli.run("serve")
    assert [settings.webhook_listen for settings in served] == ["127.0.0.1:0", ""]
    assert "--webhook: must be host:port" in cli.run("serve", "--webhook", "nowhere").stderr


def test_a_start_error_is_reported_in_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StartError("the port is taken")

    monkeypatch.setattr(standalone, "serve", refuse)
    result = cli.run("webhook")
    assert result.exit_code == ExitCode.ERROR
    assert result.stderr == "Error: the port is taken\n"
