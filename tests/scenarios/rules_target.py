"""The scenarios on the pure rules: the smallest memory of what the rules are asked about.

Nothing here decides anything but what is stored. The decisions are those of
``localdial_server.domain``.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.call_back import decide_destination
from localdial_server.domain.caller_id import decide_caller_id
from localdial_server.domain.errors import (
    CallIdReused,
    NumberInUse,
    NumberNotFound,
    OrganizationNotFound,
    RevisionNotReached,
    UserNotFound,
)
from localdial_server.domain.model import Number, NumberState, Organization, OutboundCall, User
from localdial_server.domain.phone_numbers import caller_of
from tests.scenarios.target import Answer, Call, Connection
from tests.support.snapshots import snapshot_of


class RulesTarget:
    """A ``ScenarioTarget`` in memory."""

    def __init__(self) -> None:
        self._organizations: dict[str, Organization] = {}
        self._users: defaultdict[str, dict[str, User]] = defaultdict(dict)
        self._numbers: defaultdict[str, dict[str, Number]] = defaultdict(dict)
        self._revisions: defaultdict[str, int] = defaultdict(int)
        # In the order in which they were made.
        self._calls: list[OutboundCall] = []

    async def set_organization(self, organization: str, organization_number: str | None) -> int:
        if organization_number is not None:
            self._require_free(organization_number, organization)
        self._organizations[organization] = Organization(
            organization, organization_number=organization_number
        )
        return self._changed(organization)

    async def delete_organization(self, organization: str) -> int:
        self._require_organization(organization)
        del self._organizations[organization]
        self._users.pop(organization, None)
        return self._changed(organization)

    async def set_user(
        self, organization: str, user: str, caller_id: str | None, work_phone: str | None
    ) -> int:
        self._require_organization(organization)
        self._users[organization][user] = User(organization, user, caller_id=caller_id, work_phone=work_phone)
        return self._changed(organization)

    async def delete_user(self, organization: str, user: str) -> int:
        self._require_organization(organization)
        if self._users[organization].pop(user, None) is None:
            raise UserNotFound(organization, user)
        return self._changed(organization)

    async def add_numbers(self, organization: str, numbers: Collection[str]) -> int:
        self._require_organization(organization)
        for number in numbers:
            self._require_free(number, organization)
            self._numbers[organization][number] = Number(
                organization_id=organization,
                phone_number=number,
                area_code=area_code_of(number),
                state=NumberState.ACTIVE,
                carrier="",
                reference="",
                purchase_time=0,
            )
        return self._changed(organization)

    async def delete_number(self, organization: str, number: str) -> int:
        self._require_number(organization, number)
        del self._numbers[organization][number]
        return self._changed(organization)

    async def map_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        known = self._require_number(organization, number)
        return self._set_mapped(known, {*known.mapped_area_codes, *area_codes})

    async def unmap_area_codes(self, organization: str, number: str, area_codes: Sequence[str]) -> int:
        known = self._require_number(organization, number)
        return self._set_mapped(known, set(known.mapped_area_codes) - set(area_codes))

    async def list_numbers(self, organization: str) -> Mapping[str, Sequence[str]]:
        self._require_organization(organization)
        return {
            number: each.mapped_area_codes for number, each in sorted(self._numbers[organization].items())
        }

    async def resolve(
        self,
        organization: str,
        user: str,
        callee: str,
        *,
        call_id: str | None = None,
        validate_only: bool = False,
        min_revision: int = 0,
    ) -> Answer:
        if call_id is not None and not validate_only:
            for call in self._calls:
                if (call.organization_id, call.call_id) == (organization, call_id):
                    if (call.user_id, call.callee_number) != (user, callee):
                        raise CallIdReused(call_id)
                    return _answer(call)
        known = self._require_organization(organization)
        revision = self._revisions[organization]
        if revision < min_revision:
            raise RevisionNotReached(organization, revision)
        caller_ids = {user_id: each.caller_id for user_id, each in self._users[organization].items()}
        snapshot = snapshot_of(known, revision, caller_ids, self._numbers[organization].values())
        decision = decide_caller_id(snapshot, user, callee)
        call = OutboundCall(
            organization_id=organization,
            call_id=call_id or f"made-up-{len(self._calls)}",
            user_id=user,
            callee_number=callee,
            caller_id=decision.caller_id,
            reason=decision.reason,
            call_time=len(self._calls),
            revision=snapshot.revision,
        )
        if validate_only:
            return replace(_answer(call), call_id=call_id)
        self._calls.append(call)
        return _answer(call)

    async def route(self, called: str, caller: str) -> Connection:
        owner = self._owner_of(called)
        if owner is None:
            raise NumberNotFound(called)
        caller_number = caller_of(caller)
        last_call = next(iter(self._calls_of(owner, caller_number, None)), None) if caller_number else None
        last_user = self._users[owner].get(last_call.user_id) if last_call else None
        found = decide_destination(self._organizations[owner], called, caller_number, last_call, last_user)
        return Connection(
            organization=found.organization_id,
            destination=found.destination_number,
            reason=found.reason.name,
            fallback=found.fallback_number,
            user=found.user_id,
            last_call=found.last_call.call_id if found.last_call else None,
        )

    async def list_calls(self, organization: str, callee: str | None, user: str | None) -> Sequence[Call]:
        self._require_organization(organization)
        return [
            Call(call.call_id, call.user_id, call.callee_number, call.caller_id, call.reason.name)
            for call in self._calls_of(organization, callee, user)
        ]

    def _calls_of(self, organization: str, callee: str | None, user: str | None) -> list[OutboundCall]:
        return [
            call
            for call in reversed(self._calls)
            if call.organization_id == organization
            and callee in {None, call.callee_number}
            and user in {None, call.user_id}
        ]

    def _owner_of(self, number: str) -> str | None:
        for organization, known in self._organizations.items():
            if number == known.organization_number or number in self._numbers[organization]:
                return organization
        return None

    def _require_organization(self, organization: str) -> Organization:
        if organization not in self._organizations:
            raise OrganizationNotFound(organization)
        return self._organizations[organization]

    def _require_number(self, organization: str, number: str) -> Number:
        self._require_organization(organization)
        if number not in self._numbers[organization]:
            raise NumberNotFound(number)
        return self._numbers[organization][number]

    def _require_free(self, number: str, organization: str) -> None:
        if self._owner_of(number) not in {None, organization}:
            raise NumberInUse(number)

    def _set_mapped(self, number: Number, area_codes: set[str]) -> int:
        self._numbers[number.organization_id][number.phone_number] = replace(
            number, mapped_area_codes=tuple(sorted(area_codes))
        )
        return self._changed(number.organization_id)

    def _changed(self, organization: str) -> int:
        self._revisions[organization] += 1
        return self._revisions[organization]


def _answer(call: OutboundCall) -> Answer:
    return Answer(
        caller_id=call.caller_id,
        reason=call.reason.name,
        callee_area_code=call.callee_area_code,
        call_id=call.call_id,
        revision=call.revision,
    )
