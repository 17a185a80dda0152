"""How much of one kind of work runs at once, and whose call is let in next."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from localdial_server.observability import metrics
from localdial_server.rpc.fair_queue import FairQueue

# How many calls are let in at one turn of the event loop.
_AT_A_TURN: Final = 16

# A caller that is refused waits (`rpc.refusals`). When more than this are refused in a second, calls have
# piled up in gRPC's queue, which knows no fairness: they are taken out of it first.
_REFUSED_IN_A_RUSH: Final = 1_500
_WINDOW_SECONDS: Final = 0.005
_RUSH_TURN_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one kind of work, in units of cost (`rpc.prices`)."""

    running: int
    """What may run at once. A call that costs more runs alone."""
    waiting: int
    """What may wait for one organization, while no other waits."""
    waiting_in_all: int
    """What may wait for all organizations, which share it equally when more of them wait."""
    calls_of_one: int | None = None
    """How many calls of one organization may run at once; None: as many as `running` allows."""


class Full(Exception):
    """So much of the organization waits already that a further call would wait too long."""


@dataclass(slots=True, eq=False)
class _Waiting:
    organization: str
    key: str
    cost: int
    turn: "asyncio.Future[None]"


class _Rush:
    """Tells whether calls come much faster than they can be served, as they do when a flood begins."""

    def __init__(self) -> None:
        self._refused = 0
        self._begun = 0.0
        self._is_on = False

    def count_refusal(self) -> None:
        """Count a refused call."""
        self._refused += 1

    def is_on(self, now: float) -> bool:
        """Return whether there is a rush. `now`: seconds of the loop's clock."""
        seconds = now - self._begun
        if seconds > _WINDOW_SECONDS:
            self._is_on = self._refused > _REFUSED_IN_A_RUSH * seconds
            self._refused = 0
            self._begun = now
        return self._is_on


class Capacity:
    """Lets in the calls of one kind of work: at once while there is room, else in fair turns.

    Use it from one event loop. Call `try_enter` or `enter` before the work, then `leave`.
    """

    def __init__(self, name: str, bounds: Bounds) -> None:
        self._bounds: Final = bounds
        self._most_running: Final = bounds.running
        self._looks_at_names: Final = bounds.calls_of_one is not None
        self._running = 0
        self._queue: FairQueue[_Waiting] = FairQueue()
        self._waiting_cost: dict[str, int] = {}
        # Only with `calls_of_one`: how many calls of each organization run or are in the queue, and those
        # that have to wait until one of them leaves.
        self._calls_of: dict[str, int] = {}
        self._held_back: dict[str, deque[_Waiting]] = {}
        self._is_scheduled = False
        self._rush = _Rush()
        self._gauge = metrics.ADMISSION_WAITING.labels(name)

    def try_enter(self, cost: int) -> bool:
        """Let a call in without waiting and return whether it was, whoever sent it."""
        running = self._running + cost
        if self._waiting_cost or self._looks_at_names or (running > self._most_running and running > cost):
            return False
        self._running = running
        return True

    async def enter(self, organization: str, key: str, cost: int) -> None:
        """Wait until the call is let in. Raises `Full`."""
        if self.try_enter(cost):
            return
        most = self._bounds.calls_of_one
        running = self._calls_of.get(organization, 0)
        if most is not None and running < most and not self._queue and self._has_room(cost):
            self._calls_of[organization] = running + 1
            self._running += cost
            return
        others = len(self._waiting_cost) + (organization not in self._waiting_cost)
        share = min(self._bounds.waiting, self._bounds.waiting_in_all / others)
        waiting = self._waiting_cost.get(organization, 0)
        if waiting and waiting + cost > share:
            self._rush.count_refusal()
            raise Full
        call = _Waiting(organization, key, cost, asyncio.get_running_loop().create_future())
        self._waiting_cost[organization] = waiting + cost
        self._gauge.inc(cost)
        if most is not None and running >= most:
            self._held_back.setdefault(organization, deque()).append(call)
        else:
            self._queue_up(call)
        try:
            await call.turn
        except asyncio.CancelledError:
            if call.turn.done() and not call.turn.cancelled():
                # The call was let in just when its caller hung up.
                self.leave(organization, cost)
            raise

    def leave(self, organization: str, cost: int) -> None:
        """Give back what a call took that was let in, with the arguments of `enter`."""
        self._running -= cost
        if self._bounds.calls_of_one is not None:
            self._free_call_of(organization)
        if self._waiting_cost:
            self._schedule()

    def _has_room(self, cost: int) -> bool:
        return self._running + cost <= self._bounds.running or self._running <= 0

    def _queue_up(self, call: _Waiting) -> None:
        if self._bounds.calls_of_one is not None:
            self._calls_of[call.organization] = self._calls_of.get(call.organization, 0) + 1
        self._queue.push((call.organization, call.key), call.cost, call)
        self._schedule()

    def _free_call_of(self, organization: str) -> None:
        self._calls_of[organization] -= 1
        held_back = self._held_back.get(organization)
        while held_back:
            call = held_back.popleft()
            if not held_back:
                del self._held_back[organization]
            if call.turn.cancelled():
                self._stop_waiting(call)
                continue
            self._queue_up(call)
            break
        if not self._calls_of[organization]:
            del self._calls_of[organization]

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._let_in)

    def _let_in(self) -> None:
        """Let in some calls. Further ones follow at the next turn of the event loop, or in a rush later.

        So a turn stays short, however much capacity a group commit gives back at once.
        """
        self._is_scheduled = False
        loop = asyncio.get_running_loop()
        is_rush = self._rush.is_on(loop.time())
        left = 1 if is_rush else _AT_A_TURN
        while self._queue:
            call = self._queue.peek()
            is_cancelled = call.turn.cancelled()
            if not is_cancelled:
                if not self._has_room(call.cost):
                    return
                if not left:
                    self._is_scheduled = True
                    loop.call_later(_RUSH_TURN_SECONDS if is_rush else 0, self._let_in)
                    return
            self._queue.pop()
            self._stop_waiting(call)
            if is_cancelled:
                if self._bounds.calls_of_one is not None:
                    self._free_call_of(call.organization)
                continue
            self._running += call.cost
            call.turn.set_result(None)
            left -= 1

    def _stop_waiting(self, call: _Waiting) -> None:
        left = self._waiting_cost[call.organization] - call.cost
        if left > 0:
            self._waiting_cost[call.organization] = left
        else:
            del self._waiting_cost[call.organization]
        self._gauge.dec(call.cost)
