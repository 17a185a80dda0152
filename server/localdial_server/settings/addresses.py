"""Listen addresses: how to open their sockets, and how to reach a server that listens on one."""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from localdial_server.settings.errors import StartError

_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - replaced, never listened on

# A name may resolve to an address family that this machine does not have.
_NO_SUCH_ADDRESS_HERE: Final = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}

OpenSocket = Callable[[socket.AddressFamily, str, int], socket.socket]


def reachable(address: str) -> str:
    """Return the address, host:port, at which to call a server that listens on `address`."""
    host, _, port = address.rpartition(":")
    return f"{_ANY_ADDRESS.get(host, host)}:{port}"


def listen_alone(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises `OSError` if another server listens there, even on a shared port."""
    # Like gRPC, listen on [::] for IPv4 too.
    is_dual = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, dualstack_ipv6=is_dual)


@contextlib.contextmanager
def opened(
    listen: str, setting: str, open_socket: OpenSocket = listen_alone
) -> Iterator[tuple[str, Sequence[socket.socket]]]:
    """Open a socket for every address that `listen`, host:port, resolves to, all on one port.

    Yields the address with port 0 replaced by the real port, and the sockets, which are closed on exit.
    Raises `StartError`, which names `setting`, if an address cannot be opened or this machine has none.
    """
    with contextlib.ExitStack() as stack:
        try:
            address, sockets = _open_all(listen, open_socket, stack)
        except OSError as error:
            raise cannot_listen(listen, setting, error) from None
        yield address, sockets


def cannot_listen(listen: str, setting: str, error: OSError) -> StartError:
    """Return the error that says why a server cannot listen on `listen`, host:port, which `setting` sets."""
    if error.errno == errno.EADDRINUSE:
        remedy = f"Stop the server there, or set {setting} to another address"
        return StartError(f"cannot listen on {listen}: the address is in use. {remedy}")
    if isinstance(error, socket.gaierror):
        reason = "the host name cannot be resolved"
    elif error.errno in _NO_SUCH_ADDRESS_HERE:
        reason = "this machine has no such address"
    elif error.errno == errno.EACCES:
        reason = "the port is reserved for privileged users"
    else:
        reason = error.strerror or str(error)
    return StartError(f"cannot listen on {listen}: {reason}. Set {setting} to another address")


def _open_all(
    listen: str, open_socket: OpenSocket, stack: contextlib.ExitStack
) -> tuple[str, Sequence[socket.socket]]:
    name, _, wanted = listen.rpartition(":")
    port = int(wanted)
    sockets = []
    found = socket.getaddrinfo(name.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, (host, *_) in found:
        try:
            sockets.append(stack.enter_context(open_socket(family, str(host), port)))
        except OSError as error:
            if error.errno not in _NO_SUCH_ADDRESS_HERE:
                raise
        else:
            port = sockets[-1].getsockname()[1]
    if not sockets:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return f"{name}:{port}", sockets
