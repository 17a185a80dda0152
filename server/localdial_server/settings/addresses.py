"""Listen addresses: how to open their sockets, and how to reach a server that listens on one."""

import contextlib
import errno
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - replaced, never listened on

# A name may resolve to an address family that this machine does not have.
_NO_SUCH_ADDRESS_HERE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}

OpenSocket = Callable[[socket.AddressFamily, str, int], socket.socket]


def reachable(address: str) -> str:
    """Return the address, host:port, at which to call a server that listens on `address`."""
    host, _, port = address.rpartition(":")
    return f"{_ANY_ADDRESS.get(host, host)}:{port}"


@contextlib.contextmanager
def opened(listen: str, open_socket: OpenSocket) -> Iterator[tuple[str, Sequence[socket.socket]]]:
    """Open a socket for every address that `listen`, host:port, resolves to, all on one port.

    Yields the address with port 0 replaced by the real port, and the sockets, which are closed on exit.
    The sequence is empty if this machine has none of the addresses. Raises `OSError`.
    """
    name, _, wanted = listen.rpartition(":")
    port = int(wanted)
    sockets = []
    with contextlib.ExitStack() as stack:
        found = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, (host, *_) in found:
            try:
                sockets.append(stack.enter_context(open_socket(family, str(host), port)))
            except OSError as error:
                if error.errno not in _NO_SUCH_ADDRESS_HERE:
                    raise
            else:
                port = sockets[-1].getsockname()[1]
        yield f"{name}:{port}", sockets
