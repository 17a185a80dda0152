"""The outermost layer: from bytes to a use case and back, the same way for every method.

Requests are parsed here, because gRPC for Python sends the caller the text of any
exception that escapes.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from localdial_server.app.current_caller import CURRENT_CALLER, Caller
from localdial_server.domain.errors import PurchasePending, Reason, ServiceError
from localdial_server.domain.principals import Principal
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.access import MethodAccess
from localdial_server.rpc.admission import Admission, Ticket
from localdial_server.rpc.authentication import Authenticator
from localdial_server.rpc.call_context import CallContext
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract, parse
from localdial_server.rpc.encoded_request import EncodedRequest
from localdial_server.rpc.incidents import Incidents
from localdial_server.rpc.life_cycle import LifeCycle, ShuttingDown
from localdial_server.rpc.peers import address_of
from localdial_server.rpc.refused_callers import note_refused_caller
from localdial_server.rpc.request_sizes import RequestBounds
from localdial_server.rpc.status import status_of, trailing_metadata

_log = logging.getLogger(__name__)
_limited_log = LimitedLog(_log)

Method = Callable[..., Awaitable[Message]]
"""Gets the request. Those of `_GETS_CALL` also get the `Call`."""

_Invocation = Callable[[Message, Principal, Ticket, CallContext], Awaitable[Message]]


class Call(NamedTuple):
    """What a method may know of its call besides the request."""

    principal: Principal
    seconds_left: float | None
    """How many seconds the caller waits; None: no limit."""


# A change runs to its end even if its caller hangs up. The methods that phone calls wait
# for do not need that: the call log commits their records in a task of its own.
_RUNS_IN_THE_CALL = frozenset(
    {
        "ResolveOutboundCallerId",
        "BatchResolveOutboundCallerIds",
        "RouteInboundCall",
        "ReportInboundCallOutcome",
    }
)

# RouteInboundCall finds only the organization of its principal, and has an answer for a caller who cannot
# wait for a better one. GetCaller returns the principal, and GetStatus returns more to admins.
_GETS_CALL = frozenset({"RouteInboundCall", "GetCaller", "GetStatus"})

# Refusals that a caller can ask for without end, because they cost it nothing.
_PACED = frozenset({Reason.OVERLOADED, Reason.UNAUTHENTICATED})
_MISTAKES = frozenset({Reason.MALFORMED_REQUEST, Reason.INVALID_FIELDS, Reason.PERMISSION_DENIED})

# The error for a caller whose deadline is near while its change still runs. Unlike
# DEADLINE_EXCEEDED, it says that the change goes on, and what to repeat.
_NEAR_DEADLINE: Mapping[str, Callable[[Any], ServiceError]] = {
    "PurchaseNumbers": lambda request: PurchasePending(request.organization_id),
}

# That error is sent this long before the deadline, so that it arrives in time.
_WAY_BACK_SECONDS = 0.25


class RpcHandlers:
    """Serves the methods of the contract, and keeps track of the changes that run."""

    def __init__(
        self,
        contract: Contract,
        authenticator: Authenticator,
        admission: Admission,
        shares_account: Callable[[str], bool],
    ) -> None:
        """`shares_account`: whether an organization's carrier account is also that of others."""
        self._contract = contract
        self._authenticate = authenticator.authenticate
        self._admission = admission
        self._shares_account = shares_account
        self._incidents = Incidents(_log)
        self._changes: set[asyncio.Task[Message]] = set()
        self._is_draining = False
        self.life_cycle = LifeCycle()
        """Whether calls are served."""

    def handlers(self, services: Mapping[str, object]) -> list[grpc.GenericRpcHandler]:
        """Return the handlers of all services.

        `services` has the implementation of each of `SERVICES`: an object with a coroutine
        method for each RPC, named in snake case.
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

    async def drain(self, seconds: float) -> None:
        """Refuse new changes, wait up to `seconds` for running ones, then cancel them.

        The sweep of the next start settles purchases and releases that were cancelled.
        """
        self._is_draining = True
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
        access = MethodAccess(descriptor, self._shares_account)
        gate = self._admission.gate(descriptor)
        invoke = self._invocation(descriptor, method)
        contract = self._contract
        long = self._contract.long_list(request_class)
        bounds = RequestBounds(self._contract, descriptor.input_type)
        life_cycle = self.life_cycle

        async def handle(received: bytes | EncodedRequest, context: CallContext) -> bytes:
            principal = ticket = request = None
            raw = received if isinstance(received, bytes) else b""
            try:
                if not life_cycle.is_serving:
                    await life_cycle.refuse(context.time_remaining())
                bounds.require_size(raw)
                principal = await self._authenticate(context)
                if not isinstance(received, bytes):
                    raw = await received.decoded()
                    bounds.require_size(raw)
                ticket = gate.try_enter(raw) or await gate.enter(raw, principal)
                bounds.require_items(raw)
                request = parse(request_class, raw)
                access.require(principal, request)
                if long is not None:
                    await contract.check_in_slices(request, long)
                elif not contract.is_surely_valid(request):
                    await contract.check_whole(request)
                response = await invoke(request, principal, ticket, context)
                return response.SerializeToString()
            except ServiceError as error:
                # Keep no reference to the error. Its traceback refers to this frame, so the request would
                # stay in memory until the garbage collector finds the cycle.
                reason, status = error.reason, status_of(error)
            except Exception as error:  # noqa: BLE001 - the text of no exception may leave the server
                incident = self._incidents.record(descriptor.full_name, error)
                reason, status = incident.reason, status_of(incident)
            finally:
                if ticket is not None:
                    ticket.leave()
            del request
            note_refused_caller(reason, descriptor, principal, context.peer())
            if reason in _PACED or reason in _MISTAKES:
                await gate.pace_refusal(raw, principal, is_mistake=reason in _MISTAKES)
            await _abort(context, status)
            return b""

        return grpc.unary_unary_rpc_method_handler(handle)

    def _invocation(self, descriptor: MethodDescriptor, method: Method) -> "_Invocation":
        """Return the function that carries a call out."""
        if descriptor.name in _GETS_CALL:
            return lambda request, principal, _, context: method(
                request, Call(principal, context.time_remaining())
            )
        if not _changes_state(descriptor):
            return lambda request, *_: method(request)
        change = self._to_the_end(method)
        when_time_is_up = _NEAR_DEADLINE.get(descriptor.name)

        async def invoke(
            request: Message, principal: Principal, ticket: Ticket, context: CallContext
        ) -> Message:
            CURRENT_CALLER.set(_caller(principal, context, descriptor, request))
            if when_time_is_up is None:
                return await change(request, ticket)
            return await _in_time(change(request, ticket), context, lambda: when_time_is_up(request))

        return invoke

    def _to_the_end(self, method: Method) -> Callable[[Message, Ticket], Awaitable[Message]]:
        """Return the method as one that runs to its end, with its ticket, even if the caller gives up."""

        async def run(request: Message, ticket: Ticket) -> Message:
            if self._is_draining:
                raise ShuttingDown
            change = asyncio.ensure_future(method(request))
            ticket.hold_until(change)
            self._changes.add(change)
            change.add_done_callback(self._changes.discard)
            try:
                return await asyncio.shield(change)
            except asyncio.CancelledError:
                if change.cancelled():
                    # `drain` cancelled the change; the caller still waits.
                    raise ShuttingDown from None
                change.add_done_callback(_log_failure)
                raise
            finally:
                # The task has the error, whose traceback has this frame: another cycle.
                del change

        return run


async def _in_time(
    call: Awaitable[Message],
    context: CallContext,
    when_time_is_up: Callable[[], ServiceError],
) -> Message:
    """Await the call until shortly before the caller's deadline; then raise `when_time_is_up()`."""
    seconds = context.time_remaining()
    try:
        async with asyncio.timeout(None if seconds is None else max(seconds - _WAY_BACK_SECONDS, 0)):
            return await call
    except TimeoutError:
        raise when_time_is_up() from None


async def _abort(context: CallContext, status: Status) -> None:
    trailer = trailing_metadata(status, context.time_remaining())
    try:
        await context.abort(_CODES[status.code], status.message, trailer)
    except grpc.aio.AbortError as error:
        # grpc.aio keeps the exception and raises it again. With its traceback, which has the frames of its
        # callers, it would stay in memory until the garbage collector finds the cycle.
        error.__traceback__ = None


def _caller(
    principal: Principal,
    context: CallContext,
    method: MethodDescriptor,
    request: Message,
) -> Caller:
    name = f"{method.containing_service.name}.{method.name}"
    return Caller(principal, address_of(context.peer()), name, getattr(request, "request_id", ""))


def _log_failure(abandoned: asyncio.Future[Message]) -> None:
    """Log an unexpected failure of a change whose caller has hung up."""
    error = None if abandoned.cancelled() else abandoned.exception()
    if error is not None and not isinstance(error, ServiceError):
        _limited_log.exception("an abandoned change failed", kind=type(error).__name__, error=error)


_CODES = {code.value[0]: code for code in grpc.StatusCode}


def _changes_state(method: MethodDescriptor) -> bool:
    safe: bool = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    return not safe and method.name not in _RUNS_IN_THE_CALL


def snake_case(name: str) -> str:
    """Return `ListNumbers` as `list_numbers`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
