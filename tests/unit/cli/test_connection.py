"""How commands reach a server: TLS, certificates and the API key."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from localdial.v1.directory_pb2 import ListOrganizationsResponse
from localdial_server.cli.app import app
from localdial_server.cli.connection import ConnectionOptions
from tests.support.certificates import Authority, Identity, server_credentials
from tests.support.fake_server import FakeServer

KEY = "ldk_abc_s3cret"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "SERVER", "TLS", "CA", "CLIENT_CERTIFICATE", "CLIENT_KEY", "API_KEY", "API_KEY_FILE":
        monkeypatch.delenv(f"LOCALDIAL_{name}", raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def identity(authority: Authority) -> Identity:
    return authority.issue("dialer")


class Gate:
    """A fake server that requires a client certificate of the authority."""

    def __init__(self, authority: Authority) -> None:
        self.server = FakeServer()
        credentials = server_credentials(authority.issue("localhost"), authority)
        self.address = f"localhost:{self.server.start(credentials=credentials).rpartition(':')[2]}"
        self.server.answers(ListOrganizationsResponse())

    @property
    def keys(self) -> list[str]:
        return [dict(call.metadata).get("authorization", "") for call in self.server.received]


@pytest.fixture
def gate(authority: Authority) -> Gate:
    return Gate(authority)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_options_of_tls_may_be_given_before_or_after_the_command(
    gate: Gate, authority: Authority, identity: Identity
) -> None:
    tls = "--ca", authority.certificate, "--client-certificate", identity.certificate
    result = run("--server", gate.address, *tls, "orgs", "list", "--client-key", identity.key)
    assert result.exit_code == 0, result.output


def test_the_environment_has_the_options_too_and_the_key(
    gate: Gate, authority: Authority, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALDIAL_SERVER", gate.address)
    monkeypatch.setenv("LOCALDIAL_CA", str(authority.certificate))
    monkeypatch.setenv("LOCALDIAL_CLIENT_CERTIFICATE", str(identity.certificate))
    monkeypatch.setenv("LOCALDIAL_CLIENT_KEY", str(identity.key))
    monkeypatch.setenv("LOCALDIAL_API_KEY", KEY)
    assert run("orgs", "list").exit_code == 0
    assert gate.keys == [f"Bearer {KEY}"]


def test_a_misspelled_switch_is_refused_and_does_not_mean_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_TLS", "treu")
    result = run("orgs", "list")
    assert result.exit_code == 2
    assert "LOCALDIAL_TLS must be true or false" in result.output


@pytest.mark.parametrize("value", ["true", "TRUE"])
def test_tls_can_be_switched_on_in_the_environment(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_TLS", value)
    assert ConnectionOptions.of_environment().uses_tls
    monkeypatch.setenv("LOCALDIAL_TLS", "false")
    assert not ConnectionOptions.of_environment().uses_tls


def test_a_key_in_a_file_wins_over_the_one_in_the_environment(
    gate: Gate, authority: Authority, identity: Identity, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    monkeypatch.setenv("LOCALDIAL_API_KEY", "other")
    tls = "--ca", authority.certificate, "--client-certificate", identity.certificate
    result = run(
        "--server", gate.address, *tls, "--client-key", identity.key, "--api-key-file", file, "orgs", "list"
    )
    assert result.exit_code == 0
    assert gate.keys == [f"Bearer {KEY}"]


def test_no_option_takes_the_key_itself() -> None:
    assert re.findall(r"--api-key\S*", run("orgs", "list", "--help").output) == ["--api-key-file"]


def test_a_key_is_sent_to_no_other_machine_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDIAL_API_KEY", KEY)
    result = run("--server", "192.0.2.1:50051", "orgs", "list")
    assert result.exit_code == 2
    assert "pass --tls or --ca" in result.output
    assert KEY not in result.output


@pytest.mark.parametrize("option", ["--ca", "--client-certificate", "--client-key", "--api-key-file"])
def test_a_file_that_cannot_be_read_is_named_with_its_option(option: str, tmp_path: Path) -> None:
    variable = f"LOCALDIAL_{option[2:].replace('-', '_').upper()}"
    result = run("orgs", "list", option, tmp_path / "missing")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert f"missing ({option}, {variable}): No such file or directory" in said.replace("- ", "-")


def test_a_certificate_without_its_key_is_refused(identity: Identity) -> None:
    result = run("orgs", "list", "--client-certificate", identity.certificate)
    assert result.exit_code == 2
    assert "must be given together" in " ".join(result.output.split())


def test_the_options_become_arguments_again() -> None:
    options = ConnectionOptions("host:1", tls=True, ca=Path("ca.pem"))
    assert options.arguments() == ["--server", "host:1", "--tls", "--ca", "ca.pem"]
    assert ConnectionOptions().arguments() == []
