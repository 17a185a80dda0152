"""PostgreSQL away under load: what resolves, call-backs and changes are answered, and what is recorded after.

Two variants: stopped (connections are refused), and frozen (connections hang).
The claims: 99.9 % of resolves are answered; every answered call is in the
database afterwards, and came there in order; call-backs and changes are refused
properly, soon, and never answered with "nobody called"; all is well again within
seconds, without a restart. Exits with 1 if one does not hold. Linux only.
"""

import argparse
import asyncio
import bisect
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localdial_server.runtime.serve import loop_factory
from tests.drills import metrics
from tests.drills.cluster import Cluster
from tests.drills.outage_support import Claims, Load, is_well, report, set_up
from tests.drills.rounds import print_machine
from tests.support.postgres import PostgresServer

OTHERS_PER_SECOND = 10.0
POLL_SECONDS = 0.02
CONNECTIONS_PER_WORKER = 2

# The claim.
RECOVERED_WITHIN_SECONDS = 10.0

_SEEN = """
    SELECT split_part(call_id, '-', 1), count(*), max(call_time) FROM outbound_calls GROUP BY 1
"""
_ALL = "SELECT call_id, call_time FROM outbound_calls"

# How many calls of each worker are visible, and the newest one's time.
Seen = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Outage:
    """When it began and ended; what was seen in the table from then on, and in the metrics.

    ``ended_at`` is the end as the times of calls are, in microseconds since the epoch.
    """

    begun: float
    ended: float
    ended_at: int
    seen: Sequence[Seen]
    backlog: float
    recovered: float


def main() -> None:
    """Run the variants and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("variants", nargs="*", default=["stopped", "frozen"], metavar="stopped|frozen")
    parser.add_argument("--seconds", type=float, default=60, help="how long PostgreSQL is away (default 60)")
    parser.add_argument("--rate", type=float, default=300, help="resolves a second (default 300)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (default 2)")
    arguments = parser.parse_args()
    problems: list[str] = []
    for variant in arguments.variants:
        # PostgreSQL's own settings: each commit is on disk.
        with PostgresServer({}) as postgres:
            url = postgres.create_database()
            with (
                Cluster(url, arguments.workers, LOCALDIAL_METRICS_LISTEN="127.0.0.1:0") as cluster,
                asyncio.Runner(loop_factory=loop_factory()) as runner,
            ):
                drill = Drill(variant, arguments.seconds, arguments.rate, postgres, cluster)
                problems += runner.run(drill.run(url.rpartition("/")[2]))
    print_machine()
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


class Drill:
    """One outage."""

    def __init__(
        self, variant: str, seconds: float, rate: float, postgres: PostgresServer, cluster: Cluster
    ) -> None:
        self._variant = variant
        self._seconds = seconds
        self._rate = rate
        self._postgres = postgres
        self._cluster = cluster

    async def run(self, database: str) -> Sequence[str]:
        """Answer which claims did not hold."""
        called = await asyncio.to_thread(set_up, self._cluster.address)
        load = Load(await self._cluster.clients(CONNECTIONS_PER_WORKER, retries=False), called)
        stop = asyncio.Event()
        running = asyncio.create_task(load.run(self._rate, OTHERS_PER_SECOND, stop))
        await asyncio.sleep(max(5, self._seconds / 6))
        outage = await self._away(database, load)
        await asyncio.sleep(max(5, self._seconds / 6))
        stop.set()
        await running
        recorded = dict(await asyncio.to_thread(self._postgres.execute, _ALL, database))
        await load.close()
        return self._judge(load, outage, recorded)

    async def _away(self, database: str, load: Load) -> Outage:
        postgres = self._postgres
        begin, end = {
            "stopped": (postgres.stop, postgres.start),
            "frozen": (postgres.freeze, postgres.thaw),
        }[self._variant]
        begun = time.monotonic()
        await asyncio.to_thread(begin)
        await asyncio.sleep(self._seconds)
        backlog = (await asyncio.to_thread(metrics.read, self._cluster.log))["localdial_spool_calls"]
        await asyncio.to_thread(end)
        ended, ended_at = time.monotonic(), time.time_ns() // 1000
        seen = await asyncio.to_thread(watch_table, postgres, database, lambda: is_well(load, ended))
        return Outage(begun, ended, ended_at, seen, backlog, time.monotonic())

    def _judge(self, load: Load, outage: Outage, recorded: Mapping[str, int]) -> Sequence[str]:
        print(
            f"\nPostgreSQL {self._variant} for {outage.ended - outage.begun:.1f} s under {self._rate:g} "
            f"resolves/s on {self._cluster.workers} workers"
        )
        ends = {
            "before": outage.begun,
            "during": outage.ended,
            "recovering": outage.recovered,
            "after": math.inf,
        }
        report(load, ends)
        print(f"waiting in the spools at the end of the outage: {outage.backlog:,.0f}")
        claims = Claims(self._variant)
        claims.claim_of_answers(load, recorded)
        missing, disorder = order(outage, recorded)
        claims.claim(
            f"looks that found a newer call before an older one of its worker: {disorder} of "
            f"{len(outage.seen)} ({missing} while some of the outage's were missing)",
            holds=not disorder and missing > 0,
        )
        took = outage.recovered - outage.ended
        claims.claim(f"all well again after {took:.2f} s", holds=took < RECOVERED_WITHIN_SECONDS)
        return claims.failed


def watch_table(postgres: PostgresServer, database: str, until: Callable[[], bool]) -> Sequence[Seen]:
    """Look at the table again and again; answer all that was seen."""
    seen: list[Seen] = []
    deadline = time.monotonic() + 5 * RECOVERED_WITHIN_SECONDS
    with postgres.connect(database) as connection:
        while not until() and time.monotonic() < deadline:
            rows = connection.execute(_SEEN).fetchall()
            seen.append({worker: (count, newest) for worker, count, newest in rows})
            time.sleep(POLL_SECONDS)
    return seen


def order(outage: Outage, recorded: Mapping[str, int]) -> tuple[int, int]:
    """Answer how many looks found calls of the outage missing, and how many found some out of order.

    In order: what is visible of a worker's calls is always a beginning of them,
    by the times at which it took them on. (Calls of the same microsecond may come
    in any order.)
    """
    times: defaultdict[str, list[int]] = defaultdict(list)
    for call_id, call_time in recorded.items():
        times[call_id.partition("-")[0]].append(call_time)
    for each in times.values():
        each.sort()
    due = sum(call_time < outage.ended_at for call_time in recorded.values())
    missing = disorder = 0
    for seen in outage.seen:
        missing += sum(count for count, _ in seen.values()) < due
        disorder += any(
            not bisect.bisect_left(times[worker], newest)
            < count
            <= bisect.bisect_right(times[worker], newest)
            for worker, (count, newest) in seen.items()
        )
    return missing, disorder


if __name__ == "__main__":
    main()
