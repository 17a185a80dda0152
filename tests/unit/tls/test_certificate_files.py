import datetime as dt
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from localdial_server.settings.settings import read_settings
from localdial_server.tls.certificate_files import CertificateFiles, UnusableCertificate
from tests.support.certificates import Authority, Identity

DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def files_of(identity: Identity, client_ca: Path | None = None) -> CertificateFiles:
    mutual = {} if client_ca is None else {"tls_client_ca": client_ca, "tls_client_certificates": "required"}
    return CertificateFiles(
        read_settings(None, tls_certificate=identity.certificate, tls_key=identity.key, **mutual)
    )


def problem(identity: Identity, client_ca: Path | None = None) -> str:
    with pytest.raises(UnusableCertificate) as caught:
        files_of(identity, client_ca).load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_certificate_is_loaded_with_its_chain_and_its_end(authority: Authority) -> None:
    end = NOW + 30 * DAY
    identity = authority.issue("localhost", not_after=end)
    loaded = files_of(identity, authority.certificate).load()
    assert loaded.chain == identity.certificate.read_bytes()
    assert loaded.key == identity.key.read_bytes()
    assert loaded.client_authorities == authority.certificate.read_bytes()
    assert loaded.expires == end
    assert loaded.client_context is not None
    assert files_of(identity).load().client_context is None


def missing(file: Path) -> str:
    file.unlink()
    return "cannot read {}: No such file or directory. Set {} to a PEM file that this user can read"


def a_folder(file: Path) -> str:
    file.unlink()
    file.mkdir()
    return "{} ({}) is not a file; set {} to a PEM file"


def a_pipe(file: Path) -> str:
    file.unlink()
    os.mkfifo(file)
    return "{} ({}) is not a file; set {} to a PEM file"


@pytest.mark.parametrize("setting", ["certificate", "key"])
@pytest.mark.parametrize("spoil", [missing, a_folder, a_pipe])
def test_what_is_no_file_is_refused(authority: Authority, setting: str, spoil: Callable[[Path], str]) -> None:
    identity = authority.issue("localhost")
    file: Path = getattr(identity, setting)
    variable = f"LOCALDIAL_TLS_{setting.upper()}"
    said = spoil(file)
    shown = f"{file} ({variable})"
    expected = said.format(shown, variable) if spoil is missing else said.format(file, variable, variable)
    assert problem(identity) == expected


def test_a_file_that_this_user_may_not_read_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = authority.issue("localhost")
    read = Path.read_bytes

    # Root may read every file, so permissions alone would not show it there.
    def refused(path: Path) -> bytes:
        if path == identity.key:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert "Permission denied" in problem(identity)


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"\x30\x82\x01\x0a", b"\xff" * 100])
def test_files_that_are_no_pem_are_refused(authority: Authority, tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(content)
    identity = authority.issue("localhost")
    certificate = Identity(other, identity.key)
    assert problem(certificate) == f"{other} (LOCALDIAL_TLS_CERTIFICATE) has no certificate in PEM format"
    key = Identity(identity.certificate, other)
    assert problem(key) == f"{other} (LOCALDIAL_TLS_KEY) has no private key in PEM format"
    shown = f"{other} (LOCALDIAL_TLS_CLIENT_CA)"
    assert problem(identity, other) == f"{shown} has no certificate in PEM format"


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    identity, other = authority.issue("localhost"), authority.issue("other")
    assert "does not belong to the first certificate in" in problem(Identity(identity.certificate, other.key))


def test_an_intermediate_certificate_before_the_servers_own_is_refused(authority: Authority) -> None:
    identity = authority.issue("localhost")
    chain = identity.certificate.read_bytes()
    identity.certificate.write_bytes(authority.certificate.read_bytes() + chain)
    assert "put the server's own certificate before the others" in problem(identity)


def test_an_encrypted_key_is_refused_with_the_command_that_decrypts_it(authority: Authority) -> None:
    identity = authority.issue("localhost")
    key = load_pem_private_key(identity.key.read_bytes(), None)
    for form in PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL:
        identity.key.write_bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"secret")))
        assert problem(identity) == (
            f"{identity.key} (LOCALDIAL_TLS_KEY) is encrypted, and nobody can enter its passphrase; "
            "decrypt it: openssl pkey -in ENCRYPTED -out KEY"
        )


def test_a_key_that_clients_do_not_accept_is_refused(authority: Authority) -> None:
    identity = authority.issue("localhost")
    key = ed25519.Ed25519PrivateKey.generate()
    identity.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "is neither an RSA nor an EC key" in problem(identity)


def test_a_certificate_outside_its_time_is_refused_with_that_time(authority: Authority) -> None:
    expired = authority.issue("localhost", not_before=NOW - 2 * DAY, not_after=NOW - DAY)
    assert problem(expired) == (
        f"the certificate in {expired.certificate} (LOCALDIAL_TLS_CERTIFICATE) expired at "
        f"{NOW - DAY:%Y-%m-%d %H:%M:%S} UTC; renew it"
    )
    early = authority.issue("localhost", not_before=NOW + DAY, not_after=NOW + 2 * DAY)
    assert problem(early) == (
        f"the certificate in {early.certificate} (LOCALDIAL_TLS_CERTIFICATE) is not valid before "
        f"{NOW + DAY:%Y-%m-%d %H:%M:%S} UTC; check the clock of this machine, or wait"
    )


def test_a_problem_repeats_nothing_of_the_key(authority: Authority) -> None:
    identity = authority.issue("localhost")
    key = identity.key.read_text("ascii")
    identity.key.write_text(key.replace("A", "B"), "ascii")
    said = problem(identity)
    assert not any(line in said for line in key.splitlines()[1:-1])


def test_files_that_change_while_they_are_read_are_read_again(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(authority.issue("localhost"))
    load, loads = files._load, 0

    def load_and_replace() -> object:
        nonlocal loads
        loads += 1
        loaded = load()
        if loads == 1:
            authority.issue("localhost")
        return loaded

    monkeypatch.setattr(files, "_load", load_and_replace)
    assert files.load().chain == files._chain.path.read_bytes()
    assert loads == 2


def test_replacing_a_link_or_granting_permission_changes_the_state(authority: Authority) -> None:
    identity = authority.issue("localhost")
    files = files_of(identity)
    before = files.state()
    identity.key.chmod(0o400)
    granted = files.state()
    target = identity.key.with_suffix(".new")
    target.write_bytes(identity.key.read_bytes())
    identity.key.unlink()
    identity.key.symlink_to(target)
    assert len({before, granted, files.state()}) == 3


def test_an_ec_key_in_its_traditional_form_is_read(authority: Authority) -> None:
    identity = authority.issue("localhost")
    key = load_pem_private_key(identity.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    identity.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    files_of(identity).load()
