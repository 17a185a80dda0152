"""Measure what the check of an API key costs a call.

Each figure is the shortest mean of many short runs, in the context of a real call on grpc.aio, so that other
programs on the machine count as little as possible.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import grpc
import grpc.aio

from localdial_server.rpc.api_key_credentials import ApiKeyCredentials
from localdial_server.rpc.credentials import Credentials
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine
from tests.unit.rpc.test_api_key_credentials import GOOD, Keys, stored

_RUNS: Final = 400
_CALLS_PER_RUN: Final = 300
_METHOD: Final = "/localdial.test/Measure"
_LIMIT: Final = 2.0


async def _microseconds(call: Callable[[], Awaitable[object]]) -> float:
    shortest = float("inf")
    for _ in range(_RUNS):
        begun_at = time.perf_counter()
        for _ in range(_CALLS_PER_RUN):
            await call()
        shortest = min(shortest, time.perf_counter() - begun_at)
    return shortest / _CALLS_PER_RUN * 1e6


async def measure() -> dict[str, float]:
    """Return the microseconds that each check takes, by what the call has."""
    keys = ApiKeyCredentials(Keys(stored(GOOD)))
    figures: dict[str, float] = {}

    async def handle(subject: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        credentials = Credentials(keys, required=subject == b"an API key")
        figures[subject.decode()] = await _microseconds(lambda: credentials.authenticate(context))
        return b""

    server = grpc.aio.server()
    service, method = _METHOD.lstrip("/").split("/")
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        method: grpc.unary_unary_rpc_method_handler(handle)
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_METHOD)
            await call(b"an API key", metadata=(("authorization", f"Bearer {GOOD.text}"),))
            await call(b"no credential, where none is required")
    finally:
        await server.stop(0)
    return figures


def main() -> None:
    """Print the figures. Exit with 1 if one is above 2 us."""
    argument_parser(__doc__).parse_args()
    print_machine()
    figures = asyncio.run(measure())
    for subject, microseconds in figures.items():
        print(f"the check of a call with {subject}: {microseconds:.2f} us")
    raise SystemExit(max(figures.values()) > _LIMIT)


if __name__ == "__main__":
    main()
