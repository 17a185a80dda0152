"""Measure how long choosing one of many numbers takes, what it costs to prepare, and how even it is.

Times are CPU time, the shortest of several rounds in which the subjects take turns. "all weighed" is
rendezvous hashing over all numbers, which the choice replaced. "uneven" is the standard deviation of the
numbers' shares beyond that of dice, in percent of a share.
"""

import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from localdial_server.domain.choice import Candidates, candidates_of, choose_number, hash_number
from tests.drills.arguments import argument_parser
from tests.drills.rounds import print_machine

COUNTS = (1, 2, 10, 30, 100, 300, 1_000, 10_000)
ROUNDS = 7
CALLEES = 3_000
CALLEES_WEIGHED = 30
CALLEES_COUNTED = 100_000
CALLEES_PER_NUMBER = 1_500
_64_BITS = (1 << 64) - 1
_MULTIPLIER = 0x9E3779B97F4A7C15


def weigh_all(numbers: Sequence[tuple[str, int]], callee: str) -> str:
    """Choose by rendezvous hashing, as the server did before it had an index."""
    callee_hash = int.from_bytes(hash_number(callee)[:8], "big")
    chosen, best = "", -1
    for phone_number, number_hash in numbers:
        if phone_number == callee:
            continue
        mixed = ((callee_hash ^ number_hash) * _MULTIPLIER) & _64_BITS
        weight = ((mixed ^ (mixed >> 32)) * _MULTIPLIER) & _64_BITS
        if weight > best or (weight == best and phone_number > chosen):
            chosen, best = phone_number, weight
    return chosen


def size(candidates: Candidates) -> int:
    """Return the memory that the numbers take in a snapshot, without the numbers' own texts, in bytes."""
    return sys.getsizeof(candidates) + sum(map(sys.getsizeof, candidates))


def uneven(candidates: Candidates) -> float:
    """Return the standard deviation of the numbers' shares beyond that of dice, in percent of a share."""
    numbers, _, _ = candidates
    mean = max(CALLEES_PER_NUMBER, CALLEES_COUNTED // len(numbers))
    callees = (f"+1415{2_000_000 + index}" for index in range(mean * len(numbers)))
    counts = Counter(choose_number(candidates, callee) for callee in callees)
    variance: float = sum((counts[number] - mean) ** 2 for number in numbers) / (len(numbers) - 1)
    return 100 * math.sqrt(max(0.0, variance - mean)) / mean


def thread_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of the work, in seconds."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def measure(count: int, callees: Sequence[str]) -> None:
    """Print the line for so many numbers."""
    numbers = [f"+1628{2_000_000 + 37 * index}" for index in range(count)]
    weighed = [(number, int.from_bytes(hash_number(number)[:8], "big")) for number in numbers]
    taken: dict[str, float] = {}
    candidates = candidates_of({})
    for _ in range(ROUNDS):
        begun = time.thread_time()
        candidates = candidates_of({number: hash_number(number) for number in numbers})
        built = time.thread_time() - begun
        chosen = thread_seconds(lambda: [choose_number(candidates, callee) for callee in callees])  # noqa: B023
        few = callees[:CALLEES_WEIGHED]
        linear = thread_seconds(lambda: [weigh_all(weighed, callee) for callee in few])  # noqa: B023
        for name, seconds in (
            ("built", built / count),
            ("chosen", chosen / len(callees)),
            ("linear", linear / len(few)),
        ):
            taken[name] = min(seconds, taken.get(name, seconds))
    evenness = f"{uneven(candidates):8.1f}" if 1 < count <= 1_000 else f"{'':8}"
    print(
        f"{count:>8,}{taken['chosen'] * 1e6:>10.1f}{taken['linear'] * 1e6:>13.1f}"
        f"{taken['built'] * 1e6:>18.1f}{size(candidates) / count:>15.0f}{evenness}",
        flush=True,
    )


def main() -> None:
    """Print a table."""
    argument_parser(__doc__).parse_args()
    print_machine()
    print(" numbers    us per  all weighed,    us to prepare,  bytes a number  uneven")
    print("            choice            us          a number                       %")
    dice = random.Random(13)
    callees = [f"+1628{dice.randrange(2_000_000, 10_000_000)}" for _ in range(CALLEES)]
    for count in COUNTS:
        measure(count, callees)


if __name__ == "__main__":
    main()
