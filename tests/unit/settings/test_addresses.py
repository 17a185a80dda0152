"""Opening a listen address, and the error that says what to do if that fails."""

import errno
import socket

import pytest

from localdial_server.settings.addresses import opened
from localdial_server.settings.errors import StartError

_SETTING = "LOCALDIAL_LISTEN"
_REMEDY = f"Set {_SETTING} to another address"


def _failure(listen: str, error: OSError) -> str:
    def fail(_family: socket.AddressFamily, _host: str, _port: int) -> socket.socket:
        raise error

    with pytest.raises(StartError) as raised, opened(listen, _SETTING, fail):
        pass
    return str(raised.value)


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_port_in_use_is_named_with_what_to_do(*, is_shared: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=is_shared) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(StartError) as raised, opened(address, _SETTING):
            pass
    assert str(raised.value) == (
        f"cannot listen on {address}: the address is in use. "
        "Stop the server there, or set LOCALDIAL_LISTEN to another address"
    )


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "[::]"])
def test_a_port_in_use_is_found_through_every_address_that_includes_it(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"{host}:{other.getsockname()[1]}"
        with pytest.raises(StartError, match="the address is in use"), opened(address, _SETTING):
            pass


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EADDRNOTAVAIL, "this machine has no such address"),
        (errno.EAFNOSUPPORT, "this machine has no such address"),
        (errno.EACCES, "the port is reserved for privileged users"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_another_failure_is_named_with_its_reason(code: int, reason: str) -> None:
    error = OSError(code, "Too many open files")
    assert _failure("127.0.0.1:50051", error) == f"cannot listen on 127.0.0.1:50051: {reason}. {_REMEDY}"


def test_an_address_of_another_machine_is_refused() -> None:
    with (
        pytest.raises(StartError, match=f"this machine has no such address. {_REMEDY}$"),
        opened("192.0.2.1:0", _SETTING),
    ):
        pass


def test_an_unknown_host_name_is_refused() -> None:
    with (
        pytest.raises(StartError, match=f"the host name cannot be resolved. {_REMEDY}$"),
        opened("nobody.invalid:0", _SETTING),
    ):
        pass


def test_an_error_while_the_sockets_are_open_is_passed_on() -> None:
    with pytest.raises(OSError, match="disk"), opened("127.0.0.1:0", _SETTING):
        raise OSError(errno.ENOSPC, "disk")
