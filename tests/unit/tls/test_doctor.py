"""What `localdial doctor` says of a certificate."""

import datetime as dt
from pathlib import Path

import pytest

from localdial_server.admin.doctor import examine
from localdial_server.admin.doctor_finding import Finding, State
from localdial_server.settings.settings import read_settings
from tests.support.certificates import Authority, Identity

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def finding(identity: Identity, folder: Path) -> Finding:
    found: list[Finding] = []
    examine(
        read_settings(
            None, state_directory=folder, tls_certificate=identity.certificate, tls_key=identity.key
        ),
        found.append,
    )
    [tls] = [each for each in found if each.check == "certificate"]
    return tls


def test_the_end_of_a_certificate_is_named(authority: Authority, tmp_path: Path) -> None:
    identity = authority.issue("localhost", not_after=NOW + dt.timedelta(days=90))
    identity.key.chmod(0o600)
    found = finding(identity, tmp_path)
    assert (found.state, found.text) == (
        State.OK,
        f"expires on {NOW + dt.timedelta(days=90):%Y-%m-%d}",
    )


def test_a_certificate_that_ends_soon_is_a_warning(authority: Authority, tmp_path: Path) -> None:
    identity = authority.issue("localhost", not_after=NOW + dt.timedelta(days=3))
    identity.key.chmod(0o600)
    found = finding(identity, tmp_path)
    assert found.state is State.WARNING
    assert found.text.endswith("; renew it")


def test_a_key_that_others_can_read_is_a_warning(authority: Authority, tmp_path: Path) -> None:
    identity = authority.issue("localhost")
    identity.key.chmod(0o644)
    found = finding(identity, tmp_path)
    assert (found.state, found.text) == (
        State.WARNING,
        f"has a key that other users can read: chmod go= {identity.key}",
    )


def test_a_certificate_that_cannot_be_used_is_a_problem(authority: Authority, tmp_path: Path) -> None:
    identity = authority.issue("localhost")
    identity.certificate.unlink()
    found = finding(identity, tmp_path)
    assert found.state is State.PROBLEM
    assert "cannot read" in found.text
