"""Runs the scenarios on the use cases, with any store and carrier."""

import uuid
from collections.abc import Collection, Mapping, Sequence

from typing_extensions import override

from localdial_server.app.outbound_calls import Leg
from localdial_server.app.ports.store import CallQuery, NumberQuery
from localdial_server.app.use_cases import UseCases
from localdial_server.domain.call_back import Destination, shown_number
from localdial_server.domain.model import Organization, User
from tests.scenarios.target import (
    Answer,
    Call,
    Connection,
    Explained,
    ExplainedRecord,
    Refused,
    ScenarioTarget,
    explained,
    require_bought,
    split_orders,
)

# More items than any case has.
_ALL = 1000


class UseCaseTarget(ScenarioTarget):
    """A `ScenarioTarget` of the use cases themselves."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def set_organization(self, organization: str, organization_number: str | None) -> int:
        wanted = Organization(organization, organization_number=organization_number)
        return await self._use_cases.directory.set_organization(wanted)

    @override
    async def delete_organization(self, organization: str) -> int:
        return await self._use_cases.directory.delete_organization(organization)

    @override
    async def set_user(
        self, organization: str, user: str, caller_id: str | None, work_phone: str | None
    ) -> int:
        wanted = User(organization, user, caller_id=caller_id, work_phone=work_phone)
        return await self._use_cases.directory.set_user(wanted)

    @override
    async def delete_user(self, organization: str, user: str) -> int:
        return await self._use_cases.directory.delete_user(organization, user)

    @override
    async def add_numbers(self, organization: str, numbers: Collection[str]) -> int:
        revision = 0
        imports, purchases = split_orders(numbers)
        for area_code, wanted in purchases.items():
            purchase = await self._use_cases.purchasing.purchase(
                organization, area_code, len(wanted), str(uuid.uuid4())
            )
            require_bought([number.phone_number for number in purchase.numbers], wanted)
            revision = purchase.revision
        if imports:
            answer = await self._use_cases.importing.import_numbers(organization, imports)
            for failure in answer.failures:
                raise Refused(failure.error.reason, failure.error.message, failure.error.metadata)
            revision = answer.revision
        return revision

    @override
    async def import_external(self, organization: str, number: str) -> int:
        answer = await self._use_cases.external.import_numbers(organization, [number])
        for failure in answer.failures:
            raise Refused(failure.error.reason, failure.error.message, failure.error.metadata)
        return answer.revision

    @override
    async def delete_number(self, organization: str, number: str) -> int:
        answer = await self._use_cases.deleting.delete(organization, [number], str(uuid.uuid4()))
        for failure in answer.failures:
            raise Refused(failure.error.reason, failure.error.message, failure.error.metadata)
        return answer.revision

    @override
    async def map_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        _, revision = await self._use_cases.inventory.map_area_codes(organization, number, area_codes)
        return revision

    @override
    async def unmap_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        _, revision = await self._use_cases.inventory.unmap_area_codes(organization, number, area_codes)
        return revision

    @override
    async def list_numbers(self, organization: str) -> Mapping[str, Sequence[str]]:
        numbers, total = await self._use_cases.inventory.list_numbers(NumberQuery(organization), "", _ALL)
        assert len(numbers) == total
        return {number.phone_number: number.mapped_area_codes for number in numbers}

    @override
    async def resolve(self, leg: Leg) -> Answer:
        call = (await self._use_cases.outbound.resolve(leg)).call
        return Answer.of(call, leg.callee_area_code)

    @override
    async def explain(self, leg: Leg) -> Explained:
        found = await self._use_cases.explanations.explain(
            leg.organization_id, leg.user_id, leg.callee_number, leg.min_revision
        )
        assert found.explanation is not None
        return explained(found.explanation, found.callee.area_code)

    @override
    async def explain_call(self, organization: str, call_id: str) -> ExplainedRecord | None:
        found = await self._use_cases.explanations.explain_call(organization, call_id)
        assert found.recorded is not None
        call, call_back = found.recorded.call, found.recorded.call_back
        return ExplainedRecord(
            Call(call.call_id, call.user_id, call.callee_number, call.caller_id, call.reason.name),
            None if found.explanation is None else explained(found.explanation, found.callee.area_code),
            Connection.of(call_back) if isinstance(call_back, Destination) else call_back,
        )

    @override
    async def route(self, called: str, caller: str) -> Connection:
        found = await self._use_cases.inbound.route(called, caller)
        assert found.destination_number is not None
        assert found.called_number is not None
        assert found.reason is not None
        return Connection(
            organization=found.organization_id,
            destination=found.destination_number,
            reason=found.reason.name,
            shown=shown_number(found.called_number, found.caller_number),
            fallback=found.fallback_number,
            user=found.user_id,
            last_call=found.last_call_id,
        )

    @override
    async def list_calls(self, organization: str, callee: str | None, user: str | None) -> Sequence[Call]:
        calls = await self._use_cases.outbound.list_calls(CallQuery(organization, callee, user), None, _ALL)
        return [
            Call(call.call_id, call.user_id, call.callee_number, call.caller_id, call.reason.name)
            for call in calls
        ]
