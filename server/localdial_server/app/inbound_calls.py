"""The use cases of inbound calls: where a call-back goes, and how it ended."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from localdial_server.app.lookup import require_organization
from localdial_server.app.ports.call_backs import CallBack, CallBackFacts, CallBacks
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.inbound_call_log import InboundCallLog
from localdial_server.app.ports.number_index import NumberIndex
from localdial_server.app.ports.snapshots import RoutingSnapshots
from localdial_server.app.ports.store import InboundCallQuery, Reader, Store
from localdial_server.app.toll_fraud import may_dial
from localdial_server.domain.call_back import Destination, decide_destination
from localdial_server.domain.callers import FORMS_OF_CALLED_NUMBERS, NumberReader
from localdial_server.domain.dialing_permissions import DialingPermissions
from localdial_server.domain.errors import (
    FieldViolation,
    InvalidFields,
    NoDestination,
    NumberNotFound,
    StorageUnavailable,
)
from localdial_server.domain.model import InboundCall, InboundCallOutcome, Organization
from localdial_server.observability import metrics

# A call without a reported outcome counts as unknown after this many microseconds. No call takes longer.
_OUTCOME_UNKNOWN_AFTER = 24 * 3_600_000_000

# A degraded answer is sent this long before the caller gives up, so that it arrives in time.
_WAY_BACK_SECONDS = 0.25


class InboundCalls:
    """Decides where call-backs go, and records them with their outcomes.

    `new_call_id` makes the identifier of a call that comes without one. `degraded_after` is how many
    seconds a call-back that may be degraded waits for the database. `number_reader` reads the numbers that
    switches report. `permissions` are asked again about every stored number before a call goes there.
    """

    def __init__(
        self,
        *,
        store: Store,
        snapshots: RoutingSnapshots,
        inbound_call_log: InboundCallLog,
        clock: Clock,
        new_call_id: Callable[[], str],
        number_index: NumberIndex,
        call_backs: CallBacks,
        degraded_after: float,
        number_reader: NumberReader,
        permissions: DialingPermissions,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._inbound_call_log = inbound_call_log
        self._clock = clock
        self._new_call_id = new_call_id
        self._number_index = number_index
        self._call_backs = call_backs
        self._degraded_after = degraded_after
        self._number_reader = number_reader
        self._permissions = permissions

    async def route(
        self,
        called: str,
        caller: str,
        *,
        call_id: str | None = None,
        allow_degraded: bool = False,
        seconds_left: float | None = None,
        within: str | None = None,
    ) -> InboundCall:
        """Decide where a call to one of our numbers goes, and queue its record.

        Both numbers are as the switch reports them (`domain.callers`). `call_id`: None lets the server
        make one; a repeat of a recorded call returns the first answer, and another call with the same
        `call_id` is recorded under an identifier that the server makes. With `allow_degraded`, the call
        goes to the organization number if the database does not answer in time. `seconds_left` is how long
        the caller waits; None: without a limit. `within` is the only organization whose numbers are found;
        None: those of all.

        Raises `InvalidFields`, `NumberNotFound`, `NoDestination` and `StorageUnavailable`.
        """
        called_number = self._number_reader.called_number(called)
        if called_number is None:
            raise InvalidFields([FieldViolation("called_number", FORMS_OF_CALLED_NUMBERS)])
        found = self._number_reader.caller(caller)
        if not found.is_readable:
            metrics.UNREADABLE_CALLERS.inc()
        caller_number = found.number
        if not allow_degraded:
            return await self._route(called_number, caller_number, call_id, within)
        try:
            async with asyncio.timeout(self._patience(seconds_left)):
                return await self._route(called_number, caller_number, call_id, within)
        except (StorageUnavailable, TimeoutError):
            return self._route_degraded(called_number, caller_number, call_id, within)

    async def preview(self, called: str, caller: str, within: str) -> Destination:
        """Decide where such a call would go now, by the rules of `route`; record and count nothing.

        `within` is the only organization whose numbers are found.

        Raises `NumberNotFound`, `NoDestination` and `StorageUnavailable`.
        """
        called_number = self._number_reader.called_number(called)
        if called_number is None:
            raise NumberNotFound(called)
        caller_number = self._number_reader.caller(caller).number
        facts = await self._call_backs.look_up(CallBack(called_number, caller_number, None, within))
        if facts is None:
            raise NumberNotFound(called_number)
        permission = self._permissions.of(within)
        return _decided(
            facts, called_number, caller_number, lambda phone: permission.against_dialing(phone) is None
        )

    async def report_outcome(self, organization_id: str, call_id: str, outcome: InboundCallOutcome) -> None:
        """Queue the outcome of a call-back, whether or not the call's record is committed yet.

        Raises `OrganizationNotFound`, unless the database is down.
        """
        # While the database is down, a report for an unknown organization is recorded too; no list has it.
        with contextlib.suppress(StorageUnavailable):
            await self._snapshots.get(organization_id, 0)
        now = self._clock.now()
        self._inbound_call_log.record(
            InboundCall(organization_id, call_id, now, outcome=outcome, outcome_time=now)
        )

    async def list_inbound_calls(
        self, query: InboundCallQuery, before: tuple[int, str] | None, limit: int
    ) -> Sequence[InboundCall]:
        """Return at most `limit` recorded call-backs, newest first; see `OutboundCalls.list_calls`."""

        def work(reader: Reader) -> Sequence[InboundCall]:
            require_organization(reader, query.organization_id)
            return reader.inbound_calls(query, before, limit)

        long_over = self._clock.now() - _OUTCOME_UNKNOWN_AFTER
        return [
            call._replace(outcome=InboundCallOutcome.UNKNOWN)
            if call.outcome is InboundCallOutcome.PENDING and call.call_time < long_over
            else call
            for call in await self._store.read("call_routing.list_inbound_calls", work)
        ]

    def _patience(self, seconds_left: float | None) -> float:
        """Return how many seconds a call-back that may be degraded waits for the database."""
        if seconds_left is None:
            return self._degraded_after
        # A caller in a hurry gets at least half of its time from the database.
        return min(self._degraded_after, max(seconds_left - _WAY_BACK_SECONDS, seconds_left / 2))

    async def _route(
        self, called_number: str, caller_number: str | None, call_id: str | None, within: str | None
    ) -> InboundCall:
        """Decide from the database, and queue the record."""
        # Look at the queue before the database: a call that leaves the queue in between is found in the
        # database.
        queued = self._inbound_call_log.queued(call_id) if call_id is not None else ()
        call_time = self._clock.now()
        facts = await self._call_backs.look_up(CallBack(called_number, caller_number, call_id, within))
        if facts is None:
            raise NumberNotFound(called_number)
        organization_id = facts.organization.organization_id
        is_allowed = may_dial(organization_id, self._permissions.of(organization_id))
        earlier = _earlier(queued, facts)
        if earlier is not None:
            is_same = (earlier.called_number, earlier.caller_number) == (called_number, caller_number)
            phones = filter(None, (earlier.destination_number, earlier.fallback_number))
            if not is_same or not all(map(is_allowed, phones)):
                call_id = earlier = None
        call = earlier or _sent(
            InboundCall(
                organization_id, call_id or self._new_call_id(), call_time, called_number, caller_number
            ),
            facts,
            is_allowed,
        )
        if earlier is None:
            self._inbound_call_log.record(call)
        if call.destination_number is None:
            raise NoDestination(organization_id)
        return call

    def _route_degraded(
        self, called_number: str, caller_number: str | None, call_id: str | None, within: str | None
    ) -> InboundCall:
        """Return the organization number, from memory. Raises `StorageUnavailable` if it is of no use."""
        found = self._number_index.find(called_number)
        if found is None or within not in {None, found.organization_id}:
            raise StorageUnavailable
        organization = Organization(found.organization_id, organization_number=found.organization_number)
        try:
            decided = decide_destination(
                organization,
                called_number,
                caller_number,
                None,
                None,
                caller_id_owner=None,
                may_dial=may_dial(found.organization_id, self._permissions.of(found.organization_id)),
            )
        except NoDestination:
            # The database may know a user who called this caller.
            raise StorageUnavailable from None
        metrics.DEGRADED_CALL_BACKS.inc()
        call = InboundCall(
            found.organization_id,
            call_id or self._new_call_id(),
            self._clock.now(),
            called_number,
            caller_number,
            degraded=True,
        )
        call = _sent_to(call, decided)
        self._inbound_call_log.record(call)
        return call


def _earlier(queued: Sequence[InboundCall], facts: CallBackFacts) -> InboundCall | None:
    """Return the call that is queued or recorded under this call's call_id; None if neither is."""
    own = (each for each in queued if each.organization_id == facts.organization.organization_id)
    # An outcome may be queued before its call.
    return next((each for each in own if each.called_number is not None), facts.recorded)


def _sent(call: InboundCall, facts: CallBackFacts, is_allowed: Callable[[str], bool]) -> InboundCall:
    """Return the call with the destination that the rules give it, or as MISSED if it has none."""
    assert call.called_number is not None
    try:
        decided = _decided(facts, call.called_number, call.caller_number, is_allowed)
    except NoDestination:
        return call._replace(outcome=InboundCallOutcome.MISSED, outcome_time=call.call_time)
    return _sent_to(call, decided)


def _decided(
    facts: CallBackFacts, called_number: str, caller_number: str | None, is_allowed: Callable[[str], bool]
) -> Destination:
    """Return the destination that the rules give the call. Raises `NoDestination`."""
    return decide_destination(
        facts.organization,
        called_number,
        caller_number,
        facts.last_call,
        facts.last_user,
        caller_id_owner=facts.caller_id_owner,
        may_dial=is_allowed,
    )


def _sent_to(call: InboundCall, decided: Destination) -> InboundCall:
    """Return the call with the decided destination."""
    last_call = decided.last_call
    return call._replace(
        destination_number=decided.destination_number,
        reason=decided.reason,
        user_id=decided.user_id,
        fallback_number=decided.fallback_number,
        last_call_id=last_call.call_id if last_call is not None else None,
        last_call_time=last_call.call_time if last_call is not None else None,
    )
