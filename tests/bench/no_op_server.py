"""The ceiling of localdial's server: the same front, with a handler that returns the request.

The method has the path of resolve, because the server takes phone calls from gRPC's core in larger groups.
LOCALDIAL_FRONT names the front. Prints the address, host:port, and serves until it is killed.
"""

import asyncio
from typing import Any

import grpc

from localdial_server.rpc.contract import Contract
from localdial_server.runtime.front import front_of
from localdial_server.runtime.serve import loop_factory
from localdial_server.settings.settings import Settings, read_settings
from tests.bench.h2load import RESOLVE


async def _echo(request: bytes, _context: object) -> bytes:
    return request


async def _serve(settings: Settings) -> None:
    front = front_of(settings, Contract(), shared_port=False)
    service, _, method = RESOLVE.removeprefix("/").partition("/")
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        method: grpc.unary_unary_rpc_method_handler(_echo)
    }
    front.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    address = front.add_address("listen", "127.0.0.1:0", None, clients="off")
    await front.start()
    print(address, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(read_settings()))
