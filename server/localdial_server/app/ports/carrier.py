"""The carrier port: what localdial asks of the company that sells the numbers.

Every carrier adapter is held to these promises by ``tests/conformance``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number the carrier has to sell. Locality and region may be empty."""

    phone_number: str
    locality: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """A number that the carrier account owns.

    ``reference`` is the one it was ordered or configured with, or whatever else
    the account's owner has written there; empty where there is nothing.
    """

    phone_number: str
    carrier_number_id: str
    reference: str = ""
    locality: str = ""
    region: str = ""


class OrderStatus(Enum):
    """An order that the carrier knows and that has brought no number."""

    PENDING = "pending"
    """The carrier has taken the order and says later what came of it."""

    FAILED = "failed"
    """Nothing came of the order, and nothing will."""


Pending = Literal[OrderStatus.PENDING]


@dataclass(frozen=True, slots=True)
class Price:
    """What a number costs a month: millionths of the currency (ISO 4217)."""

    currency_code: str
    micros: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this carrier does differently from others.

    ``asynchronous_orders``: an order may be PENDING. ``read_lag_seconds``: how
    long after the end of a call that ordered a number the look-ups may not show
    it; only after that does "not found" mean that nothing was bought.
    """

    asynchronous_orders: bool
    read_lag_seconds: float

    def may_hide(self, ordered: int, asked: int) -> bool:
        """Answer whether a number ordered then may not have been shown when asked for then (microseconds)."""
        return asked - ordered < self.read_lag_seconds * 1_000_000


class CarrierError(Exception):
    """A carrier did not do what it was asked. The text is for the server's log: no phone numbers."""


class NumberTaken(CarrierError):
    """The number is not on sale any more. Nothing was ordered; try another."""


class RefusalCause(Enum):
    """What a refusal is about, and so who can cure it."""

    INVALID = "invalid"
    """The request itself: the number or the area code cannot be had like this."""

    REGULATORY = "regulatory"
    """The country's rules: an address or a bundle of documents is missing."""

    ACCOUNT = "account"
    """The carrier account: suspended, a trial, or without money."""

    CREDENTIALS = "credentials"
    """The carrier does not take the credentials that the server was given."""


class Refused(CarrierError):
    """The carrier will not do this, and a repeat does not cure it. Nothing was done.

    ``explanation`` is a sentence for the user: what is wrong and what to do. It
    names no credentials, no phone number and no other customer. ``answer`` is what the
    carrier said, for the log alone.
    """

    def __init__(self, cause: RefusalCause, explanation: str, answer: str = "") -> None:
        super().__init__(f"{answer}: {explanation}" if answer else explanation)
        self.cause = cause
        self.explanation = explanation


class CarrierUnavailable(CarrierError):
    """The carrier did not process the request: repeating it is safe.

    ``retry_after`` is how many seconds the carrier asked to be left alone; None
    where it did not say.
    """

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class AccountNotSetUp(CarrierUnavailable):
    """The number is with a carrier, or in an account, that this server does not know."""


class OutcomeUnknown(CarrierError):
    """The request may or may not have been processed: look before repeating."""


class NumberNotOwned(CarrierError):
    """The account does not own the number."""


class Carrier(Protocol):
    """A carrier account. Safe for concurrent use; every call may be cancelled.

    A cancelled call may have been carried out or not, or be carried out yet.
    Every call comes to an end by itself, within a time that the adapter is set
    to. Each raises ``CarrierUnavailable`` and, for the causes ACCOUNT and
    CREDENTIALS, ``Refused``.
    """

    @property
    def name(self) -> str:
        """A short constant name, such as ``simulator``; stored with each number."""

    @property
    def account(self) -> str:
        """The carrier's own identifier of the account; empty where it has but one."""

    @property
    def capabilities(self) -> Capabilities:
        """What this carrier does differently from others; constant."""

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        """Answer up to ``limit`` different numbers on sale in the area code.

        Every number has that area code and takes calls. No stock is an empty
        answer. Nothing is reserved.
        """

    async def order(
        self,
        phone_number: str,
        reference: str,
        timeout: float,  # noqa: ASYNC109 (an order that takes longer is of unknown outcome, not cancelled)
    ) -> OwnedNumber | Pending:
        """Buy this one number, tag it with the reference and have its calls reach us.

        The reference is 1 to 64 visible ASCII characters and unique to this
        order. After an answer, and after ``OutcomeUnknown`` where the order went
        through, ``find_by_reference`` finds the order. ``timeout``: the seconds
        after which the outcome is ``OutcomeUnknown``, if it is not known before.

        Raises ``NumberTaken``, ``Refused`` and ``CarrierUnavailable``, after each
        of which nothing was bought, and ``OutcomeUnknown``.
        """

    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        """Answer what came of the order with the reference.

        A number: it is still owned. None: the carrier knows of no such order, or
        the number is not owned any more.
        """

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Answer the number if the account owns it, however it came by it."""

    async def list_owned(self) -> Sequence[OwnedNumber]:
        """Answer every number that the account owns, by phone number, each once."""

    async def configure(self, carrier_number_id: str, reference: str) -> OwnedNumber:
        """Have calls to the owned number reach us, and tag it with the reference.

        Repeating is safe, after an error too. Raises ``NumberNotOwned`` and
        ``OutcomeUnknown``.
        """

    async def release(self, carrier_number_id: str) -> bool:
        """Give the number back; answer whether the account knew it. One that is gone is no error.

        After True the account does not own the number. After False neither, unless it
        bought the number within the read lag. Raises ``OutcomeUnknown``; repeating is
        safe.
        """

    async def monthly_price(self, phone_number: str) -> Price | None:
        """Answer what a number of this kind costs a month; None where it is not known."""


class Carriers(Protocol):
    """The accounts that numbers are held in. All are of one carrier."""

    @property
    def name(self) -> str:
        """The name of the carrier."""

    def for_organization(self, organization_id: str) -> Carrier:
        """Answer the account that the organization buys in."""

    def by_account(self, account: str) -> Carrier | None:
        """Answer the account of that name; None if there is none (any more)."""

    def all(self) -> Sequence[Carrier]:
        """Answer every account, each once."""
