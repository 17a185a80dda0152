"""A queue in which names take turns, so that none waits for what another sent before it."""

import heapq
import itertools
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

# So many names are remembered at least for what they used.
_REMEMBERED = 1_000


class FairQueue(Generic[T]):
    """Items under names of one or more levels, such as an organization and a key.

    The names of each level take turns in proportion to the cost of their items (start-time fair queuing).
    Items of the same names are returned in the order in which they came.
    """

    def __init__(self) -> None:
        self._lines: dict[str, FairQueue[T] | deque[tuple[int, T]]] = {}
        # A heap of the names that have items: when the turn of each starts, in units of cost.
        self._turns: list[tuple[float, int, str]] = []
        self._tie_breaker = itertools.count()
        self._time = 0.0
        # When the next turn of each name may start, because of what it used.
        self._next_start: dict[str, float] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, names: Sequence[str], cost: int, item: T) -> None:
        """Add the item. All items of one queue have the same number of names, one at least."""
        name, *rest = names
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = FairQueue() if rest else deque()
            self._take_turn(name)
        if isinstance(line, FairQueue):
            line.push(rest, cost, item)
        else:
            line.append((cost, item))
        self._size += 1

    def peek(self) -> T:
        """Return the item whose turn it is. Raises `IndexError` if there is none."""
        line = self._lines[self._turns[0][2]]
        return line.peek() if isinstance(line, FairQueue) else line[0][1]

    def pop(self) -> T:
        """Remove and return the item whose turn it is. Raises `IndexError` if there is none."""
        return self.pop_with_cost()[1]

    def pop_with_cost(self) -> tuple[int, T]:
        """Like `pop`, but return the item's cost too."""
        self._time, _, name = heapq.heappop(self._turns)
        line = self._lines[name]
        cost, item = line.pop_with_cost() if isinstance(line, FairQueue) else line.popleft()
        self._next_start[name] = self._time + cost
        self._size -= 1
        if line:
            self._take_turn(name)
        else:
            del self._lines[name]
            self._forget()
        return cost, item

    def _take_turn(self, name: str) -> None:
        # A name gets no credit for the time in which it had no items.
        start = max(self._time, self._next_start.get(name, 0.0))
        heapq.heappush(self._turns, (start, next(self._tie_breaker), name))

    def _forget(self) -> None:
        if not self._lines:
            self._next_start.clear()
        elif len(self._next_start) > len(self._lines) + 2 * _REMEMBERED:
            most = heapq.nlargest(_REMEMBERED, self._next_start.items(), key=lambda item: item[1])
            self._next_start = dict(most)
