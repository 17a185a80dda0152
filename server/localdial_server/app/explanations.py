"""The use case that explains which caller ID a callee sees, and what has become of a recorded call.

It records nothing. What takes long is done in threads, so that calls do not wait for it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.app.ports.call_log import CallLog
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import AuditQuery, NumberQuery, Reader, Store
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.audit import AuditEvent, AuditEventKind
from localdial_server.domain.call_back import Destination
from localdial_server.domain.callee_facts import CalleeFacts, facts_of
from localdial_server.domain.caller_id import CallerIdDecision
from localdial_server.domain.errors import CallNotFound, NoDestination, NumberNotFound, UserNotFound
from localdial_server.domain.explanation import (
    MOST_CANDIDATES,
    Explanation,
    InactiveNumbers,
    explain_caller_id,
)
from localdial_server.domain.inventory_history import was_in_inventory
from localdial_server.domain.model import NumberState, OutboundCall
from localdial_server.domain.routing_snapshot import RoutingSnapshot

_INACTIVE: Final = NumberState.PURCHASING, NumberState.RELEASING
_MOST_CHANGES: Final = 100
# A number is removed from an inventory a few times at most.
_MOST_REMOVALS: Final = 100


@dataclass(frozen=True, slots=True)
class RecordedCallHistory:
    """A recorded call, and what has become of it."""

    call: OutboundCall
    was_in_inventory: bool | None
    """Whether the caller ID was in the inventory when the call was placed; None if that is unknown."""
    call_back: Destination | NumberNotFound | NoDestination
    """Where a call-back would go now, or why nowhere."""
    changes: Sequence[AuditEvent]
    """The newest changes since the call, newest first, that bear on it."""


@dataclass(frozen=True, slots=True)
class ExplainedCall:
    """A call, explained."""

    callee: CalleeFacts
    explanation: Explanation | None
    """None if the user of the recorded call was deleted."""
    recorded: RecordedCallHistory | None = None
    """None if no recorded call was asked about."""


class Explanations:
    """Explains calls by the rules that `OutboundCalls` and `InboundCalls` decide them by."""

    def __init__(
        self, store: Store, snapshots: RoutingSnapshots, call_log: CallLog, inbound: InboundCalls
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._call_log = call_log
        self._inbound = inbound

    async def explain(
        self, organization_id: str, user_id: str, callee_number: str, min_revision: int = 0
    ) -> ExplainedCall:
        """Explain which caller ID a resolve of these would choose now. `callee_number` is E.164.

        Raises `OrganizationNotFound`, `UserNotFound`, `RevisionNotReached` and `StorageUnavailable`.
        """
        snapshot = await self._snapshots.get(organization_id, min_revision)
        callee = await asyncio.to_thread(facts_of, callee_number)
        return ExplainedCall(callee, await self._explanation(snapshot, user_id, callee_number))

    async def explain_call(self, organization_id: str, call_id: str, min_revision: int = 0) -> ExplainedCall:
        """Explain the user's call to the callee as of now, and what has become of the recorded call.

        Raises `OrganizationNotFound`, `CallNotFound`, `RevisionNotReached` and `StorageUnavailable`.
        """
        snapshot = await self._snapshots.get(organization_id, min_revision)
        await self._call_log.require_complete()
        call = await self._store.read(
            "call_routing.explained_call", lambda reader: reader.call(organization_id, call_id)
        )
        if call is None:
            raise CallNotFound(call_id)
        callee = await asyncio.to_thread(facts_of, call.callee_number)
        explanation = None
        if call.user_id in snapshot.caller_ids:
            explanation = await self._explanation(snapshot, call.user_id, call.callee_number)
        return ExplainedCall(callee, explanation, await self._history(call, explanation))

    async def _explanation(self, snapshot: RoutingSnapshot, user_id: str, callee_number: str) -> Explanation:
        if user_id not in snapshot.caller_ids:
            raise UserNotFound(snapshot.organization_id, user_id)
        area_code = area_code_of(callee_number)
        inactive = InactiveNumbers()
        if area_code is not None:
            inactive = await self._inactive(snapshot.organization_id, area_code)
        return await asyncio.to_thread(
            explain_caller_id, snapshot, user_id, callee_number, area_code, inactive
        )

    async def _inactive(self, organization_id: str, area_code: str) -> InactiveNumbers:
        queries = [NumberQuery(organization_id, area_code, state) for state in _INACTIVE]

        def work(reader: Reader) -> InactiveNumbers:
            found = [each for query in queries for each in reader.numbers(query, "", MOST_CANDIDATES)]
            first = sorted(found, key=lambda number: number.phone_number)
            return InactiveNumbers(first, sum(map(reader.count_numbers, queries)))

        return await self._store.read("call_routing.inactive_numbers", work)

    async def _history(self, call: OutboundCall, explanation: Explanation | None) -> RecordedCallHistory:
        organization_id = call.organization_id
        subjects = {call.caller_id, call.user_id, ""}
        if explanation is not None and isinstance(explanation.decision, CallerIdDecision):
            # If another caller ID would be shown now, its changes say since when.
            subjects.add(explanation.decision.caller_id)
        call_back: Destination | NumberNotFound | NoDestination
        try:
            call_back = await self._inbound.preview(call.caller_id, call.callee_number, organization_id)
        except (NumberNotFound, NoDestination) as error:
            call_back = error.with_traceback(None)

        def work(reader: Reader) -> RecordedCallHistory:
            removals = reader.audit_events(
                AuditQuery(
                    organization_id,
                    kind=AuditEventKind.NUMBER_REMOVED,
                    subject=call.caller_id,
                    start_time=call.call_time,
                ),
                None,
                _MOST_REMOVALS,
            )
            until_call = AuditQuery(organization_id, end_time=call.call_time + 1)
            changes = [
                event
                for subject in subjects
                for event in reader.audit_events(
                    AuditQuery(organization_id, subject=subject, start_time=call.call_time + 1),
                    None,
                    _MOST_CHANGES,
                )
            ]
            changes.sort(key=lambda event: (event.event_time, event.event_id), reverse=True)
            return RecordedCallHistory(
                call,
                was_in_inventory(
                    call.call_time,
                    reader.number(organization_id, call.caller_id),
                    removals if len(removals) < _MOST_REMOVALS else None,
                    reaches_back=bool(reader.audit_events(until_call, None, 1)),
                ),
                call_back,
                changes[:_MOST_CHANGES],
            )

        return await self._store.read("call_routing.call_history", work)
