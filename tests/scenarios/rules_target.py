"""Runs the scenarios on the pure rules, and stores only what the rules need.

The decisions are those of `localdial_server.domain`. What it does not decide (who
may own a number, repeats of a call, lists) is left to the other targets.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from typing_extensions import override

from localdial_server.app.outbound_calls import Leg
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.call_back import decide_destination
from localdial_server.domain.caller_id import decide_caller_id
from localdial_server.domain.callers import NumberReader
from localdial_server.domain.dialing_permissions import DialingPermission
from localdial_server.domain.explanation import InactiveNumbers, explain_caller_id
from localdial_server.domain.model import Number, NumberState, Organization, OutboundCall, User
from localdial_server.domain.phone_keys import phone_key
from localdial_server.domain.routing_snapshot import RoutingSnapshot
from tests.scenarios import schema
from tests.scenarios.target import (
    Answer,
    Call,
    Connection,
    Explained,
    ExplainedRecord,
    ScenarioTarget,
    explained,
)
from tests.support.snapshots import snapshot_of

_READER = NumberReader("US")
_PERMISSION = DialingPermission()
_ERRORS = {"USER_NOT_FOUND", "NO_CALLER_ID", "NO_DESTINATION"}


def is_decided_by_rules(case: schema.Case) -> bool:
    """Return whether the rules alone decide what the case expects."""
    return all(_is_decided_by_rules(step) for step in case.steps)


def _is_decided_by_rules(step: schema.Step) -> bool:
    match step:
        case schema.ListCallsStep() | schema.ListNumbersStep():
            return False
        case schema.ResolveStep():
            is_repeat = step.expect.answer_of is not None
            return not is_repeat and not step.resolve.min_revision and step.expect.error in {None, *_ERRORS}
        case schema.ResolveManyStep():
            return True
        case schema.RouteStep():
            return getattr(step.expect, "error", None) in {None, *_ERRORS}
        case _:
            return step.expect is None


class RulesTarget(ScenarioTarget):
    """A `ScenarioTarget` in memory, for the cases that the rules decide."""

    def __init__(self) -> None:
        self._organizations: dict[str, Organization] = {}
        self._users: defaultdict[str, dict[str, User]] = defaultdict(dict)
        self._numbers: dict[str, Number] = {}
        self._revisions: Counter[str] = Counter()
        # Newest first.
        self._calls: list[OutboundCall] = []

    @override
    async def set_organization(self, organization: str, organization_number: str | None) -> int:
        self._organizations[organization] = Organization(
            organization, organization_number=organization_number
        )
        return self._changed(organization)

    @override
    async def delete_organization(self, organization: str) -> int:
        del self._organizations[organization], self._users[organization]
        return self._changed(organization)

    @override
    async def set_user(
        self, organization: str, user: str, caller_id: str | None, work_phone: str | None
    ) -> int:
        self._users[organization][user] = User(organization, user, caller_id=caller_id, work_phone=work_phone)
        return self._changed(organization)

    @override
    async def delete_user(self, organization: str, user: str) -> int:
        del self._users[organization][user]
        return self._changed(organization)

    @override
    async def add_numbers(self, organization: str, numbers: Collection[str]) -> int:
        for number in numbers:
            self._numbers[number] = Number(
                organization_id=organization,
                phone_number=number,
                area_code=area_code_of(number),
                state=NumberState.ACTIVE,
                carrier="",
                reference="",
                purchase_time=0,
            )
        return self._changed(organization)

    @override
    async def import_external(self, organization: str, number: str) -> int:
        return await self.add_numbers(organization, [number])

    @override
    async def delete_number(self, organization: str, number: str) -> int:
        del self._numbers[number]
        return self._changed(organization)

    @override
    async def map_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        return self._set_mapped(number, {*self._numbers[number].mapped_area_codes, *area_codes})

    @override
    async def unmap_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        return self._set_mapped(number, {*self._numbers[number].mapped_area_codes} - {*area_codes})

    @override
    async def list_numbers(self, organization: str) -> Mapping[str, Sequence[str]]:
        raise NotImplementedError

    @override
    async def resolve(self, leg: Leg) -> Answer:
        snapshot = self._snapshot(leg.organization_id)
        decision = decide_caller_id(snapshot, leg.user_id, leg.callee_number, leg.callee_area_code)
        call = OutboundCall(
            organization_id=leg.organization_id,
            call_id=leg.call_id or ("" if leg.validate_only else f"made-up-{len(self._calls)}"),
            user_id=leg.user_id,
            callee_number=leg.callee_number,
            caller_id=decision.caller_id,
            reason=decision.reason,
            call_time=0,
            revision=snapshot.revision,
        )
        if not leg.validate_only:
            self._calls.insert(0, call)
        return Answer.of(call, leg.callee_area_code)

    @override
    async def explain(self, leg: Leg) -> Explained:
        snapshot = self._snapshot(leg.organization_id)
        return explained(
            explain_caller_id(
                snapshot, leg.user_id, leg.callee_number, leg.callee_area_code, InactiveNumbers()
            ),
            leg.callee_area_code,
        )

    @override
    async def explain_call(self, organization: str, call_id: str) -> ExplainedRecord | None:
        return None

    @override
    async def route(self, called: str, caller: str) -> Connection:
        called_number = _READER.called_number(called)
        assert called_number is not None
        organization = self._owner_of(called_number)
        caller_number = _READER.caller(caller).number
        last_call = next(
            (
                call
                for call in self._calls
                if caller_number is not None
                and call.organization_id == organization.organization_id
                and phone_key(call.callee_number) == phone_key(caller_number)
            ),
            None,
        )
        users = self._users[organization.organization_id]
        last_user = users.get(last_call.user_id) if last_call else None
        owners = [user for user in users.values() if _is_same(user.caller_id, called_number)]
        owner = owners[0] if len(owners) == 1 else None
        found = decide_destination(
            organization,
            called_number,
            caller_number,
            last_call,
            last_user,
            caller_id_owner=owner,
            may_dial=lambda number: _PERMISSION.against_dialing(number) is None,
        )
        return Connection.of(found)

    @override
    async def list_calls(self, organization: str, callee: str | None, user: str | None) -> Sequence[Call]:
        raise NotImplementedError

    def _snapshot(self, organization: str) -> RoutingSnapshot:
        caller_ids = {user.user_id: user.caller_id for user in self._users[organization].values()}
        numbers = [each for each in self._numbers.values() if each.organization_id == organization]
        return snapshot_of(
            self._organizations[organization], self._revisions[organization], caller_ids, numbers
        )

    def _owner_of(self, number: str) -> Organization:
        for owned in self._numbers.values():
            if _is_same(owned.phone_number, number):
                return self._organizations[owned.organization_id]
        for each in self._organizations.values():
            if _is_same(each.organization_number, number):
                return each
        (owner_id,) = {
            organization_id
            for organization_id, users in self._users.items()
            if any(_is_same(user.caller_id, number) for user in users.values())
        }
        return self._organizations[owner_id]

    def _set_mapped(self, number: str, area_codes: set[str]) -> int:
        mapped = replace(self._numbers[number], mapped_area_codes=tuple(sorted(area_codes)))
        self._numbers[number] = mapped
        return self._changed(mapped.organization_id)

    def _changed(self, organization: str) -> int:
        self._revisions[organization] += 1
        return self._revisions[organization]


def _is_same(number: str | None, other: str) -> bool:
    return number is not None and phone_key(number) == phone_key(other)
