"""Compare PostgreSQL drivers: commits, look-ups and loads by psycopg and asyncpg, with or without SQLAlchemy.

Each measurement is the median of several rounds in which the drivers alternate, on a
PostgreSQL with default settings, where every commit is on disk. The look-ups run one
at a time and ten at a time. The lag is how late small tasks start while commits and
look-ups go on; another process requests 1,000 of these tasks a second.
"""

import asyncio
import contextlib
import itertools
import random
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Engine, create_engine, insert

from localdial_server.domain.model import CallerIdReason, OutboundCall
from localdial_server.runtime.serve import loop_factory
from localdial_server.storage.sql.migrate import migrate
from localdial_server.storage.sql.schema import area_code_mappings, numbers, organizations, revisions, users
from tests.drills.arguments import argument_parser
from tests.drills.call_history import (
    CALLED,
    ORGANIZATIONS,
    History,
    callee,
    fill,
    organization_id,
    organization_of,
)
from tests.drills.driver import Commit, Driver, LookUp
from tests.drills.driver_by_hand import Asyncpg, Psycopg, PsycopgAsync
from tests.drills.driver_sqlalchemy import AsyncpgSqlAlchemy, PsycopgSqlAlchemy, ServerDriver
from tests.drills.loop_lag import Lag, lag_during, ticking
from tests.drills.rounds import Figure, in_turns, print_machine
from tests.support.postgres import PostgresServer

HISTORY = History(calls=10_000)
GROUPS = (1, 10, 100)
LARGE = "large"
LARGE_SIZE = 20_000
LAG_SECONDS = 3.0

COMMITS = 50
LOOK_UPS = 200


@dataclass(frozen=True)
class Cost:
    """The cost of one operation in a round, in microseconds: median elapsed time, mean CPU time."""

    wall: float
    cpu: float


class Meter:
    """Measures the repetitions of one operation in a round."""

    def __init__(self) -> None:
        self._took: list[float] = []
        self._begin = time.process_time()

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self._took.append(time.perf_counter() - begin)

    def cost(self) -> Cost:
        cpu = time.process_time() - self._begin
        return Cost(statistics.median(self._took) * 1e6, cpu / len(self._took) * 1e6)


def main() -> None:
    """Measure all drivers and print tables."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each measurement (default 7)")
    arguments = parser.parse_args()
    with PostgresServer({}) as server:
        url = server.create_database()
        engine = create_engine(url)
        set_up(engine)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(measure(url, engine, arguments.rounds))
        engine.dispose()


async def measure(url: str, engine: Engine, rounds: int) -> None:
    """Measure all drivers and print tables."""
    take = partial(in_turns, rounds=rounds, before=partial(reset_history, engine))
    async with drivers(url) as all_drivers:
        unprepared = {name: driver for name, driver in all_drivers.items() if "prepared" not in name}
        for size in GROUPS:
            commits = {
                (name, how.value): partial(commit_cost, driver, how, size)
                for (name, driver), how in itertools.product(all_drivers.items(), Commit)
                if how is Commit.UNNEST or (name in unprepared and not isinstance(driver, ServerDriver))
            }
            report(f"commit of {size} records", await take(commits))
        for at_once in 1, 10:
            look_ups = {
                (name, how.value): partial(look_up_cost, driver, how, at_once)
                for (name, driver), how in itertools.product(all_drivers.items(), LookUp)
                if how is LookUp.QUERIES or not isinstance(driver, ServerDriver)
            }
            report(f"inbound look-up, {at_once} at a time", await take(look_ups))
        loads = {(name, ""): partial(load_cost, driver) for name, driver in unprepared.items()}
        report(f"load of {LARGE_SIZE:,} users, numbers and mappings", await take(loads))
        async with ticking() as lags:
            beside = {("nothing", ""): partial(lag_during, lags, idle)}
            beside |= {
                (name, ""): partial(lag_during, lags, partial(work, driver))
                for name, driver in unprepared.items()
            }
            caption = "tasks, beside 200 commits of 10 records and 200 look-ups a second"
            report_lags(caption, await take(beside))
            beside = {
                (name, ""): partial(lag_during, lags, partial(load, driver))
                for name, driver in unprepared.items()
            }
            report_lags(f"tasks, during a load of {LARGE_SIZE:,}", await take(beside))


@contextlib.asynccontextmanager
async def drivers(url: str) -> AsyncIterator[dict[str, Driver]]:
    """Open all drivers to compare, and yield them by name."""
    opened: dict[str, Driver] = {"as built": ServerDriver(url)}
    for suffix, prepared in ("", False), (", prepared", True):
        opened[f"psycopg, SQLAlchemy, threads{suffix}"] = PsycopgSqlAlchemy(url, prepared=prepared)
        opened[f"psycopg, threads{suffix}"] = Psycopg(url, prepared=prepared)
        opened[f"psycopg, loop{suffix}"] = await PsycopgAsync.open(url, prepared=prepared)
        opened[f"asyncpg, SQLAlchemy, loop{suffix}"] = AsyncpgSqlAlchemy(url, prepared=prepared)
        opened[f"asyncpg, loop{suffix}"] = await Asyncpg.open(url, prepared=prepared)
    try:
        yield opened
    finally:
        for driver in opened.values():
            await driver.close()


def report(caption: str, rounds: Mapping[tuple[str, str], Sequence[Cost]]) -> None:
    """Print one table."""
    print(f"\n{caption}: median (min-max) of each one's time, and of this process's CPU time for it, us")
    for (name, how), costs in rounds.items():
        wall, cpu = Figure([cost.wall for cost in costs]), Figure([cost.cpu for cost in costs])
        print(f"  {name:44}{how:28}{wall:>8,.0f}   CPU {cpu:>7,.0f}")
    print_machine()


def report_lags(caption: str, rounds: Mapping[tuple[str, str], Sequence[Lag]]) -> None:
    """Print one table."""
    print(f"\n{caption}: median (min-max) of their p50, p99 and longest lag, us")
    for (name, _), lags in rounds.items():
        p50, p99 = Figure([lag.p50 for lag in lags]), Figure([lag.p99 for lag in lags])
        longest = Figure([lag.longest for lag in lags])
        print(f"  {name:44}{p50:>8,.0f}{p99:>10,.0f}{longest:>10,.0f}")
    print_machine()


async def commit_cost(driver: Driver, how: Commit, size: int) -> Cost:
    """Measure commits, one group of records after the other."""
    groups = [some_calls(size) for _ in range(COMMITS)]
    meter = Meter()
    for group in groups:
        with meter.one():
            await driver.commit(how, group)
    return meter.cost()


async def look_up_cost(driver: Driver, how: LookUp, at_once: int) -> Cost:
    """Measure look-ups, `at_once` at a time."""
    meter = Meter()

    async def some() -> None:
        for _ in range(LOOK_UPS // at_once):
            with meter.one():
                assert await look_up(driver, how) is not None

    await asyncio.gather(*(some() for _ in range(at_once)))
    return meter.cost()


async def look_up(driver: Driver, how: LookUp) -> object:
    number = random.randrange(HISTORY.callees)
    return await driver.look_up(how, CALLED.format(organization_of(number)), callee(number))


async def load_cost(driver: Driver) -> Cost:
    """Measure one load of the large organization."""
    meter = Meter()
    with meter.one():
        await driver.load(LARGE)
    return meter.cost()


async def idle() -> None:
    await asyncio.sleep(LAG_SECONDS)


async def work(driver: Driver) -> None:
    """Commit and look up at a fixed rate, so that a faster driver does not get more work."""
    end = time.monotonic() + LAG_SECONDS

    async def paced(one: Callable[[], Awaitable[object]]) -> None:
        due = time.monotonic()
        while due < end:
            await one()
            due += 0.005
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    await asyncio.gather(
        paced(lambda: driver.commit(Commit.UNNEST, some_calls(10))),
        paced(lambda: look_up(driver, LookUp.QUERIES)),
    )


async def load(driver: Driver) -> None:
    await driver.load(LARGE)
    # Let the delayed tasks run.
    await asyncio.sleep(0.1)


_numbered = itertools.count()


def some_calls(count: int) -> Sequence[OutboundCall]:
    """Return new records of calls."""
    return [
        OutboundCall(
            organization_id=organization_id(random.randrange(ORGANIZATIONS)),
            call_id=f"{time.time_ns():x}-{next(_numbered)}",
            user_id="user-1",
            callee_number=callee(random.randrange(HISTORY.callees)),
            caller_id="+14155550100",
            reason=CallerIdReason.LOCAL_PRESENCE,
            call_time=time.time_ns() // 1000,
            revision=1,
        )
        for _ in range(count)
    ]


def set_up(engine: Engine) -> None:
    """Migrate the database and create the large organization."""
    migrate(engine)
    phones = [f"+1415{index:07}" for index in range(LARGE_SIZE)]
    key: dict[str, Any] = {"organization_id": LARGE}
    number = key | {"area_code": "415", "state": "active", "carrier": "c", "carrier_number_id": "1"}
    number |= {"reference": "r", "locality": "", "region": "", "purchase_time": 1}
    with engine.begin() as connection:
        connection.execute(insert(organizations), key | {"display_name": ""})
        connection.execute(insert(revisions), key | {"revision": 1})
        connection.execute(
            insert(users),
            [key | {"user_id": phone, "display_name": phone, "caller_id": phone} for phone in phones],
        )
        connection.execute(insert(numbers), [number | {"phone_number": phone} for phone in phones])
        connection.execute(
            insert(area_code_mappings),
            [key | {"area_code": f"{index % 500}", "phone_number": p} for index, p in enumerate(phones)],
        )


def reset_history(engine: Engine) -> None:
    """Remove the records of the last round, so that all rounds are alike."""
    fill(engine, HISTORY)


if __name__ == "__main__":
    main()
