"""Alternating measurements, so that drift in the machine's speed affects all alike."""

import gc
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Key = TypeVar("Key")
Taken = TypeVar("Taken")


@dataclass(frozen=True)
class Figure:
    """One measurement per round, all in the same unit."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the rounds, which is reported."""
        return statistics.median(self.rounds)

    def __format__(self, spec: str) -> str:
        """Return the median with the range, each in the given format of a float."""
        return f"{self.median:{spec}} ({min(self.rounds):{spec}}-{max(self.rounds):{spec}})"


async def in_turns(
    subjects: Mapping[Key, Callable[[], Awaitable[Taken]]],
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> Mapping[Key, Sequence[Taken]]:
    """Measure each subject once a round, one after the other; return the measurements of each.

    `before` prepares each round. The first round is a warm-up and is discarded.
    """
    taken: dict[Key, list[Taken]] = {key: [] for key in subjects}
    for _ in range(rounds + 1):
        before()
        for key, measure in subjects.items():
            # Collect the garbage of the last measurement, so that this one does not pay for it.
            gc.collect()
            taken[key].append(await measure())
    return {key: measured[1:] for key, measured in taken.items()}


def print_progress(what: str, done: int, total: int) -> None:
    """Print the progress on stderr, ten times in all."""
    if done * 10 // total > (done - 1) * 10 // total:
        print(f"{time.strftime('%H:%M:%S')} {what}: {done:,} of {total:,}", file=sys.stderr, flush=True)


def print_machine() -> None:
    """Print the machine's number of cores and its load averages."""
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{os.cpu_count()} cores, load averages {load}", flush=True)
