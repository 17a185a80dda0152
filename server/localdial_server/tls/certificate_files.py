"""Reads the files of a certificate, and says what is wrong with them."""

import datetime as dt
import ssl
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from localdial_server.settings.errors import StartError
from localdial_server.settings.variables import env_name

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

_ATTEMPTS: Final = 5


class UnusableCertificate(StartError):
    """The files cannot be used. The text is one line that says why and what to do."""


class _File(NamedTuple):
    path: Path
    setting: str
    """The name of the field of `Settings`."""

    @property
    def shown(self) -> str:
        """The file as messages name it."""
        return f"{self.path} ({env_name(self.setting)})"

    def state(self) -> tuple[int, ...] | None:
        """Return what changes when the file is written or replaced; None if there is no file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        # Replacing a link, as Kubernetes does, changes the inode, and granting permission the ctime.
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def read(self) -> bytes:
        """Return the content. Raises `UnusableCertificate`."""
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise UnusableCertificate(
                    f"{self.shown} is not a file; set {env_name(self.setting)} to a PEM file"
                )
            return self.path.read_bytes()
        except OSError as error:
            raise UnusableCertificate(
                f"cannot read {self.shown}: {error.strerror}. Set {env_name(self.setting)} to a PEM file "
                "that this user can read"
            ) from None


@dataclass(frozen=True, slots=True)
class LoadedCertificate:
    """A certificate that can be used, in the forms that gRPC and Python's `ssl` take."""

    chain: bytes
    key: bytes = field(repr=False)
    client_authorities: bytes | None
    expires: dt.datetime
    names: Sequence[str]
    """The names and addresses that it is for."""
    client_authorities_expire: dt.datetime | None
    """When the first of them expires."""
    context: ssl.SSLContext
    """For a server that asks for no client certificate."""
    client_context: ssl.SSLContext | None
    """For a server that requires one; None without client authorities."""

    def is_same(self, other: "LoadedCertificate") -> bool:
        """Return whether the files had the same content."""
        return (self.chain, self.key, self.client_authorities) == (
            other.chain,
            other.key,
            other.client_authorities,
        )


class CertificateFiles:
    """The files that the settings name. Its methods block, so they are for threads."""

    def __init__(self, settings: "Settings") -> None:
        """Use the settings, which must name a certificate."""
        assert settings.tls_certificate is not None
        assert settings.tls_key is not None
        self._chain = _File(settings.tls_certificate, "tls_certificate")
        self._key = _File(settings.tls_key, "tls_key")
        authorities = settings.tls_client_ca
        self._authorities = None if authorities is None else _File(authorities, "tls_client_ca")

    @property
    def paths(self) -> tuple[Path, Path, Path | None]:
        """The files of the certificate, its key, and the client authorities; None without those."""
        authorities = None if self._authorities is None else self._authorities.path
        return self._chain.path, self._key.path, authorities

    def state(self) -> object:
        """Return a value that differs after a file was written or replaced."""
        files = (self._chain, self._key, self._authorities)
        return tuple(file.state() for file in files if file is not None)

    def load(self) -> LoadedCertificate:
        """Read and check the files. Raises `UnusableCertificate`."""
        for _ in range(_ATTEMPTS):
            before = self.state()
            loaded = self._load()
            # `ssl` reads the files itself, and must have read what was checked.
            if self.state() == before:
                return loaded
        raise UnusableCertificate(f"{self._chain.shown} is being written all the time; try again")

    def _load(self) -> LoadedCertificate:
        chain, key = self._chain.read(), self._key.read()
        certificate = _certificates(chain, self._chain)[0]
        self._check_key(key, certificate)
        self._check_time(certificate)
        authorities = first_expiry = None
        if self._authorities is not None:
            authorities = self._authorities.read()
            first_expiry = min(
                each.not_valid_after_utc for each in _certificates(authorities, self._authorities)
            )
        return LoadedCertificate(
            chain=chain,
            key=key,
            client_authorities=authorities,
            expires=certificate.not_valid_after_utc,
            names=_names(certificate),
            client_authorities_expire=first_expiry,
            context=self._context(),
            client_context=None
            if authorities is None
            else self._client_context(authorities.decode("latin-1")),
        )

    def _check_key(self, pem: bytes, certificate: x509.Certificate) -> None:
        shown = self._key.shown
        try:
            key = load_pem_private_key(pem, None)
        except TypeError:
            raise UnusableCertificate(
                f"{shown} is encrypted, and nobody can enter its passphrase; decrypt it: "
                "openssl pkey -in ENCRYPTED -out KEY"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise UnusableCertificate(f"{shown} has no private key in PEM format") from None
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise UnusableCertificate(
                f"{shown} is neither an RSA nor an EC key, which clients need; use one of them"
            )
        if key.public_key() != certificate.public_key():
            raise UnusableCertificate(
                f"{shown} does not belong to the first certificate in {self._chain.shown}; use the key that "
                "the certificate was issued for, and put the server's own certificate before the others"
            )

    def _check_time(self, certificate: x509.Certificate) -> None:
        now = dt.datetime.now(dt.UTC)
        if now > certificate.not_valid_after_utc:
            raise UnusableCertificate(
                f"the certificate in {self._chain.shown} expired at "
                f"{_shown(certificate.not_valid_after_utc)}; renew it"
            )
        if now < certificate.not_valid_before_utc:
            raise UnusableCertificate(
                f"the certificate in {self._chain.shown} is not valid before "
                f"{_shown(certificate.not_valid_before_utc)}; check the clock of this machine, or wait"
            )

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            # Without a password, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(self._chain.path, self._key.path, password="")
        except (OSError, ssl.SSLError) as error:
            raise UnusableCertificate(
                f"{self._chain.shown} and {self._key.shown} cannot be used: {error.strerror or error}; "
                "issue a new certificate"
            ) from None
        return context

    def _client_context(self, authorities: str) -> ssl.SSLContext:
        context = self._context()
        try:
            context.load_verify_locations(cadata=authorities)
        except ssl.SSLError as error:
            assert self._authorities is not None
            raise UnusableCertificate(f"{self._authorities.shown} cannot be used: {error.reason}") from None
        context.verify_mode = ssl.CERT_REQUIRED
        return context


def _certificates(pem: bytes, file: _File) -> list[x509.Certificate]:
    """Return the certificates, at least one. Raises `UnusableCertificate`."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise UnusableCertificate(f"{file.shown} has no certificate in PEM format") from None


def _shown(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def _names(certificate: x509.Certificate) -> Sequence[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return [*names.get_values_for_type(x509.DNSName), *addresses]
