"""The outermost layer: from bytes to a use case and back, for every method alike.

It stands around the parsing too, since gRPC for Python would answer whatever
escapes it with the exception's own text.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from localdial_server.domain.errors import (
    PurchasePending,
    ServiceError,
    ShuttingDown,
    StorageUnavailable,
)
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract, parse
from localdial_server.rpc.status import InternalError, status_of, trailing_metadata

_log = logging.getLogger(__name__)

Method = Callable[[Any], Awaitable[Message]]

# A change must not be cut in half when its caller hangs up, and resolves do not
# need it: their records are committed by the call log's own task.
_RUNS_IN_THE_CALL = frozenset({"ResolveOutboundCallerId", "BatchResolveOutboundCallerIds"})

# What is answered when the caller's deadline is near and the change is not done. It
# tells more than a DEADLINE_EXCEEDED: that the change goes on, and what to repeat.
_WHEN_TIME_IS_UP: Mapping[str, Callable[[Any], ServiceError]] = {
    "PurchaseNumbers": lambda request: PurchasePending(request.organization_id),
}

# How long before the deadline that is, in seconds: the answer has to get there.
_WAY_BACK_SECONDS = 0.25

# Above this the transport refuses a request itself, without our error details.
TRANSPORT_LIMIT_FACTOR = 4


class Serving:
    """Serves the methods of the contract, and knows what is under way."""

    def __init__(self, contract: Contract, max_request_bytes: int) -> None:
        self._contract = contract
        self._max_request_bytes = max_request_bytes
        self._changes: set[asyncio.Task[Message]] = set()
        self._is_open = False
        self._stopping = False

    def handlers(self, services: Mapping[str, object]) -> list[grpc.GenericRpcHandler]:
        """Make the handlers of all services from their implementations.

        An implementation has a coroutine method for each RPC, by its name in
        snake case.
        """
        return [
            grpc.method_handlers_generic_handler(
                f"{PACKAGE}.{name}",
                {
                    method.name: self._handler(method, getattr(services[name], snake_case(method.name)))
                    for method in self._contract.service(name).methods
                },
            )
            for name in SERVICES
        ]

    def open(self) -> None:
        """Begin to serve. Until then every call is told that the database is not available."""
        self._is_open = True

    async def drain(self, seconds: float) -> None:
        """Take on no further changes, and wait up to that many seconds for those under way.

        What is cut off then (a carrier that does not answer) is settled by the
        sweep of the next start.
        """
        self._stopping = True
        if not self._changes:
            return
        _, unfinished = await asyncio.wait(self._changes, timeout=seconds)
        for change in unfinished:
            change.cancel()
        if unfinished:
            _log.warning("changes were cut off", extra={"count": len(unfinished)})
            await asyncio.wait(unfinished)

    def _handler(self, descriptor: MethodDescriptor, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
        request_class = self._contract.request_class(descriptor.containing_service.name, descriptor.name)
        if _changes_state(descriptor):
            method = self._to_the_end(method)
        when_time_is_up = _WHEN_TIME_IS_UP.get(descriptor.name)
        check, max_bytes = self._contract.check, self._max_request_bytes

        async def handle(raw: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
            try:
                self._require_open()
                request = parse(request_class, raw, max_bytes)
                check(request)
                if when_time_is_up is None:
                    response = await method(request)
                else:
                    response = await _in_time(method(request), context, lambda: when_time_is_up(request))
                return response.SerializeToString()
            except ServiceError as error:
                refusal = error
            except Exception:  # noqa: BLE001 (whatever it is, its text must not leave)
                refusal = InternalError(str(uuid.uuid4()))
                _log.exception("a handler failed", extra={"method": descriptor.full_name, **refusal.metadata})
            status = status_of(refusal)
            trailer = trailing_metadata(status, context.time_remaining())
            await context.abort(_CODES[status.code], status.message, trailer)
            raise AssertionError  # abort does not return

        return grpc.unary_unary_rpc_method_handler(handle)

    def _require_open(self) -> None:
        if not self._is_open:
            raise StorageUnavailable

    def _to_the_end(self, method: Method) -> Method:
        """Let a change run to its end, even when the caller gives up waiting."""

        async def run(request: Message) -> Message:
            if self._stopping:
                raise ShuttingDown
            change = asyncio.ensure_future(method(request))
            self._changes.add(change)
            change.add_done_callback(self._changes.discard)
            try:
                return await asyncio.shield(change)
            except asyncio.CancelledError:
                if change.cancelled():
                    # Cut off by ``drain``; the caller is still there.
                    raise ShuttingDown from None
                change.add_done_callback(_log_failure)
                raise

        return run


async def _in_time(
    call: Awaitable[Message],
    context: "grpc.aio.ServicerContext[bytes, bytes]",
    when_time_is_up: Callable[[], ServiceError],
) -> Message:
    """Await the call, but not beyond the caller's deadline."""
    seconds = context.time_remaining()
    try:
        async with asyncio.timeout(None if seconds is None else max(seconds - _WAY_BACK_SECONDS, 0)):
            return await call
    except TimeoutError:
        raise when_time_is_up() from None


def _log_failure(abandoned: asyncio.Future[Message]) -> None:
    """Log what nobody is left to be told of, unless it is what callers are told."""
    error = None if abandoned.cancelled() else abandoned.exception()
    if error is not None and not isinstance(error, ServiceError):
        _log.error("an abandoned change failed", exc_info=error)


_CODES = {code.value[0]: code for code in grpc.StatusCode}


def _changes_state(method: MethodDescriptor) -> bool:
    safe: bool = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    return not safe and method.name not in _RUNS_IN_THE_CALL


def snake_case(name: str) -> str:
    """Write ``ListNumbers`` as ``list_numbers``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
