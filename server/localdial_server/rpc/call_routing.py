"""The CallRouting service."""

import logging

from google.rpc import status_pb2

from localdial.v1 import call_routing_pb2 as pb
from localdial_server.app.call_routing import CallRouting, Leg, ResolvedCallerId
from localdial_server.app.ports.store import CallQuery
from localdial_server.domain.errors import InvalidFields, ServiceError
from localdial_server.domain.phone_numbers import caller_of
from localdial_server.rpc.contract import Contract
from localdial_server.rpc.encoding import CALLER_ID_REASONS, DESTINATION_REASONS, call_message, timestamp
from localdial_server.rpc.paging import Page
from localdial_server.rpc.status import status_of

_log = logging.getLogger(__name__)

# Before every call there is.
_NEWEST = (2**63 - 1, "")


class CallRoutingServicer:
    """Decodes, calls the use case, encodes."""

    def __init__(self, use_cases: CallRouting, contract: Contract) -> None:
        self._use_cases = use_cases
        self._check = contract.check

    async def resolve_outbound_caller_id(
        self, request: pb.ResolveOutboundCallerIdRequest
    ) -> pb.ResolveOutboundCallerIdResponse:
        """Serve ResolveOutboundCallerId."""
        return _resolved(await self._use_cases.resolve(_leg(request)))

    async def batch_resolve_outbound_caller_ids(
        self, request: pb.BatchResolveOutboundCallerIdsRequest
    ) -> pb.BatchResolveOutboundCallerIdsResponse:
        """Serve BatchResolveOutboundCallerIds."""
        # A leg that breaks a rule fails alone, so each is checked here and not
        # with the request.
        bad: dict[int, status_pb2.Status] = {}
        legs: list[Leg] = []
        for index, leg in enumerate(request.requests):
            try:
                self._check(leg)
            except InvalidFields as error:
                bad[index] = status_of(error)
            else:
                legs.append(_leg(leg))
        answers = iter(await self._use_cases.resolve_batch(legs))
        return pb.BatchResolveOutboundCallerIdsResponse(
            results=[
                _result(bad[index] if index in bad else next(answers))
                for index in range(len(request.requests))
            ]
        )

    async def route_inbound_call(self, request: pb.RouteInboundCallRequest) -> pb.RouteInboundCallResponse:
        """Serve RouteInboundCall."""
        destination = await self._use_cases.route(request.called_number, caller_of(request.caller_number))
        last_call = destination.last_call
        _log.debug(
            "a call-back is routed",
            extra={
                "organization_id": destination.organization_id,
                "call_id": request.call_id,
                "reason": destination.reason.name,
            },
        )
        return pb.RouteInboundCallResponse(
            organization_id=destination.organization_id,
            destination_number=destination.destination_number,
            user_id=destination.user_id or "",
            reason=DESTINATION_REASONS[destination.reason],
            last_call_id=last_call.call_id if last_call is not None else "",
            last_call_time=timestamp(last_call.call_time) if last_call is not None else None,
        )

    async def list_outbound_calls(self, request: pb.ListOutboundCallsRequest) -> pb.ListOutboundCallsResponse:
        """Serve ListOutboundCalls."""
        page = Page(request, _NEWEST)
        query = CallQuery(request.organization_id, request.callee_number or None, request.user_id or None)
        found = await self._use_cases.list_calls(query, page.cursor, page.limit)
        calls, token = page.cut(found, lambda call: (call.call_time, call.call_id))
        return pb.ListOutboundCallsResponse(calls=map(call_message, calls), next_page_token=token)


def _leg(request: pb.ResolveOutboundCallerIdRequest) -> Leg:
    return Leg(
        request.organization_id,
        request.user_id,
        request.callee_number,
        request.call_id or None,
        request.validate_only,
        request.min_revision,
    )


def _resolved(answer: ResolvedCallerId) -> pb.ResolveOutboundCallerIdResponse:
    return pb.ResolveOutboundCallerIdResponse(
        caller_id=answer.caller_id,
        reason=CALLER_ID_REASONS[answer.reason],
        callee_area_code=answer.callee_area_code or "",
        call_id=answer.call_id or "",
        revision=answer.revision,
        recorded_later=answer.recorded_later,
    )


def _result(
    answer: ResolvedCallerId | ServiceError | status_pb2.Status,
) -> pb.BatchResolveOutboundCallerIdsResult:
    if isinstance(answer, ResolvedCallerId):
        return pb.BatchResolveOutboundCallerIdsResult(response=_resolved(answer))
    status = status_of(answer) if isinstance(answer, ServiceError) else answer
    return pb.BatchResolveOutboundCallerIdsResult(status=status)
