"""Plays a case in a target and checks every answer."""

import re
from collections.abc import Awaitable
from typing import TypeVar

from localdial_server.app.outbound_calls import Leg
from localdial_server.domain.suggested_numbers import suggested_number
from tests.scenarios import schema
from tests.scenarios.expectations import (
    STATUS,
    CallsListed,
    ManyResolved,
    NumbersListed,
    Refusal,
    Resolved,
    Routed,
)
from tests.scenarios.explanations import require_explained, require_record_explained
from tests.scenarios.operations import Operation, Resolve, ResolveMany, Strict
from tests.scenarios.target import Answer, Refused, ScenarioTarget, refusals

T = TypeVar("T")

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


async def run_case(case: schema.Case, target: ScenarioTarget) -> None:
    """Play the case. An error that it raises has a note with the step."""
    play = _Play(case, target)
    await play.prepare()
    for number, step in enumerate(case.steps, 1):
        try:
            await play.take(step)
        except Exception as error:
            error.add_note(f"in step {number} of {case.name!r}: {step.model_dump(exclude_unset=True)}")
            raise


class _Play:
    """One case in one target, with the answers to its steps so far."""

    def __init__(self, case: schema.Case, target: ScenarioTarget) -> None:
        self._case = case
        self._target = target
        self._revisions: dict[str, int] = {}
        self._call_ids: set[tuple[str, str]] = set()
        self._answers: dict[str, Answer] = {}
        self._shown: dict[str, dict[str, str]] = {}

    async def prepare(self) -> None:
        """Create the given state."""
        target, revisions = self._target, self._revisions
        for organization, given in self._case.given.items():
            revisions[organization] = await target.set_organization(organization, given.organization_number)
            for user, each in given.users.items():
                revisions[organization] = await target.set_user(
                    organization, user, each.caller_id, each.work_phone
                )
            if given.numbers:
                revisions[organization] = await target.add_numbers(organization, given.numbers)
            for number, area_codes in given.numbers.items():
                if area_codes:
                    revisions[organization] = await target.map_area_codes(organization, number, area_codes)

    async def take(self, step: schema.Step) -> None:
        """Run one step."""
        match step:
            case schema.ResolveStep():
                await self._resolve(step.resolve, step.expect, step.label)
            case schema.ResolveManyStep():
                await self._resolve_many(step.resolve_many, step.expect, step.label)
            case schema.RouteStep():
                await self._route(step)
            case schema.ListCallsStep():
                await self._list_calls(step)
            case schema.ListNumbersStep():
                await self._list_numbers(step)
            case _:
                await self._change(step)

    async def _resolve(self, wanted: Resolve, expected: Resolved, label: str | None) -> None:
        organization = self._organization(wanted)
        revision = self._revisions.get(organization, 0)
        leg = Leg(
            organization,
            wanted.user,
            wanted.callee,
            call_id=wanted.call_id,
            validate_only=wanted.validate_only,
            min_revision=revision if wanted.min_revision == "current" else wanted.min_revision,
        )
        answer = await self._ask(wanted, self._target.resolve(leg), expected.error)
        await require_explained(self._target, leg)
        if answer is None:
            return
        # These hold for every answer, so no case states them.
        assert _E164.fullmatch(answer.caller_id)
        assert answer.caller_id != wanted.callee
        assert answer.call_id is not None or wanted.validate_only
        assert wanted.call_id is None or answer.call_id == wanted.call_id
        if wanted.validate_only or (organization, answer.call_id) not in self._call_ids:
            # A new call is decided on the newest revision.
            assert answer.revision == revision
        if answer.call_id is not None and not wanted.validate_only:
            self._call_ids.add((organization, answer.call_id))
            await require_record_explained(self._target, leg, answer)

        if expected.answer_of is not None:
            assert answer == self._answers[expected.answer_of]
        else:
            self._compare(answer, expected)
        if label is not None:
            self._answers[label] = answer

    def _compare(self, answer: Answer, expected: Resolved) -> None:
        if expected.caller_id is not None:
            assert answer.caller_id == expected.caller_id
        if expected.one_of is not None:
            assert answer.caller_id in expected.one_of
        if expected.caller_id_of is not None:
            assert answer.caller_id == self._answers[expected.caller_id_of].caller_id
        assert answer.reason == expected.reason
        if "callee_area_code" in expected.model_fields_set:
            assert answer.callee_area_code == expected.callee_area_code

    async def _resolve_many(self, wanted: ResolveMany, expected: ManyResolved, label: str | None) -> None:
        organization = self._organization(wanted)
        shown: dict[str, str] = {}
        for callee in wanted.callees:
            leg = Leg(organization, wanted.user, callee, validate_only=True)
            answer = await self._target.resolve(leg)
            await require_explained(self._target, leg)
            assert answer.reason == expected.reason
            shown[callee] = answer.caller_id
        assert set(shown.values()) == set(expected.spread_over)
        if expected.since is not None:
            before = self._shown[expected.since]
            moved = {callee for callee in shown if shown[callee] != before[callee]}
            assert moved == {
                callee
                for callee in shown
                if before[callee] == expected.moved_from or shown[callee] == expected.moved_to
            }
        if label is not None:
            self._shown[label] = shown

    async def _route(self, step: schema.RouteStep) -> None:
        wanted, expected = step.route, step.expect
        answer = await self._ask(
            wanted, self._target.route(wanted.called, wanted.caller), _error_in(expected)
        )
        if answer is None:
            return
        assert isinstance(expected, Routed)
        # These hold for every answer.
        assert _E164.fullmatch(answer.destination)
        assert answer.destination not in {wanted.called, wanted.caller}
        assert answer.fallback not in {wanted.called, wanted.caller, answer.destination}

        assert answer.organization == self._organization(expected)
        assert answer.destination == expected.destination
        assert answer.reason == expected.reason
        ends = {"caller": wanted.caller, "called": wanted.called}
        assert answer.shown == ends.get(expected.shown, expected.shown)
        assert answer.fallback == expected.fallback
        assert answer.user == expected.user
        assert answer.last_call == expected.last_call

    async def _list_calls(self, step: schema.ListCallsStep) -> None:
        wanted, expected = step.list_calls, step.expect
        calls = await self._ask(
            wanted,
            self._target.list_calls(self._organization(wanted), wanted.callee, wanted.user),
            _error_in(expected),
        )
        if calls is None:
            return
        assert isinstance(expected, CallsListed)
        assert [(call.user, call.callee) for call in calls] == [
            (call.user, call.callee) for call in expected.calls
        ]
        for call, wanted_call in zip(calls, expected.calls, strict=True):
            for field in wanted_call.model_fields_set:
                assert getattr(call, field) == getattr(wanted_call, field), field

    async def _list_numbers(self, step: schema.ListNumbersStep) -> None:
        wanted, expected = step.list_numbers, step.expect
        numbers = await self._ask(
            wanted, self._target.list_numbers(self._organization(wanted)), _error_in(expected)
        )
        if numbers is None:
            return
        assert isinstance(expected, NumbersListed)
        assert {number: list(codes) for number, codes in numbers.items()} == expected.numbers

    async def _change(self, step: schema.ChangeStep) -> None:
        operation, change = self._begin(step)
        revision = await self._ask(operation, change, _error_in(step.expect))
        if revision is not None:
            organization = self._organization(operation)
            assert revision >= self._revisions.get(organization, 0)
            self._revisions[organization] = revision

    def _begin(  # noqa: PLR0911 - one for each change
        self, step: schema.ChangeStep
    ) -> tuple[Operation, Awaitable[int]]:
        target, name = self._target, self._organization
        match step:
            case schema.SetOrganizationStep(set_organization=op):
                return op, target.set_organization(name(op), op.organization_number)
            case schema.DeleteOrganizationStep(delete_organization=op):
                return op, target.delete_organization(name(op))
            case schema.SetUserStep(set_user=op):
                return op, target.set_user(name(op), op.user, op.caller_id, op.work_phone)
            case schema.DeleteUserStep(delete_user=op):
                return op, target.delete_user(name(op), op.user)
            case schema.AddNumberStep(add_number=op):
                return op, target.add_numbers(name(op), [op.number])
            case schema.ImportExternalStep(import_external=op):
                return op, target.import_external(name(op), op.number)
            case schema.DeleteNumberStep(delete_number=op):
                return op, target.delete_number(name(op), op.number)
            case schema.MapStep(map=op):
                return op, target.map_area_codes(name(op), op.number, op.area_codes)
            case schema.UnmapStep(unmap=op):
                return op, target.unmap_area_codes(name(op), op.number, op.area_codes)

    async def _ask(self, operation: Strict, answering: Awaitable[T], error: str | None) -> T | None:
        """Return the answer, or None if it is refused as expected."""
        try:
            with refusals():
                answer = await answering
        except Refused as raised:
            if raised.reason != error:
                raise
            refused = raised
        else:
            assert error is None, f"answered {answer}"
            return answer
        assert refused.status in {None, STATUS[error]}
        # The message must not reveal any number that was not in the request, or meant by it.
        sent = set(_E164.findall(operation.model_dump_json()))
        assert set(_E164.findall(str(refused))) <= sent | set(map(suggested_number, sent))
        return None

    def _organization(self, part: Operation | Routed) -> str:
        return part.organization if part.organization is not None else next(iter(self._case.given))


def _error_in(expected: Strict | None) -> str | None:
    return expected.error if isinstance(expected, Refusal) else None
