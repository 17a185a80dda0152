"""The simulator as an ASGI application, and the thread that serves it."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from localdial_server.carriers.twilio_simulator.admin_api import AdminApi
from localdial_server.carriers.twilio_simulator.connections import BreakableProtocol
from localdial_server.carriers.twilio_simulator.error_responses import RequestRefused
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger
from localdial_server.carriers.twilio_simulator.simulated_api import SimulatedApi

_SHUTDOWN_SECONDS = 1


def application(ledger: Ledger, faults: FaultInjector) -> Starlette:
    """Return the application: Twilio's API and the admin API."""
    routes = [*SimulatedApi(ledger, faults).routes(), *AdminApi(ledger, faults).routes()]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_route, RequestRefused: _refusal})


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket to serve on. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=512)
    # Connections inherit TCP_NODELAY. asyncio does not set it for a socket created this way, and
    # without it each response waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setblocking(False)  # noqa: FBT003 - positional-only
    return listening


@contextlib.contextmanager
def served(app: ASGIApp, sockets: Sequence[socket.socket]) -> Iterator[threading.Thread]:
    """Serve on the listening sockets in a thread until the context ends. Yields the thread.

    Connections that come before the server has started wait in the sockets' backlog.
    """
    # Outside of the main thread uvicorn handles no signals.
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=BreakableProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="warning",
            access_log=False,
            # A request that hangs must not delay the shutdown.
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": list(sockets)}, name="simulator")
    thread.start()
    try:
        yield thread
    finally:
        server.should_exit = True
        thread.join()


async def _no_route(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # Twilio's codes of this kind end in the HTTP status.
    return RequestRefused(error.status_code, 20_000 + error.status_code, "There is nothing here").response()


async def _refusal(_request: Request, refused: Exception) -> Response:
    assert isinstance(refused, RequestRefused)
    return refused.response()
