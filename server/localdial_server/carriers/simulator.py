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

from localdial_server.app.carrier import (
    AvailableNumber,
    CarrierError,
    CarrierUnavailable,
    NumberTaken,
    OrderRefused,
    OutcomeUnknown,
    OwnedNumber,
)
from localdial_server.carriers.simulator_faults import (
    Fault,
    Faults,
    Operation,
    no_faults,
    require_possible,
)
from localdial_server.carriers.simulator_stock import (
    area_code_in_stock,
    is_owned_from_start,
    place_of,
    stock_of,
)
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.errors import StorageUnavailable

T = TypeVar("T")

_FOREVER = 100 * 365 * 24 * 3600.0

_REFERENCE = re.compile(r"[!-~]{1,64}")
# With the digits of the number, and for an ordered one a hash of its reference.
_NUMBER_ID = re.compile(r"SIM-(?P<digits>[0-9]{7,15})(-(?P<order>[0-9a-f]{16}))?")


class SimulatorState(Protocol):
    """What the simulated account has bought, and what it has given up for good.

    Numbers carry no locality and region here. Each method is atomic, and a change
    is durable on return. Raises ``StorageUnavailable``, after which a change may
    or may not have been made.
    """

    async def buy(self, number: OwnedNumber, area_code: str) -> bool:
        """Add the number; False, and no change, if it is there already."""

    async def give_back(self, carrier_number_id: str) -> None:
        """Remove the bought number with this id; one that is not there is no error."""

    async def bought(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if it is bought."""

    async def bought_with(self, reference: str) -> OwnedNumber | None:
        """Answer the bought number with the reference."""

    async def bought_in(self, area_code: str) -> frozenset[str]:
        """Answer the phone numbers that are bought in the area code."""

    async def give_up(self, number: OwnedNumber, area_code: str) -> None:
        """Remember that a number owned from the start is gone; a repeat is no error."""

    async def given_up(self, phone_number: str) -> bool:
        """Tell whether the number was given up."""


class SimulatedCarrier:
    """A ``Carrier`` that needs no company.

    ``latency`` is how many seconds each call takes before anything is done, and
    ``faults`` decides what goes wrong. Any number of them may share one state.
    """

    def __init__(self, state: SimulatorState, *, faults: Faults = no_faults, latency: float = 0.0) -> None:
        self._state = state
        self._faults = faults
        self._latency = latency

    @property
    def name(self) -> str:
        """Answer ``simulator``."""
        return "simulator"

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        """Answer the first numbers of the stock that are not bought."""

        async def look() -> Sequence[AvailableNumber]:
            bought = await self._state.bought_in(area_code)
            locality, region = place_of(area_code)
            on_sale = (number for number in stock_of(area_code) if number not in bought)
            return [AvailableNumber(number, locality, region) for number in islice(on_sale, max(limit, 0))]

        return await self._look(Operation.SEARCH, area_code, look, [])

    async def order(self, phone_number: str, reference: str) -> OwnedNumber:
        """Buy the number; one that is never on sale, and a bad reference, are refused."""

        async def change() -> OwnedNumber:
            if not _REFERENCE.fullmatch(reference):
                raise OrderRefused("The order's reference must be 1 to 64 visible ASCII characters.")
            area_code = area_code_in_stock(phone_number)
            if area_code is None:
                raise OrderRefused(
                    f"The simulated carrier does not sell {phone_number}; order a number that a search"
                    " answers."
                )
            number = OwnedNumber(phone_number, _ordered_number_id(phone_number, reference), reference)
            if not await self._state.buy(number, area_code):
                raise NumberTaken(f"{phone_number} is bought already")
            return _with_place(number, area_code)

        return await self._change(Operation.ORDER, phone_number, change)

    async def find_by_reference(self, reference: str) -> OwnedNumber | None:
        """Answer the number that was ordered with the reference and is still owned."""

        async def look() -> OwnedNumber | None:
            number = await self._state.bought_with(reference)
            return _with_place(number, area_code_of(number.phone_number)) if number else None

        return await self._look(Operation.FIND_BY_REFERENCE, reference, look, None)

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if it is bought, or owned from the start and not given up."""

        async def look() -> OwnedNumber | None:
            if is_owned_from_start(phone_number):
                given_up = await self._state.given_up(phone_number)
                number = None if given_up else OwnedNumber(phone_number, _first_number_id(phone_number))
            else:
                number = await self._state.bought(phone_number)
            return _with_place(number, area_code_of(phone_number)) if number else None

        return await self._look(Operation.FIND_BY_NUMBER, phone_number, look, None)

    async def release(self, carrier_number_id: str) -> None:
        """Give the number back; an id that names no owned number is no error."""

        async def change() -> None:
            if not (named := _NUMBER_ID.fullmatch(carrier_number_id)):
                return
            phone_number = f"+{named['digits']}"
            area_code = area_code_of(phone_number)
            if named["order"]:
                await self._state.give_back(carrier_number_id)
            elif area_code is not None and is_owned_from_start(phone_number):
                await self._state.give_up(OwnedNumber(phone_number, carrier_number_id), area_code)

        await self._change(Operation.RELEASE, carrier_number_id, change)

    async def _look(
        self, operation: Operation, argument: str, look: Callable[[], Awaitable[T]], nothing: T
    ) -> T:
        """Answer a look-up, unless a fault gets in its way."""
        if await self._reach(operation, argument) is Fault.NOT_SEEN:
            return nothing
        try:
            return await look()
        except StorageUnavailable as error:
            raise CarrierUnavailable("the state of the simulated carrier cannot be read") from error

    async def _change(self, operation: Operation, argument: str, change: Callable[[], Awaitable[T]]) -> T:
        """Carry out a change, unless a fault gets in its way or in that of its answer."""
        fault = await self._reach(operation, argument)
        if fault is Fault.REQUEST_LOST:
            raise OutcomeUnknown(f"simulated fault: the request to {operation.value} was lost")
        try:
            result = await change()
        except StorageUnavailable as error:
            # The database may have committed before the connection to it broke.
            raise OutcomeUnknown("the state of the simulated carrier cannot be written") from error
        except CarrierError:
            await _lose_answer(operation, fault)
            raise
        await _lose_answer(operation, fault)
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
            case Fault.TAKEN:
                raise NumberTaken(f"simulated fault: {argument} was taken")
            case Fault.REFUSED:
                raise OrderRefused("The simulated carrier was told to refuse this order; nothing was bought.")
            case Fault.HANG:
                await _hang()
        return fault


async def _lose_answer(operation: Operation, fault: Fault | None) -> None:
    if fault is Fault.ANSWER_LOST:
        raise OutcomeUnknown(f"simulated fault: the answer to {operation.value} was lost")
    if fault is Fault.ANSWER_HANGS:
        await _hang()


async def _hang() -> None:
    # Not a bare future or an event: nothing but the task itself would refer to
    # it, and the garbage collector might take both. A timer, the loop holds.
    await asyncio.sleep(_FOREVER)


def _first_number_id(phone_number: str) -> str:
    return f"SIM-{phone_number.removeprefix('+')}"


def _ordered_number_id(phone_number: str, reference: str) -> str:
    """Name the number as this order bought it.

    A number that was released and is bought again has another id, so that a late
    repeat of the release cannot take it from its new owner.
    """
    return f"{_first_number_id(phone_number)}-{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


def _with_place(number: OwnedNumber, area_code: str | None) -> OwnedNumber:
    locality, region = place_of(area_code or "")
    return replace(number, locality=locality, region=region)
