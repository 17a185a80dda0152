"""Issues certificates of test authorities, for servers and clients on this machine."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import grpc
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class Identity:
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """An authority that issues certificates. Peers that trust it know `certificate`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._authority = trustme.CA()
        self._folder = folder / name
        self._folder.mkdir()
        self.certificate = self._folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.certificate)

    def issue(
        self, name: str, *, not_before: dt.datetime | None = None, not_after: dt.datetime | None = None
    ) -> Identity:
        """Issue a certificate for a host name or an IP address, over the files of an earlier one."""
        issued = self._authority.issue_cert(
            name, common_name=name, not_before=not_before, not_after=not_after
        )
        identity = Identity(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        # All languages read PKCS #8, and some read nothing else.
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        identity.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        identity.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return identity


def server_credentials(identity: Identity, clients: Authority | None = None) -> grpc.ServerCredentials:
    """Return a server's credentials. With `clients`, it requires client certificates of that authority."""
    return grpc.ssl_server_credentials(
        [(identity.key.read_bytes(), identity.certificate.read_bytes())],
        clients.certificate.read_bytes() if clients else None,
        require_client_auth=clients is not None,
    )
