"""Notifications of changes through a real PostgreSQL: fast, and harmless whatever they contain."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from psycopg import sql

from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.snapshots.notify import RevisionNotifications
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS, until

Heard = list[tuple[str, int]]


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


class Process:
    """A process that sends notifications and listens."""

    def __init__(self, url: str) -> None:
        self.database = PostgresDatabase(url, timeout=DEADLINE_SECONDS)
        self.notifications = RevisionNotifications(self.database, url, reconnect_seconds=0.05)
        self.heard: Heard = []
        self.listening = asyncio.create_task(self.notifications.listen(lambda *hint: self.heard.append(hint)))

    async def close(self) -> None:
        self.listening.cancel()
        await asyncio.wait({self.listening})
        await asyncio.gather(*self.notifications._sending)
        await self.database.close()

    async def until_heard(self, *notifications: tuple[str, int]) -> None:
        await until(lambda: set(notifications) <= set(self.heard), self.listening)


@pytest.fixture
async def processes(url: str) -> AsyncIterator[Callable[[], Process]]:
    async with AsyncExitStack() as opened:

        def new() -> Process:
            process = Process(url)
            opened.push_async_callback(process.close)
            return process

        yield new


async def _listens(postgres: PostgresServer, url: str, number: int) -> list[int]:
    """Wait until `number` processes listen; return the server's process ids of their connections."""
    query = sql.SQL(
        "SELECT pid FROM pg_stat_activity WHERE datname = {} AND query LIKE 'LISTEN%' AND state = 'idle'"
    ).format(url.rpartition("/")[2])

    listening: list[int] = []

    def all_listen() -> bool:
        listening[:] = [pid for (pid,) in postgres.execute(query)]
        return len(listening) == number

    await until(all_listen)
    return listening


def _notify(postgres: PostgresServer, url: str, payload: str) -> None:
    """Send a payload, as any client of the database could."""
    statement: Any = sql.SQL("SELECT pg_notify('localdial_changes', {})").format(payload)
    postgres.execute(statement, url.rpartition("/")[2])


async def test_every_other_process_is_notified_within_a_second(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    sender, first, second = processes(), processes(), processes()
    await _listens(postgres, url, 3)
    async with asyncio.timeout(1):
        sender.notifications.send("acme", 7)
        await first.until_heard(("acme", 7))
        await second.until_heard(("acme", 7))


@pytest.mark.parametrize(
    "organization_id",
    ["a b", " ", "7 acme", "'); DROP TABLE organizations; --", '"%s" %(x)s :x \\', "~!@#$%^&*", "x" * 128],
)
async def test_any_organization_can_be_named(
    processes: Callable[[], Process], postgres: PostgresServer, url: str, organization_id: str
) -> None:
    process = processes()
    await _listens(postgres, url, 1)
    process.notifications.send(organization_id, 2**62)
    await process.until_heard((organization_id, 2**62))
    assert process.heard == [(organization_id, 2**62)]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        " ",
        "acme",
        "acme 7",
        "-1 acme",
        "+1 acme",
        "1.5 acme",
        "1_000 acme",
        "\u0661\u0662 acme",
        "\u00b2 acme",
        "0x10 acme",
        "nan acme",
        "9" * 5_000 + " acme",
        "x" * 7_999,
        "\u2603" * 2_000,
    ],
    ids=lambda payload: payload[:12],
)
async def test_other_payloads_are_ignored(
    processes: Callable[[], Process], postgres: PostgresServer, url: str, payload: str
) -> None:
    process = processes()
    (before,) = await _listens(postgres, url, 1)
    _notify(postgres, url, payload)
    process.notifications.send("acme", 7)
    await process.until_heard(("acme", 7))
    assert process.heard == [("acme", 7)]
    # The connection is the same: the payload was no failure.
    assert await _listens(postgres, url, 1) == [before]


async def test_listening_resumes_after_a_lost_connection(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    process = processes()
    for revision in range(3):
        (pid,) = await _listens(postgres, url, 1)
        process.notifications.send("acme", revision)
        await process.until_heard(("acme", revision))
        assert postgres.execute(f"SELECT pg_terminate_backend({pid}, 10000)") == [(True,)]
    (pid,) = await _listens(postgres, url, 1)
    process.notifications.send("acme", 9)
    await process.until_heard(("acme", 9))


async def test_listening_resumes_after_a_restart_of_the_server(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    process = processes()
    await _listens(postgres, url, 1)
    postgres.stop()
    # A notification that cannot be sent blocks and fails no caller.
    process.notifications.send("acme", 1)
    await asyncio.gather(*process.notifications._sending)
    postgres.start()
    await _listens(postgres, url, 1)
    process.notifications.send("acme", 2)
    await process.until_heard(("acme", 2))


async def test_cancelled_listening_closes_its_connection(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    process = processes()
    await _listens(postgres, url, 1)
    process.listening.cancel()
    await asyncio.wait({process.listening})
    await _listens(postgres, url, 0)
