"""A database that counts its calls, and whose calls a test can delay or fail."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn, TypeVar

from sqlalchemy import Connection

from localdial_server.domain.errors import StorageUnavailable
from localdial_server.storage.engines.database import Database, Selection
from tests.support.waiting import DEADLINE_SECONDS

T = TypeVar("T")


class Gate:
    """Holds a call up until the test lets it pass."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._opened = asyncio.Event()

    async def reached(self) -> None:
        """Wait until a call arrives."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self._reached.wait()

    def open(self) -> None:
        """Let the call pass."""
        self._opened.set()

    async def pass_through(self) -> None:
        """Wait until the gate is open; called by whatever the gate is built into."""
        self._reached.set()
        await self._opened.wait()


@dataclass(frozen=True)
class _Plan:
    before: Gate | None = None
    after: Gate | None = None
    fails: bool = False


class WatchedDatabase:
    """A `Database` over another one: counts the calls, and holds up or fails the next ones.

    A read or write that fails does so in the other one's transaction, after the
    work was done, so that it is seen to be rolled back.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next_reads: deque[_Plan] = deque()
        self._next_writes: deque[_Plan] = deque()
        self.reads = 0
        self.writes = 0

    def hold_read(self, *, fails: bool = False) -> Gate:
        """Hold up the next read after it has read (or failed), before it returns."""
        gate = Gate()
        self._next_reads.append(_Plan(after=gate, fails=fails))
        return gate

    def hold_write(self, *, fails: bool = False) -> Gate:
        """Hold up the next write before it begins (and then let it fail)."""
        gate = Gate()
        self._next_writes.append(_Plan(before=gate, fails=fails))
        return gate

    def hold_committed(self) -> Gate:
        """Hold up the next write after its commit, before it returns."""
        gate = Gate()
        self._next_writes.append(_Plan(after=gate))
        return gate

    def fail_read(self) -> None:
        """Let the next read fail."""
        self._next_reads.append(_Plan(fails=True))

    def fail_write(self) -> None:
        """Let the next write fail."""
        self._next_writes.append(_Plan(fails=True))

    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        self.reads += 1
        # The work of a selection is not for PostgreSQL.
        fail = _instead_of if isinstance(work, Selection) else None
        return await _run(self._next_reads, partial(self._database.read, name), work, fail)

    async def write(self, name: str, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        return await _run(self._next_writes, partial(self._database.write, name), work)

    async def append(self, name: str, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        return await _run(self._next_writes, partial(self._database.append, name), work, _instead_of)

    async def close(self) -> None:
        await self._database.close()


async def _run(
    plans: deque[_Plan],
    run: Callable[[Callable[[Connection], T]], Awaitable[T]],
    work: Callable[[Connection], T],
    fail: Callable[[Callable[[Connection], T]], Callable[[Connection], T]] | None = None,
) -> T:
    plan = plans.popleft() if plans else _Plan()
    if plan.before is not None:
        await plan.before.pass_through()
    try:
        return await run((fail or _in_vain)(work) if plan.fails else work)
    finally:
        if plan.after is not None:
            await plan.after.pass_through()


def _in_vain(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    def do_and_fail(connection: Connection) -> NoReturn:
        work(connection)
        raise StorageUnavailable

    return do_and_fail


def _instead_of(_work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    # The work commits by itself, and could not be rolled back afterwards.
    def fail(_connection: Connection) -> NoReturn:
        raise StorageUnavailable

    return fail
