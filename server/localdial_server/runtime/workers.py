"""Several server processes on one port.

The supervisor serves no calls. It binds the port, and each worker listens on it (SO_REUSEPORT): the
kernel spreads the connections over the workers.

This module reads the settings and binds the ports, and then the process becomes `supervision`, a program that
has loaded little.
"""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from localdial_server.observability.logs import configure_logging
from localdial_server.runtime.connections import raise_file_limit
from localdial_server.runtime.forgotten_state import refuse_forgotten_state
from localdial_server.runtime.http_face import page_url
from localdial_server.runtime.ports import exposure
from localdial_server.runtime.supervision import HANDED_OVER_ENV, Event, Supervision
from localdial_server.settings.addresses import listen_alone, opened
from localdial_server.settings.errors import StartError
from localdial_server.settings.variables import CONFIG_ENV, env_name
from localdial_server.tls.server_certificates import for_http, server_certificates

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings

# How long a worker may take to stop, in addition to its calls and its last transaction.
_MARGIN_SECONDS = 5.0


def become_supervisor(
    settings: "Settings",
    program: Sequence[str],
    *,
    ready_line: Callable[[str, str], str],
    demo: Callable[[str], Sequence[str]] | None,
    as_json: bool,
) -> NoReturn:
    """Replace the program of this process by the one that serves with several workers.

    `program` runs `supervision.run`. `ready_line` returns what it prints once all workers serve: it gets the
    address and the URL of the console, which is empty without HTTP. `demo`, if not None, returns the command
    that loads the demo then. `as_json`: print an error of the supervisor as JSON. Raises `StartError` if the
    server cannot start.
    """
    configure_logging(settings.log_level, settings.log_format)
    # Workers inherit the limit, and each has pipes to the supervisor.
    raise_file_limit()
    # Workers get every setting explicitly, so they cannot tell which ones are defaults.
    refuse_forgotten_state(settings)
    # Fail now if a certificate cannot be used.
    certificates = server_certificates(settings)
    # On the same address, one server serves both.
    is_shared = settings.webhook_listen == settings.http_listen
    webhook_listen = "" if is_shared else settings.webhook_listen
    with (
        _held_port("listen", settings.listen) as address,
        _held_port("tls_client_listen", settings.tls_client_listen) as client_address,
        _held_port("http_listen", settings.http_listen) as http_address,
        _held_port("webhook_listen", webhook_listen) as webhook_address,
    ):
        serving = {"address": address, "workers": settings.workers, "tls": settings.uses_tls}
        page = page_url(settings, address, http_address)
        if page:
            serving["http"] = page
        of_the_api = [each for each in (address, http_address) if each]
        events = [Event(logging.INFO, "serving", serving), exposure(settings, of_the_api)]
        if settings.webhook_listen:
            events.append(
                Event(logging.INFO, "serving the webhook", {"address": webhook_address or http_address})
            )
        supervision = Supervision(
            workers=settings.workers,
            stop_seconds=settings.stop_seconds + settings.database_timeout_seconds + _MARGIN_SECONDS,
            log_level=settings.log_level,
            log_format=settings.log_format,
            metrics_listen=settings.metrics_listen,
            metrics_use_tls=for_http(settings.metrics_listen, certificates) is not None,
            events=events,
            ready_line=ready_line(address, page),
            demo=[] if demo is None else demo(address),
            as_json=as_json,
        )
        addresses = {
            "listen": address,
            "tls_client_listen": client_address,
            "http_listen": http_address,
            "webhook_listen": http_address if is_shared else webhook_address,
            "metrics_listen": "",
        }
        environment = {**_environment(settings, addresses), HANDED_OVER_ENV: supervision.to_json()}
        sys.stdout.flush()
        try:
            # The arguments of this command are for whoever lists the processes.
            os.execve(program[0], [*program, *sys.argv[1:]], environment)  # noqa: S606 - there is no shell
        except OSError as error:
            raise StartError(f"cannot start the supervisor {program[0]}: {error.strerror}") from None


def _environment(settings: "Settings", addresses: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of a worker. It holds all settings, so the worker reads no file.

    `addresses` are the settings that are other ones for workers.
    """
    changed = {env_name(name): value for name, value in {**addresses, "workers": "1"}.items()}
    ours = {**settings.as_variables, **changed}
    # Setting names are case-insensitive and the last duplicate wins, so put ours last.
    others = {name: value for name, value in os.environ.items() if name not in {CONFIG_ENV, *ours}}
    return {**others, **ours}


@contextlib.contextmanager
def _held_port(setting: str, listen: str) -> Iterator[str]:
    """Bind the port of an address; yield the address with port 0 replaced by the real one.

    An empty address stays empty. Raises `StartError` if the port cannot be bound.
    """
    if not listen:
        yield ""
        return
    with opened(listen, env_name(setting), _bound) as (address, _):
        yield address


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    """Bind a socket that shares its port with the workers and with no other server.

    It does not listen, so it gets no connections. It keeps the port while workers come and go, also when
    another program takes over this process.
    """
    # SO_REUSEPORT hides other listeners, so bind once without it to detect a foreign server.
    listen_alone(family, host, port).close()
    bound = socket.socket(family)
    try:
        # Closed connections of a former server may still occupy the port.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
        # A foreign server that starts from now on must find the port taken.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        bound.set_inheritable(True)
    except OSError:
        bound.close()
        raise
    return bound
