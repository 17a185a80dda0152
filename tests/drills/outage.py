"""Stop or freeze PostgreSQL under load: what do callers get meanwhile, and what is recorded afterwards?

Stopped, it refuses connections; frozen, it lets them hang. The claims: 99.9 % of
resolves are answered; every answered call is in the database afterwards, and got
there in order, and so is every answered call-back; changes, and call-backs that may
not be degraded, are refused properly and soon, and such a call-back is never answered
as if nobody had called; call-backs that may be degraded, and those through a webhook,
get a phone within 1.5 s, meanwhile the organization number; the server recovers within
seconds, without a restart. Exits with 1 if a claim does not hold. Linux only.
"""

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
from tests.drills.arguments import argument_parser
from tests.drills.call_backs import RECORDS, CallBacks, DrillWebhook, Record, records_of
from tests.drills.cluster import Cluster
from tests.drills.outage_support import (
    ORGANIZATION_NUMBER,
    Claims,
    Load,
    is_recovered,
    report,
    set_up,
)
from tests.drills.rounds import print_machine
from tests.support.postgres import PostgresServer

OTHERS_PER_SECOND = 10.0
POLL_SECONDS = 0.02
CONNECTIONS_PER_WORKER = 2

# A call-back that is asked for shortly before the end may already be routed by the rules.
AWAY_MARGIN_SECONDS = 3.0

# The claim about recovery.
RECOVERED_WITHIN_SECONDS = 10.0

_SEEN = """
    SELECT split_part(call_id, '-', 1), count(*), max(call_time) FROM outbound_calls GROUP BY 1
"""
_ALL = "SELECT call_id, call_time FROM outbound_calls"

# The number of visible calls of each worker by PID, and the newest one's time.
VisibleCalls = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Outage:
    """When the outage began and ended, and what was then visible in the table and the metrics.

    `begun`, `ended` and `recovered` are `time.monotonic` times in seconds. `ended_at` is the
    end in microseconds since the epoch, like the times of calls.
    """

    begun: float
    ended: float
    ended_at: int
    polls: Sequence[VisibleCalls]
    backlog: float
    recovered: float


def main() -> None:
    """Run the variants and print tables; exit with 1 if a claim does not hold."""
    parser = argument_parser(__doc__)
    parser.add_argument("variants", nargs="*", default=["stopped", "frozen"], metavar="stopped|frozen")
    parser.add_argument("--seconds", type=float, default=60, help="how long PostgreSQL is down (default 60)")
    parser.add_argument("--rate", type=float, default=300, help="resolves a second (default 300)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (default 2)")
    arguments = parser.parse_args()
    problems: list[str] = []
    for variant in arguments.variants:
        # With PostgreSQL's default settings, every commit is on disk.
        with PostgresServer({}) as postgres:
            url = postgres.create_database()
            with (
                Cluster(url, arguments.workers, LOCALDIAL_METRICS_LISTEN="127.0.0.1:0") as cluster,
                DrillWebhook(cluster.address) as webhook,
                asyncio.Runner(loop_factory=loop_factory()) as runner,
            ):
                drill = Drill(
                    variant=variant,
                    seconds=arguments.seconds,
                    rate=arguments.rate,
                    postgres=postgres,
                    cluster=cluster,
                    webhook=webhook,
                )
                problems += runner.run(drill.run(url.rpartition("/")[2]))
    print_machine()
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


class Drill:
    """One outage under load."""

    def __init__(
        self,
        *,
        variant: str,
        seconds: float,
        rate: float,
        postgres: PostgresServer,
        cluster: Cluster,
        webhook: DrillWebhook,
    ) -> None:
        self._variant = variant
        self._seconds = seconds
        self._rate = rate
        self._postgres = postgres
        self._cluster = cluster
        self._webhook = webhook

    async def run(self, database: str) -> Sequence[str]:
        """Run the outage, and return the claims that did not hold."""
        called = await asyncio.to_thread(set_up, self._cluster.address)
        clients = await self._cluster.clients(CONNECTIONS_PER_WORKER, retries=False)
        load = Load(clients, called, CallBacks(self._webhook, ORGANIZATION_NUMBER))
        stop = asyncio.Event()
        running = asyncio.create_task(load.run(self._rate, OTHERS_PER_SECOND, stop))
        await asyncio.sleep(max(5, self._seconds / 6))
        outage = await self._away(database, load)
        await asyncio.sleep(max(5, self._seconds / 6))
        stop.set()
        await running
        recorded = dict(await asyncio.to_thread(self._postgres.execute, _ALL, database))
        records = await records_of(
            load.answered_call_backs(), lambda: self._postgres.execute(RECORDS, database)
        )
        await load.close()
        return self._judge(load, outage, recorded, records)

    async def _away(self, database: str, load: Load) -> Outage:
        postgres = self._postgres
        begin, end = {
            "stopped": (postgres.stop, postgres.start),
            "frozen": (postgres.freeze, postgres.thaw),
        }[self._variant]
        await asyncio.to_thread(begin)
        begun = time.monotonic()
        await asyncio.sleep(self._seconds)
        backlog = (await asyncio.to_thread(metrics.read, self._cluster.log))["localdial_spool_calls"]
        await asyncio.to_thread(end)
        ended, ended_at = time.monotonic(), time.time_ns() // 1000
        polls = await asyncio.to_thread(watch_table, postgres, database, lambda: is_recovered(load, ended))
        return Outage(begun, ended, ended_at, polls, backlog, time.monotonic())

    def _judge(
        self, load: Load, outage: Outage, recorded: Mapping[str, int], records: Mapping[str, Record]
    ) -> Sequence[str]:
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
        load.call_backs.report(outage.begun, outage.ended)
        print(f"waiting in the spools at the end of the outage: {outage.backlog:,.0f}")
        claims = Claims(self._variant)
        claims.claim_answers(load, recorded)
        claims.claim_call_backs(load, records, outage.begun, outage.ended - AWAY_MARGIN_SECONDS)
        missing, disorder = order(outage, recorded)
        claims.claim(
            f"polls that found a newer call before an older one of its worker: {disorder} of "
            f"{len(outage.polls)} ({missing} while some of the outage's were missing)",
            holds=not disorder and missing > 0,
        )
        took = outage.recovered - outage.ended
        claims.claim(f"all well again after {took:.2f} s", holds=took < RECOVERED_WITHIN_SECONDS)
        return claims.failed


def watch_table(postgres: PostgresServer, database: str, until: Callable[[], bool]) -> Sequence[VisibleCalls]:
    """Poll the table until the condition holds or time is up, and return the result of every poll."""
    polls: list[VisibleCalls] = []
    deadline = time.monotonic() + 5 * RECOVERED_WITHIN_SECONDS
    with postgres.connect(database) as connection:
        while not until() and time.monotonic() < deadline:
            rows = connection.execute(_SEEN).fetchall()
            polls.append({worker: (count, newest) for worker, count, newest in rows})
            time.sleep(POLL_SECONDS)
    return polls


def order(outage: Outage, recorded: Mapping[str, int]) -> tuple[int, int]:
    """Return how many polls found calls of the outage missing, and how many found some out of order.

    Calls are in order if the visible calls of a worker are always its earliest ones by
    call time. Calls of the same microsecond may appear in any order.
    """
    times: defaultdict[str, list[int]] = defaultdict(list)
    for call_id, call_time in recorded.items():
        times[call_id.partition("-")[0]].append(call_time)
    for each in times.values():
        each.sort()
    due = sum(call_time < outage.ended_at for call_time in recorded.values())
    missing = disorder = 0
    for visible in outage.polls:
        missing += sum(count for count, _ in visible.values()) < due
        disorder += any(
            not bisect.bisect_left(times[worker], newest)
            < count
            <= bisect.bisect_right(times[worker], newest)
            for worker, (count, newest) in visible.items()
        )
    return missing, disorder


if __name__ == "__main__":
    main()
