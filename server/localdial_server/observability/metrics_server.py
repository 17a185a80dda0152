"""Serves the metrics over HTTP or HTTPS, in threads: a scrape must not wait for the event loop."""

import logging
import socket
import ssl
import threading
from collections.abc import Callable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from typing_extensions import override

_log = logging.getLogger(__name__)

# How long a client may take for the handshake, and for each part of its request.
_TIMEOUT_SECONDS: Final = 10.0

# Each connection has a thread. A scraper needs one.
_MAX_CONNECTIONS: Final = 50

NewContext = Callable[[], ssl.SSLContext]


class _Handler(WSGIRequestHandler):
    @override
    def log_message(self, *_: object) -> None:
        """Log nothing: scrapes come every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(
        self, family: socket.AddressFamily, address: tuple[str, int], tls: NewContext | None
    ) -> None:
        self.address_family = family
        self._tls = tls
        self._free = threading.Semaphore(_MAX_CONNECTIONS)
        super().__init__(address, _Handler)

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_TIMEOUT_SECONDS)
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        # The handshake belongs here, in the connection's own thread: it waits for the client.
        with self._tls().wrap_socket(request, server_side=True) as encrypted:
            super().finish_request(encrypted, client_address)

    @override
    def verify_request(self, *_: object) -> bool:
        """Return whether there is room for one more connection. If not, it is closed."""
        return self._free.acquire(blocking=False)

    @override
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    @override
    def handle_error(self, *_: object) -> None:
        """Log nothing: a client hung up, or does not speak TLS."""

    @override
    def server_bind(self) -> None:
        # WSGIServer's own looks up the name of the address, which may take seconds.
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()


def serve(listen: str, registry: CollectorRegistry, tls: NewContext | None) -> Callable[[], None]:
    """Serve the metrics on `listen`, host:port; return the function that stops serving them.

    `tls` returns the context for a new connection; None: plain HTTP. Raises `OSError`.
    """
    host, _, port = listen.rpartition(":")
    [(family, _, _, _, address), *_] = socket.getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    server = _Server(family, (str(address[0]), int(port)), tls)
    server.set_app(make_wsgi_app(registry))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    _log.info("serving metrics", extra={"address": f"{host}:{server.server_port}", "tls": tls is not None})

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
