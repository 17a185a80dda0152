"""What a client certificate says of its holder, by gRPC's names."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

# A certificate takes some 100 us to read, and comes again with every call of its connections.
_KEPT: Final = 1_000


def client_names(scope: Mapping[str, Any]) -> Mapping[str, Sequence[bytes]]:
    """Return the names in the client certificate of an ASGI request; empty without one."""
    tls = scope.get("extensions", {}).get("tls")
    chain = None if tls is None else tls["client_cert_chain"]
    return auth_context_of(chain[0]) if chain else {}


@functools.lru_cache(_KEPT)
def auth_context_of(certificate: str) -> Mapping[str, Sequence[bytes]]:
    """Return the names in a certificate in PEM format, which the connection has verified."""
    # It takes 9 MB that no server without client certificates needs.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    loaded = x509.load_pem_x509_certificate(certificate.encode())
    found: dict[str, list[bytes]] = {}
    for attribute in loaded.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        found.setdefault("x509_common_name", []).append(str(attribute.value).encode())
    try:
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return found
    for key, values in (
        ("peer_uri", names.get_values_for_type(x509.UniformResourceIdentifier)),
        ("peer_dns", names.get_values_for_type(x509.DNSName)),
        ("peer_email", names.get_values_for_type(x509.RFC822Name)),
        ("peer_ip", names.get_values_for_type(x509.IPAddress)),
    ):
        if values:
            found[key] = [str(value).encode() for value in values]
    return found
