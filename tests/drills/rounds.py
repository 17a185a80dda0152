"""Measuring in turns, so that a machine whose speed drifts is fair to all."""

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
        """The round in the middle: what is reported."""
        return statistics.median(self.rounds)

    def __format__(self, spec: str) -> str:
        """Show the median with the range, each in the format of a float."""
        return f"{self.median:{spec}} ({min(self.rounds):{spec}}-{max(self.rounds):{spec}})"


async def in_turns(
    subjects: Mapping[Key, Callable[[], Awaitable[Taken]]],
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> Mapping[Key, Sequence[Taken]]:
    """Measure each subject once a round, one after the other; ``before`` prepares each round.

    A first round warms up and is not counted.
    """
    taken: dict[Key, list[Taken]] = {key: [] for key in subjects}
    for _ in range(rounds + 1):
        before()
        for key, measure in subjects.items():
            # What the one before has left is not for this one to clean up.
            gc.collect()
            taken[key].append(await measure())
    return {key: measured[1:] for key, measured in taken.items()}


def print_progress(what: str, done: int, total: int) -> None:
    """Say on stderr, ten times in all, how far it is."""
    if done * 10 // total > (done - 1) * 10 // total:
        print(f"{time.strftime('%H:%M:%S')} {what}: {done:,} of {total:,}", file=sys.stderr, flush=True)


def print_machine() -> None:
    """Say what the figures were taken on, and how busy it was."""
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{os.cpu_count()} cores, load averages {load}", flush=True)
