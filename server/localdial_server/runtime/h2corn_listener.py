"""The sockets of one address, and the h2corn that serves them in this process and its event loop.

h2corn can neither use a new certificate nor end connections by their age. For both, the listener starts
another h2corn on the same sockets, and lets the former one close its connections when their calls have ended.
"""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

from h2corn import Config, Server, _lib

from localdial_server.tls.server_certificates import ServerCertificates

_log = logging.getLogger(__name__)

# Keep h2corn from writing a banner to stderr, between the lines of the log, each time it starts.
_lib.emit_banner = lambda *_: None

# How often the listener looks for a new certificate, in seconds.
_POLL_SECONDS: Final = 1.0

# The age of connections varies by a tenth, so that those of several servers do not end together.
_AGE_SPREAD: Final = 0.1

# How long calls that were cut off may take to end, in seconds.
_CUT_SECONDS: Final = 1.0


class H2cornListener:
    """Serves an ASGI application on listening sockets, which the caller closes."""

    def __init__(
        self,
        application: Any,
        sockets: Sequence[socket.socket],
        options: Mapping[str, Any],
        certificates: ServerCertificates | None,
        age_seconds: float,
    ) -> None:
        """`options` are those of h2corn. A connection lives about as long as `age_seconds`, or shorter."""
        self._application = application
        self._sockets = sockets
        self._options = options
        self._certificates = certificates
        self._age_seconds = age_seconds
        self._server: Server | None = None
        # Those that serve, or wait for their last calls.
        self._running: set[asyncio.Task[None]] = set()
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve."""
        await self._replace()
        self._upkeep = asyncio.create_task(self._keep_up())

    async def stop(self, grace: float) -> None:
        """Refuse connections, finish the calls for up to `grace` seconds, then cut them off."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.wait([self._upkeep])
        if self._server is not None:
            self._server.shutdown()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                # Connections that h2corn has not accepted would hang until the process ends.
                each.shutdown(socket.SHUT_RDWR)
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        if self._running:
            _cut_calls()
            await asyncio.wait(self._running, timeout=_CUT_SECONDS)

    async def _keep_up(self) -> None:
        """Replace h2corn when there is a new certificate, or its connections are old, until cancelled."""
        loop = asyncio.get_running_loop()
        used, ends_at = self._certificate(), loop.time() + self._new_age()
        while True:
            await asyncio.sleep(min(_POLL_SECONDS, max(ends_at - loop.time(), 0)))
            newest = self._certificate()
            if newest is used and loop.time() < ends_at:
                continue
            try:
                await self._replace()
            except (OSError, RuntimeError, ValueError):
                # The files may have changed since they were checked. h2corn reads them itself.
                _log.warning("h2corn did not start; trying again", exc_info=True)
                await asyncio.sleep(_POLL_SECONDS)
                continue
            used, ends_at = newest, loop.time() + self._new_age()

    async def _replace(self) -> None:
        """Start another h2corn, and let the former one close its connections when their calls have ended."""
        binds = tuple(f"fd://{each.fileno()}" for each in self._sockets)
        server = Server(self._application, Config(bind=binds, **self._options))
        task = asyncio.create_task(server.serve())
        self._running.add(task)
        task.add_done_callback(self._forget)
        await server.wait_started()
        former, self._server = self._server, server
        if former is not None:
            former.shutdown()

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("h2corn ended with an error", exc_info=error)

    def _certificate(self) -> object:
        return None if self._certificates is None else self._certificates.current

    def _new_age(self) -> float:
        spread = random.uniform(-_AGE_SPREAD, _AGE_SPREAD)  # noqa: S311 - spreads servers out
        return self._age_seconds * (1 + spread)


def _cut_calls() -> None:
    """Cancel the calls under way of all listeners."""
    for task in asyncio.all_tasks():
        if task.get_name() == "h2corn.request":
            task.cancel()
