"""Runs the scenarios on a live server, through the Python client."""

import contextlib
import uuid
from collections.abc import Collection, Mapping, Sequence

from typing_extensions import override

from localdial.v1 import call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_client import Client, NotFound, from_status, pages
from localdial_server.app.outbound_calls import Leg
from tests.scenarios.target import (
    Answer,
    Call,
    Connection,
    Explained,
    ExplainedRecord,
    ScenarioTarget,
    require_bought,
    split_orders,
)


class LiveTarget(ScenarioTarget):
    """A `ScenarioTarget` with its own organizations, on a shared server.

    `clean` releases the numbers of its organizations, so that the next target finds the
    same stock and the same free organization numbers.
    """

    def __init__(self, client: Client, prefix: str | None = None) -> None:
        """Use `client`, and begin the names of organizations with `prefix`."""
        self._client = client
        self._prefix = f"{uuid.uuid4().hex[:12]}-" if prefix is None else prefix
        self._made: set[str] = set()

    async def clean(self, others: Collection[str] = ()) -> None:
        """Delete the organizations that were created here, and `others`, with their numbers."""
        for organization in sorted({*self._made, *others}):
            with contextlib.suppress(NotFound):
                for number in await self.list_numbers(organization):
                    await self.delete_number(organization, number)
                await self.delete_organization(organization)

    @override
    async def set_organization(self, organization: str, organization_number: str | None) -> int:
        self._made.add(organization)
        wanted = directory_pb2.Organization(
            organization_id=self._id(organization), organization_number=organization_number or ""
        )
        request = directory_pb2.SetOrganizationRequest(organization=wanted)
        return self._client.directory.set_organization(request).revision

    @override
    async def delete_organization(self, organization: str) -> int:
        request = directory_pb2.DeleteOrganizationRequest(organization_id=self._id(organization))
        return self._client.directory.delete_organization(request).revision

    @override
    async def set_user(
        self, organization: str, user: str, caller_id: str | None, work_phone: str | None
    ) -> int:
        wanted = directory_pb2.User(
            organization_id=self._id(organization),
            user_id=user,
            caller_id=caller_id or "",
            work_phone=work_phone or "",
        )
        return self._client.directory.set_user(directory_pb2.SetUserRequest(user=wanted)).revision

    @override
    async def delete_user(self, organization: str, user: str) -> int:
        request = directory_pb2.DeleteUserRequest(organization_id=self._id(organization), user_id=user)
        return self._client.directory.delete_user(request).revision

    @override
    async def add_numbers(self, organization: str, numbers: Collection[str]) -> int:
        revision = 0
        imports, purchases = split_orders(numbers)
        for area_code, wanted in purchases.items():
            purchase = self._client.number_inventory.purchase_numbers(
                number_inventory_pb2.PurchaseNumbersRequest(
                    organization_id=self._id(organization), area_code=area_code, quantity=len(wanted)
                )
            )
            require_bought([number.phone_number for number in purchase.numbers], wanted)
            revision = purchase.revision
        if imports:
            answer = self._client.number_inventory.import_numbers(
                number_inventory_pb2.ImportNumbersRequest(
                    organization_id=self._id(organization), phone_numbers=imports
                )
            )
            for failure in answer.failures:
                raise from_status(failure.status)
            revision = answer.revision
        return revision

    @override
    async def import_external(self, organization: str, number: str) -> int:
        answer = self._client.number_inventory.import_numbers(
            number_inventory_pb2.ImportNumbersRequest(
                organization_id=self._id(organization), phone_numbers=[number], carrier="external"
            )
        )
        for failure in answer.failures:
            raise from_status(failure.status)
        return answer.revision

    @override
    async def delete_number(self, organization: str, number: str) -> int:
        answer = self._client.number_inventory.delete_numbers(
            number_inventory_pb2.DeleteNumbersRequest(
                organization_id=self._id(organization), phone_numbers=[number]
            )
        )
        for failure in answer.failures:
            raise from_status(failure.status)
        return answer.revision

    @override
    async def map_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        request = number_inventory_pb2.MapAreaCodesRequest(
            organization_id=self._id(organization), phone_number=number, area_codes=area_codes
        )
        return self._client.number_inventory.map_area_codes(request).revision

    @override
    async def unmap_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        request = number_inventory_pb2.UnmapAreaCodesRequest(
            organization_id=self._id(organization), phone_number=number, area_codes=area_codes
        )
        return self._client.number_inventory.unmap_area_codes(request).revision

    @override
    async def list_numbers(self, organization: str) -> Mapping[str, Sequence[str]]:
        request = number_inventory_pb2.ListNumbersRequest(organization_id=self._id(organization))
        return {
            number.phone_number: number.mapped_area_codes
            for page in pages(self._client.number_inventory.list_numbers, request)
            for number in page.numbers
        }

    @override
    async def resolve(self, leg: Leg) -> Answer:
        answer = self._client.call_routing.resolve_outbound_caller_id(
            call_routing_pb2.ResolveOutboundCallerIdRequest(
                organization_id=self._id(leg.organization_id),
                user_id=leg.user_id,
                callee_number=leg.callee_number,
                call_id=leg.call_id or "",
                validate_only=leg.validate_only,
                min_revision=leg.min_revision,
            )
        )
        return _answer(answer)

    @override
    async def explain(self, leg: Leg) -> Explained:
        response = self._client.call_routing.explain_outbound_caller_id(
            call_routing_pb2.ExplainOutboundCallerIdRequest(
                organization_id=self._id(leg.organization_id),
                user_id=leg.user_id,
                callee_number=leg.callee_number,
                min_revision=leg.min_revision,
            )
        )
        return _explained(response)

    @override
    async def explain_call(self, organization: str, call_id: str) -> ExplainedRecord | None:
        response = self._client.call_routing.explain_outbound_caller_id(
            call_routing_pb2.ExplainOutboundCallerIdRequest(
                organization_id=self._id(organization), call_id=call_id
            )
        )
        recorded = response.recorded_call
        found = recorded.call_back_destination
        reason = call_routing_pb2.DestinationReason.Name(found.reason)
        return ExplainedRecord(
            _call(recorded.call),
            _explained(response) if response.WhichOneof("decision") else None,
            from_status(recorded.no_call_back)
            if recorded.HasField("no_call_back")
            else Connection(
                organization=organization,
                destination=found.destination_number,
                reason=reason.removeprefix("DESTINATION_REASON_"),
                shown=recorded.call.callee_number,
                fallback=found.fallback_number or None,
                user=found.user_id or None,
                last_call=None,
            ),
        )

    @override
    async def route(self, called: str, caller: str) -> Connection:
        found = self._client.call_routing.route_inbound_call(
            call_routing_pb2.RouteInboundCallRequest(called_number=called, caller_number=caller)
        )
        assert found.HasField("last_call_time") == bool(found.last_call_id)
        reason = call_routing_pb2.DestinationReason.Name(found.reason)
        return Connection(
            organization=found.organization_id.removeprefix(self._prefix),
            destination=found.destination_number,
            reason=reason.removeprefix("DESTINATION_REASON_"),
            shown=found.shown_number,
            fallback=found.fallback_number or None,
            user=found.user_id or None,
            last_call=found.last_call_id or None,
        )

    @override
    async def list_calls(self, organization: str, callee: str | None, user: str | None) -> Sequence[Call]:
        request = call_routing_pb2.ListOutboundCallsRequest(
            organization_id=self._id(organization), callee_number=callee or "", user_id=user or ""
        )
        return [
            _call(call)
            for page in pages(self._client.call_routing.list_outbound_calls, request)
            for call in page.calls
        ]

    def _id(self, organization: str) -> str:
        return f"{self._prefix}{organization}"


def _answer(response: call_routing_pb2.ResolveOutboundCallerIdResponse) -> Answer:
    return Answer(
        caller_id=response.caller_id,
        reason=_caller_id_reason(response.reason),
        callee_area_code=response.callee_area_code or None,
        call_id=response.call_id or None,
        revision=response.revision,
    )


def _call(call: call_routing_pb2.OutboundCall) -> Call:
    reason = _caller_id_reason(call.reason)
    return Call(call.call_id, call.user_id, call.callee_number, call.caller_id, reason)


def _explained(response: call_routing_pb2.ExplainOutboundCallerIdResponse) -> Explained:
    assert response.candidate_count >= len(response.candidates)
    return Explained(
        from_status(response.no_caller_id)
        if response.HasField("no_caller_id")
        else _answer(response.response),
        [
            (
                _caller_id_reason(rule.rule),
                call_routing_pb2.RuleOutcome.Name(rule.outcome).removeprefix("RULE_OUTCOME_"),
            )
            for rule in response.rules
        ],
        [
            candidate.phone_number
            for candidate in response.candidates
            if candidate.verdict == call_routing_pb2.CandidateVerdict.CANDIDATE_VERDICT_CHOSEN
        ],
    )


def _caller_id_reason(reason: call_routing_pb2.CallerIdReason.ValueType) -> str:
    return call_routing_pb2.CallerIdReason.Name(reason).removeprefix("CALLER_ID_REASON_")
