"""Check how a client connects: the address, TLS and the key."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import grpc

from localdial_client._channel import ChannelOptions, channel_options, retries_are_enabled
from localdial_client._retries import Retries
from localdial_client._target import Target, target_of

_KEY: Final = re.compile(r"[!-~]+")
_PEM: Final = b"-----BEGIN "


class Connection(NamedTuple):
    """The arguments of a channel, and the retries of its calls; without `credentials` it is not encrypted."""

    target: str
    credentials: grpc.ChannelCredentials | None
    options: list[tuple[str, Any]]
    retries: Retries


def connection(
    address: str | Sequence[str],
    *,
    key: str | None,
    tls: bool,
    root_certificate: bytes | None,
    client_certificate: bytes | None,
    client_key: bytes | None,
    credentials: grpc.ChannelCredentials | None,
    options: ChannelOptions,
) -> Connection:
    """Check the arguments of a client and return what its calls need.

    Raises ValueError for an unusable argument, without repeating a secret, and OSError for an address that
    cannot be resolved.
    """
    target = target_of(address)
    pems = {
        "root_certificate": root_certificate,
        "client_certificate": client_certificate,
        "client_key": client_key,
    }
    for name, pem in pems.items():
        if pem is not None and _PEM not in pem:
            raise ValueError(f"{name} is not in PEM format")
    if tls or any(pem is not None for pem in pems.values()):
        if credentials is not None:
            raise ValueError("credentials already say how to connect: leave out tls and the certificates")
        if (client_certificate is None) != (client_key is None):
            raise ValueError("client_certificate and client_key must be given together")
        credentials = grpc.ssl_channel_credentials(root_certificate, client_key, client_certificate)
    if key is not None:
        _check_key(key, target, is_encrypted=credentials is not None)
    merged = channel_options(options, is_local=target.is_local)
    if target.authority is not None and not any(name == "grpc.default_authority" for name, _ in merged):
        merged.append(("grpc.default_authority", target.authority))
    addresses = address if isinstance(address, str) else ", ".join(address)
    retries = Retries(addresses, enabled=retries_are_enabled(options))
    return Connection(target.uri, credentials, merged, retries)


def _check_key(key: str, target: Target, *, is_encrypted: bool) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError("the key must be visible ASCII characters, without spaces")
    if not (is_encrypted or target.is_local):
        raise ValueError("a key is sent only over TLS, except to a server on this machine: pass tls=True")
