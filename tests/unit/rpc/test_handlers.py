"""Which methods a stopping server still answers."""

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
from localdial_server.rpc.contract import SERVICES, Contract
from localdial_server.rpc.handlers import RpcHandlers

LEG = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550199")


class Implementation:
    """Returns an empty message from every method."""

    def __getattr__(self, _name: str) -> Callable[[Message], Awaitable[Message]]:
        async def answer(_request: Message) -> Message:
            return Empty()

        return answer


class Context:
    """The context of a call without a deadline."""

    def time_remaining(self) -> None:
        return None

    async def abort(self, code: grpc.StatusCode, *_more: object) -> None:
        raise ConnectionAbortedError(code.name)


async def call_while_stopping(method: str, request: Message) -> bytes:
    handlers = RpcHandlers(Contract())
    handlers.open()
    await handlers.drain(0)
    wanted: Any = SimpleNamespace(method=f"/localdial.v1.{method}", invocation_metadata=())
    context: Any = Context()
    services = dict.fromkeys(SERVICES, Implementation())
    (handler,) = filter(None, (each.service(wanted) for each in handlers.handlers(services)))
    answer: bytes = await handler.unary_unary(request.SerializeToString(), context)
    return answer


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
