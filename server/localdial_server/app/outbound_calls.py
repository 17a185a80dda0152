"""The use cases of outbound calls: which caller ID the callee sees, and the record of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.call_log import CallLog, RecordedCall
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import CallQuery, Reader, Store
from localdial_server.concurrency.time_slices import TimeSlices
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.caller_id import decide_caller_id
from localdial_server.domain.errors import CallIdReused, ServiceError
from localdial_server.domain.model import OutboundCall
from localdial_server.domain.routing_snapshot import RoutingSnapshot

# To decide so many legs of a batch takes about 0.1 ms; then the event loop is let go if it is time.
_LEGS_AT_ONCE = 25


@dataclass(slots=True)
class Leg:
    """One outbound call to decide.

    `callee_number` is E.164, and `callee_area_code` is derived from it: None if it has no geographic
    one. `call_id`: None lets the server make one. `min_revision`: the oldest revision of the
    organization that may be decided on; 0 allows any.
    """

    organization_id: str
    user_id: str
    callee_number: str
    call_id: str | None = None
    validate_only: bool = False
    min_revision: int = 0
    callee_area_code: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.callee_area_code = area_code_of(self.callee_number)

    @property
    def may_be_repeat(self) -> bool:
        """Whether the call may be recorded already."""
        return self.call_id is not None and not self.validate_only


class OutboundCalls:
    """Decides which caller ID each callee sees, and records the calls.

    `new_call_id` makes the identifier of a call that comes without one.
    """

    def __init__(
        self,
        *,
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

    async def resolve(self, leg: Leg) -> RecordedCall:
        """Decide which caller ID the callee sees, and record the call unless `validate_only`.

        A repeat of a recorded `call_id` returns the first answer, whatever has changed since.
        With `validate_only` the `call_id` is empty if the leg has none.

        Raises `OrganizationNotFound`, `UserNotFound`, `NoCallerId`, `RevisionNotReached`,
        `CallIdReused` and `StorageUnavailable`.
        """
        try:
            snapshot = self._snapshots.cached(leg.organization_id)
            if snapshot is None or snapshot.revision < leg.min_revision:
                snapshot = await self._snapshots.get(leg.organization_id, leg.min_revision)
            call = self._decide(leg, snapshot)
        except ServiceError as error:
            return _require_same_call(leg, await self._repeat(leg, error))
        if leg.validate_only:
            return RecordedCall(call)
        (recorded,) = await self._call_log.append((call,))
        return _require_same_call(leg, recorded)

    async def resolve_batch(self, legs: Sequence[Leg]) -> Sequence[RecordedCall | ServiceError]:
        """Resolve each leg on its own; return its answer or its error, in the order of the legs.

        Calls that memory decides are recorded in one transaction.
        """
        answers: dict[int, RecordedCall | ServiceError] = {}
        calls: dict[int, OutboundCall] = {}
        slow: dict[int, asyncio.Task[RecordedCall]] = {}
        slices = TimeSlices()
        try:
            for begin in range(0, len(legs), _LEGS_AT_ONCE):
                part = legs[begin : begin + _LEGS_AT_ONCE]
                organizations = {leg.organization_id for leg in part}
                snapshots = {each: self._snapshots.cached(each) for each in organizations}
                for place, leg in enumerate(part, begin):
                    decided = self._decide_at_once(leg, snapshots[leg.organization_id])
                    if decided is None:
                        slow[place] = asyncio.create_task(self.resolve(leg))
                    elif isinstance(decided, ServiceError):
                        answers[place] = decided
                    elif leg.validate_only:
                        answers[place] = RecordedCall(decided)
                    else:
                        calls[place] = decided
                await slices.pause()
            if calls:
                answers |= await self._record_legs(legs, calls)
            for place, task in slow.items():
                try:
                    answers[place] = await task
                except ServiceError as error:
                    answers[place] = error.with_traceback(None)
        finally:
            # If the caller gave up, stop waiting for the other legs. Legs that are done are not affected.
            for task in slow.values():
                task.cancel()
        return [answers[place] for place in range(len(legs))]

    async def list_calls(
        self, query: CallQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[OutboundCall]:
        """Return at most `limit` recorded calls, newest first.

        `before` is the (call_time, call_id) of the call that the list continues after; None
        starts with the newest call. Raises `OrganizationNotFound` and `StorageUnavailable`.
        """

        def work(reader: Reader) -> Sequence[OutboundCall]:
            require_organization(reader, query.organization_id)
            return reader.calls(query, before, limit)

        return await self._store.read("call_routing.list_calls", work)

    def _decide_at_once(
        self, leg: Leg, snapshot: RoutingSnapshot | None
    ) -> OutboundCall | ServiceError | None:
        """Return the decided call, or why there is none. None if only the database knows the answer."""
        if snapshot is None or snapshot.revision < leg.min_revision:
            return None
        try:
            return self._decide(leg, snapshot)
        except ServiceError as error:
            # A traceback would keep the batch in memory until the garbage collector finds the cycle.
            return None if leg.may_be_repeat else error.with_traceback(None)

    def _decide(self, leg: Leg, snapshot: RoutingSnapshot) -> OutboundCall:
        """Return the call as it is recorded. Raises `UserNotFound` and `NoCallerId`."""
        decision = decide_caller_id(snapshot, leg.user_id, leg.callee_number, leg.callee_area_code)
        return OutboundCall(
            leg.organization_id,
            leg.call_id or ("" if leg.validate_only else self._new_call_id()),
            leg.user_id,
            leg.callee_number,
            decision.caller_id,
            decision.reason,
            self._clock.now(),
            snapshot.revision,
        )

    async def _record_legs(
        self, legs: Sequence[Leg], calls: Mapping[int, OutboundCall]
    ) -> dict[int, RecordedCall | ServiceError]:
        """Record the calls of some legs, by their places; return the answer or the error of each leg."""
        try:
            recorded = await self._call_log.append(tuple(calls.values()))
        except ServiceError as error:
            return dict.fromkeys(calls, error.with_traceback(None))
        return {
            place: each if _is_same_call(legs[place], each.call) else CallIdReused(each.call.call_id)
            for place, each in zip(calls, recorded, strict=True)
        }

    async def _repeat(self, leg: Leg, error: ServiceError) -> RecordedCall:
        """Return the first answer if the leg is a repeat, which the database knows; else raise `error`."""
        call = await self._recorded_call(leg)
        if call is None:
            raise error
        return RecordedCall(call)

    async def _recorded_call(self, leg: Leg) -> OutboundCall | None:
        """Return the call that an earlier resolve recorded under the leg's `call_id`, if any."""
        call_id = leg.call_id
        if call_id is None or not leg.may_be_repeat:
            return None

        # The call may wait in the spool, where the database does not show it.
        await self._call_log.require_complete()
        return await self._store.read(
            "call_routing.recorded_call", lambda reader: reader.call(leg.organization_id, call_id)
        )


def _require_same_call(leg: Leg, recorded: RecordedCall) -> RecordedCall:
    """Return the record. Raises `CallIdReused` if it is of another user or callee."""
    if not _is_same_call(leg, recorded.call):
        raise CallIdReused(recorded.call.call_id)
    return recorded


def _is_same_call(leg: Leg, call: OutboundCall) -> bool:
    """Return whether the call, which is recorded under the leg's call_id, is of its user and callee."""
    return call.user_id == leg.user_id and call.callee_number == leg.callee_number
