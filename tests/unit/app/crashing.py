"""A process that can be made to die at any step it takes: before or after each call it makes.

What it does to the database and at the carrier before that stays done.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    Capabilities,
    Carrier,
    OrderStatus,
    OwnedNumber,
    Pending,
    Price,
)
from localdial_server.storage.engines.database import Database

T = TypeVar("T")


class CrashError(Exception):
    """Raised where the process is dead."""


class Process:
    """Counts the steps, and dies at one of them."""

    def __init__(self, dies_at: int) -> None:
        self._steps_left = dies_at

    @property
    def is_dead(self) -> bool:
        """Tell whether the step was reached."""
        return self._steps_left <= 0

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call, unless dead; take a step before it and one after."""
        self._step()
        result = await call()
        self._step()
        return result

    def _step(self) -> None:
        self._steps_left -= 1
        if self.is_dead:
            raise CrashError


class MortalDatabase:
    """A ``Database`` used by such a process."""

    def __init__(self, process: Process, database: Database) -> None:
        self._database = database
        self._process = process

    async def read(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        return await self._process.run(lambda: self._database.read(work, name=name))

    async def write(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        return await self._process.run(lambda: self._database.write(work, name=name))

    async def append(self, work: Callable[[Connection], T], *, name: str = "") -> T:
        return await self.write(work, name=name)

    async def close(self) -> None:
        await self._database.close()


class MortalCarrier:
    """A ``Carrier`` used by such a process."""

    def __init__(self, process: Process, carrier: Carrier) -> None:
        self._carrier = carrier
        self._process = process

    @property
    def name(self) -> str:
        return self._carrier.name

    @property
    def account(self) -> str:
        return self._carrier.account

    @property
    def capabilities(self) -> Capabilities:
        return self._carrier.capabilities

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        return await self._process.run(lambda: self._carrier.search(area_code, limit))

    async def order(
        self,
        phone_number: str,
        reference: str,
        timeout: float,  # noqa: ASYNC109 (the port's)
    ) -> OwnedNumber | Pending:
        return await self._process.run(lambda: self._carrier.order(phone_number, reference, timeout))

    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        return await self._process.run(lambda: self._carrier.find_by_reference(reference))

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        return await self._process.run(lambda: self._carrier.find_by_number(phone_number))

    async def list_owned(self) -> Sequence[OwnedNumber]:
        return await self._process.run(self._carrier.list_owned)

    async def configure(self, carrier_number_id: str, reference: str) -> OwnedNumber:
        return await self._process.run(lambda: self._carrier.configure(carrier_number_id, reference))

    async def release(self, carrier_number_id: str) -> bool:
        return await self._process.run(lambda: self._carrier.release(carrier_number_id))

    async def monthly_price(self, phone_number: str) -> Price | None:
        return await self._process.run(lambda: self._carrier.monthly_price(phone_number))
