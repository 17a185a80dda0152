"""What methods are told of the call, and which changes a stopping server refuses."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from typing_extensions import override

from localdial.v1.call_routing_pb2 import (
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial.v1.directory_pb2 import DeleteUserRequest
from localdial_server.domain.errors import StorageUnavailable
from localdial_server.domain.principals import ANONYMOUS, Principal
from localdial_server.rpc import handlers as handlers_module
from localdial_server.rpc.admission import Admission
from localdial_server.rpc.authentication import Authenticator
from localdial_server.rpc.contract import SERVICES, Contract, parse
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


class OpenAccess(Authenticator):
    """Accepts every caller."""

    @override
    async def authenticate(self, call: Any) -> Principal:
        return ANONYMOUS


class Context:
    """The context of a call; None: without a deadline."""

    def __init__(
        self, seconds_left: float | None = None, when_aborted: Callable[[], None] = lambda: None
    ) -> None:
        self._seconds_left = seconds_left
        self.when_aborted = when_aborted

    def time_remaining(self) -> float | None:
        return self._seconds_left

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    async def abort(self, code: grpc.StatusCode, *_more: object) -> None:
        # As on the network, the refusal takes at least a turn of the loop.
        await asyncio.sleep(0)
        self.when_aborted()
        raise ConnectionAbortedError(code.name)


async def call(handlers: RpcHandlers, method: str, request: Message, context: Any, served: object) -> bytes:
    wanted: Any = SimpleNamespace(method=f"/localdial.v1.{method}", invocation_metadata=())
    services = dict.fromkeys(SERVICES, served)
    (handler,) = filter(None, (each.service(wanted) for each in handlers.handlers(services)))
    answer: bytes = await handler.unary_unary(request.SerializeToString(), context)
    return answer


@pytest.mark.parametrize("seconds_left", [None, 0.5])
async def test_a_call_back_is_routed_with_the_time_that_its_caller_has_left(
    seconds_left: float | None,
) -> None:
    handlers, served = RpcHandlers(Contract(), OpenAccess(), Admission(), lambda _: True), Implementation()
    handlers.life_cycle.open()
    request = RouteInboundCallRequest(called_number="+14155550100")
    await call(handlers, "CallRouting/RouteInboundCall", request, Context(seconds_left), served)
    assert served.told == (Call(ANONYMOUS, seconds_left),)


async def test_a_change_that_begins_while_the_server_drains_is_refused() -> None:
    handlers = RpcHandlers(Contract(), OpenAccess(), Admission(), lambda _: True)
    handlers.life_cycle.open()
    await handlers.drain(0)
    request = DeleteUserRequest(organization_id="acme", user_id="ann")
    with pytest.raises(ConnectionAbortedError, match="UNAVAILABLE"):
        await call(handlers, "Directory/DeleteUser", request, Context(), Implementation())


class RefusedBy:
    """Refuses every request, and keeps those that were parsed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed: list[Message] = []
        monkeypatch.setattr(handlers_module, "parse", self._parse)

    def _parse(self, request_class: type[Message], raw: bytes) -> Message:
        request = parse(request_class, raw)
        self.parsed.append(request)
        return request

    def __getattr__(self, _name: str) -> Callable[..., Awaitable[Message]]:
        async def refuse(_request: Message) -> Message:
            await asyncio.sleep(0)
            raise StorageUnavailable

        return refuse


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CallRouting/ResolveOutboundCallerId", ResolveOutboundCallerIdRequest()),
        ("CallRouting/ResolveOutboundCallerId", LEG),
        ("Directory/DeleteUser", DeleteUserRequest(organization_id="acme", user_id="ann")),
    ],
    ids=["by the rules", "by the use case", "by a change"],
)
async def test_a_refused_request_is_not_kept_while_its_caller_is_told(
    monkeypatch: pytest.MonkeyPatch, method: str, request_: Message
) -> None:
    served = RefusedBy(monkeypatch)
    handlers = RpcHandlers(Contract(), OpenAccess(), Admission(), lambda _: True)
    handlers.life_cycle.open()
    references: list[int] = []
    context = Context(when_aborted=lambda: references.append(sys.getrefcount(served.parsed[0])))
    gc.disable()
    try:
        with pytest.raises(ConnectionAbortedError):
            await call(handlers, method, request_, context, served)
    finally:
        gc.enable()
    # The list above, and the call that counts.
    assert references == [2]


class AbortedAsByGrpc(Context):
    """A context that keeps the exception it raises, as that of grpc.aio does."""

    error: Exception

    async def abort(self, code: grpc.StatusCode, *_more: object) -> None:
        self.error = grpc.aio.AbortError(code.name)
        raise self.error


async def test_the_exception_that_ends_a_refused_call_does_not_keep_the_call_in_memory() -> None:
    handlers = RpcHandlers(Contract(), OpenAccess(), Admission(), lambda _: True)
    handlers.life_cycle.open()
    context = AbortedAsByGrpc()
    await call(handlers, "Directory/DeleteUser", DeleteUserRequest(), context, Implementation())
    assert context.error.__traceback__ is None
