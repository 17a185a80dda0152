"""The sockets of one address, and the h2corn that serves them in this process and its event loop.

h2corn can neither use a new certificate nor end connections by their age. For both, the listener starts
another h2corn on the same sockets, and lets the former one close its connections when their calls have ended.
"""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from h2corn import Config, Server, _lib

from localdial_server.tls.server_certificates import ServerCertificates

# It loads `cryptography`, 9 MB that no server without TLS needs.
if TYPE_CHECKING:
    from localdial_server.tls.certificate_files import LoadedCertificate

_log = logging.getLogger(__name__)

# Keep h2corn from writing a banner to stderr, between the lines of the log, each time it starts.
_lib.emit_banner = lambda *_: None

# When h2corn is started again after it failed to, in seconds.
_RETRY_SECONDS: Final = 1.0

# The age of connections varies by a tenth, so that those of several servers do not end together.
_AGE_SPREAD: Final = 0.1

# How long new calls wait before their connection begins to close, and then until its client must have heard
# of that, in seconds. A connection that has calls stays open. Without them, h2corn would close it at once,
# and calls that its client sends meanwhile would fail.
_HOLD_SECONDS: Final = 0.05
_HEARD_SECONDS: Final = 0.1

# The first wait has so many parts. On a busy machine one part may pass without any call having come in.
_HOLD_PARTS: Final = 5

# How long calls that were cut off may take to end, in seconds.
_CUT_SECONDS: Final = 1.0


class _Entrance:
    """An ASGI application that lets calls in to another, or holds them back."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._opened: asyncio.Event | None = None

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        if self._opened is None:
            return self._application(scope, receive, send)  # type: ignore[no-any-return]
        return self._serve_later(self._opened, scope, receive, send)

    def hold(self) -> None:
        """Hold back the calls that begin from now on, until `let_in`."""
        self._opened = asyncio.Event()

    def let_in(self) -> None:
        """Serve the calls that were held back, and new ones again."""
        if self._opened is not None:
            self._opened.set()
            self._opened = None

    async def _serve_later(self, opened: asyncio.Event, scope: Any, receive: Any, send: Any) -> None:
        await opened.wait()
        await self._application(scope, receive, send)


class _Running(NamedTuple):
    server: Server
    entrance: _Entrance

    async def retire(self) -> None:
        """Let clients go elsewhere, and close each connection when its calls have ended."""
        self.entrance.hold()
        try:
            for _ in range(_HOLD_PARTS):
                await asyncio.sleep(_HOLD_SECONDS / _HOLD_PARTS)
            self.server.shutdown()
            await asyncio.sleep(_HEARD_SECONDS)
        finally:
            # The front may stop meanwhile, which ends the wait.
            self.server.shutdown()
            self.entrance.let_in()


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
        self._current: _Running | None = None
        # Those that serve, or wait for their last calls.
        self._running: set[asyncio.Task[None]] = set()
        self._upkeep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve."""
        used = None if self._certificates is None else self._certificates.current
        await self._replace()
        self._upkeep = asyncio.create_task(self._keep_up(used))

    async def stop(self, grace: float) -> None:
        """Refuse connections, finish the calls for up to `grace` seconds, then cut them off."""
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.wait([self._upkeep])
        if self._current is not None:
            self._current.entrance.let_in()
            self._current.server.shutdown()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                # Connections that h2corn has not accepted would hang until the process ends.
                each.shutdown(socket.SHUT_RDWR)
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        if self._running:
            _cut_calls()
            await asyncio.wait(self._running, timeout=_CUT_SECONDS)

    async def _keep_up(self, used: "LoadedCertificate | None") -> None:
        """Replace h2corn when there is a new certificate, or its connections are old, until cancelled.

        `used` is the certificate of the first one.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._new_age()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(ends_at):
                    if self._certificates is None or used is None:
                        await asyncio.Event().wait()
                    else:
                        used = await self._certificates.other_than(used)
            try:
                await self._replace()
            except (OSError, RuntimeError, ValueError):
                # h2corn reads the files itself, and they may have changed since they were checked.
                _log.warning("h2corn did not start; trying again", exc_info=True)
                ends_at = loop.time() + _RETRY_SECONDS
            else:
                ends_at = loop.time() + self._new_age()

    async def _replace(self) -> None:
        """Start another h2corn, and let the former one close its connections when their calls have ended."""
        binds = tuple(f"fd://{each.fileno()}" for each in self._sockets)
        entrance = _Entrance(self._application)
        server = Server(entrance, Config(bind=binds, **self._options))
        task = asyncio.create_task(server.serve())
        self._running.add(task)
        task.add_done_callback(self._forget)
        await server.wait_started()
        former, self._current = self._current, _Running(server, entrance)
        if former is not None:
            await former.retire()

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("h2corn ended with an error", exc_info=error)

    def _new_age(self) -> float:
        spread = random.uniform(-_AGE_SPREAD, _AGE_SPREAD)  # noqa: S311 - spreads servers out
        return self._age_seconds * (1 + spread)


def _cut_calls() -> None:
    """Cancel the calls under way of all listeners."""
    for task in asyncio.all_tasks():
        if task.get_name() == "h2corn.request":
            task.cancel()
