"""The carrier port: what localdial asks of the company that sells the numbers.

Every carrier adapter is held to these promises by ``tests/conformance``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number the carrier has to sell. Locality and region may be empty."""

    phone_number: str
    locality: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """A number that the carrier account owns.

    ``reference`` is the one it was ordered with, empty for a number that was
    not ordered by localdial.
    """

    phone_number: str
    carrier_number_id: str
    reference: str = ""
    locality: str = ""
    region: str = ""


class CarrierError(Exception):
    """A carrier did not do what it was asked. The text is for the server's log."""


class NumberTaken(CarrierError):
    """Somebody else bought the number first. Nothing was ordered; try another."""


class OrderRefused(CarrierError):
    """The carrier will not take this order, and a repeat does not cure it.

    ``explanation`` is a sentence for the user: what is wrong and what to do. It
    names no credentials and no other customer.
    """

    def __init__(self, explanation: str) -> None:
        super().__init__(explanation)
        self.explanation = explanation


class CarrierUnavailable(CarrierError):
    """The carrier did not process the request: repeating it is safe."""


class OutcomeUnknown(CarrierError):
    """The request may or may not have been processed: look before repeating."""


class Carrier(Protocol):
    """A carrier account. Safe for concurrent use; every call may be cancelled."""

    @property
    def name(self) -> str:
        """A short constant name, such as ``simulator``; stored with each number."""

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        """Answer up to ``limit`` different numbers on sale in the area code.

        Every number has that area code. No stock is an empty answer. Nothing is
        reserved.

        Raises ``CarrierUnavailable``.
        """

    async def order(self, phone_number: str, reference: str) -> OwnedNumber:
        """Buy this one number and tag it with the reference.

        The reference is 1 to 64 visible ASCII characters and unique to this
        order. After an answer, and after ``OutcomeUnknown`` where the order went
        through, ``find_by_reference`` finds the number.

        Raises ``NumberTaken``, ``OrderRefused`` and ``CarrierUnavailable``, after
        each of which nothing was bought, and ``OutcomeUnknown``.
        """

    async def find_by_reference(self, reference: str) -> OwnedNumber | None:
        """Answer the number that was ordered with the reference and is still owned.

        Raises ``CarrierUnavailable``.
        """

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if the account owns it, however it came by it.

        Raises ``CarrierUnavailable``.
        """

    async def release(self, carrier_number_id: str) -> None:
        """Give the number back. A number that is gone already is no error.

        After a return the account does not own the number.

        Raises ``CarrierUnavailable`` and ``OutcomeUnknown``; repeating is safe
        after both.
        """
