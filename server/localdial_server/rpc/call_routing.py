"""The CallRouting service."""

import logging

from localdial.v1 import call_routing_pb2 as pb
from localdial_server.app.explanations import Explanations
from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.app.outbound_calls import Leg, OutboundCalls
from localdial_server.app.ports.call_log import RecordedCall
from localdial_server.app.ports.store import CallQuery, InboundCallQuery
from localdial_server.concurrency.time_slices import TimeSlices
from localdial_server.domain.call_back import shown_number
from localdial_server.domain.errors import InvalidFields, ServiceError
from localdial_server.observability import metrics
from localdial_server.rpc.contract import Contract
from localdial_server.rpc.encoding import (
    CALLER_ID_REASONS,
    DESTINATION_REASONS,
    OUTCOME_OF,
    call_message,
    inbound_call_message,
    period,
    timestamp,
)
from localdial_server.rpc.explanations import explanation_message, require_one_subject
from localdial_server.rpc.handlers import Call
from localdial_server.rpc.paging import NEWEST, Page
from localdial_server.rpc.status import status_of

_log = logging.getLogger(__name__)

# To check so many valid legs of a batch, or to answer them, takes less than 0.1 ms.
_LEGS_AT_ONCE = 25


class CallRoutingServicer:
    """Serves the choice of a caller ID and why, the destination of a call-back, and the list of calls."""

    def __init__(
        self, outbound: OutboundCalls, inbound: InboundCalls, explanations: Explanations, contract: Contract
    ) -> None:
        self._outbound = outbound
        self._inbound = inbound
        self._explanations = explanations
        self._contract = contract

    async def resolve_outbound_caller_id(
        self, request: pb.ResolveOutboundCallerIdRequest
    ) -> pb.ResolveOutboundCallerIdResponse:
        response = pb.ResolveOutboundCallerIdResponse()
        leg = _leg(request)
        _fill(response, leg, await self._outbound.resolve(leg))
        return response

    async def batch_resolve_outbound_caller_ids(
        self, request: pb.BatchResolveOutboundCallerIdsRequest
    ) -> pb.BatchResolveOutboundCallerIdsResponse:
        # Each leg fails on its own, even if it breaks a field rule.
        response = pb.BatchResolveOutboundCallerIdsResponse()
        add_result, is_surely_valid = response.results.add, self._contract.is_surely_valid
        legs: list[Leg] = []
        unanswered: list[pb.BatchResolveOutboundCallerIdsResult] = []
        slices = TimeSlices()
        for number, each in enumerate(request.requests, 1):
            result = add_result()
            try:
                if not is_surely_valid(each):
                    await self._contract.check_whole(each)
            except InvalidFields as error:
                result.status.CopyFrom(status_of(error))
                await slices.pause()
            else:
                legs.append(_leg(each))
                unanswered.append(result)
            if number % _LEGS_AT_ONCE == 0:
                await slices.pause()
        answers = await self._outbound.resolve_batch(legs)
        for number, (result, leg, answer) in enumerate(zip(unanswered, legs, answers, strict=True), 1):
            if isinstance(answer, ServiceError):
                result.status.CopyFrom(status_of(answer))
            else:
                _fill(result.response, leg, answer)
            if number % _LEGS_AT_ONCE == 0:
                await slices.pause()
        return response

    async def route_inbound_call(
        self, request: pb.RouteInboundCallRequest, info: Call
    ) -> pb.RouteInboundCallResponse:
        call = await self._inbound.route(
            request.called_number,
            request.caller_number,
            call_id=request.call_id or None,
            allow_degraded=request.allow_degraded,
            seconds_left=info.seconds_left,
            within=info.principal.organization_id,
        )
        assert call.called_number is not None
        assert call.destination_number is not None
        assert call.reason is not None
        _log.debug(
            "a call-back is routed",
            extra={
                "organization_id": call.organization_id,
                "call_id": call.call_id,
                "reason": call.reason.name,
                "degraded": call.degraded,
            },
        )
        metrics.INBOUND_CALLS.labels(call.reason.name).inc()
        return pb.RouteInboundCallResponse(
            organization_id=call.organization_id,
            destination_number=call.destination_number,
            user_id=call.user_id or "",
            reason=DESTINATION_REASONS[call.reason],
            last_call_id=call.last_call_id or "",
            last_call_time=timestamp(call.last_call_time) if call.last_call_time is not None else None,
            fallback_number=call.fallback_number or "",
            shown_number=shown_number(call.called_number, call.caller_number),
            degraded=call.degraded,
            call_id=call.call_id,
        )

    async def report_inbound_call_outcome(
        self, request: pb.ReportInboundCallOutcomeRequest
    ) -> pb.ReportInboundCallOutcomeResponse:
        outcome = OUTCOME_OF[request.outcome]
        await self._inbound.report_outcome(request.organization_id, request.call_id, outcome)
        metrics.INBOUND_OUTCOMES.labels(outcome.name).inc()
        return pb.ReportInboundCallOutcomeResponse()

    async def list_inbound_calls(self, request: pb.ListInboundCallsRequest) -> pb.ListInboundCallsResponse:
        start_time, end_time = period(request)
        page = Page(request, NEWEST)
        query = InboundCallQuery(
            request.organization_id,
            request.caller_number or None,
            request.called_number or None,
            request.user_id or None,
            request.missed,
            start_time,
            end_time,
        )
        found = await self._inbound.list_inbound_calls(query, page.cursor, page.limit)
        calls, token = page.cut(found, lambda call: (call.call_time, call.call_id))
        return pb.ListInboundCallsResponse(calls=map(inbound_call_message, calls), next_page_token=token)

    async def list_outbound_calls(self, request: pb.ListOutboundCallsRequest) -> pb.ListOutboundCallsResponse:
        start_time, end_time = period(request)
        page = Page(request, NEWEST)
        query = CallQuery(
            request.organization_id,
            request.callee_number or None,
            request.user_id or None,
            request.caller_id or None,
            start_time,
            end_time,
        )
        found = await self._outbound.list_calls(query, page.cursor, page.limit)
        calls, token = page.cut(found, lambda call: (call.call_time, call.call_id))
        return pb.ListOutboundCallsResponse(calls=map(call_message, calls), next_page_token=token)

    async def explain_outbound_caller_id(
        self, request: pb.ExplainOutboundCallerIdRequest
    ) -> pb.ExplainOutboundCallerIdResponse:
        require_one_subject(request)
        organization_id, min_revision = request.organization_id, request.min_revision
        if request.call_id:
            explained = await self._explanations.explain_call(organization_id, request.call_id, min_revision)
        else:
            explained = await self._explanations.explain(
                organization_id, request.user_id, request.callee_number, min_revision
            )
        return explanation_message(explained)


def _leg(request: pb.ResolveOutboundCallerIdRequest) -> Leg:
    return Leg(
        request.organization_id,
        request.user_id,
        request.callee_number,
        request.call_id or None,
        request.validate_only,
        request.min_revision,
    )


def _fill(response: pb.ResolveOutboundCallerIdResponse, leg: Leg, answer: RecordedCall) -> None:
    """Set the fields of the response. A batch has a response in place for each leg, so none is copied."""
    call = answer.call
    response.caller_id = call.caller_id
    response.reason = CALLER_ID_REASONS[call.reason]
    response.callee_area_code = leg.callee_area_code or ""
    response.call_id = call.call_id
    response.revision = call.revision
    response.recorded_later = answer.later
