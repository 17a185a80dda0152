"""The fast front: the handlers of gRPC behind h2corn, an HTTP/2 server in Rust."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from typing import Any, Final

import grpc
from h2corn import RequestPolicy
from typing_extensions import override

from localdial_server.rpc.asgi import AsgiApplication
from localdial_server.rpc.capacity import Bounds
from localdial_server.rpc.fast_front.application import Application
from localdial_server.runtime.front import Front, FrontLimits
from localdial_server.runtime.h2corn_listener import H2cornListener
from localdial_server.settings.addresses import opened
from localdial_server.settings.variables import env_name
from localdial_server.tls.server_certificates import ClientCertificates, ServerCertificates

# As in `runtime.connections`, whose reasons apply here too.
_HANDSHAKE_SECONDS: Final = 5.0
_IDLE_SECONDS: Final = 15 * 60.0
_AGE_GRACE_SECONDS: Final = 90.0
_STREAMS: Final = 100

# More than the metadata that we accept, which we refuse with a status. h2corn would close the connection.
_HEADER_BYTES: Final = 64 * 1024

# The longest first line of an HTTP/1.1 request.
_LINE_BYTES: Final = 8 * 1024

# The bytes that one call, and one connection, may send before they are read.
_CALL_WINDOW: Final = 256 * 1024
_CONNECTION_WINDOW: Final = 1024 * 1024

# A call whose caller stops in the middle of its request ends after so many seconds.
_BODY_IDLE_SECONDS: Final = 20.0

# A body may have so much more than its message, so that a larger message is refused by us, with a status.
_BODY_FACTOR: Final = 4

_WAITING_CONNECTIONS: Final = 1_024

# A peer that is silent for 30 s is asked three times, every 10 s.
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

_REFLECTION: Final = ("/grpc.reflection.v1.ServerReflection/*", "/grpc.reflection.v1alpha.ServerReflection/*")


class FastFront(Front):
    """Serves calls by h2corn."""

    # Those that wait for the commit of their group take no time of the event loop. With 48, each of 100 open
    # calls took a third more CPU time. A call takes a quarter of its time on gRPC's front, so four times as
    # many may wait. With 250, a server at three quarters of its peak refused calls after a pause of 30 ms.
    calls = Bounds(running=128, waiting=1_000, waiting_in_all=10_000)
    speaks_http = True

    def __init__(self, limits: FrontLimits, *, shared_port: bool, json_log: bool = False) -> None:
        """With `shared_port`, other processes may listen on the same ports.

        h2corn writes a line to stderr for each call whose connection breaks; with `json_log`, an object.
        """
        # h2corn would tell systemd that the server is ready before it is, and that it stops when it does not.
        os.environ.pop("NOTIFY_SOCKET", None)
        self.limits = limits
        self._shared_port = shared_port
        self._log_format = "json" if json_log else "text"
        self._application = Application(limits.request_bytes)
        self._listeners: list[H2cornListener] = []
        self._sockets = contextlib.ExitStack()

    @override
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        for handler in generic_rpc_handlers:
            self._application.add(handler._method_handlers)  # type: ignore[attr-defined]  # noqa: SLF001

    @override
    def add_registered_method_handlers(self, service_name: str, method_handlers: object) -> None:
        pass

    @override
    def add_address(
        self,
        setting: str,
        listen: str,
        certificates: ServerCertificates | None,
        *,
        clients: ClientCertificates,
    ) -> str:
        def listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
            opened_socket = socket.create_server(
                (host, port),
                family=family,
                backlog=_WAITING_CONNECTIONS,
                reuse_port=self._shared_port,
                # Like gRPC, listen on [::] for IPv4 too.
                dualstack_ipv6=family == socket.AF_INET6 and socket.has_dualstack_ipv6(),
            )
            _keep_alive(opened_socket)
            return opened_socket

        address, sockets = self._sockets.enter_context(opened(listen, env_name(setting), listening))
        self._listeners.append(self._listener(sockets, certificates, clients))
        return address

    @override
    def serve_others(self, application: AsgiApplication) -> None:
        self._application.others = application

    @override
    def add_unix_socket(self, path: str) -> None:
        opened_socket = self._sockets.enter_context(socket.socket(socket.AF_UNIX))
        opened_socket.bind(path)
        opened_socket.listen(_WAITING_CONNECTIONS)
        self._listeners.append(self._listener([opened_socket], None, "off"))

    @override
    async def start(self) -> None:
        for listener in self._listeners:
            await listener.start()

    @override
    async def stop(self, grace: float | None) -> None:
        await asyncio.gather(*(listener.stop(grace or 0) for listener in self._listeners))
        self._sockets.close()

    def _listener(
        self,
        sockets: Sequence[socket.socket],
        certificates: ServerCertificates | None,
        clients: ClientCertificates,
    ) -> H2cornListener:
        options = _options(self.limits) | {"log_format": self._log_format}
        if certificates is not None:
            options |= _tls_options(certificates, clients)
        return H2cornListener(self._application, sockets, options, certificates, self.limits.age_seconds)


def _keep_alive(listening: socket.socket) -> None:
    """Let the kernel find peers that are gone. Connections inherit this from the listening socket.

    h2corn sends no pings of its own.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        # Their names differ between systems.
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _options(limits: FrontLimits) -> dict[str, Any]:
    """Return the options of h2corn."""
    return {
        "grpc": True,
        "http1": True,
        "lifespan": "off",
        # The access log would contain phone numbers.
        "access_log": False,
        "date_header": False,
        # It reads and writes; Python does the rest, on one core.
        "runtime_threads": 1,
        "limit_connections": limits.connections,
        "max_concurrent_streams": _STREAMS,
        "limit_request_head_size": _HEADER_BYTES,
        "limit_request_line": _LINE_BYTES,
        "limit_request_field_size": _HEADER_BYTES,
        "h2_max_header_list_size": _HEADER_BYTES,
        "h2_max_header_block_size": _HEADER_BYTES,
        "h2_initial_stream_window_size": _CALL_WINDOW,
        "h2_initial_connection_window_size": _CONNECTION_WINDOW,
        "timeout_handshake": _HANDSHAKE_SECONDS,
        "timeout_request_header": _HANDSHAKE_SECONDS,
        "timeout_keep_alive": _IDLE_SECONDS,
        "timeout_graceful_shutdown": _AGE_GRACE_SECONDS,
        "request_policies": (
            # Reflection answers one request after another, for as long as a tool is open.
            *(_policy(path, _IDLE_SECONDS, limits) for path in _REFLECTION),
            _policy("/*", _BODY_IDLE_SECONDS, limits),
        ),
    }


def _policy(path: str, idle_seconds: float, limits: FrontLimits) -> RequestPolicy:
    return RequestPolicy(
        path=path,
        max_request_body_size=_BODY_FACTOR * limits.message_bytes,
        timeout_request_body_idle=idle_seconds,
        h2_timeout_response_stall=_BODY_IDLE_SECONDS,
    )


def _tls_options(certificates: ServerCertificates, clients: ClientCertificates) -> dict[str, Any]:
    chain, key, authorities = certificates.files.paths
    options: dict[str, Any] = {"certfile": chain, "keyfile": key}
    if clients != "off":
        options |= {"ca_certs": authorities, "cert_reqs": clients}
    return options
