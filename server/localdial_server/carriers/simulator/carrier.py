"""The simulated carrier, which implements the whole carrier port without a provider.

Purchases are kept in a `SimulatorState`, so they survive a restart. A released number goes back on sale at
once, unless the account owned it from the start: then it is gone for good.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from typing_extensions import override

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    CallRoute,
    Capabilities,
    Carrier,
    CarrierError,
    CarrierUnavailable,
    NumberNotOwned,
    NumberTaken,
    OrderStatus,
    OutcomeUnknown,
    OwnedNumber,
    Pending,
    Price,
    RefusalCause,
    Refused,
    require_valid_reference,
)
from localdial_server.app.ports.simulator_state import SimulatorState
from localdial_server.carriers.simulator.faults import (
    THROTTLED_SECONDS,
    Fault,
    FaultSource,
    Operation,
    require_possible,
)
from localdial_server.carriers.simulator.stock import (
    TEXT_ONLY_NUMBER,
    area_code_in_stock,
    is_owned_from_start,
    monthly_price,
    numbers_owned_from_start,
    place_of,
    stock_of,
)
from localdial_server.domain.area_codes import area_code_of, country_of
from localdial_server.domain.errors import StorageUnavailable

T = TypeVar("T")

# How long tests may hide an order from look-ups (`Fault.NOT_SEEN`).
_READ_LAG_SECONDS: Final = 120.0

_MICROS: Final = 1_000_000

# Calls are simulated too, so they go here from the start.
_CALL_ROUTE: Final = CallRoute(application_id="simulator")

# A carrier number ID: the number's digits, then, if it was ordered, a hash of the order's reference.
_NUMBER_ID: Final = re.compile(r"SIM-(?P<digits>[0-9]{7,15})(-(?P<order>[0-9a-f]{16}))?")


class SimulatedCarrier(Carrier):
    """A carrier account that costs nothing. Any number of them may share one state.

    `faults` decides which calls fail, and how. Every call first waits `latency` seconds, and one that hangs
    is given up after `timeout` seconds. If `asynchronous`, an order is pending until it is looked up.
    """

    def __init__(
        self,
        state: SimulatorState,
        *,
        faults: FaultSource = lambda _operation, _argument: None,
        latency: float = 0.0,
        timeout: float = 10.0,
        asynchronous: bool = False,
    ) -> None:
        self._state = state
        self._faults = faults
        self._latency = latency
        self._timeout = timeout
        self._capabilities = Capabilities(
            asynchronous_orders=asynchronous, read_lag_seconds=_READ_LAG_SECONDS
        )

    @property
    @override
    def name(self) -> str:
        return "simulator"

    @property
    @override
    def account(self) -> str:
        return ""

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    @override
    def call_route(self) -> CallRoute:
        return _CALL_ROUTE

    @property
    @override
    def callback_warning(self) -> str:
        return ""

    @override
    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        async def look() -> Sequence[AvailableNumber]:
            not_on_sale = await self._state.not_on_sale(area_code)
            locality, region = place_of(area_code)
            on_sale = (number for number in stock_of(area_code) if number not in not_on_sale)
            return [AvailableNumber(number, locality, region) for number in islice(on_sale, max(limit, 0))]

        return await self._look(Operation.SEARCH, area_code, look, [])

    @override
    async def order(self, phone_number: str, reference: str, timeout: float) -> OwnedNumber | Pending:
        async def change() -> OwnedNumber | Pending:
            require_valid_reference(reference)
            area_code = area_code_in_stock(phone_number)
            if area_code is None:
                raise Refused(
                    RefusalCause.INVALID,
                    "The simulated carrier does not sell this number. Order one that a search returns.",
                )
            number = OwnedNumber(phone_number, _ordered_number_id(phone_number, reference), reference)
            is_pending = self._capabilities.asynchronous_orders
            if not await self._state.buy(number, area_code, pending=is_pending):
                raise NumberTaken("the number is already bought")
            return OrderStatus.PENDING if is_pending else _complete(number)

        return await self._change(Operation.ORDER, phone_number, change, min(timeout, self._timeout))

    @override
    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        async def look() -> OwnedNumber | OrderStatus | None:
            found = await self._state.find_by_reference(reference)
            if found is OrderStatus.PENDING:
                # The next look-up finds the number.
                await self._state.end_order(reference, filled=True)
            return _complete(found) if isinstance(found, OwnedNumber) else found

        return await self._look(Operation.FIND_BY_REFERENCE, reference, look, None)

    async def fail_order(self, reference: str) -> None:
        """Fail the pending order with this reference."""
        await self._state.end_order(reference, filled=False)

    @override
    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        async def look() -> OwnedNumber | None:
            number = await self._state.find_by_number(phone_number) or await self._kept_from_start(
                phone_number
            )
            return _complete(number) if number else None

        return await self._look(Operation.FIND_BY_NUMBER, phone_number, look, None)

    @override
    async def list_owned(self) -> Sequence[OwnedNumber]:
        async def look() -> Sequence[OwnedNumber]:
            given_up = await self._state.list_given_up()
            owned = {
                phone_number: _owned_from_start(phone_number)
                for phone_number in numbers_owned_from_start()
                if phone_number not in given_up
            }
            owned |= {number.phone_number: number for number in await self._state.list_bought()}
            return [_complete(owned[phone_number]) for phone_number in sorted(owned)]

        return await self._look(Operation.LIST_OWNED, "", look, [])

    @override
    async def configure(self, carrier_number_id: str) -> OwnedNumber:
        async def change() -> OwnedNumber:
            number = await self._state.find_by_id(carrier_number_id)
            parsed = _NUMBER_ID.fullmatch(carrier_number_id)
            if number is None and parsed and not parsed["order"]:
                number = await self._kept_from_start(f"+{parsed['digits']}")
            if number is None:
                raise NumberNotOwned("the simulated account does not own the number")
            return _complete(number)

        return await self._change(Operation.CONFIGURE, carrier_number_id, change, self._timeout)

    @override
    async def release(self, carrier_number_id: str) -> bool:
        async def change() -> bool:
            if not (parsed := _NUMBER_ID.fullmatch(carrier_number_id)):
                return False
            phone_number = f"+{parsed['digits']}"
            area_code = area_code_of(phone_number)
            if parsed["order"]:
                was_owned = await self._state.find_by_id(carrier_number_id) is not None
                await self._state.remove(carrier_number_id)
                return was_owned
            if area_code is None or not is_owned_from_start(phone_number):
                return False
            was_owned = await self._kept_from_start(phone_number) is not None
            await self._state.give_up_for_good(OwnedNumber(phone_number, carrier_number_id), area_code)
            return was_owned

        return await self._change(Operation.RELEASE, carrier_number_id, change, self._timeout, not_seen=False)

    @override
    async def monthly_price(self, phone_number: str) -> Price | None:
        price = monthly_price(country_of(area_code_of(phone_number) or ""))
        return Price("USD", int(price * _MICROS))

    async def _kept_from_start(self, phone_number: str) -> OwnedNumber | None:
        if not is_owned_from_start(phone_number) or phone_number in await self._state.list_given_up():
            return None
        return _owned_from_start(phone_number)

    async def _look(
        self, operation: Operation, argument: str, look: Callable[[], Awaitable[T]], nothing: T
    ) -> T:
        """Return the result of `look` unless a fault strikes; a read lag returns `nothing`."""
        fault = await self._reach(operation, argument)
        if fault is Fault.NOT_SEEN:
            return nothing
        if fault is Fault.TIMEOUT_BEFORE:
            await asyncio.sleep(self._timeout)
            raise CarrierUnavailable(f"simulated fault: {operation.value} timed out")
        try:
            return await look()
        except StorageUnavailable as error:
            raise CarrierUnavailable("the state of the simulated carrier cannot be read") from error

    async def _change(
        self,
        operation: Operation,
        argument: str,
        change: Callable[[], Awaitable[T]],
        timeout: float,  # noqa: ASYNC109 - how long a fault hangs
        *,
        not_seen: T | None = None,
    ) -> T:
        """Return the result of `change` unless a fault strikes before or after it.

        A read lag returns `not_seen`; None means that the operation has no read lag.
        """
        fault = await self._reach(operation, argument)
        if fault is Fault.NOT_SEEN and not_seen is not None:
            return not_seen
        if fault is Fault.TIMEOUT_BEFORE:
            await asyncio.sleep(timeout)
        if fault in {Fault.TIMEOUT_BEFORE, Fault.RESET_BEFORE}:
            raise OutcomeUnknown(f"simulated fault: the request to {operation.value} was lost")
        try:
            result = await change()
        except StorageUnavailable as error:
            # The database may have committed before its connection broke.
            raise OutcomeUnknown("the state of the simulated carrier cannot be written") from error
        except CarrierError:
            await _lose_response(operation, fault, timeout)
            raise
        await _lose_response(operation, fault, timeout)
        return result

    async def _reach(self, operation: Operation, argument: str) -> Fault | None:
        """Wait for the latency, then raise a fault that turns the call away, or return any other fault."""
        fault = self._faults(operation, argument)
        if fault is not None:
            require_possible(operation, fault)
        # Even without latency, yield to other tasks, as a call to a real carrier would.
        await asyncio.sleep(self._latency)
        match fault:
            case Fault.UNAVAILABLE:
                raise CarrierUnavailable(f"simulated fault: {operation.value} was turned away")
            case Fault.THROTTLED:
                raise CarrierUnavailable(
                    f"simulated fault: {operation.value} was throttled", THROTTLED_SECONDS
                )
            case Fault.TAKEN:
                raise NumberTaken("simulated fault: the number was taken")
            case Fault.ADDRESS_REQUIRED:
                raise Refused(
                    RefusalCause.REGULATORY,
                    "The simulated carrier was told to require an address; nothing was bought.",
                )
            case Fault.RELEASE_REFUSED:
                raise Refused(
                    RefusalCause.REGULATORY,
                    "The simulated carrier was told to refuse the release; remove the fault.",
                )
            case Fault.SUSPENDED:
                raise Refused(RefusalCause.ACCOUNT, "The simulated account was told to be suspended.")
        return fault


async def _lose_response(operation: Operation, fault: Fault | None, timeout: float) -> None:  # noqa: ASYNC109 - how long a fault hangs
    if fault is Fault.TIMEOUT_AFTER:
        await asyncio.sleep(timeout)
    if fault in {Fault.TIMEOUT_AFTER, Fault.RESET_AFTER}:
        raise OutcomeUnknown(f"simulated fault: the response to {operation.value} was lost")


def _first_number_id(phone_number: str) -> str:
    return f"SIM-{phone_number.removeprefix('+')}"


def _owned_from_start(phone_number: str) -> OwnedNumber:
    return OwnedNumber(phone_number, _first_number_id(phone_number))


def _ordered_number_id(phone_number: str, reference: str) -> str:
    """Return the carrier number ID of a number bought by this order.

    A number that is released and bought again gets another ID, so that a late repeat of the release
    cannot take it from its new owner.
    """
    return f"{_first_number_id(phone_number)}-{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


def _complete(number: OwnedNumber) -> OwnedNumber:
    """Return the number with its place, whether it takes calls, and where its calls go."""
    locality, region = place_of(area_code_of(number.phone_number) or "")
    takes_calls = number.phone_number != TEXT_ONLY_NUMBER
    return replace(number, locality=locality, region=region, takes_calls=takes_calls, call_route=_CALL_ROUTE)
