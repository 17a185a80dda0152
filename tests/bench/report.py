"""The page that a run writes: tables of medians, with the range over the rounds, and ratios."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench import targets
from tests.bench.h2load import Figures
from tests.bench.journal import Round
from tests.bench.measure import SHARES_OF_PEAK, peak
from tests.bench.subjects import OPEN_CALLS, RIVAL, Subject, no_op_of
from tests.drills.rounds import Figure

_CLOSED_HEAD = (
    "| calls open | | calls/s | p50 ms | p99 ms | calls/s ÷ own no-op | calls/s ÷ Go | p50 ÷ Go |",
    "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_OPEN_HEAD = (
    "| of peak | | calls/s | of them sent | failed | p50 ms | p90 ms | p99 ms | p99.9 ms |",
    "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
)


@dataclass(frozen=True)
class Results:
    """The rounds of a run."""

    subjects: Sequence[Subject]
    closed: Sequence[Round]
    open: Sequence[Round]


def page(title: str, conditions: Mapping[str, str], plot: str, results: Results) -> str:
    """Return the page in Markdown. `plot` is the path of the picture, relative to the page."""
    return "\n".join(
        [
            f"# {title}",
            "",
            f"Rounds: {len(results.closed)}. Each figure is their median, with the least and the greatest.",
            f"Written by `{conditions['command']}`; [Benchmarks](README.md) says what is compared and how.",
            "",
            "## Targets",
            "",
            "*Holds* is about the median. [Benchmarks](README.md#targets) lists the targets that no load can",
            "show, each with its drill.",
            "",
            *targets.table(results.closed),
            "",
            "## Closed loop",
            "",
            f"So many calls are open at any time. *Go* is “{RIVAL.name}” in the same round.",
            "",
            *closed_table(results),
            "",
            "## Open loop",
            "",
            "Calls start at a fixed rate, a share of the subject's own peak in the closed loop. With",
            "500 calls open, the next wait, and fewer are sent. A server may refuse calls that it is too",
            "busy for; those that failed are counted over all rounds.",
            "",
            *open_table(results),
            "",
            f"![Latency against offered load, one line for each subject]({plot})",
            "",
            "## Conditions",
            "",
            "| | |",
            "| --- | --- |",
            *(f"| {name} | {value} |" for name, value in conditions.items() if name != "command"),
            "",
        ]
    )


def closed_table(results: Results) -> list[str]:
    """Return the lines of the table of the closed loop."""
    lines = [*_CLOSED_HEAD]
    for count in map(str, OPEN_CALLS):
        for place, subject in enumerate(results.subjects):
            of = _Values(results.closed, subject, count)
            cells = [
                "" if place else count,
                subject.name,
                f"{of.figure(_rate):,.0f}",
                f"{of.figure(_p50):.2f}",
                f"{of.figure(_p99):.2f}",
                of.ratio(_rate, no_op_of(subject)),
                of.ratio(_rate, RIVAL),
                of.ratio(_p50, RIVAL),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def open_table(results: Results) -> list[str]:
    """Return the lines of the table of the open loop."""
    lines = [*_OPEN_HEAD]
    for share in SHARES_OF_PEAK:
        for place, subject in enumerate(results.subjects):
            of = _Values(results.open, subject, str(share))
            offered = peak(results.closed, subject) * share / 100
            sent = of.figure(lambda figures, offered=offered: figures.rate / offered)
            latencies = (of.figure(each) for each in (_p50, _p90, _p99, _p999))
            cells = [
                "" if place else f"{share} %",
                subject.name,
                f"{offered:,.0f}",
                f"{sent.median:.0%}",
                f"{sum(of.figure(_failed).rounds):.0f}",
                *(f"{latency:.2f}" for latency in latencies),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


class _Values:
    """The rounds of one subject under one load."""

    def __init__(self, rounds: Sequence[Round], subject: Subject, load: str) -> None:
        self._rounds = rounds
        self._subject = subject
        self._load = load

    def figure(self, value: Callable[[Figures], float]) -> Figure:
        """Return a value of each round."""
        return Figure([value(each[self._subject.name][self._load]) for each in self._rounds])

    def ratio(self, value: Callable[[Figures], float], other: Subject) -> str:
        """Return the value divided by that of another subject in the same round, if it was measured."""
        if other == self._subject or any(other.name not in each for each in self._rounds):
            return ""
        ratios = Figure(
            [
                value(each[self._subject.name][self._load]) / value(each[other.name][self._load])
                for each in self._rounds
            ]
        )
        return f"{ratios:.2f}"


def _rate(figures: Figures) -> float:
    return figures.rate


def _p50(figures: Figures) -> float:
    return figures.p50


def _p90(figures: Figures) -> float:
    return figures.p90


def _p99(figures: Figures) -> float:
    return figures.p99


def _p999(figures: Figures) -> float:
    return figures.p999


def _failed(figures: Figures) -> float:
    return figures.failed
