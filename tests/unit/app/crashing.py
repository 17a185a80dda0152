"""A process that dies at a chosen step: before or after one of its calls.

Its commits and its changes at the carrier up to that step stay.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Connection
from typing_extensions import override

from localdial_server.app.ports.carrier import Carrier
from localdial_server.carriers.simulator.faults import Operation
from localdial_server.storage.engines.database import Database
from tests.support.carriers import DelegatingCarrier

T = TypeVar("T")


class CrashError(Exception):
    """Raised by every call of a dead process."""


class Process:
    """A process that counts its steps, and dies at one of them."""

    def __init__(self, dies_at: int) -> None:
        self._steps_left = dies_at

    @property
    def is_dead(self) -> bool:
        """Whether the step was reached."""
        return self._steps_left <= 0

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call unless the process is dead. Count one step before it and one after it."""
        self._step()
        result = await call()
        self._step()
        return result

    def _step(self) -> None:
        self._steps_left -= 1
        if self.is_dead:
            raise CrashError


class MortalDatabase:
    """The database of such a process."""

    def __init__(self, process: Process, database: Database) -> None:
        self._database = database
        self._process = process

    async def read(self, name: str, work: Callable[[Connection], T]) -> T:
        return await self._process.run(lambda: self._database.read(name, work))

    async def write(self, name: str, work: Callable[[Connection], T]) -> T:
        return await self._process.run(lambda: self._database.write(name, work))

    async def append(self, name: str, work: Callable[[Connection], T]) -> T:
        return await self.write(name, work)

    async def close(self) -> None:
        await self._database.close()


class MortalCarrier(DelegatingCarrier):
    """The carrier of such a process."""

    def __init__(self, process: Process, carrier: Carrier) -> None:
        super().__init__(carrier)
        self._process = process

    @override
    async def _call(self, _operation: Operation, call: Callable[[], Awaitable[T]]) -> T:
        return await self._process.run(call)
