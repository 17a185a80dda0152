"""Client certificates as credentials (mTLS)."""

from collections.abc import Iterable, Mapping
from typing import Final

from localdial_server.domain.principals import Principal
from localdial_server.rpc.call_context import CallContext

# gRPC's names for what a verified certificate says of its holder. The subject alternative names come first:
# a common name counts only if nothing else in the certificate is known.
_KINDS: Final[Mapping[str, str]] = {
    "peer_uri": "URI",
    "peer_dns": "DNS",
    "peer_email": "EMAIL",
    "peer_ip": "IP",
    "x509_common_name": "CN",
}


class ClientCertificates:
    """Finds the principal of a connection's client certificate, which gRPC has verified."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        """`principals`: by a name in the certificate, such as `DNS:dialer.example.com`."""
        self._principals = principals

    def principal_of(self, call: CallContext) -> Principal | None:
        """Return the principal, or None if there is no certificate or none that stands for a principal."""
        if not self._principals:
            return None
        properties: Mapping[str, Iterable[bytes]] = call.auth_context()
        for name, kind in _KINDS.items():
            for value in properties.get(name, ()):
                found = self._principals.get(f"{kind}:{value.decode('utf-8', 'replace')}")
                if found is not None:
                    return found
        return None
