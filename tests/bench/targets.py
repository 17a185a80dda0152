"""The targets for speed that loads can show: ratios of two measurements of the same round."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.bench import probes
from tests.bench.data import ONE, THOUSAND
from tests.bench.journal import Round
from tests.bench.probes import DATABASES, LEGS, WORKERS_OPEN
from tests.bench.subjects import OPEN_CALLS, RIVAL, Subject, Work, no_op_of, subject
from tests.drills.rounds import Figure

_HEAD = (
    "| | calls open | target | measured | holds |",
    "| --- | ---: | ---: | ---: | --- |",
)


@dataclass(frozen=True)
class Point:
    """A value of what was measured under this name and with so many open calls, times a factor."""

    name: str
    open_calls: int
    value: Literal["rate", "p50"] = "rate"
    times: int = 1

    def of(self, taken: Round) -> float | None:
        """Return the value in this round, or None if it was not measured."""
        figures = taken.get(self.name, {}).get(str(self.open_calls))
        return None if figures is None else self.times * float(getattr(figures, self.value))


@dataclass(frozen=True)
class Target:
    """A bound for a value, or for its ratio to another. A p50 (ms) has an upper bound, a rate a lower one."""

    what: str
    bound: float
    value: Point
    of: Point | None = None

    @property
    def is_upper(self) -> bool:
        return self.value.value == "p50"

    def measured(self, rounds: Sequence[Round]) -> Figure | None:
        """Return the value or ratio of each round, or None if it was not measured."""
        values = [self._measured(taken) for taken in rounds]
        complete = [value for value in values if value is not None]
        return Figure(complete) if complete and len(complete) == len(values) else None

    def holds(self, figure: Figure) -> bool:
        """Return whether the median is within the bound."""
        return figure.median <= self.bound if self.is_upper else figure.median >= self.bound

    def _measured(self, taken: Round) -> float | None:
        value = self.value.of(taken)
        if self.of is None or value is None:
            return value
        base = self.of.of(taken)
        return None if base is None else value / base


def targets() -> Iterator[Target]:
    """Yield all targets, in the order of the page."""
    fast = subject("fast front on PostgreSQL", Work.RECORD)
    for open_calls, bound in (10, 1.3), (100, 2.0):
        yield _ratio("calls/s ÷ Go's", bound, Point(fast.name, open_calls), Point(RIVAL.name, open_calls))
    ours = subject("localdial on PostgreSQL", Work.RECORD)
    for recording, bound in (fast, 1.1), (ours, 1.5):
        yield _ratio("p50 ÷ Go's", bound, Point(recording.name, 1, "p50"), Point(RIVAL.name, 1, "p50"))
    for recording in ours, subject("localdial on SQLite", Work.RECORD):
        yield from _of_no_op(recording, (10, 100), 0.9)
    for front, bound in ("localdial", 0.92), ("fast front", 0.6):
        yield from _of_no_op(subject(f"{front} on PostgreSQL", Work.DECIDE), OPEN_CALLS, bound)
    for database in DATABASES:
        single = Point(subject(f"localdial on {database}", Work.RECORD).name, 100)
        legs = Point(probes.batches(database), 10, times=LEGS)
        yield _ratio("legs/s ÷ calls/s of single ones, 100 open", 20, legs, single)
    for work in probes.WORKERS_WORK:
        one, two = (Point(probes.workers(count, work), WORKERS_OPEN) for count in (1, 2))
        yield _ratio("calls/s ÷ one worker's", 1.6, two, one)
    for database in DATABASES:
        name = probes.call_backs(database)
        yield _ratio("calls/s ÷ own no-op's", 0.5, Point(name, 10), Point("localdial, no-op", 10))
        yield Target(f"{name}: p50, ms", 1.0, Point(name, 1, "p50"))
    for front, work in probes.CHOOSING:
        one, thousand = (Point(probes.choosing(front, work, each), 100) for each in (ONE, THOUSAND))
        yield _ratio("calls/s ÷ with one number", 0.9, thousand, one)


def _ratio(what: str, bound: float, value: Point, of: Point) -> Target:
    return Target(f"{value.name}: {what}", bound, value, of)


def _of_no_op(compared: Subject, open_calls: Sequence[int], bound: float) -> Iterator[Target]:
    for count in open_calls:
        no_op = Point(no_op_of(compared).name, count)
        yield _ratio("calls/s ÷ own no-op's", bound, Point(compared.name, count), no_op)


def table(rounds: Sequence[Round]) -> list[str]:
    """Return the lines of the table of those targets that were measured."""
    lines = [*_HEAD]
    for target in targets():
        figure = target.measured(rounds)
        if figure is not None:
            cells = [
                target.what,
                f"{target.value.open_calls}",
                f"{'≤' if target.is_upper else '≥'} {target.bound:g}",
                f"{figure:.2f}",
                "yes" if target.holds(figure) else "no",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines
