"""Which calls are let in: the limits that hold ahead of all work."""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor

from localdial_server.domain.errors import Reason, ServiceError
from localdial_server.domain.principals import Principal
from localdial_server.domain.rates import Rates
from localdial_server.observability import metrics
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.rpc.capacity import Bounds, Capacity, Full
from localdial_server.rpc.prices import Price, Work, price_of
from localdial_server.rpc.rate_limits import RateLimits
from localdial_server.rpc.refusals import Refusals
from localdial_server.rpc.request_peek import RequestPeek

_log = LimitedLog(logging.getLogger(__name__))

# Bounds in units of the time that a resolve takes (`rpc.prices`): a call waits less than 0.1 s for those of
# its own organization that came before, and a second if every organization does its worst. All calls that run
# may end at the same turn of the event loop, with the commit of their group. Work on the carrier does not
# take the server's time, but its memory and the carrier's patience.
BOUNDS: Final[Mapping[Work, Bounds]] = {
    Work.CALLS: Bounds(running=48, waiting=250, waiting_in_all=2_500),
    Work.BATCHES: Bounds(running=501, waiting=2_004, waiting_in_all=4_008),
    Work.RECORDS: Bounds(running=40, waiting=250, waiting_in_all=1_000),
    Work.CARRIER: Bounds(running=640, waiting=640, waiting_in_all=6_400, calls_of_one=4),
}

_NO_RATES: Final = Rates()

# The most items of a request that are counted; no request may have more.
_MOST_ITEMS = 1_000

# A refusal costs about as much as a resolve, nearly all of it in gRPC. Mistakes are found only after parsing
# and checking, which costs up to 0.6 ms. So each takes at most about a tenth of the time.
_REFUSALS_PER_SECOND: Final = 500
_MISTAKES_PER_SECOND: Final = 200

# A refused call may be repeated after this many seconds, and longer if refusals are delayed.
_RETRY_AFTER = 0.2


class Overloaded(ServiceError, reason=Reason.OVERLOADED):
    """The server has more calls than it can serve, or the caller sends more than its share."""

    def __init__(self, retry_after: float) -> None:
        """`retry_after`: seconds until a repeat may be let in."""
        super().__init__("the server is overloaded, and nothing was done; try again after the delay")
        self.retry_after = retry_after


class RateExceeded(ServiceError, reason=Reason.OVERLOADED):
    """The organization calls more often than its rate limit allows."""

    def __init__(self, organization_id: str, retry_after: float) -> None:
        """`retry_after`: seconds until a repeat may be let in."""
        super().__init__(
            "the organization calls more often than its limit allows, and nothing was done; try again after "
            "the delay, or have the limit raised",
            organization_id=organization_id,
        )
        self.retry_after = retry_after


class Ticket:
    """A call that was let in. `leave` gives its capacity back."""

    __slots__ = ("_capacity", "_cost", "_is_held", "_organization")

    def __init__(self, capacity: Capacity, organization: str, cost: int) -> None:
        self._capacity = capacity
        self._organization = organization
        self._cost = cost
        self._is_held = False

    def leave(self) -> None:
        """Give the capacity back, unless a task holds it."""
        if not self._is_held:
            self._capacity.leave(self._organization, self._cost)

    def hold_until(self, task: "asyncio.Task[Any]") -> None:
        """Keep the capacity until the task is done, which may go on after the call."""
        self._is_held = True
        task.add_done_callback(lambda _: self._capacity.leave(self._organization, self._cost))


class Admission:
    """Lets calls in: as many as the server can serve, in fair turns of organizations and their keys.

    `is_known` returns whether an organization is in memory. Names that a caller may have made up share one
    turn, so they get no more of the server than one organization, and none of its memory. Each process
    admits on its own.
    """

    def __init__(
        self,
        rates: Rates = _NO_RATES,
        is_known: Callable[[str], bool] = lambda _: False,
        *,
        calls: Bounds = BOUNDS[Work.CALLS],
    ) -> None:
        """Use `calls` as the bounds of `Work.CALLS`, which depend on how fast the front is."""
        bounds = {**BOUNDS, Work.CALLS: calls}
        self.is_known: Final = is_known
        self.capacities: Final = {work: Capacity(work, bounds[work]) for work in Work}
        self.rates: Final = RateLimits(rates)
        self.refusals: Final = Refusals(_REFUSALS_PER_SECOND)
        self.mistakes: Final = Refusals(_MISTAKES_PER_SECOND)

    def gate(self, method: MethodDescriptor) -> "Gate":
        """Return the gate that calls of the method pass through."""
        return Gate(self, price_of(method), RequestPeek(method.input_type))


class Gate:
    """Where the calls of one method are let in or refused."""

    def __init__(self, admission: Admission, price: Price, peek: RequestPeek) -> None:
        self._price = price
        self._peek = peek
        self._capacity = admission.capacities[price.work]
        self._rates = admission.rates
        self._refusals = admission.refusals
        self._mistakes = admission.mistakes
        self._is_known = admission.is_known
        self._admitted = metrics.ADMITTED.labels(price.work)

    def try_enter(self, raw: bytes) -> Ticket | None:
        """Let the call in if there is room and no limit to look at, else return None: then `enter` it."""
        if self._rates.any:
            return None
        cost = self._cost(raw) if self._price.each else self._price.once
        if not self._capacity.try_enter(cost):
            return None
        self._admitted.inc()
        return Ticket(self._capacity, "", cost)

    async def enter(self, raw: bytes, principal: Principal) -> Ticket:
        """Wait until the call is let in. Raises `RateExceeded` and `Overloaded`."""
        organization = self._organization(raw, principal)
        cost = self._cost(raw)
        seconds = self._rates.seconds_over(organization, cost) if organization else 0.0
        if seconds > 0:
            metrics.ADMISSION_REFUSED.labels("rate").inc()
            _log.warning("calls are over a rate limit", extra={"organization_id": organization})
            raise RateExceeded(organization, _spread(seconds + self._refusals.delay))
        try:
            await self._capacity.enter(organization, principal.name, cost)
        except Full:
            work = self._price.work
            metrics.ADMISSION_REFUSED.labels(work).inc()
            _log.warning(
                "calls are refused, because too many wait", kind=work, extra={"organization_id": organization}
            )
            raise Overloaded(_spread(_RETRY_AFTER + self._refusals.delay)) from None
        self._admitted.inc()
        return Ticket(self._capacity, organization, cost)

    async def pace_refusal(self, raw: bytes, principal: Principal | None, *, is_mistake: bool) -> None:
        """Wait until the call, whose caller is None if not authenticated, may be told that it is refused.

        `is_mistake`: it was refused for what it asks, and not for want of capacity or of a credential.
        """
        organization = self._organization(raw, principal) if principal is not None else ""
        refusals = self._mistakes if is_mistake else self._refusals
        await refusals.pace((organization, principal.name if principal is not None else ""), len(raw))

    def _cost(self, raw: bytes) -> int:
        price = self._price
        if not price.each:
            return price.once
        return price.once + math.ceil(price.each * self._peek.item_count(raw, _MOST_ITEMS))

    def _organization(self, raw: bytes, principal: Principal) -> str:
        if principal.organization_id is not None:
            return principal.organization_id
        organization = self._peek.organization(raw)
        return organization if self._is_known(organization) else ""


def _spread(seconds: float) -> float:
    """Return the delay, a fifth more or less, so that callers do not come back all at once."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
