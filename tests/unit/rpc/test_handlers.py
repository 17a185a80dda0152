"""Which methods a stopping server still answers, and what they are told of the call."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ListOutboundCallsRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial.v1.directory_pb2 import DeleteUserRequest
from localdial_server.domain.principals import ANONYMOUS
from localdial_server.rpc.authentication import OpenAccess
from localdial_server.rpc.contract import SERVICES, Contract
from localdial_server.rpc.handlers import Call, RpcHandlers

LEG = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550199")


class Implementation:
    """Returns an empty message from every method. `told` is what the last one got besides the request."""

    def __init__(self) -> None:
        self.told: tuple[object, ...] = ()

    def __getattr__(self, _name: str) -> Callable[..., Awaitable[Message]]:
        async def answer(_request: Message, *more: object) -> Message:
            self.told = more
            return Empty()

        return answer


class Context:
    """The context of a call; None: without a deadline."""

    def __init__(self, seconds_left: float | None = None) -> None:
        self._seconds_left = seconds_left

    def time_remaining(self) -> float | None:
        return self._seconds_left

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    async def abort(self, code: grpc.StatusCode, *_more: object) -> None:
        raise ConnectionAbortedError(code.name)


async def call(handlers: RpcHandlers, method: str, request: Message, context: Any, served: object) -> bytes:
    wanted: Any = SimpleNamespace(method=f"/localdial.v1.{method}", invocation_metadata=())
    services = dict.fromkeys(SERVICES, served)
    (handler,) = filter(None, (each.service(wanted) for each in handlers.handlers(services)))
    answer: bytes = await handler.unary_unary(request.SerializeToString(), context)
    return answer


async def call_while_stopping(method: str, request: Message) -> bytes:
    handlers = RpcHandlers(Contract(), OpenAccess(), lambda _: True)
    handlers.open()
    await handlers.drain(0)
    return await call(handlers, method, request, Context(), Implementation())


@pytest.mark.parametrize("seconds_left", [None, 0.5])
async def test_a_call_back_is_routed_with_the_time_that_its_caller_has_left(
    seconds_left: float | None,
) -> None:
    handlers, served = RpcHandlers(Contract(), OpenAccess(), lambda _: True), Implementation()
    handlers.open()
    request = RouteInboundCallRequest(called_number="+14155550100")
    await call(handlers, "CallRouting/RouteInboundCall", request, Context(seconds_left), served)
    assert served.told == (Call(ANONYMOUS, seconds_left),)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CallRouting/ResolveOutboundCallerId", LEG),
        ("CallRouting/BatchResolveOutboundCallerIds", BatchResolveOutboundCallerIdsRequest(requests=[LEG])),
        ("CallRouting/RouteInboundCall", RouteInboundCallRequest(called_number="+14155550100")),
        ("CallRouting/ListOutboundCalls", ListOutboundCallsRequest(organization_id="acme")),
    ],
)
async def test_a_stopping_server_still_routes_calls(method: str, request_: Message) -> None:
    assert await call_while_stopping(method, request_) == b""


async def test_a_stopping_server_refuses_changes() -> None:
    with pytest.raises(ConnectionAbortedError, match="UNAVAILABLE"):
        await call_while_stopping(
            "Directory/DeleteUser", DeleteUserRequest(organization_id="acme", user_id="ann")
        )
