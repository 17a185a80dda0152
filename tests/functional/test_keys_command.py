"""`localdial keys`: on the database for the first key, and on a server for all others."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localdial_client import Client
from localdial_server.domain.api_keys import hash_of, key_id_of
from localdial_server.runtime import bootstrap
from localdial_server.settings.settings import read_settings
from tests.functional.server_process import ServerProcess, environment_with
from tests.functional.test_api_keys import REQUIRED, reads, seconds_until, set_organization
from tests.functional.webhook_process import (
    WEBHOOK,
    WORK_PHONE,
    WebhookProcess,
    set_up_through,
    webhook_address,
)
from tests.support.postgres import PostgresServer
from tests.support.twilio_caller import TwilioCaller
from tests.support.waiting import DEADLINE_SECONDS

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


def localdial(*arguments: str, **variables: str) -> Ended:
    """Run `localdial` with these arguments and variables."""
    return subprocess.run(
        [sys.executable, "-m", "localdial_server", *arguments],
        env=environment_with(**variables),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )


def printed(ended: Ended) -> str:
    """Return the only line that the command printed on stdout."""
    assert ended.returncode == 0, ended.stderr
    [line] = ended.stdout.splitlines()
    return line


def test_the_first_key_is_made_in_the_database_and_the_others_through_the_server(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    database = {"LOCALDIAL_DATABASE_URL": url}
    create = "keys", "create", "operations", "--role", "admin", "--database"
    refused = localdial(*create, **database)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "localdial migrate" in refused.stderr
    assert localdial("migrate", **database).returncode == 0
    required = {**database, **REQUIRED}
    assert "no API key of an admin exists" in localdial("doctor", **required).stdout
    admin_key = printed(localdial(*create, **database))
    assert "there is an API key of an admin" in localdial("doctor", **required).stdout

    server = start_server(**database, **REQUIRED)
    in_use = localdial(*create, **database)
    assert (in_use.returncode, in_use.stdout) == (1, "")
    assert "another localdial uses" in in_use.stderr

    without = {"LOCALDIAL_SERVER": server.address}
    refused = localdial("keys", "list", **without)
    assert refused.returncode == 1
    assert "LOCALDIAL_API_KEY" in refused.stderr
    given = {**without, "LOCALDIAL_API_KEY": admin_key}
    set_organization(server.address, admin_key)
    dialer = "keys", "create", "dialer 1", "--role", "manager", "--organization", "acme"
    first = printed(localdial(*dialer, "--valid-for", "90d", **given))
    assert reads(server.address, first) == ""
    key_id = key_id_of(first) or ""
    assert printed(localdial("keys", "whoami", **{**given, "LOCALDIAL_API_KEY": first})) == (
        f"key:{key_id}, manager of acme"
    )
    second = printed(localdial("keys", "rotate", key_id, "--former-valid-for", "0m", **given))
    assert [reads(server.address, key) for key in (first, second)] == ["UNAUTHENTICATED", ""]
    listed = json.loads(localdial("keys", "list", "--organization", "acme", "--json", **given).stdout)
    assert [key["key_id"] for key in listed["api_keys"]] == [key_id]
    assert localdial("keys", "revoke", key_id, "--yes", **given).returncode == 0
    assert reads(server.address, second) == "UNAUTHENTICATED"
    table = localdial("keys", "list", **given)
    for shown in "dialer 1", "revoked", key_id:
        assert shown in table.stdout
    for key in first, second, admin_key:
        assert key[-43:] not in table.stdout
        assert hash_of(key) not in table.stdout
    server.stop()
    export = localdial("export", **database).stdout
    assert "acme" in export
    for key in first, second, admin_key:
        assert key[-43:] not in export
        assert hash_of(key) not in export
    # The record of changes has the identifier.
    assert key_id in export


def test_on_postgresql_a_key_is_made_in_the_database_beside_running_servers(
    start_server: Callable[..., ServerProcess], postgres: PostgresServer
) -> None:
    url = postgres.create_database("first_key")
    bootstrap.migrate(read_settings(database_url=url))
    database = {"LOCALDIAL_DATABASE_URL": url}
    server = start_server(**database, **REQUIRED)
    ended = localdial("keys", "create", "operations", "--role", "admin", "--database", **database)
    key = printed(ended)
    seconds_until("ORGANIZATION_NOT_FOUND", server.address, key)
    ended = localdial("keys", "revoke", key_id_of(key) or "", "--yes", "--database", **database)
    assert ended.returncode == 0, ended.stderr
    seconds_until("UNAUTHENTICATED", server.address, key)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("create", "x", "--role", "dialer"), "organization_id: is required for the role dialer"),
        (("create", "x", "--role", "admin", "--organization", "acme"), "must be empty for the role admin"),
        (("create", "x", "--role", "dialer", "--organization", "acme"), "there is no such organization"),
        (("create", "x", "--role", "admin", "--valid-for", "1x"), "--valid-for is '1x'"),
        (("create", "x", "--role", "admin", "--valid-for", "0m"), "valid_for"),
        (("create", "", "--role", "admin"), "display_name"),
        (("rotate", "nokey"), "there is no such API key"),
        (("revoke", "nokey", "--yes"), "there is no such API key"),
    ],
)
def test_a_mistake_is_explained_without_a_server_too(
    arguments: tuple[str, ...], expected: str, migrated: str
) -> None:
    ended = localdial("keys", *arguments, "--database", LOCALDIAL_DATABASE_URL=migrated)
    assert (ended.returncode == 0, ended.stdout) == (False, "")
    assert expected in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('keys') / 'x.db'}"
    bootstrap.migrate(read_settings(database_url=url))
    return url


def test_the_webhook_works_on_a_server_that_requires_credentials(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    database = {"LOCALDIAL_DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}"}
    assert localdial("migrate", **database).returncode == 0
    admin_key = printed(localdial("keys", "create", "first", "--role", "admin", "--database", **database))
    gateway = printed(localdial("keys", "create", "webhook", "--role", "gateway", "--database", **database))
    server = start_server(**database, **REQUIRED, **WEBHOOK)
    with Client(server.address, key=admin_key) as client:
        called = set_up_through(client)
    with contextlib.ExitStack() as stack:
        alone = [
            stack.enter_context(
                contextlib.closing(WebhookProcess(folder(tmp_path, name), server.address, **key))
            )
            for name, key in (("with", {"LOCALDIAL_API_KEY": gateway}), ("without", {}))
        ]
        addresses = webhook_address(server), *(webhook.address for webhook in alone)
        answers = [TwilioCaller(address).call(To=called) for address in addresses]
        assert [answer.dialed for answer in answers[:2]] == [WORK_PHONE] * 2
        assert answers[2].status == 503
        assert "UNAUTHENTICATED" in alone[1].log.read_text("utf-8")


def folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path
