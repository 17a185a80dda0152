"""Turn the addresses that a caller gives into a gRPC target."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Final, NamedTuple

_HOST_PORT: Final = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})", re.ASCII
)
_MAX_PORT: Final = 65_535
_LISTS: Final = "ipv4:", "ipv6:"
_SOCKETS: Final = "unix:", "unix-abstract:"


class Target(NamedTuple):
    """The servers of a client."""

    uri: str
    """The target that gRPC connects to."""
    authority: str | None
    """The name in the servers' certificates; None if it is the name in `uri`."""
    is_local: bool
    """Whether all servers are on this machine."""


def target_of(addresses: str | Sequence[str]) -> Target:
    """Return the target of one address, which may be any gRPC target, or of several, each `host:port`.

    The names in several addresses are resolved here, once. Raises ValueError for an invalid address and
    OSError for a name that cannot be resolved.
    """
    if isinstance(addresses, str):
        _check(addresses)
        return Target(addresses, None, _is_local(addresses))
    if not addresses:
        raise ValueError("no address is given")
    if len(addresses) == 1:
        return target_of(addresses[0])
    servers = list(dict.fromkeys(server for address in addresses for server in _resolved(address)))
    return Target(_list_of(servers), addresses[0], all(map(_is_local, addresses)))


def _invalid(address: str) -> ValueError:
    return ValueError(f"{address!r} is not an address: use host:port, such as 127.0.0.1:50051 or [::1]:50051")


def _host_port(text: str) -> re.Match[str] | None:
    match = _HOST_PORT.fullmatch(text)
    return match if match is not None and 1 <= int(match["port"]) <= _MAX_PORT else None


def _check(address: str) -> None:
    """Raise ValueError unless the address is `host:port` or a target with a scheme that gRPC knows.

    gRPC takes any other text for a host name, and port 443 for a missing one.
    """
    if re.search(r"\s", address):
        raise _invalid(address)
    if address.startswith(_SOCKETS):
        return
    if address.startswith(_LISTS):
        parts = address[len(_LISTS[0]) :].split(",")
    elif address.startswith("dns:"):
        parts = [address.removeprefix("dns:").removeprefix("///")]
        if parts[0].startswith("//"):
            # dns://SERVER/NAME
            parts = [parts[0][2:].partition("/")[2]]
    else:
        parts = [address]
    if not all(map(_host_port, parts)):
        raise _invalid(address)


def _resolved(address: str) -> list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]:
    match = _host_port(address)
    if match is None:
        raise _invalid(address)
    host = match["ipv6"] or match["host"]
    try:
        found = socket.getaddrinfo(host, int(match["port"]), type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        # Python's own message does not have the name.
        raise socket.gaierror(error.errno, f"cannot resolve {host}: {error.strerror}") from None
    return [(ipaddress.ip_address(str(server[0])), int(server[1])) for *_, server in found]


def _list_of(servers: Sequence[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]) -> str:
    # gRPC accepts a list of one IP version only, so IPv4 addresses are written as IPv4-mapped IPv6 ones.
    if all(isinstance(ip, ipaddress.IPv4Address) for ip, _ in servers):
        return "ipv4:" + ",".join(f"{ip}:{port}" for ip, port in servers)
    mapped = ((f"::ffff:{ip}" if isinstance(ip, ipaddress.IPv4Address) else ip, port) for ip, port in servers)
    return "ipv6:" + ",".join(f"[{ip}]:{port}" for ip, port in mapped)


def _is_local(address: str) -> bool:
    if address.startswith(_SOCKETS):
        return True
    if address.startswith(_LISTS):
        return all(_is_loopback(each) for each in address[len(_LISTS[0]) :].split(","))
    return _is_loopback(address.rpartition("/")[2] if address.startswith("dns:") else address)


def _is_loopback(host_port: str) -> bool:
    match = _HOST_PORT.fullmatch(host_port.removeprefix("dns:"))
    if match is None:
        return False
    host = match["ipv6"] or match["host"]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # Any other name can resolve to any address; only this one is reserved for loopback (RFC 6761).
        return host.lower() == "localhost"
