"""The simulated carrier: the embedded default, which costs nothing and calls nobody.

It keeps every promise of the port, so that all of localdial can be tried without
an account. What it sells is in ``simulator_stock``, what can be made to go wrong
in ``simulator_faults``; what was bought survives a restart in a ``SimulatorState``.

A number that is released goes back on sale at once. Only the numbers that the
account owned from the start are gone for good.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol, TypeVar

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    Capabilities,
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
)
from localdial_server.carriers.simulator.faults import Fault, Faults, Operation, no_faults, require_possible
from localdial_server.carriers.simulator.stock import (
    area_code_in_stock,
    is_owned_from_start,
    numbers_owned_from_start,
    place_of,
    stock_of,
)
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.errors import StorageUnavailable

T = TypeVar("T")

# So long may a simulated order be hidden from look-ups (NOT_SEEN).
_READ_LAG_SECONDS = 120.0

_PRICES = {"+1": Price("USD", 1_150_000), "+44": Price("USD", 1_150_000), "+61": Price("USD", 3_000_000)}
_PRICE_ELSEWHERE = Price("USD", 1_500_000)

_REFERENCE = re.compile(r"[!-~]{1,64}")
# With the digits of the number, and for an ordered one a hash of its reference.
_NUMBER_ID = re.compile(r"SIM-(?P<digits>[0-9]{7,15})(-(?P<order>[0-9a-f]{16}))?")


class SimulatorState(Protocol):
    """What the simulated account has ordered, and what it has given up for good.

    Numbers carry no locality and region here. Each method is atomic, and a change
    is durable on return. Raises ``StorageUnavailable``, after which a change may
    or may not have been made.
    """

    async def buy(self, number: OwnedNumber, area_code: str, *, pending: bool) -> bool:
        """Add the number, bought or ordered; False, and no change, if it is either already."""

    async def end_order(self, reference: str, *, filled: bool) -> None:
        """Let the pending order bring its number, or fail; without such an order do nothing."""

    async def give_back(self, carrier_number_id: str) -> None:
        """Remove the bought number with this id; one that is not there is no error."""

    async def bought(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if it is bought."""

    async def bought_as(self, carrier_number_id: str) -> OwnedNumber | None:
        """Answer the bought number with this id."""

    async def ordered_with(self, reference: str) -> OwnedNumber | OrderStatus | None:
        """Answer the bought number with the reference, or how its order stands."""

    async def not_on_sale(self, area_code: str) -> frozenset[str]:
        """Answer the phone numbers that are bought or ordered in the area code."""

    async def all_bought(self) -> Sequence[OwnedNumber]:
        """Answer every bought number, by phone number."""

    async def tag(self, number: OwnedNumber, area_code: str) -> None:
        """Store the number with its reference, be it there already or not."""

    async def give_up(self, number: OwnedNumber, area_code: str) -> None:
        """Remember that a number owned from the start is gone; a repeat is no error."""

    async def all_given_up(self) -> frozenset[str]:
        """Answer every phone number that was given up."""


class SimulatedCarrier:
    """A ``Carrier`` that needs no company.

    ``latency`` is how many seconds each call takes before anything is done,
    ``timeout`` after how many one that hangs is given up, and ``faults`` decides
    what goes wrong. ``asynchronous``: orders are filled later. Any number of them
    may share one state.
    """

    def __init__(
        self,
        state: SimulatorState,
        *,
        faults: Faults = no_faults,
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
    def name(self) -> str:
        """Answer ``simulator``."""
        return "simulator"

    @property
    def account(self) -> str:
        """Answer nothing: there is but one account."""
        return ""

    @property
    def capabilities(self) -> Capabilities:
        """Tell whether orders are filled later."""
        return self._capabilities

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        """Answer the first numbers of the stock that are not bought."""

        async def look() -> Sequence[AvailableNumber]:
            gone = await self._state.not_on_sale(area_code)
            locality, region = place_of(area_code)
            on_sale = (number for number in stock_of(area_code) if number not in gone)
            return [AvailableNumber(number, locality, region) for number in islice(on_sale, max(limit, 0))]

        return await self._look(Operation.SEARCH, area_code, look, [])

    async def order(
        self,
        phone_number: str,
        reference: str,
        timeout: float,  # noqa: ASYNC109 (the port's: the outcome is unknown then, not cancelled)
    ) -> OwnedNumber | Pending:
        """Buy the number; one that is never on sale, and a bad reference, are refused."""

        async def change() -> OwnedNumber | Pending:
            if not _REFERENCE.fullmatch(reference):
                raise Refused(
                    RefusalCause.INVALID, "The order's reference must be 1 to 64 visible ASCII characters."
                )
            area_code = area_code_in_stock(phone_number)
            if area_code is None:
                raise Refused(
                    RefusalCause.INVALID,
                    "The simulated carrier does not sell this number; order one that a search answers.",
                )
            number = OwnedNumber(phone_number, _ordered_number_id(phone_number, reference), reference)
            is_later = self._capabilities.asynchronous_orders
            if not await self._state.buy(number, area_code, pending=is_later):
                raise NumberTaken(f"{phone_number} is bought already")
            return OrderStatus.PENDING if is_later else _with_place(number, area_code)

        return await self._change(Operation.ORDER, phone_number, change, min(timeout, self._timeout))

    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        """Answer what came of the order; a pending one is filled after this look."""

        async def look() -> OwnedNumber | OrderStatus | None:
            found = await self._state.ordered_with(reference)
            if found is OrderStatus.PENDING:
                await self._state.end_order(reference, filled=True)
            return _placed(found) if isinstance(found, OwnedNumber) else found

        return await self._look(Operation.FIND_BY_REFERENCE, reference, look, None)

    async def fail_order(self, reference: str) -> None:
        """Let nothing come of a pending order."""
        await self._state.end_order(reference, filled=False)

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if it is bought, or owned from the start and not given up."""

        async def look() -> OwnedNumber | None:
            number = await self._state.bought(phone_number) or await self._kept_from_start(phone_number)
            return _placed(number) if number else None

        return await self._look(Operation.FIND_BY_NUMBER, phone_number, look, None)

    async def list_owned(self) -> Sequence[OwnedNumber]:
        """Answer what is bought, and what is owned from the start and not given up."""

        async def look() -> Sequence[OwnedNumber]:
            given_up = await self._state.all_given_up()
            owned = {
                phone_number: _owned_from_start(phone_number)
                for phone_number in numbers_owned_from_start()
                if phone_number not in given_up
            }
            owned |= {number.phone_number: number for number in await self._state.all_bought()}
            return [_placed(owned[phone_number]) for phone_number in sorted(owned)]

        return await self._look(Operation.LIST_OWNED, "", look, [])

    async def configure(self, carrier_number_id: str, reference: str) -> OwnedNumber:
        """Tag the number. Calls to it reach nobody all the same."""

        async def change() -> OwnedNumber:
            number = await self._state.bought_as(carrier_number_id)
            named = _NUMBER_ID.fullmatch(carrier_number_id)
            if number is None and named and not named["order"]:
                number = await self._kept_from_start(f"+{named['digits']}")
            if number is None:
                raise NumberNotOwned(f"the simulated account has no number {carrier_number_id}")
            tagged = replace(number, reference=reference)
            await self._state.tag(tagged, area_code_of(number.phone_number) or "")
            return _placed(tagged)

        return await self._change(Operation.CONFIGURE, carrier_number_id, change, self._timeout)

    async def release(self, carrier_number_id: str) -> bool:
        """Give the number back; an id that names no owned number is no error."""

        async def change() -> bool:
            if not (named := _NUMBER_ID.fullmatch(carrier_number_id)):
                return False
            phone_number = f"+{named['digits']}"
            area_code = area_code_of(phone_number)
            if named["order"]:
                was_owned = await self._state.bought_as(carrier_number_id) is not None
                await self._state.give_back(carrier_number_id)
                return was_owned
            if area_code is None or not is_owned_from_start(phone_number):
                return False
            was_owned = await self._kept_from_start(phone_number) is not None
            await self._state.give_up(OwnedNumber(phone_number, carrier_number_id), area_code)
            return was_owned

        return await self._change(Operation.RELEASE, carrier_number_id, change, self._timeout, unseen=False)

    async def monthly_price(self, phone_number: str) -> Price | None:
        """Answer a price for show: nothing here costs anything."""
        for prefix, price in _PRICES.items():
            if phone_number.startswith(prefix):
                return price
        return _PRICE_ELSEWHERE

    async def _kept_from_start(self, phone_number: str) -> OwnedNumber | None:
        if not is_owned_from_start(phone_number) or phone_number in await self._state.all_given_up():
            return None
        return _owned_from_start(phone_number)

    async def _look(
        self, operation: Operation, argument: str, look: Callable[[], Awaitable[T]], nothing: T
    ) -> T:
        """Answer a look-up, unless a fault gets in its way."""
        fault = await self._reach(operation, argument)
        if fault is Fault.NOT_SEEN:
            return nothing
        if fault is Fault.HANG:
            await asyncio.sleep(self._timeout)
            raise CarrierUnavailable(f"simulated fault: {operation.value} hung")
        try:
            return await look()
        except StorageUnavailable as error:
            raise CarrierUnavailable("the state of the simulated carrier cannot be read") from error

    async def _change(
        self,
        operation: Operation,
        argument: str,
        change: Callable[[], Awaitable[T]],
        patience: float,
        *,
        unseen: T | None = None,
    ) -> T:
        """Carry out a change, unless a fault gets in its way or in that of its answer.

        ``unseen``: what is answered where the carrier does not see what is to be changed.
        """
        fault = await self._reach(operation, argument)
        if fault is Fault.NOT_SEEN and unseen is not None:
            return unseen
        if fault is Fault.HANG:
            await asyncio.sleep(patience)
        if fault in {Fault.HANG, Fault.REQUEST_LOST}:
            raise OutcomeUnknown(f"simulated fault: the request to {operation.value} was lost")
        try:
            result = await change()
        except StorageUnavailable as error:
            # The database may have committed before the connection to it broke.
            raise OutcomeUnknown("the state of the simulated carrier cannot be written") from error
        except CarrierError:
            await _lose_answer(operation, fault, patience)
            raise
        await _lose_answer(operation, fault, patience)
        return result

    async def _reach(self, operation: Operation, argument: str) -> Fault | None:
        """Let a call come in; answer the fault that it has yet to suffer."""
        fault = self._faults(operation, argument)
        if fault is not None:
            require_possible(operation, fault)
        # Even without latency other tasks get their turn here, as they would
        # while a real carrier is asked.
        await asyncio.sleep(self._latency)
        match fault:
            case Fault.UNAVAILABLE:
                raise CarrierUnavailable(f"simulated fault: {operation.value} was turned away")
            case Fault.THROTTLED:
                raise CarrierUnavailable(f"simulated fault: {operation.value} came too soon", 0.5)
            case Fault.TAKEN:
                raise NumberTaken(f"simulated fault: {argument} was taken")
            case Fault.REFUSED:
                raise Refused(
                    RefusalCause.REGULATORY,
                    "The simulated carrier was told to refuse this order; nothing was bought.",
                )
            case Fault.ACCOUNT_BLOCKED:
                raise Refused(RefusalCause.ACCOUNT, "The simulated account was told to be out of money.")
        return fault


async def _lose_answer(operation: Operation, fault: Fault | None, patience: float) -> None:
    if fault is Fault.ANSWER_HANGS:
        await asyncio.sleep(patience)
    if fault in {Fault.ANSWER_HANGS, Fault.ANSWER_LOST}:
        raise OutcomeUnknown(f"simulated fault: the answer to {operation.value} was lost")


def _first_number_id(phone_number: str) -> str:
    return f"SIM-{phone_number.removeprefix('+')}"


def _owned_from_start(phone_number: str) -> OwnedNumber:
    return OwnedNumber(phone_number, _first_number_id(phone_number))


def _ordered_number_id(phone_number: str, reference: str) -> str:
    """Name the number as this order bought it.

    A number that was released and is bought again has another id, so that a late
    repeat of the release cannot take it from its new owner.
    """
    return f"{_first_number_id(phone_number)}-{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


def _placed(number: OwnedNumber) -> OwnedNumber:
    return _with_place(number, area_code_of(number.phone_number))


def _with_place(number: OwnedNumber, area_code: str | None) -> OwnedNumber:
    locality, region = place_of(area_code or "")
    return replace(number, locality=locality, region=region)
