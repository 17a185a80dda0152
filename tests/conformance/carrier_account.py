"""A carrier account as the conformance suites need it."""

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import pytest

from localdial_server.app.ports.carrier import Carrier, OrderStatus, OwnedNumber
from localdial_server.carriers.simulator.faults import Fault, Operation
from tests.support.waiting import DEADLINE_SECONDS, until


class Ability(Enum):
    """What some carriers, or some test accounts, cannot do.

    A missing ability is declared with a reason and reported as an expected failure. It never excuses a
    broken promise of the port.
    """

    ONE_BUYER = "refuses to sell a number to the account that owns it"
    ONE_WINNER = "lets only one of several simultaneous orders of a number win, whoever makes them"
    RESALE = "sells a released number again at once"
    OWNED_FROM_START = "has an account with a number that localdial did not order"
    REFUSAL = "has a number that it never sells"
    FAULTS = "can be made to fail on demand"


@dataclass(frozen=True, kw_only=True)
class CarrierAccount:
    """A carrier to test, in an account of its own, and what the suites know of that account."""

    carrier: Carrier
    reconnect: Callable[[], Awaitable[Carrier]]
    """Returns a new adapter of the same account, as after a restart of the server."""
    stocked_area_code: str
    """Has at least 30 numbers on sale."""
    sold_out_area_code: str
    """Has no number on sale."""
    arrange: Callable[[Operation, Fault], None]
    """Makes the next call of the operation fail with the fault."""
    is_spent: Callable[[], bool] = lambda: True
    """Returns whether every arranged fault has struck."""
    unknown_number_id: str = "unknown"
    """A carrier number id that belongs to no number."""
    owned_from_start: str = ""
    owned_without_voice: str = ""
    """A number that the account owns from the start and that takes no calls."""
    never_sold: str = ""
    lacks: Mapping[Ability, str] = field(default_factory=dict)

    def require(self, ability: Ability) -> None:
        """End the test as an expected failure if the carrier lacks the ability."""
        if ability in self.lacks:
            # Not a skip: some runs allow no skips.
            pytest.xfail(f"{self.carrier.name} lacks {ability.name}: {self.lacks[ability]}")

    async def on_sale(self, count: int = 1) -> Sequence[str]:
        """Return `count` numbers that can be ordered."""
        found = await self.carrier.search(self.stocked_area_code, count)
        assert len(found) == count, "the account has too little stock for the suite"
        return [number.phone_number for number in found]

    async def order_one(self) -> OwnedNumber:
        """Order any number; return it when it is owned."""
        (phone_number,) = await self.on_sale()
        return await self.order(phone_number, new_reference())

    async def order(self, phone_number: str, reference: str, carrier: Carrier | None = None) -> OwnedNumber:
        """Order the number, through another adapter if one is given; return it when it is owned."""
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
        """Look the order up until it is no longer pending; return what came of it."""
        carrier = carrier or self.carrier
        found: list[OwnedNumber | OrderStatus | None] = []

        async def has_outcome() -> bool:
            found.append(await carrier.find_by_reference(reference))
            return found[-1] is not OrderStatus.PENDING

        await until(has_outcome)
        return found[-1]

    async def owns(self, phone_number: str, reference: str) -> bool:
        """Return whether the account owns the number by that order; fail if the look-ups disagree."""
        by_reference = await self.outcome_of(reference)
        by_number = await self.carrier.find_by_number(phone_number)
        assert by_number == by_reference
        return by_number is not None


_references = itertools.count(1)


def new_reference() -> str:
    """Return a reference that was not used before."""
    return f"conformance-{next(_references)}"
