"""The carrier port: what localdial needs from the provider that sells the numbers.

`tests/conformance` holds every adapter to these promises. Phone numbers are E.164; area codes have
localdial's usual form: `415`, or `+4420` outside the NANP.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number that is on sale. Locality and region are empty where they are unknown."""

    phone_number: str
    locality: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class CallRoute:
    """Where the carrier sends the calls to a number. If nothing is set, they reach nobody.

    The carrier requests `voice_url` with `voice_method`, such as `POST`. The identifiers are the
    carrier's own.
    """

    voice_url: str = ""
    voice_method: str = ""
    application_id: str = ""
    trunk_id: str = ""

    @property
    def in_effect(self) -> "CallRoute":
        """The part that the carrier uses: a trunk, else an application, else a URL."""
        if self.trunk_id:
            return CallRoute(trunk_id=self.trunk_id)
        if self.application_id:
            return CallRoute(application_id=self.application_id)
        return CallRoute(self.voice_url, self.voice_method) if self.voice_url else CallRoute()

    def __str__(self) -> str:
        """Return what is in effect, for people, such as `POST https://voice.example.com/voice`."""
        if self.trunk_id:
            return f"trunk {self.trunk_id}"
        if self.application_id:
            return f"application {self.application_id}"
        return f"{self.voice_method} {self.voice_url}" if self.voice_url else "nobody"


@dataclass(frozen=True, slots=True)
class OwnedNumber:
    """A number that the carrier account owns.

    `phone_number` is as the carrier writes it: E.164, except for a short code and the like.
    `takes_calls` is whether it can receive voice calls. `carrier_number_id` is the carrier's own
    identifier. `reference` is the text that the number was ordered with, or the name that the
    account's owner gave it; empty if there is none.
    """

    phone_number: str
    carrier_number_id: str
    reference: str = ""
    locality: str = ""
    region: str = ""
    takes_calls: bool = True
    call_route: CallRoute = CallRoute()


class OrderStatus(Enum):
    """The status of an order that the carrier knows and that has not produced a number."""

    PENDING = "pending"
    """The carrier accepted the order and will fill it or fail it later."""

    FAILED = "failed"
    """The carrier will never fill the order."""


Pending = Literal[OrderStatus.PENDING]


@dataclass(frozen=True, slots=True)
class Price:
    """The monthly price of a number, in millionths of the currency unit (ISO 4217)."""

    currency_code: str
    micros: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The ways in which a carrier may differ from others.

    `asynchronous_orders`: an order may be pending. `read_lag_seconds`: for how long after the end of
    an `order` call look-ups may miss the number; only after that does "not found" mean "not bought".
    """

    asynchronous_orders: bool
    read_lag_seconds: float

    def may_hide(self, ordered: int, asked: int) -> bool:
        """Return whether a look-up at `asked` may have missed a number ordered at `ordered`.

        Both are in microseconds since the epoch.
        """
        return asked - ordered < self.read_lag_seconds * 1_000_000


class CarrierError(Exception):
    """The carrier did not do what it was asked.

    The text is for the server's log and names no phone number.
    """


class NumberTaken(CarrierError):
    """The number is no longer on sale. Nothing was ordered; ordering another number may succeed."""


class RefusalCause(Enum):
    """The subject of a refusal, which decides who can resolve it."""

    INVALID = "invalid"
    """The request itself: this number or area code cannot be bought."""

    REGULATORY = "regulatory"
    """The country's rules: an address or a bundle of documents is missing or wrong."""

    ACCOUNT = "account"
    """The carrier account: it is suspended, a trial, or out of money."""

    CREDENTIALS = "credentials"
    """The carrier does not accept the server's credentials."""


class Refused(CarrierError):
    """The carrier refuses, and repeating the request does not help. Nothing was done.

    `explanation` is for the user, in whole sentences: what is wrong and what to do. It names no
    credentials, no phone number and no other customer. `answer` is the carrier's response, for the
    log only.
    """

    def __init__(self, cause: RefusalCause, explanation: str, answer: str = "") -> None:
        super().__init__(f"{answer}: {explanation}" if answer else explanation)
        self.cause = cause
        self.explanation = explanation


class CarrierUnavailable(CarrierError):
    """The carrier did not process the request: repeating it is safe.

    `retry_after` is how many seconds the carrier asked us to wait, or None if it did not say.
    """

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class AccountNotSetUp(CarrierUnavailable):
    """The number is at a carrier, or in an account, that this server is not set up for."""


class OutcomeUnknown(CarrierError):
    """The request may or may not have been processed: look it up before repeating it.

    `retry_after` is as in `CarrierUnavailable`.
    """

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NumberNotOwned(CarrierError):
    """The account does not own the number."""


def require_valid_reference(reference: str) -> None:
    """Raise `Refused` unless an order may have the reference."""
    if not re.fullmatch("[!-~]{1,64}", reference):
        raise Refused(RefusalCause.INVALID, "The order's reference must be 1 to 64 visible ASCII characters.")


class Carrier(Protocol):
    """A carrier account. Safe for concurrent use; every call may be cancelled.

    A cancelled call may have been carried out, or may still be carried out. Every call returns within
    the adapter's time limit. Each raises `CarrierUnavailable` and `Refused`.
    """

    @property
    def name(self) -> str:
        """The carrier's name, such as `simulator`: short, constant, and stored with each number."""

    @property
    def account(self) -> str:
        """The carrier's own identifier of the account; empty if the carrier has only one."""

    @property
    def capabilities(self) -> Capabilities:
        """The carrier's capabilities; constant."""

    @property
    def call_route(self) -> CallRoute:
        """The route that `order` and `configure` set, so that calls reach us; empty if no setting has one."""

    @property
    def callback_warning(self) -> str:
        """Why calls to numbers that are bought now reach nobody, in a sentence; empty if they reach us."""

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        """Return up to `limit` different numbers on sale in the area code; empty if there is no stock.

        Every number has that area code and takes calls. Nothing is reserved.
        """

    async def order(
        self,
        phone_number: str,
        reference: str,
        timeout: float,  # noqa: ASYNC109 - an order that takes longer is of unknown outcome, not cancelled
    ) -> OwnedNumber | Pending:
        """Buy this one number, tag it with the reference and route its calls to us.

        The reference is 1 to 64 visible ASCII characters and unique to this order. After a return,
        and after `OutcomeUnknown` if the order went through, `find_by_reference` finds the order.
        After `timeout` seconds the outcome is `OutcomeUnknown` unless it is known by then.

        Raises `NumberTaken`, `Refused` and `CarrierUnavailable`, after each of which nothing was
        bought, and `OutcomeUnknown`.
        """

    async def find_by_reference(self, reference: str) -> OwnedNumber | OrderStatus | None:
        """Return the number that was ordered with the reference, if it is still owned.

        Else return the status of the order, or None if the carrier knows of no such order or the
        number is no longer owned.
        """

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Return the number if the account owns it, no matter how it was acquired; else None."""

    async def list_owned(self) -> Sequence[OwnedNumber]:
        """Return every number that the account owns, each once, by phone number."""

    async def configure(self, carrier_number_id: str) -> OwnedNumber:
        """Route the calls of an owned number to us, and change nothing else: it keeps its name.

        The number then has our `call_route`. Repeating is safe, after an error too. Raises
        `NumberNotOwned` and `OutcomeUnknown`, and `Refused` if `call_route` is empty.
        """

    async def release(self, carrier_number_id: str) -> bool:
        """Give the number back; return whether the account knew it. A number that is gone is no error.

        After True the account does not own the number. After False it does not own the number either,
        unless it bought the number within the read lag. Raises `OutcomeUnknown`; repeating is safe.
        """

    async def monthly_price(self, phone_number: str) -> Price | None:
        """Return what a number of this kind costs per month, or None if that is unknown."""


class Carriers(Protocol):
    """The accounts that hold numbers. All are with one carrier."""

    @property
    def name(self) -> str:
        """The carrier's name."""

    def for_organization(self, organization_id: str) -> Carrier:
        """Return the account that the organization buys in."""

    def is_shared(self, organization_id: str) -> bool:
        """Return whether other organizations buy in the organization's account, or may come to."""

    def by_account(self, account: str) -> Carrier | None:
        """Return the account with the carrier's identifier, or None if it is not set up."""

    def all(self) -> Sequence[Carrier]:
        """Return every account, each once."""
