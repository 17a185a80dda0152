"""The default front: the server of gRPC for Python."""

import errno
from collections.abc import Sequence

import grpc
from typing_extensions import override

from localdial_server.rpc.admission import BOUNDS
from localdial_server.rpc.asgi import AsgiApplication
from localdial_server.rpc.prices import Work
from localdial_server.runtime.connections import channel_arguments
from localdial_server.runtime.eager_accept import eager_server
from localdial_server.runtime.front import Front, FrontLimits
from localdial_server.settings.addresses import cannot_listen, opened
from localdial_server.settings.variables import env_name
from localdial_server.tls.server_certificates import ClientCertificates, ServerCertificates


class GrpcFront(Front):
    """Serves calls by gRPC's core."""

    # With 128, as many were taken out of core's queue, which knows no fairness, as were served: in a flood of
    # one organization the calls of another waited for 317 ms (median) instead of 18.
    calls = BOUNDS[Work.CALLS]
    speaks_http = False

    def __init__(self, limits: FrontLimits, *, shared_port: bool) -> None:
        """With `shared_port`, other processes may listen on the same ports."""
        self.limits = limits
        self._shared_port = shared_port
        arguments = channel_arguments(limits.connections, limits.age_seconds, limits.message_bytes)
        # Without a supervisor a second server on the same port is a mistake.
        self._server = eager_server([*arguments, ("grpc.so_reuseport", int(shared_port))])

    @override
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._server.add_generic_rpc_handlers(generic_rpc_handlers)

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
        if not self._shared_port:
            # gRPC reports a failed bind only in a line of its own on stderr, so try without gRPC first. The
            # supervisor has tried a shared port.
            with opened(listen, env_name(setting)):
                pass
        try:
            if certificates is None:
                port = self._server.add_insecure_port(listen)
            else:
                assert clients != "optional", "gRPC does not know what a client presents that need not"
                credentials = certificates.grpc_credentials(require_client=clients == "required")
                port = self._server.add_secure_port(listen, credentials)
        except RuntimeError:
            port = 0
        if port == 0:
            # Another server has taken the port just now, or holds an address that gRPC binds in addition.
            raise cannot_listen(listen, env_name(setting), OSError(errno.EADDRINUSE, ""))
        return f"{listen.rpartition(':')[0]}:{port}"

    @override
    def serve_others(self, application: AsgiApplication) -> None:
        raise NotImplementedError

    @override
    def add_unix_socket(self, path: str) -> None:
        try:
            self._server.add_insecure_port(f"unix:{path}")
        except RuntimeError as error:
            raise OSError(str(error)) from None

    @override
    async def start(self) -> None:
        await self._server.start()

    @override
    async def stop(self, grace: float | None) -> None:
        await self._server.stop(grace)
