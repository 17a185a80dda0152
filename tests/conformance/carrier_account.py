"""What the conformance suites of the carriers need of each of them."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import pytest

from localdial_server.app.ports.carrier import Carrier, OrderStatus, OwnedNumber
from localdial_server.carriers.simulator.faults import Fault, Operation

# Long for a test, short for whoever waits for a failing one.
DEADLINE_SECONDS = 10.0


class Ability(Enum):
    """What not every carrier, or not every test account of one, can do.

    A lack is declared with a reason and seen in the report as an expected failure.
    It is never a licence to break a promise of the port.
    """

    ONE_BUYER = "refuses to sell a number to the account that owns it"
    ONE_WINNER = "lets one of several orders of a number win that several servers make at the same moment"
    RESALE = "sells a released number again at once"
    OWNED_FROM_START = "has an account with a number that localdial did not order"
    REFUSAL = "has a number that it never sells"
    MISHAPS = "can be made to fail on demand"


@dataclass(frozen=True, kw_only=True)
class CarrierAccount:
    """A carrier to test, in an account of its own, and what is known of that account."""

    carrier: Carrier
    reconnect: Callable[[], Awaitable[Carrier]]
    """Answers a fresh adapter of the same account, as after a restart of the server."""
    stocked_area_code: str
    """Has 30 numbers on sale or more."""
    sold_out_area_code: str
    """Has none."""
    arrange: Callable[[Operation, Fault], None]
    """Makes the next call of the operation suffer the fault."""
    is_spent: Callable[[], bool] = lambda: True
    """Tells whether every fault that was arranged was suffered."""
    unknown_number_id: str = "unknown"
    """A carrier's identifier of a number that nobody has."""
    owned_from_start: str = ""
    never_sold: str = ""
    lacks: Mapping[Ability, str] = field(default_factory=dict)

    def require(self, ability: Ability) -> None:
        """End the test if the carrier lacks the ability, and say why."""
        if ability in self.lacks:
            # Not a skip: where nothing may be left out, this may.
            pytest.xfail(f"{self.carrier.name} lacks {ability.name}: {self.lacks[ability]}")

    async def on_sale(self, count: int = 1) -> Sequence[str]:
        """Answer ``count`` numbers that can be ordered."""
        found = await self.carrier.search(self.stocked_area_code, count)
        assert len(found) == count, "the account has too little stock for the suite"
        return [number.phone_number for number in found]

    async def order_one(self) -> OwnedNumber:
        """Order any number."""
        (phone_number,) = await self.on_sale()
        return await self.order(phone_number, new_reference())

    async def order(self, phone_number: str, reference: str, carrier: Carrier | None = None) -> OwnedNumber:
        """Order the number, through another adapter if one is given; answer it when it is owned."""
        carrier = carrier or self.carrier
        outcome = await carrier.order(phone_number, reference, DEADLINE_SECONDS)
        if outcome is OrderStatus.PENDING:
            assert carrier.capabilities.asynchronous_orders
            found = await self.outcome_of(reference, carrier)
            assert isinstance(found, OwnedNumber)
            return found
        return outcome

    async def outcome_of(
        self, reference: str, carrier: Carrier | None = None
    ) -> OwnedNumber | OrderStatus | None:
        """Look the order up until it is pending no longer; answer what came of it."""
        carrier = carrier or self.carrier
        pause = 0.005
        for _ in range(int(DEADLINE_SECONDS / pause)):
            found = await carrier.find_by_reference(reference)
            if found is not OrderStatus.PENDING:
                return found
            await asyncio.sleep(pause)
        pytest.fail(f"the order is pending after {DEADLINE_SECONDS} s")

    async def owns(self, phone_number: str, reference: str) -> bool:
        """Tell whether the account owns the number by that order; fail if look-ups differ."""
        by_reference = await self.outcome_of(reference)
        by_number = await self.carrier.find_by_number(phone_number)
        assert by_number == by_reference
        return by_number is not None


_references = itertools.count(1)


def new_reference() -> str:
    """Answer a reference that was not used before."""
    return f"conformance-{next(_references)}"


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds; fail when it takes too long."""
    pause = 0.005
    for _ in range(int(DEADLINE_SECONDS / pause)):
        if await condition():
            return
        await asyncio.sleep(pause)
    pytest.fail(f"still not so after {DEADLINE_SECONDS} s")
