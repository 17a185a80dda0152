"""The addresses of a server: with TLS or without, and a socket for the server's own webhook."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from localdial_server.runtime.front import Front
from localdial_server.runtime.supervision import Event
from localdial_server.settings.errors import StartError
from localdial_server.settings.validators import is_loopback
from localdial_server.tls.server_certificates import ServerCertificates

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

_log = logging.getLogger(__name__)


def bind(front: Front, settings: "Settings", certificates: ServerCertificates | None) -> str:
    """Add the addresses of the settings; return `listen` with port 0 replaced by the real one.

    Raises `StartError`.
    """
    required = settings.tls_client_certificates == "required"
    address = front.add_address(
        "listen", settings.listen, certificates, clients="required" if required else "off"
    )
    if certificates is not None and settings.tls_client_listen:
        listen = settings.tls_client_listen
        second = front.add_address("tls_client_listen", listen, certificates, clients="required")
        _log.info("serving callers with a client certificate", extra={"address": second})
    return address


@contextlib.contextmanager
def own_socket(front: Front) -> Iterator[str]:
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
            front.add_unix_socket(f"{path}/own.sock")
        except OSError:
            raise StartError(
                f"cannot listen on {target}. Set TMPDIR to a folder with a shorter path"
            ) from None
        yield target


def exposure(settings: "Settings", addresses: Sequence[str]) -> Event:
    """Return the event that says who may call the server: with which credentials, or anybody.

    `addresses` are those of the API.
    """
    if settings.credentials_required:
        accepted = ["an API key"]
        if settings.jwt_issuer:
            accepted.append(f"a token of {settings.jwt_issuer}")
        if settings.tls_client_principals:
            accepted.append("a client certificate")
        return Event(logging.INFO, "callers need a credential", {"credential": " or ".join(accepted)})
    exposed = [each for each in addresses if not is_loopback(each)]
    if not exposed:
        event = "any program on this machine may call the server: it requires no credentials"
        return Event(logging.INFO, event, {})
    event = (
        "whoever reaches the server may read every call, and buy and delete numbers: it requires no "
        "credentials (LOCALDIAL_ALLOW_INSECURE)"
    )
    return Event(logging.WARNING, event, {"address": " ".join(exposed)})
