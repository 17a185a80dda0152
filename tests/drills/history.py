"""Check that a call-back is routed as quickly with 20 million calls in the log as with 10,000.

The look-ups alternate between both histories, through the use case and the server's
own connections, with warm caches. Exits with 1 if the long history takes more than 1.5
times as long. Generating 20 million calls takes some minutes and 12 GB of disk;
`--sqlite` takes as much again, to compare the same calls in SQLite files.
"""

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from localdial_server.app.inbound_calls import InboundCalls
from localdial_server.runtime.bootstrap import application, migrate
from localdial_server.runtime.serve import loop_factory
from localdial_server.settings.settings import read_settings
from localdial_server.storage.sql.schema import outbound_calls
from tests.drills.arguments import argument_parser
from tests.drills.call_history import BUSY_CALLEE, CALLED, History, callee, fill, organization_of
from tests.drills.rounds import Figure, in_turns, print_machine
from tests.support.postgres import PostgresServer

SHORT_CALLS = 10_000
BUSY_CALLS = 100_000
BOUND = 1.5
LOOK_UPS = 500
ROUNDS = 15

# The tables that a call-back reads.
TABLES = ("organizations", "users", "phone_number_owners", "outbound_calls")

# These statements read the table and the look-up's index completely.
WARM = (
    "SELECT count(reason) FROM outbound_calls",
    "SET LOCAL enable_seqscan = off",
    """
    SELECT count(*) FROM (
        SELECT call_id FROM outbound_calls
        ORDER BY organization_id, callee_number, call_time, call_id OFFSET 0
    ) AS calls
    """,
)

SHORT, LONG, BUSY = "short history", "long history", "long history, a callee who was called over and over"


def main() -> None:
    """Generate both histories and compare their look-ups; exit with 1 if the bound is exceeded."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--rows", type=int, default=20_000_000, help="calls in the long history (default 20,000,000)"
    )
    parser.add_argument("--sqlite", action="store_true", help="compare on SQLite too")
    arguments = parser.parse_args()
    histories = {
        SHORT: History(SHORT_CALLS),
        LONG: History(arguments.rows, busy_calls=min(BUSY_CALLS, arguments.rows)),
    }
    # A large WAL avoids needless checkpoints while the calls are generated.
    with PostgresServer({"max_wal_size": "8GB"}) as server, tempfile.TemporaryDirectory() as folder:
        urls = {name: make(server.create_database(), history) for name, history in histories.items()}
        is_met = compare("PostgreSQL", urls, histories)
        if arguments.sqlite:
            files = {name: copy(url, Path(folder, f"{name}.db")) for name, url in urls.items()}
            is_met &= compare("SQLite", files, histories)
    sys.exit(not is_met)


def make(url: str, history: History) -> str:
    """Fill the database with the history, and return its URL."""
    begin = time.monotonic()
    migrate(read_settings(database_url=url))
    engine = create_engine(url)
    fill(engine, history)
    with engine.begin() as connection:
        for statement in WARM:
            connection.execute(text(statement))
    print(
        f"made {history.calls + history.busy_calls:,} calls in {time.monotonic() - begin:.0f} s", flush=True
    )
    engine.dispose()
    return url


def copy(url: str, path: Path) -> str:
    """Copy the tables that a call-back reads into an SQLite file, and return its URL."""
    begin = time.monotonic()
    copied = f"sqlite:///{path}"
    migrate(read_settings(database_url=copied))
    source, target = create_engine(url), create_engine(copied)
    for index in outbound_calls.indexes:
        index.drop(target)
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA synchronous = OFF")
        for table in TABLES:
            copy_table(source, file, table)
        file.commit()
    for index in outbound_calls.indexes:
        index.create(target)
    source.dispose()
    target.dispose()
    print(f"copied to SQLite in {time.monotonic() - begin:.0f} s", flush=True)
    return copied


def copy_table(source: Engine, file: sqlite3.Connection, table: str) -> None:
    """Copy all rows as text, which SQLite converts to numbers in numeric columns."""
    columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
    places = ", ".join("?" * len(columns))
    with (
        closing(source.raw_connection()) as connection,
        closing(connection.cursor()) as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) TO STDOUT") as rows,
    ):
        file.executemany(f"INSERT INTO {table} VALUES ({places})", rows.rows())


def compare(database: str, urls: Mapping[str, str], histories: Mapping[str, History]) -> bool:
    """Measure and print the look-ups, and return whether they meet the bound."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        medians = runner.run(measure(database, urls, histories))
    ratios = {name: median / medians[SHORT] for name, median in medians.items() if name != SHORT}
    for name, ratio in ratios.items():
        print(f"  {name}: {ratio:.2f} times the short one; at most {BOUND} is good")
    return max(ratios.values()) <= BOUND


async def measure(
    database: str, urls: Mapping[str, str], histories: Mapping[str, History]
) -> Mapping[str, float]:
    """Measure the look-ups, and return the median of each history, in microseconds."""
    async with AsyncExitStack() as stack:
        spools = stack.enter_context(tempfile.TemporaryDirectory())
        subjects: dict[str, Callable[[], Awaitable[float]]] = {}
        for name, url in urls.items():
            settings = read_settings(database_url=url, spool_directory=f"{spools}/{name}")
            inbound = (await stack.enter_async_context(application(settings))).use_cases.inbound
            subjects[name] = partial(look_up_time, inbound, partial(random_callee, histories[name]))
            if histories[name].busy_calls:
                subjects[BUSY] = partial(look_up_time, inbound, lambda: (0, BUSY_CALLEE))
        rounds = await in_turns(subjects, ROUNDS)
    figures = {name: Figure(taken) for name, taken in rounds.items()}
    print(f"\n{database}, inbound look-up: median (min-max), us")
    for name, figure in figures.items():
        print(f"  {name:52}{figure:>8,.0f}")
    print_machine()
    return {name: figure.median for name, figure in figures.items()}


def random_callee(history: History) -> tuple[int, str]:
    """Return the index of an organization, and the number of a callee whom it has called."""
    number = random.randrange(history.callees)
    return organization_of(number), callee(number)


async def look_up_time(inbound: InboundCalls, choose: Callable[[], tuple[int, str]]) -> float:
    """Return the mean time to route a call-back, in microseconds."""
    chosen = [choose() for _ in range(LOOK_UPS)]
    begin = time.perf_counter()
    for organization, caller in chosen:
        await inbound.route(CALLED.format(organization), caller)
    return (time.perf_counter() - begin) / LOOK_UPS * 1e6


if __name__ == "__main__":
    main()
