"""Fail the primary under load, so that its synchronous standby takes over: what do clients see, what is kept?

Patroni manages the nodes. The drill kills or freezes all processes of the primary;
Patroni promotes a standby after its time to live; later the former primary returns
and must follow. The claims: resolves are answered all the time; all answered calls,
call-backs and changes are on the new primary; call-backs that may be degraded, and those through
a webhook, get a phone within 1.5 s, meanwhile the organization number; other call-backs
and changes are refused properly. Exits with 1 if a claim does not hold. Linux only.
"""

import asyncio
import math
import sys
import time
from collections.abc import Sequence
from typing import Any

from localdial_server.runtime.serve import loop_factory
from tests.drills.arguments import argument_parser
from tests.drills.call_backs import RECORDS, CallBacks, DrillWebhook, records_of
from tests.drills.cluster import Cluster
from tests.drills.outage_support import (
    CALLS,
    CHANGES,
    ORGANIZATION_NUMBER,
    Claims,
    Load,
    is_recovered,
    report,
    set_up,
)
from tests.drills.patroni_cluster import TTL_SECONDS, Node, PatroniCluster
from tests.drills.rounds import print_machine
from tests.support.waiting import until

DATABASE = "localdial"
WORKERS = 2
CONNECTIONS_PER_WORKER = 2
OTHERS_PER_SECOND = 10.0

# How long the drill observes the steady state before and after.
STEADY_SECONDS = 10.0

# Around the failure and the promotion, a call-back may still or again be routed by the rules.
PROMOTION_MARGIN_SECONDS = 3.0

# The claim allows for Patroni's time to live, its election and localdial's recovery, on a busy machine.
RECOVERED_WITHIN_SECONDS = 3 * TTL_SECONDS


def main() -> None:
    """Run the variants and print tables; exit with 1 if a claim does not hold."""
    parser = argument_parser(__doc__)
    parser.add_argument("variants", nargs="*", default=["killed", "frozen"], metavar="killed|frozen")
    parser.add_argument("--nodes", type=int, default=2, help="PostgreSQL servers (default 2)")
    parser.add_argument("--rate", type=float, default=200, help="resolves a second (default 200)")
    arguments = parser.parse_args()
    problems: list[str] = []
    for variant in arguments.variants:
        with (
            PatroniCluster(arguments.nodes) as nodes,
            Cluster(nodes.create_database(DATABASE), WORKERS) as cluster,
            DrillWebhook(cluster.address) as webhook,
            asyncio.Runner(loop_factory=loop_factory()) as runner,
        ):
            problems += runner.run(drill(variant, nodes, cluster, webhook, arguments.rate))
    print_machine()
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(bool(problems))


async def drill(
    variant: str, nodes: PatroniCluster, cluster: Cluster, webhook: DrillWebhook, rate: float
) -> Sequence[str]:
    """Fail over once, and return the claims that did not hold."""
    called = await asyncio.to_thread(set_up, cluster.address)
    clients = await cluster.clients(CONNECTIONS_PER_WORKER, retries=False)
    load = Load(clients, called, CallBacks(webhook, ORGANIZATION_NUMBER))
    stop = asyncio.Event()
    running = asyncio.create_task(load.run(rate, OTHERS_PER_SECOND, stop))
    await asyncio.sleep(STEADY_SECONDS)

    former = await asyncio.to_thread(nodes.leader)
    failed = time.monotonic()
    await asyncio.to_thread(former.kill if variant == "killed" else former.freeze)
    leader = await asyncio.to_thread(nodes.wait_for, lambda: nodes.leader_other_than(former))
    promoted = time.monotonic()
    await until(lambda: is_recovered(load, failed))
    well = time.monotonic()
    await asyncio.sleep(STEADY_SECONDS)

    returned = time.monotonic()
    await asyncio.to_thread(former.start if variant == "killed" else former.thaw)
    await asyncio.to_thread(nodes.wait_for, lambda: nodes.follows(former))
    follows = time.monotonic()
    await asyncio.sleep(STEADY_SECONDS)
    stop.set()
    await running
    await until(lambda: not any(cluster.spool.glob("*.waiting")))
    records = await records_of(load.answered_call_backs(), lambda: rows(leader, RECORDS))
    await load.close()

    print(f"\nprimary {variant} under {rate:g} resolves/s on {WORKERS} workers, {len(nodes.nodes)} nodes")
    ends = {"before": failed, "failing over": well, "after": returned, "with both again": math.inf}
    report(load, ends)
    load.call_backs.report(failed, well)
    print(f"a standby was promoted after {promoted - failed:.1f} s (ttl {TTL_SECONDS} s)")
    print(f"the former primary followed {follows - returned:.1f} s after it came back")
    claims = Claims(variant)
    claims.claim_answers(load, await asyncio.to_thread(column, leader, _CALLS))
    margin = PROMOTION_MARGIN_SECONDS
    claims.claim_call_backs(load, records, failed + margin, promoted - margin)
    users = await asyncio.to_thread(column, leader, _USERS)
    changed = [answer.request.user.user_id for answer in load.changed if answer.response is not None]
    lost = [user for user in changed if user not in users]
    claims.claim(f"answered changes missing: {len(lost)} of {len(changed):,}", holds=not lost)
    claims.claim(
        f"all well again after {well - failed:.1f} s", holds=well - failed < RECOVERED_WITHIN_SECONDS
    )
    return claims.failed


_CALLS = f"SELECT call_id FROM outbound_calls WHERE organization_id = '{CALLS}'"
_USERS = f"SELECT user_id FROM users WHERE organization_id = '{CHANGES}'"


def column(node: Node, query: str) -> set[str]:
    """Return the values of the query's only column on that node."""
    return {value for (value,) in rows(node, query)}


def rows(node: Node, query: str) -> Sequence[Any]:
    """Return the rows of the query on that node."""
    with node.connect(DATABASE) as connection:
        return connection.execute(query).fetchall()


if __name__ == "__main__":
    main()
