"""The use cases of the CallRouting service."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.call_log import CallLog, RecordedCall
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.number_index import NumberIndex
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import CallQuery, Reader, Store
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.call_back import Destination, decide_destination
from localdial_server.domain.caller_id import decide_caller_id
from localdial_server.domain.callers import FORMS_OF_CALLED_NUMBERS, NumberReader
from localdial_server.domain.errors import (
    CallIdReused,
    FieldViolation,
    InvalidFields,
    NoDestination,
    NumberNotFound,
    ServiceError,
    StorageUnavailable,
)
from localdial_server.domain.model import Organization, OutboundCall
from localdial_server.domain.routing_snapshot import RoutingSnapshot
from localdial_server.observability import metrics


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


class CallRouting:
    """Decides caller IDs and call-backs, and records the calls.

    `new_call_id` makes the identifier of a call that comes without one. `degraded_after` is how many
    seconds a call-back that may be degraded waits for the database. `reader` reads its numbers.
    """

    def __init__(
        self,
        *,
        store: Store,
        snapshots: RoutingSnapshots,
        call_log: CallLog,
        clock: Clock,
        new_call_id: Callable[[], str],
        number_index: NumberIndex,
        degraded_after: float,
        reader: NumberReader,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._call_log = call_log
        self._clock = clock
        self._new_call_id = new_call_id
        self._number_index = number_index
        self._degraded_after = degraded_after
        self._reader = reader

    async def resolve(self, leg: Leg) -> RecordedCall:
        """Decide which caller ID the callee sees, and record the call unless `validate_only`.

        A repeat of a recorded `call_id` returns the first answer, whatever has changed since.
        With `validate_only` the `call_id` is empty if the leg has none.

        Raises `OrganizationNotFound`, `UserNotFound`, `NoCallerId`, `RevisionNotReached`,
        `CallIdReused` and `StorageUnavailable`.
        """
        return _require_same_call(leg, await self._decide_and_append(leg))

    async def resolve_batch(self, legs: Sequence[Leg]) -> Sequence[RecordedCall | ServiceError]:
        """Resolve each leg on its own; return its answer or its error, in the order of the legs.

        Calls that memory decides are recorded in one transaction.
        """
        appended = [self._decide_and_append(leg) for leg in legs]
        answers: list[RecordedCall | ServiceError] = []
        try:
            for leg, recorded in zip(legs, appended, strict=True):
                try:
                    answers.append(_require_same_call(leg, await recorded))
                except ServiceError as error:
                    answers.append(error)
        finally:
            # If the caller gave up, stop waiting for the other legs. Legs that are done are not affected.
            for recorded in appended:
                recorded.cancel()
        return answers

    async def route(self, called: str, caller: str, *, allow_degraded: bool = False) -> Destination:
        """Decide where a call to one of our numbers goes.

        Both numbers are as the switch reports them (`domain.callers`). With `allow_degraded`, the call
        goes to the organization number if the database does not answer in time.

        Raises `InvalidFields`, `NumberNotFound`, `NoDestination` and `StorageUnavailable`.
        """
        called_number = self._reader.called_number(called)
        if called_number is None:
            raise InvalidFields([FieldViolation("called_number", FORMS_OF_CALLED_NUMBERS)])
        read = self._reader.caller(caller)
        if not read.is_readable:
            metrics.UNREADABLE_CALLERS.inc()
        caller_number = read.number
        if not allow_degraded:
            return await self._route(called_number, caller_number)
        try:
            async with asyncio.timeout(self._degraded_after):
                return await self._route(called_number, caller_number)
        except (StorageUnavailable, TimeoutError):
            return self._route_degraded(called_number, caller_number)

    async def _route(self, called_number: str, caller_number: str | None) -> Destination:
        """Decide by what the database knows."""

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

    def _route_degraded(self, called_number: str, caller_number: str | None) -> Destination:
        """Return the organization number, from memory. Raises `StorageUnavailable` if it is of no use."""
        found = self._number_index.find(called_number)
        if found is None:
            raise StorageUnavailable
        organization = Organization(found.organization_id, organization_number=found.organization_number)
        try:
            destination = decide_destination(organization, called_number, caller_number, None, None)
        except NoDestination:
            # The database may know a user who called this caller.
            raise StorageUnavailable from None
        metrics.DEGRADED_CALL_BACKS.inc()
        return replace(destination, degraded=True)

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

    def _decide_and_append(self, leg: Leg) -> asyncio.Future[RecordedCall]:
        """Decide the leg and append it to the call log, both at once if the snapshot in memory suffices.

        Only a leg that waits for the database gets a task: a task costs more than a
        decision, and a batch has up to 500 legs.
        """
        snapshot = self._snapshots.cached(leg.organization_id)
        if snapshot is not None and snapshot.revision >= leg.min_revision:
            try:
                return self._append(leg, snapshot)
            except ServiceError as error:
                return asyncio.create_task(self._repeat(leg, error))
        return asyncio.create_task(self._load_and_append(leg))

    async def _load_and_append(self, leg: Leg) -> RecordedCall:
        try:
            snapshot = await self._snapshots.get(leg.organization_id, leg.min_revision)
            appended = self._append(leg, snapshot)
        except ServiceError as error:
            return await self._repeat(leg, error)
        return await appended

    async def _repeat(self, leg: Leg, error: ServiceError) -> RecordedCall:
        """Return the first answer if the leg is a repeat, which the database knows; else raise `error`."""
        call = await self._recorded_call(leg)
        if call is None:
            raise error
        return RecordedCall(call)

    def _append(self, leg: Leg, snapshot: RoutingSnapshot) -> asyncio.Future[RecordedCall]:
        """Decide the leg and append the call. Raises `UserNotFound` and `NoCallerId`."""
        decision = decide_caller_id(snapshot, leg.user_id, leg.callee_number, leg.callee_area_code)
        call = OutboundCall(
            organization_id=leg.organization_id,
            call_id=leg.call_id or ("" if leg.validate_only else self._new_call_id()),
            user_id=leg.user_id,
            callee_number=leg.callee_number,
            caller_id=decision.caller_id,
            reason=decision.reason,
            call_time=self._clock.now(),
            revision=snapshot.revision,
        )
        if not leg.validate_only:
            return self._call_log.append(call)
        decided: asyncio.Future[RecordedCall] = asyncio.get_running_loop().create_future()
        decided.set_result(RecordedCall(call))
        return decided

    async def _recorded_call(self, leg: Leg) -> OutboundCall | None:
        """Return the call that an earlier resolve recorded under the leg's `call_id`, if any."""
        call_id = leg.call_id
        if call_id is None or leg.validate_only:
            return None

        def work(reader: Reader) -> OutboundCall | None:
            # The call may wait in the spool, where the database does not show it.
            self._call_log.require_complete()
            return reader.call(leg.organization_id, call_id)

        return await self._store.read("call_routing.recorded_call", work)


def _require_same_call(leg: Leg, recorded: RecordedCall) -> RecordedCall:
    """Return the record. Raises `CallIdReused` if it is of another user or callee."""
    call = recorded.call
    if call.user_id != leg.user_id or call.callee_number != leg.callee_number:
        raise CallIdReused(call.call_id)
    return recorded
