"""The port for the simulated carrier's state: its account's numbers."""

from collections.abc import Sequence
from typing import Protocol

from localdial_server.app.ports.carrier import OrderStatus, OwnedNumber


class SimulatorState(Protocol):
    """The numbers that the account has bought, and those it has given up for good.

    Its numbers carry no locality and no region. Each method is atomic, and a change is durable on
    return. Raises `StorageUnavailable`, after which a change may or may not have been made.
    """

    async def buy(self, number: OwnedNumber, area_code: str, *, pending: bool) -> bool:
        """Add the number as bought (`pending`: as ordered). If it already is either, only return False."""

    async def end_order(self, reference: str, *, filled: bool) -> None:
        """Fill the pending order with the reference, or fail it; without one, do nothing."""

    async def remove(self, carrier_number_id: str) -> None:
        """Remove the bought number with this id, if there is one."""

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Return the bought number, or None."""

    async def find_by_id(self, carrier_number_id: str) -> OwnedNumber | None:
        """Return the bought number with this id, or None."""

    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        """Return the bought number with the reference, else the status of its order, else None."""

    async def not_on_sale(self, area_code: str) -> frozenset[str]:
        """Return the phone numbers in the area code that are bought or ordered."""

    async def list_bought(self) -> Sequence[OwnedNumber]:
        """Return every bought number, by phone number."""

    async def give_up_for_good(self, number: OwnedNumber, area_code: str) -> None:
        """Record that a number owned from the start was given up. Repeating it is safe."""

    async def list_given_up(self) -> frozenset[str]:
        """Return every phone number that was given up."""
