"""Twilio simulators, served from threads of the test's own process."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from starlette.types import ASGIApp, Receive, Scope, Send

from localdial_server.carriers.twilio_simulator.application import application, listen, served
from localdial_server.carriers.twilio_simulator.connections import TRANSPORT
from localdial_server.carriers.twilio_simulator.http_faults import FaultInjector
from localdial_server.carriers.twilio_simulator.ledger import Ledger


class TwilioSimulators:
    """Simulators on loopback ports. One that a test no longer uses serves the next test.

    Starting and stopping a server takes a fifth of a second, and hundreds of tests need one.
    """

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._unused: list[_Server] = []

    @contextlib.contextmanager
    def serve(
        self, ledger: Ledger, faults: FaultInjector, wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app
    ) -> Iterator[str]:
        """Serve the ledger inside the context; yield the base URL.

        `wrap` puts middleware around the application. Requests that still hang at the end are cut off.
        """
        server = self._unused.pop() if self._unused else self._open.enter_context(_server())
        server.app = wrap(application(ledger, faults))
        yield server.url
        server.cut_off()
        self._unused.append(server)

    def close(self) -> None:
        """Stop all servers."""
        self._open.close()


class _Server:
    """An ASGI application that passes each request on to the application of the running test."""

    app: ASGIApp

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy: set[asyncio.Transport] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._loop = asyncio.get_running_loop()
        transport = scope[TRANSPORT]
        self._busy.add(transport)
        try:
            await self.app(scope, receive, send)
        finally:
            self._busy.discard(transport)

    def cut_off(self) -> None:
        """Close the connections of the running requests. Requests that hang end then."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for transport in self._busy:
            transport.abort()


@contextlib.contextmanager
def _server() -> Iterator[_Server]:
    with listen("127.0.0.1", 0) as listening:
        server = _Server(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with served(server, [listening]):
            yield server
