import asyncio
import datetime as dt
import logging
import ssl
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from localdial_server.settings.settings import read_settings
from localdial_server.tls import server_certificates as module
from localdial_server.tls.server_certificates import (
    ServerCertificates,
    for_http,
    server_certificates,
    watched,
)
from tests.support.certificates import Authority, Identity
from tests.support.waiting import until

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


@pytest.fixture
def identity(authority: Authority) -> Identity:
    return authority.issue("localhost")


@pytest.fixture
def certificates(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> ServerCertificates:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.02)
    return of(identity)


def of(identity: Identity) -> ServerCertificates:
    settings = read_settings(None, tls_certificate=identity.certificate, tls_key=identity.key)
    found = server_certificates(settings)
    assert found is not None
    return found


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"localdial_tls_{name}", labels)


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_without_a_certificate_there_is_no_tls() -> None:
    assert server_certificates(read_settings()) is None


def test_http_on_a_loopback_address_is_plain(certificates: ServerCertificates) -> None:
    assert for_http("127.0.0.1:8080", certificates) is None
    assert for_http("[::1]:8080", certificates) is None
    assert for_http("0.0.0.0:8080", certificates) is certificates
    assert for_http("0.0.0.0:8080", None) is None


async def test_a_new_certificate_is_used_and_its_end_is_a_metric(
    authority: Authority, certificates: ServerCertificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = certificates.context()
    end = NOW + dt.timedelta(days=30)
    async with watched(certificates):
        authority.issue("localhost", not_after=end)
        await until(lambda: certificates.context() is not before)
    assert metric("certificate_expiry_timestamp_seconds", certificate="server") == end.timestamp()
    assert events(caplog) == ["using a new certificate"]


async def test_files_that_are_replaced_one_after_the_other_are_loaded_together(
    authority: Authority,
    identity: Identity,
    certificates: ServerCertificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old_key = identity.key.read_bytes()
    authority.issue("localhost")
    new_key = identity.key.read_bytes()
    identity.key.write_bytes(old_key)
    certificates._poll()
    # The certificate is new and the key is not yet.
    assert certificates._problem == ""
    identity.key.write_bytes(new_key)
    certificates._poll()
    certificates._poll()
    assert certificates._current.key == new_key
    assert "cannot be used" not in caplog.text


async def test_a_bad_certificate_keeps_the_last_good_one_is_logged_once_and_shows_in_a_metric(
    authority: Authority,
    identity: Identity,
    certificates: ServerCertificates,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    before = certificates.context()
    async with watched(certificates):
        identity.certificate.write_text("not a certificate")
        await until(lambda: metric("reload_failing") == 1)
        await asyncio.sleep(0.2)
        certificates.reload()
        await asyncio.sleep(0.2)
        assert certificates.context() is before
        [record] = caplog.records
        assert record.getMessage() == "the new certificate cannot be used; the server keeps the one it has"
        shown = f"{identity.certificate} (LOCALDIAL_TLS_CERTIFICATE)"
        assert vars(record)["cause"] == f"{shown} has no certificate in PEM format"
        authority.issue("localhost")
        await until(lambda: metric("reload_failing") == 0)
    assert events(caplog)[1:] == ["using a new certificate"]


def test_a_certificate_that_is_not_valid_yet_is_used_as_soon_as_it_is(
    authority: Authority, certificates: ServerCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = certificates.context()
    begin = NOW + dt.timedelta(hours=1)
    authority.issue("localhost", not_before=begin, not_after=begin + dt.timedelta(days=1))
    certificates._load()
    assert metric("reload_failing") == 1
    assert certificates.context() is before
    # As if the hour had passed: the files stay as they are.
    monkeypatch.setattr(certificates._files, "_check_time", lambda _: None)
    certificates._poll()
    certificates._poll()
    assert metric("reload_failing") == 0
    assert certificates.context() is not before


async def test_files_that_are_written_again_unchanged_are_no_new_certificate(
    identity: Identity, certificates: ServerCertificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    identity.key.write_bytes(identity.key.read_bytes())
    certificates._poll()
    certificates._poll()
    assert events(caplog) == []


async def test_a_reload_says_that_nothing_changed(
    certificates: ServerCertificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with watched(certificates):
        certificates.reload()
        await until(lambda: events(caplog) == ["the certificate is unchanged"])


def test_the_end_of_a_certificate_that_nobody_renews_is_logged_once(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificates = of(authority.issue("localhost", not_after=NOW + dt.timedelta(days=6)))
    for _ in range(3):
        certificates._poll()
    assert events(caplog) == ["the certificate expires soon; renew it"]


def test_the_key_is_never_shown(identity: Identity, certificates: ServerCertificates) -> None:
    assert str(identity.key.read_bytes()) not in repr(certificates._current)


async def test_a_reload_does_not_wait_for_the_next_poll(
    authority: Authority, certificates: ServerCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 3600)
    before = certificates.context()
    async with watched(certificates):
        await asyncio.sleep(0)
        authority.issue("localhost")
        certificates.reload()
        await until(lambda: certificates.context() is not before)


async def test_an_unexpected_failure_does_not_end_the_watch(
    authority: Authority,
    certificates: ServerCertificates,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    state, failures = certificates._files.state, iter([RuntimeError("disk")])

    def fail_once() -> object:
        for failure in failures:
            raise failure
        return state()

    monkeypatch.setattr(certificates._files, "state", fail_once)
    before = certificates.context()
    async with watched(certificates):
        authority.issue("localhost")
        await until(lambda: certificates.context() is not before)
    assert "the certificate files cannot be watched" in caplog.text


def test_every_context_refuses_what_is_older_than_tls_1_2(certificates: ServerCertificates) -> None:
    for context in certificates.context(), certificates.following_context():
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
