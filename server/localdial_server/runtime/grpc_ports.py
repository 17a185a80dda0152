"""The ports of the gRPC server: with TLS or without, and a socket for the server's own webhook."""

import contextlib
import errno
import logging
import tempfile
from collections.abc import Iterator

import grpc

from localdial_server.settings.addresses import cannot_listen, opened
from localdial_server.settings.errors import StartError
from localdial_server.settings.settings import Settings, env_name
from localdial_server.settings.validators import is_loopback
from localdial_server.tls.server_certificates import ServerCertificates

_log = logging.getLogger(__name__)


def bind(
    server: grpc.aio.Server, settings: Settings, certificates: ServerCertificates | None, *, shared_port: bool
) -> str:
    """Bind the addresses of the settings; return `listen` with port 0 replaced by the real one.

    With `shared_port`, other processes may listen on the same addresses. Raises `StartError`.
    """
    required = settings.tls_client_certificates == "required"
    credentials = None if certificates is None else certificates.grpc_credentials(require_client=required)
    address = _bind(server, "listen", settings.listen, credentials, shared_port=shared_port)
    if certificates is not None and settings.tls_client_listen:
        second = _bind(
            server,
            "tls_client_listen",
            settings.tls_client_listen,
            certificates.grpc_credentials(require_client=True),
            shared_port=shared_port,
        )
        _log.info("serving callers with a client certificate", extra={"address": second})
    return address


@contextlib.contextmanager
def own_socket(server: grpc.aio.Server) -> Iterator[str]:
    """Let this process call the server without TLS; yield the gRPC target.

    It is a socket in a folder that only this user can open. Raises `StartError`.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="localdial-")
    except OSError as error:
        raise StartError(
            f"cannot create a temporary folder: {error}. Set TMPDIR to a folder that exists"
        ) from None
    with folder as path:
        target = f"unix:{path}/own.sock"
        try:
            server.add_insecure_port(target)
        except RuntimeError:
            raise StartError(
                f"cannot listen on {target}. Set TMPDIR to a folder with a shorter path"
            ) from None
        yield target


def log_exposure(settings: Settings, address: str) -> None:
    """Log who may call the server at `address`: with which credentials, or anybody without any."""
    if settings.credentials_required:
        accepted = ["an API key"]
        if settings.jwt_issuer:
            accepted.append(f"a token of {settings.jwt_issuer}")
        if settings.tls_client_principals:
            accepted.append("a client certificate")
        _log.info("callers need a credential", extra={"credential": " or ".join(accepted)})
    elif is_loopback(address):
        _log.info("any program on this machine may call the server: it requires no credentials")
    else:
        _log.warning(
            "whoever reaches the server may read every call, and buy and delete numbers: it requires no "
            "credentials (LOCALDIAL_ALLOW_INSECURE)",
            extra={"address": address},
        )


def _bind(
    server: grpc.aio.Server,
    setting: str,
    listen: str,
    credentials: grpc.ServerCredentials | None,
    *,
    shared_port: bool,
) -> str:
    if not shared_port:
        # gRPC reports a failed bind only in a line of its own on stderr, so try without gRPC first. The
        # supervisor has tried a shared port.
        with opened(listen, env_name(setting)):
            pass
    try:
        if credentials is None:
            port = server.add_insecure_port(listen)
        else:
            port = server.add_secure_port(listen, credentials)
    except RuntimeError:
        port = 0
    if port == 0:
        # Another server has taken the port just now, or holds an address that gRPC binds in addition.
        raise cannot_listen(listen, env_name(setting), OSError(errno.EADDRINUSE, ""))
    return f"{listen.rpartition(':')[0]}:{port}"
