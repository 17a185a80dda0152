"""Carriers for tests: a wrapper around another carrier, and a helper that orders."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from typing_extensions import override

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    CallRoute,
    Capabilities,
    Carrier,
    OrderStatus,
    OwnedNumber,
    Pending,
    Price,
)
from localdial_server.carriers.simulator.faults import Operation

T = TypeVar("T")


class DelegatingCarrier(Carrier):
    """Passes every call on to another carrier. Subclasses override `_call` to do more."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def _call(self, _operation: Operation, call: Callable[[], Awaitable[T]]) -> T:
        return await call()

    @property
    @override
    def name(self) -> str:
        return self._carrier.name

    @property
    @override
    def account(self) -> str:
        return self._carrier.account

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._carrier.capabilities

    @property
    @override
    def call_route(self) -> CallRoute:
        return self._carrier.call_route

    @property
    @override
    def callback_warning(self) -> str:
        return self._carrier.callback_warning

    @override
    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        return await self._call(Operation.SEARCH, lambda: self._carrier.search(area_code, limit))

    @override
    async def order(self, phone_number: str, reference: str, timeout: float) -> OwnedNumber | Pending:
        return await self._call(
            Operation.ORDER, lambda: self._carrier.order(phone_number, reference, timeout)
        )

    @override
    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        return await self._call(
            Operation.FIND_BY_REFERENCE, lambda: self._carrier.find_by_reference(reference)
        )

    @override
    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        return await self._call(Operation.FIND_BY_NUMBER, lambda: self._carrier.find_by_number(phone_number))

    @override
    async def list_owned(self) -> Sequence[OwnedNumber]:
        return await self._call(Operation.LIST_OWNED, self._carrier.list_owned)

    @override
    async def configure(self, carrier_number_id: str) -> OwnedNumber:
        return await self._call(Operation.CONFIGURE, lambda: self._carrier.configure(carrier_number_id))

    @override
    async def release(self, carrier_number_id: str) -> bool:
        return await self._call(Operation.RELEASE, lambda: self._carrier.release(carrier_number_id))

    @override
    async def monthly_price(self, phone_number: str) -> Price | None:
        return await self._call(Operation.MONTHLY_PRICE, lambda: self._carrier.monthly_price(phone_number))


async def ordered(carrier: Carrier, phone_number: str, reference: str) -> OwnedNumber:
    """Order the number at a carrier that fills orders at once; return the number."""
    outcome = await carrier.order(phone_number, reference, 10.0)
    assert isinstance(outcome, OwnedNumber)
    return outcome
