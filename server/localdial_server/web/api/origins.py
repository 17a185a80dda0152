"""Which pages of browsers may call the server."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from localdial_server.rpc.asgi import Scope
from localdial_server.web.api.responses import Header

# The headers of the Connect protocol and of gRPC-Web, and the credential.
_REQUEST_HEADERS: Final = (
    b"authorization, content-type, content-encoding, connect-protocol-version, connect-timeout-ms, "
    b"grpc-timeout, x-grpc-web, x-user-agent"
)
_RESPONSE_HEADERS: Final = b"grpc-status, grpc-message, grpc-status-details-bin, retry-after"
_PREFLIGHT_SECONDS: Final = b"7200"

_LONGEST_SHOWN: Final = 100


class Sender(NamedTuple):
    """What a browser says of a request: the host in its URL, and the origin of the page that makes it."""

    scheme: str
    host: str | None
    origin: str | None

    @classmethod
    def of(cls, scope: Scope) -> "Sender":
        """Return what the headers of a request say."""
        host = origin = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1").lower()
            elif name == b"origin":
                origin = value.decode("latin-1").lower()
        return cls(scope["scheme"], host, origin)


class Origins:
    """Decides by the headers that only a browser's page cannot choose."""

    def __init__(self, allowed: Iterable[str], hosts: Iterable[str], *, is_open: bool) -> None:
        """Let pages of the origins `allowed` call, besides the server's own.

        `hosts` are the names of this server. `is_open`: it serves calls without credentials.
        """
        self._allowed = frozenset(allowed)
        self._hosts = frozenset(hosts) | {urlsplit(each).hostname or "" for each in self._allowed}
        self._is_open = is_open

    def why_refused(self, sender: Sender) -> str | None:
        """Return why the request is refused; None if it is not.

        A server without credentials would do what any page asks, also one whose name was made to resolve to
        this server's address (DNS rebinding). With credentials, such a page has none.
        """
        if not self._is_open:
            return None
        if sender.host is not None and not self._is_own(sender.host):
            host = sender.host[:_LONGEST_SHOWN]
            return (
                f"the request is for the host {host}, which this server does not know as its own. If it is, "
                f"set LOCALDIAL_HTTP_ORIGINS to {sender.scheme}://{host}, or require credentials "
                "(LOCALDIAL_REQUIRE_CREDENTIALS)"
            )
        if sender.origin is not None and not self._is_same(sender) and sender.origin not in self._allowed:
            origin = sender.origin[:_LONGEST_SHOWN]
            return (
                f"the request comes from a page of {origin}, which may not call this server. If it may, add "
                "the origin to LOCALDIAL_HTTP_ORIGINS"
            )
        return None

    def shared_with(self, sender: Sender) -> Sequence[Header]:
        """Return the headers that let the page read the response; none if it may not."""
        if sender.origin is None or sender.origin not in self._allowed:
            return ()
        return (
            (b"access-control-allow-origin", sender.origin.encode("latin-1")),
            (b"access-control-expose-headers", _RESPONSE_HEADERS),
            (b"vary", b"origin"),
        )

    def preflight(self, sender: Sender) -> Sequence[Header]:
        """Return the headers that let the page make calls, in addition; none if it may not."""
        if not self.shared_with(sender):
            return ()
        return (
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", _REQUEST_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        )

    def _is_own(self, host: str) -> bool:
        name = _name_of(host)
        if name in self._hosts or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            # Nobody else's name resolves to an address that the URL itself has.
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    @staticmethod
    def _is_same(sender: Sender) -> bool:
        """Return whether the page is this server's own.

        Only the schemes may differ, because a proxy may end TLS.
        """
        assert sender.origin is not None
        return sender.host is not None and sender.origin.partition("://")[2] == sender.host


def _name_of(host: str) -> str:
    """Return the host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
