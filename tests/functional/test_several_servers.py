"""Several workers on one PostgreSQL: short runs of the drills. `scripts/drill` runs them in full."""

import statistics
from collections.abc import Iterator

import pytest

from tests.drills import coherence, crash, staleness
from tests.drills.cluster import Cluster
from tests.drills.coherence import WITHOUT_CHECK, WITHOUT_HINTS
from tests.drills.sizes import call_of
from tests.drills.sizes_data import Size, fill
from tests.support.pgbouncer import PROGRAM, PgBouncer
from tests.support.postgres import PostgresServer

PAIRS = coherence.Plan(pairs=200, writers=8, organizations=20, seed=1)
CHANGES = staleness.Plan(organizations=4, changes=2, seed=1)

# Longer than the default, so that a busy machine alone causes no delay beyond the bound.
POLL_SECONDS = 1.5

# So long that a change that arrives soon must have arrived by a notification.
RARE_POLL_SECONDS = 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server for these tests only, which they may stop."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def cluster(server: PostgresServer) -> Iterator[Cluster]:
    poll = str(RARE_POLL_SECONDS)
    with Cluster(server.create_database("cluster"), 2, LOCALDIAL_SNAPSHOT_POLL_SECONDS=poll) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def unchecked(server: PostgresServer) -> Iterator[Cluster]:
    """Yield servers that only poll, and ignore `min_revision`."""
    with Cluster(
        server.create_database(),
        2,
        LOCALDIAL_SNAPSHOT_POLL_SECONDS=str(POLL_SECONDS),
        **(WITHOUT_HINTS | WITHOUT_CHECK),
    ) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def pooled(server: PostgresServer) -> Iterator[Cluster]:
    """Yield servers behind a pgbouncer that pools transactions, which loses the notifications."""
    if PROGRAM is None:
        pytest.skip("pgbouncer is missing: apt-get install pgbouncer (or brew install pgbouncer)")
    poll = str(POLL_SECONDS)
    with PgBouncer(server) as pgbouncer:
        url = pgbouncer.url_of(server.create_database())
        with Cluster(url, 2, LOCALDIAL_SNAPSHOT_POLL_SECONDS=poll) as cluster:
            yield cluster


async def test_a_resolve_with_min_revision_sees_the_change_on_every_worker(
    cluster: Cluster,
) -> None:
    seen = await coherence.run(cluster, PAIRS)
    assert seen.pairs == PAIRS.pairs
    assert seen.is_coherent, (seen.stale, seen.failed)
    assert len(seen.writes) == len(seen.resolves) == cluster.workers


async def test_without_the_check_of_min_revision_the_drill_finds_stale_resolves(unchecked: Cluster) -> None:
    seen = await coherence.run(unchecked, PAIRS)
    assert not seen.failed
    assert seen.stale


async def test_a_notification_spreads_a_change_before_the_next_poll(cluster: Cluster) -> None:
    seen = await staleness.run(cluster, CHANGES)
    assert statistics.median(seen.small) < RARE_POLL_SECONDS / 5


async def test_polling_alone_spreads_a_change_within_the_bound(unchecked: Cluster) -> None:
    seen = await staleness.run(unchecked, CHANGES)
    assert max(seen.small) < 2 * POLL_SECONDS


async def test_behind_pgbouncer_a_change_spreads_within_the_bound(pooled: Cluster) -> None:
    seen = await staleness.run(pooled, CHANGES)
    assert max(seen.small) < 2 * POLL_SECONDS


async def test_organizations_that_a_drill_inserts_into_the_tables_are_served(
    server: PostgresServer, cluster: Cluster
) -> None:
    few = Size("few", organizations=2, users=3, numbers=4, first=0)
    fill(server.url("cluster"), [few])
    call = call_of(few)
    async with cluster.client() as client:
        shown = [await client.call_routing.resolve_outbound_caller_id(call(number)) for number in range(8)]
    assert [each.caller_id for each in shown] == [few.phone_number(n % 2, n) for n in range(8)]


async def test_no_answered_call_is_lost_or_doubled_when_workers_are_killed(
    server: PostgresServer, cluster: Cluster
) -> None:
    plan = crash.Plan(kills=2, outages=1, callers=8, organizations=5, seed=1)
    seen = await crash.Drill(server, "cluster", cluster, plan).run()
    assert seen.is_complete, (seen.lost, seen.doubled, seen.changed)
    assert seen.killed == 3
    assert seen.repeating.later + seen.plain.later > 0
