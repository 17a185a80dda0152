"""The use cases of the CallRouting service: the hot path."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.call_log import CallLog
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import CallQuery, Reader, Store
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.call_back import Destination, decide_destination
from localdial_server.domain.caller_id import CallerIdDecision, decide_caller_id
from localdial_server.domain.errors import CallIdReused, NumberNotFound, ServiceError
from localdial_server.domain.model import CallerIdReason, OutboundCall


@dataclass(frozen=True, slots=True)
class Leg:
    """One outbound call to decide. ``call_id`` None: one is made up."""

    organization_id: str
    user_id: str
    callee_number: str
    call_id: str | None = None
    validate_only: bool = False
    min_revision: int = 0


@dataclass(frozen=True, slots=True)
class ResolvedCallerId:
    """The answer to a leg. ``call_id`` is None where none was given nor recorded.

    ``recorded_later``: the record is durable, but not in the database yet.
    """

    caller_id: str
    reason: CallerIdReason
    callee_area_code: str | None
    call_id: str | None
    revision: int
    recorded_later: bool = False


_Outcome = CallerIdDecision | ResolvedCallerId | ServiceError


class CallRouting:
    """Decides caller IDs and call-backs, and records the calls.

    ``new_call_id`` makes the identifiers of calls that come without one.
    """

    def __init__(
        self,
        store: Store,
        snapshots: RoutingSnapshots,
        call_log: CallLog,
        clock: Clock,
        new_call_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._call_log = call_log
        self._clock = clock
        self._new_call_id = new_call_id

    async def resolve(self, leg: Leg) -> ResolvedCallerId:
        """Decide which caller ID the callee is shown, and record the call.

        Raises ``OrganizationNotFound``, ``UserNotFound``, ``NoCallerId``,
        ``RevisionNotReached``, ``CallIdReused`` and ``StorageUnavailable``.
        """
        (result,) = await self.resolve_batch((leg,))
        if isinstance(result, ServiceError):
            raise result
        return result

    async def resolve_batch(self, legs: Sequence[Leg]) -> Sequence[ResolvedCallerId | ServiceError]:
        """Decide every leg on its own; answer a result or an error for each, in order.

        All calls of the batch are recorded together.
        """
        results: list[ResolvedCallerId | ServiceError | None] = [None] * len(legs)
        calls: list[OutboundCall] = []
        recorded: list[int] = []
        for index, outcome in enumerate(await self._decide_all(legs)):
            leg = legs[index]
            if not isinstance(outcome, CallerIdDecision):
                results[index] = outcome
            elif leg.validate_only:
                results[index] = _answer(outcome, leg.call_id)
            else:
                calls.append(self._record(leg, outcome))
                recorded.append(index)
        if calls:
            try:
                done = await self._call_log.append(calls)
            except ServiceError as error:
                for index in recorded:
                    results[index] = error
            else:
                for index, call in zip(recorded, done.calls, strict=True):
                    results[index] = _standing_answer(legs[index], call, recorded_later=done.later)
        return [result for result in results if result is not None]

    async def route(self, called_number: str, caller_number: str | None) -> Destination:
        """Decide where a call to one of our numbers goes; None: the caller withheld.

        Raises ``NumberNotFound``, ``NoDestination`` and ``StorageUnavailable``.
        """

        def work(reader: Reader) -> Destination:
            if caller_number is not None:
                # The last call may be one that is not in the database yet.
                self._call_log.require_complete()
            organization_id = reader.owner_of(called_number)
            if organization_id is None:
                raise NumberNotFound(called_number)
            organization = require_organization(reader, organization_id)
            last_call = None
            if caller_number is not None:
                last_call = reader.last_call_to(organization_id, caller_number)
            last_user = reader.user(organization_id, last_call.user_id) if last_call is not None else None
            return decide_destination(organization, called_number, caller_number, last_call, last_user)

        return await self._store.read("call_routing.route", work)

    async def list_calls(
        self, query: CallQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[OutboundCall]:
        """Answer recorded calls, newest first, from behind the (call_time, call_id)."""

        def work(reader: Reader) -> Sequence[OutboundCall]:
            require_organization(reader, query.organization_id)
            return reader.calls(query, before, limit)

        return await self._store.read("call_routing.list_calls", work)

    async def _decide_all(self, legs: Sequence[Leg]) -> Sequence[_Outcome]:
        """Decide the legs from memory, and those that need the database all at once."""
        outcomes = [self._decide_from_memory(leg) for leg in legs]
        if None not in outcomes:
            return [outcome for outcome in outcomes if outcome is not None]
        waiting = [index for index, outcome in enumerate(outcomes) if outcome is None]
        decided = await asyncio.gather(*(self._decide(legs[index]) for index in waiting))
        found = dict(zip(waiting, decided, strict=True))
        return [outcome or found[index] for index, outcome in enumerate(outcomes)]

    def _decide_from_memory(self, leg: Leg) -> CallerIdDecision | None:
        """Decide without waiting for anything; None where that cannot be done."""
        snapshot = self._snapshots.cached(leg.organization_id)
        if snapshot is None or snapshot.revision < leg.min_revision:
            return None
        try:
            return decide_caller_id(snapshot, leg.user_id, leg.callee_number)
        except ServiceError:
            # It may have been answered before, which only the log can tell.
            return None

    async def _decide(self, leg: Leg) -> _Outcome:
        try:
            snapshot = await self._snapshots.get(leg.organization_id, leg.min_revision)
            return decide_caller_id(snapshot, leg.user_id, leg.callee_number)
        except ServiceError as error:
            return await self._first_answer(leg, error)

    async def _first_answer(self, leg: Leg, error: ServiceError) -> ResolvedCallerId | ServiceError:
        """Answer a repeat as it was answered first, even if it would now be an error."""
        call_id = leg.call_id
        if call_id is None or leg.validate_only:
            return error

        def recorded_call(reader: Reader) -> OutboundCall | None:
            # The call may wait in the spool, where the database does not show it.
            self._call_log.require_complete()
            return reader.call(leg.organization_id, call_id)

        try:
            call = await self._store.read("call_routing.first_answer", recorded_call)
        except ServiceError as failure:
            return failure
        return _standing_answer(leg, call) if call is not None else error

    def _record(self, leg: Leg, decision: CallerIdDecision) -> OutboundCall:
        return OutboundCall(
            organization_id=leg.organization_id,
            call_id=leg.call_id if leg.call_id is not None else self._new_call_id(),
            user_id=leg.user_id,
            callee_number=leg.callee_number,
            caller_id=decision.caller_id,
            reason=decision.reason,
            call_time=self._clock.now(),
            revision=decision.revision,
        )


def _answer(decision: CallerIdDecision, call_id: str | None) -> ResolvedCallerId:
    return ResolvedCallerId(
        decision.caller_id, decision.reason, decision.callee_area_code, call_id, decision.revision
    )


def _standing_answer(
    leg: Leg, call: OutboundCall, *, recorded_later: bool = False
) -> ResolvedCallerId | ServiceError:
    """Answer what is recorded under the leg's call_id, if it is this call."""
    if (call.user_id, call.callee_number) != (leg.user_id, leg.callee_number):
        return CallIdReused(call.call_id)
    return ResolvedCallerId(
        call.caller_id,
        call.reason,
        area_code_of(call.callee_number),
        call.call_id,
        call.revision,
        recorded_later,
    )
