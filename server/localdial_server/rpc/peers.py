"""The addresses that calls come from, as gRPC names them and as people write them."""

import ipaddress
from urllib.parse import unquote

# Longer than any address and port; the path of a Unix socket may be longer.
_LONGEST = 64


def address_of(peer: str) -> str:
    """Return the address of a peer as gRPC names it: `192.0.2.1:50312` for `ipv4:192.0.2.1:50312`."""
    kind, _, address = peer.partition(":")
    return (unquote(address) if kind in {"ipv4", "ipv6"} else peer)[:_LONGEST]


def peer_of(host: str, port: int) -> str:
    """Return the peer at an IP address as gRPC names it, such as `ipv4:192.0.2.1:50312`."""
    if ":" not in host:
        return f"ipv4:{host}:{port}"
    # A socket for both families has IPv4 callers under IPv6 addresses.
    mapped = ipaddress.IPv6Address(host.partition("%")[0]).ipv4_mapped
    return f"ipv6:[{host}]:{port}" if mapped is None else f"ipv4:{mapped}:{port}"
