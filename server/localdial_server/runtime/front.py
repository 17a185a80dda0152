"""What takes calls from the network: gRPC for Python, or the fast front."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import grpc

from localdial_server.rpc.asgi import AsgiApplication
from localdial_server.rpc.capacity import Bounds
from localdial_server.rpc.contract import Contract
from localdial_server.rpc.request_sizes import limits_by_path, transport_limit_bytes
from localdial_server.runtime.connections import connection_limit, raise_file_limit
from localdial_server.settings.errors import StartError
from localdial_server.settings.variables import env_name
from localdial_server.tls.server_certificates import ClientCertificates, ServerCertificates

if TYPE_CHECKING:
    from localdial_server.settings.settings import Settings


class FrontLimits(NamedTuple):
    """What callers can take of a front."""

    connections: int
    age_seconds: float
    """About how long a connection lives."""
    request_bytes: Mapping[str, int]
    """How many bytes the requests of a method may have, by its path. Larger ones get an error of ours."""
    message_bytes: int
    """The largest message that need not be refused without one."""


class Front(Protocol):
    """Serves the same handlers, whatever is under it. It belongs to the running event loop.

    Add handlers and addresses first, then start it.
    """

    calls: Bounds
    """How many resolves may run at once, and how many may wait (`rpc.admission`)."""
    speaks_http: bool
    """Whether all its addresses serve requests that are not gRPC's too, by `serve_others`."""
    limits: FrontLimits

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Serve the methods of these handlers, which `grpc.method_handlers_generic_handler` has made."""

    def add_registered_method_handlers(self, service_name: str, method_handlers: object) -> None:
        """Do nothing: generated code calls this in addition."""

    def add_address(
        self,
        setting: str,
        listen: str,
        certificates: ServerCertificates | None,
        *,
        clients: ClientCertificates,
    ) -> str:
        """Listen on `listen`, host:port, which `setting` names; return it with port 0 replaced.

        `clients`: whether callers present a client certificate. Raises `StartError`.
        """

    def serve_others(self, application: AsgiApplication) -> None:
        """Let an ASGI application serve the requests that are not gRPC's, if the front `speaks_http`."""

    def add_unix_socket(self, path: str) -> None:
        """Listen on a Unix socket at `path`, without TLS. Raises `OSError`."""

    async def start(self) -> None:
        """Begin to take calls."""

    async def stop(self, grace: float | None) -> None:
        """Refuse connections, and close those that are open when their calls end.

        Calls that run for more than `grace` seconds are cut off.
        """


def front_of(settings: "Settings", contract: Contract, *, shared_port: bool) -> Front:
    """Return the front that the settings name. With `shared_port`, other processes may listen on its ports.

    Raises `StartError` if it is not installed.
    """
    limits = FrontLimits(
        connection_limit(settings.max_connections, raise_file_limit()),
        settings.connection_age_seconds,
        limits_by_path(contract),
        transport_limit_bytes(contract),
    )
    if settings.front == "grpc":
        from localdial_server.runtime.grpc_front import GrpcFront  # noqa: PLC0415 - only one is needed

        return GrpcFront(limits, shared_port=shared_port)
    try:
        from localdial_server.runtime.fast_front import FastFront  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise StartError(
            f"{env_name('front')} is fast, which needs {error.name}. Install it with pip install "
            "'localdial[fast]', or set the front to grpc"
        ) from None
    return FastFront(limits, shared_port=shared_port, json_log=settings.log_format == "json")
