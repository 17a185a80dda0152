"""Addresses of the settings: what they stand for when listening, and where to call who listens."""

import contextlib
import errno
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - to be replaced, not listened on

# A name may stand for addresses of a kind that this machine does not have.
_NO_SUCH_ADDRESS_HERE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}

OpenSocket = Callable[[socket.AddressFamily, str, int], socket.socket]


def reachable(address: str) -> str:
    """Answer where to call a server that listens there."""
    host, _, port = address.rpartition(":")
    return f"{_ANY_ADDRESS.get(host, host)}:{port}"


@contextlib.contextmanager
def opened(listen: str, open_socket: OpenSocket) -> Iterator[tuple[str, Sequence[socket.socket]]]:
    """Open a socket for everything that an address stands for, all on one port.

    Yields the address with port 0 replaced by the real one, and the sockets, which
    are closed in the end. There is none where this machine has no such address.
    Raises ``OSError``.
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
