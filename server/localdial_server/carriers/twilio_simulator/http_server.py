"""Runs the server: on a socket, in this process's event loop or in a thread."""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from localdial_server.carriers.twilio_simulator.admin_api import Admin
from localdial_server.carriers.twilio_simulator.api import Api
from localdial_server.carriers.twilio_simulator.connections import BreakableProtocol
from localdial_server.carriers.twilio_simulator.error_responses import Problem
from localdial_server.carriers.twilio_simulator.faults import Faults
from localdial_server.carriers.twilio_simulator.ledger import Company

_SHUTDOWN_SECONDS = 1


def application(company: Company, faults: Faults) -> Starlette:
    """Make the ASGI application."""
    routes = [*Api(company, faults).routes(), *Admin(company, faults).routes()]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})


def serve(company: Company, faults: Faults, sockets: Sequence[socket.socket]) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = _server(application(company, faults))
    for signal_number in signal.SIGTERM, signal.SIGINT:
        signal.signal(signal_number, server.handle_exit)
    server.run(sockets=list(sockets))


@contextlib.contextmanager
def served(
    company: Company, faults: Faults, around: Callable[[ASGIApp], ASGIApp] | None = None
) -> Iterator[str]:
    """Serve from a thread on any port of the loopback; yield the base URL.

    ``around`` puts something around the application.
    """
    app: ASGIApp = application(company, faults)
    server = _server(around(app) if around is not None else app)
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="simulator")
        thread.start()
        try:
            # The socket takes connections already; they wait until it serves.
            yield base_url(listening)
        finally:
            server.should_exit = True
            thread.join()


def listen(host: str, port: int) -> socket.socket:
    """Answer a listening socket. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=512)
    # Connections inherit it. asyncio does not see that a socket made like this is
    # one of TCP, and without it each answer waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setblocking(False)  # noqa: FBT003 - the function takes it by position alone
    return listening


def base_url(listening: socket.socket) -> str:
    """Answer where the socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn, which leaves signals to us: it would end the process by them in the end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level="warning",
        access_log=False,
        # Requests that hang would hold it up.
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    return _Server(config)


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    # Twilio's codes of this kind end with the HTTP status.
    problem = Problem(status, 20_000 + status, "There is nothing here")
    return JSONResponse(problem.body(), status)
