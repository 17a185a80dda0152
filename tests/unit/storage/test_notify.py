"""Hints of changes through a real PostgreSQL: heard soon, and harmless whatever they say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from psycopg import sql

from localdial_server.storage.engines.postgres import PostgresDatabase
from localdial_server.storage.snapshots.notify import RevisionNotifications
from tests.support.postgres import PostgresServer

_DEADLINE_SECONDS = 30.0

Heard = list[tuple[str, int]]


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


class Process:
    """One that sends hints and listens."""

    def __init__(self, url: str) -> None:
        self.database = PostgresDatabase(url, timeout=_DEADLINE_SECONDS)
        self.hints = RevisionNotifications(self.database, url, reconnect_seconds=0.05)
        self.heard: Heard = []
        self.listening = asyncio.create_task(self.hints.listen(lambda *hint: self.heard.append(hint)))

    async def close(self) -> None:
        self.listening.cancel()
        await asyncio.wait({self.listening})
        await asyncio.gather(*self.hints._sending)
        await self.database.close()

    async def until_heard(self, *hints: tuple[str, int]) -> None:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            while not set(hints) <= set(self.heard):
                assert not self.listening.done(), self.listening
                await asyncio.sleep(0.005)


@pytest.fixture
async def processes(url: str) -> AsyncIterator[Callable[[], Process]]:
    async with AsyncExitStack() as opened:

        def new() -> Process:
            process = Process(url)
            opened.push_async_callback(process.close)
            return process

        yield new


async def _listens(postgres: PostgresServer, url: str, number: int) -> list[int]:
    """Wait until so many processes listen; answer the server's ids of their connections."""
    query = sql.SQL(
        "SELECT pid FROM pg_stat_activity WHERE datname = {} AND query LIKE 'LISTEN%' AND state = 'idle'"
    ).format(url.rpartition("/")[2])
    async with asyncio.timeout(_DEADLINE_SECONDS):
        while len(found := postgres.execute(query)) != number:  # noqa: ASYNC110 (PostgreSQL sets no event)
            await asyncio.sleep(0.01)
    return [pid for (pid,) in found]


def _notify(postgres: PostgresServer, url: str, payload: str) -> None:
    """Send whatever anybody could."""
    statement: Any = sql.SQL("SELECT pg_notify('localdial_changes', {})").format(payload)
    postgres.execute(statement, url.rpartition("/")[2])


async def test_a_change_is_heard_by_every_other_process_within_a_second(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    sender, first, second = processes(), processes(), processes()
    await _listens(postgres, url, 3)
    async with asyncio.timeout(1):
        sender.hints.send("acme", 7)
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
    process.hints.send(organization_id, 2**62)
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
async def test_what_is_no_hint_is_passed_over(
    processes: Callable[[], Process], postgres: PostgresServer, url: str, payload: str
) -> None:
    process = processes()
    (before,) = await _listens(postgres, url, 1)
    _notify(postgres, url, payload)
    process.hints.send("acme", 7)
    await process.until_heard(("acme", 7))
    assert process.heard == [("acme", 7)]
    # On the same connection: it is no failure.
    assert await _listens(postgres, url, 1) == [before]


async def test_after_a_lost_connection_it_listens_again(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    process = processes()
    for revision in range(3):
        (pid,) = await _listens(postgres, url, 1)
        process.hints.send("acme", revision)
        await process.until_heard(("acme", revision))
        assert postgres.execute(f"SELECT pg_terminate_backend({pid}, 10000)") == [(True,)]
    (pid,) = await _listens(postgres, url, 1)
    process.hints.send("acme", 9)
    await process.until_heard(("acme", 9))


async def test_after_a_restart_of_the_server_it_listens_again(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    process = processes()
    await _listens(postgres, url, 1)
    postgres.stop()
    # Nobody waits for a hint that cannot be sent, and nobody is told.
    process.hints.send("acme", 1)
    await asyncio.gather(*process.hints._sending)
    postgres.start()
    await _listens(postgres, url, 1)
    process.hints.send("acme", 2)
    await process.until_heard(("acme", 2))


async def test_listening_that_is_cancelled_lets_go_of_its_connection(
    processes: Callable[[], Process], postgres: PostgresServer, url: str
) -> None:
    process = processes()
    await _listens(postgres, url, 1)
    process.listening.cancel()
    await asyncio.wait({process.listening})
    await _listens(postgres, url, 0)
