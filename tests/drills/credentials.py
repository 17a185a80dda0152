"""Measure what authentication, admission, permission and audit cost a resolve.

Each figure is the shortest mean of many short runs, in the context of a real call on grpc.aio, so that other
programs on the machine count as little as possible.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import grpc
import grpc.aio

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial_server.domain.rates import Rate, Rates
from localdial_server.rpc.access import MethodAccess
from localdial_server.rpc.admission import Admission, Gate
from localdial_server.rpc.api_key_credentials import ApiKeyCredentials
from localdial_server.rpc.contract import Contract
from localdial_server.rpc.credentials import Credentials
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine
from tests.unit.rpc.test_api_key_credentials import GOOD, Keys, stored

_RUNS: Final = 400
_CALLS_PER_RUN: Final = 300
_Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"

_METHOD: Final = "/localdial.test/Measure"
_LIMIT: Final = 6.0

_AUTHORIZATION: Final = (("authorization", f"Bearer {GOOD.text}"),)
_REQUEST: Final = ResolveOutboundCallerIdRequest(
    organization_id="acme", user_id="ann", callee_number="+14155550123"
)


async def _microseconds(call: Callable[[], Awaitable[object]]) -> float:
    shortest = float("inf")
    for _ in range(_RUNS):
        begun_at = time.perf_counter()
        for _ in range(_CALLS_PER_RUN):
            await call()
        shortest = min(shortest, time.perf_counter() - begun_at)
    return shortest / _CALLS_PER_RUN * 1e6


def checks(context: _Context) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what is measured, by name."""
    keys = ApiKeyCredentials(Keys(stored(GOOD)))
    credentials, no_credentials = (Credentials(keys, required=required) for required in (True, False))
    method = Contract().service("CallRouting").methods_by_name["ResolveOutboundCallerId"]
    access = MethodAccess(method, lambda _: True)
    unlimited = Admission().gate(method)
    limited = Admission(Rates(Rate(per_second=1e9, burst=1e9))).gate(method)
    raw = _REQUEST.SerializeToString()

    async def all_of(gate: Gate) -> None:
        principal = await credentials.authenticate(context)
        ticket = gate.try_enter(raw) or await gate.enter(raw, principal)
        access.require(principal, _REQUEST)
        # A resolve changes nothing that is audited, so this is all.
        ticket.leave()

    return {
        "an API key": lambda: credentials.authenticate(context),
        "no credential, where none is required": lambda: no_credentials.authenticate(context),
        "an API key, admission and permission": lambda: all_of(unlimited),
        "the same with a rate limit": lambda: all_of(limited),
    }


async def measure() -> dict[str, float]:
    """Return the microseconds that each check takes."""
    figures: dict[str, float] = {}

    async def handle(_request: bytes, context: _Context) -> bytes:
        for name, check in checks(context).items():
            figures[name] = await _microseconds(check)
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
            await call(b"", metadata=_AUTHORIZATION)
    finally:
        await server.stop(0)
    return figures


def main() -> None:
    """Print the figures. Exit with 1 if one is above 6 us."""
    argument_parser(__doc__).parse_args()
    print_machine()
    figures = asyncio.run(measure())
    for subject, microseconds in figures.items():
        print(f"{subject}: {microseconds:.2f} us")
    raise SystemExit(max(figures.values()) > _LIMIT)


if __name__ == "__main__":
    main()
