"""The addresses that calls come from, as people write them."""

from urllib.parse import unquote

# Longer than any address and port; the path of a Unix socket may be longer.
_LONGEST = 64


def address_of(peer: str) -> str:
    """Return the address of a peer as gRPC names it: `192.0.2.1:50312` for `ipv4:192.0.2.1:50312`."""
    kind, _, address = peer.partition(":")
    return (unquote(address) if kind in {"ipv4", "ipv6"} else peer)[:_LONGEST]
