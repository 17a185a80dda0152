"""The ceiling of localdial's server: the same gRPC server, with a handler that returns the request.

The method has the path of resolve, because the server takes phone calls from gRPC's core in larger groups.
Prints the address, host:port, and serves until it is killed.
"""

import asyncio
from typing import Any

import grpc

from localdial_server.rpc.contract import Contract
from localdial_server.rpc.request_sizes import transport_limit_bytes
from localdial_server.runtime.connections import channel_arguments
from localdial_server.runtime.serve import grpc_server, loop_factory
from localdial_server.settings.settings import Settings
from tests.bench.h2load import RESOLVE

_CONNECTIONS = 1_000


async def _echo(request: bytes, _context: object) -> bytes:
    return request


async def _serve() -> None:
    age = Settings.model_fields["connection_age_seconds"].default
    server = grpc_server(channel_arguments(_CONNECTIONS, age, transport_limit_bytes(Contract())))
    service, _, method = RESOLVE.removeprefix("/").partition("/")
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        method: grpc.unary_unary_rpc_method_handler(_echo)
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve())
