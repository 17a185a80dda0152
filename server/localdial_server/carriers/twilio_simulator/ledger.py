"""The simulated company: its accounts, what they own, and what they have paid.

Every change is an event that is kept in the journal before it takes effect, and
the state is what the events make of it. For one thread.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from localdial_server.carriers.simulator.stock import area_code_in_stock
from localdial_server.carriers.twilio_simulator.error_responses import not_found, refusal
from localdial_server.carriers.twilio_simulator.journal import Event, Journal
from localdial_server.domain.area_codes import country_of
from localdial_server.domain.phone_numbers import is_e164

ACTIVE: Final = "active"
FULL: Final = "Full"
TRIAL: Final = "Trial"
SUSPENDED: Final = "suspended"

_PRICE: Final = Decimal("1.15")
_PRICES: Final[Mapping[str, Decimal]] = {"AU": Decimal("3.00"), "PR": Decimal("3.25")}

# What Twilio's own test credentials answer to.
_NEVER_AVAILABLE: Final = "+15005550000"
_NEVER_VALID: Final = "+15005550001"

_LONGEST_NAME: Final = 64


@dataclass(slots=True)
class Account:
    """An account or a subaccount, which has its parent's SID as ``owner_sid``.

    ``secrets`` are the passwords of its users: its own SID, and those of API keys.
    """

    sid: str
    owner_sid: str
    friendly_name: str
    secrets: dict[str, str]
    status: str = ACTIVE
    type: str = FULL
    balance: Decimal = Decimal(1000)
    created: float = 0.0


@dataclass(slots=True)
class Number:
    """A number that an account owns. ``fields`` are those of the API, in its spelling."""

    sid: str
    account_sid: str
    phone_number: str
    created: float
    updated: float
    fields: dict[str, str] = field(default_factory=dict)


class Company:
    """What the API's requests are about. Raises ``Refusal``."""

    def __init__(
        self, journal: Journal, *, lag_seconds: float = 0.0, clock: Callable[[], float] = time.time
    ) -> None:
        """``lag_seconds``: how long a number that was just bought is not shown."""
        self._journal = journal
        self._clock = clock
        self.lag_seconds = lag_seconds
        self.accounts: dict[str, Account] = {}
        self.numbers: dict[str, Number] = {}
        self._owned: dict[str, Number] = {}
        for event in journal.read():
            self._apply(event)

    # Accounts

    def open_account(
        self,
        sid: str,
        token: str,
        *,
        owner_sid: str = "",
        keys: Mapping[str, str] | None = None,
        account_type: str = FULL,
        balance: Decimal = Decimal(1000),
    ) -> Account:
        """Open the account unless it is there."""
        if sid not in self.accounts:
            self._happens(
                "account_opened",
                account_sid=sid,
                owner_sid=owner_sid or sid,
                secrets={sid: token, **(keys or {})},
                type=account_type,
                balance=str(balance),
            )
        return self.accounts[sid]

    def change_account(self, sid: str, changes: Mapping[str, str]) -> Account:
        """Set ``status``, ``type`` or ``balance``."""
        self.account(sid)
        self._happens("account_changed", account_sid=sid, changes=dict(changes))
        return self.accounts[sid]

    def account(self, sid: str) -> Account:
        """Answer the account."""
        account = self.accounts.get(sid)
        if account is None:
            raise not_found(f"/2010-04-01/Accounts/{sid}.json")
        return account

    def user(self, username: str, password: str) -> Account | None:
        """Answer the account that these credentials are of."""
        return next(
            (each for each in self.accounts.values() if each.secrets.get(username) == password and password),
            None,
        )

    # Numbers

    def buy(self, account: Account, fields: Mapping[str, str]) -> Number:
        """Buy the number named in the fields; one that the account owns is only set up."""
        self._require_active(account)
        phone_number = fields.get("PhoneNumber", "")
        if not phone_number:
            raise refusal(400, 21458, "A PhoneNumber is required: this simulator sells no AreaCode")
        if phone_number == _NEVER_VALID or not is_e164(phone_number):
            raise refusal(400, 21421, f"{phone_number} is not a valid phone number")
        _check(fields)
        owned = self._owned.get(phone_number)
        if owned is not None and owned.account_sid == account.sid:
            # As the real one does: success, nothing bought, and the fields replaced.
            return self.set_up(account, owned.sid, fields)
        if owned is not None or phone_number == _NEVER_AVAILABLE:
            raise refusal(400, 21422, f"{phone_number} is not available")
        area_code = area_code_in_stock(phone_number)
        if area_code is None:
            raise refusal(400, 21421, f"{phone_number} is not a number that is sold here")
        self._charge(account, price_in(country_of(area_code) or ""), phone_number, fields)
        return self._owned[phone_number]

    def put_in(self, account: Account, phone_number: str, name: str) -> Number:
        """Have the account own a number that it has not bought here."""
        if phone_number not in self._owned:
            self._happens(
                "number_put_in",
                account_sid=account.sid,
                sid=_sid("PN"),
                phone_number=phone_number,
                fields={"FriendlyName": name} if name else {},
                charged="0",
            )
        return self._owned[phone_number]

    def set_up(self, account: Account, sid: str, fields: Mapping[str, str]) -> Number:
        """Set fields of a number that the account owns."""
        self._require_active(account)
        number = self._number_of(account, sid)
        _check(fields)
        self._happens(
            "number_updated",
            account_sid=account.sid,
            sid=sid,
            phone_number=number.phone_number,
            fields=_settable(fields),
        )
        return number

    def release(self, account: Account, sid: str) -> None:
        """Give the number back."""
        self._require_active(account)
        number = self._number_of(account, sid)
        self._happens("number_released", account_sid=account.sid, sid=sid, phone_number=number.phone_number)

    def number(self, account: Account, sid: str) -> Number:
        """Answer a number that the account owns and that is shown by now."""
        self._require_active(account)
        number = self._number_of(account, sid)
        if not self._is_shown(number):
            raise not_found(f"/2010-04-01/Accounts/{account.sid}/IncomingPhoneNumbers/{sid}.json")
        return number

    def numbers_of(self, account: Account) -> Sequence[Number]:
        """Answer what the account owns and is shown by now, in the order it came by it."""
        self._require_active(account)
        return [
            number
            for number in self.numbers.values()
            if number.account_sid == account.sid and self._is_shown(number)
        ]

    def is_owned(self, phone_number: str) -> bool:
        """Tell whether any account owns the number."""
        return phone_number in self._owned

    def events(self) -> Iterator[Event]:
        """Answer all that happened."""
        return self._journal.read()

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def _number_of(self, account: Account, sid: str) -> Number:
        number = self.numbers.get(sid)
        if number is None or number.account_sid != account.sid:
            raise not_found(f"/2010-04-01/Accounts/{account.sid}/IncomingPhoneNumbers/{sid}.json")
        return number

    def _is_shown(self, number: Number) -> bool:
        return self._clock() >= number.created + self.lag_seconds

    def _require_active(self, account: Account) -> None:
        payer = self.accounts[account.owner_sid]
        if account.status != ACTIVE or payer.status != ACTIVE:
            raise refusal(403, 20005, "Account not active")

    def _charge(self, account: Account, price: Decimal, phone_number: str, fields: Mapping[str, str]) -> None:
        if account.type == TRIAL and any(n.account_sid == account.sid for n in self.numbers.values()):
            raise refusal(400, 21404, "Trial accounts are limited to one number")
        payer = self.accounts[account.owner_sid]
        if payer.balance < price:
            # Who cannot pay is suspended, subaccounts and all.
            self.change_account(payer.sid, {"status": SUSPENDED})
            raise refusal(403, 20005, "Account not active")
        self._happens(
            "number_bought",
            account_sid=account.sid,
            sid=_sid("PN"),
            phone_number=phone_number,
            fields=_settable(fields),
            charged=str(price),
        )

    def _happens(self, event: str, **what: Any) -> None:
        entry = {"event": event, "at": self._clock(), **what}
        self._journal.add(entry)
        self._apply(entry)

    def _apply(self, event: Event) -> None:
        match event["event"]:
            case "account_opened":
                self.accounts[event["account_sid"]] = Account(
                    sid=event["account_sid"],
                    owner_sid=event["owner_sid"],
                    friendly_name=f"Simulated account {len(self.accounts) + 1}",
                    secrets=dict(event["secrets"]),
                    type=event["type"],
                    balance=Decimal(event["balance"]),
                    created=event["at"],
                )
            case "account_changed":
                account, changes = self.accounts[event["account_sid"]], event["changes"]
                account.status = changes.get("status", account.status)
                account.type = changes.get("type", account.type)
                account.balance = Decimal(changes.get("balance", account.balance))
            case "number_bought" | "number_put_in":
                number = Number(
                    sid=event["sid"],
                    account_sid=event["account_sid"],
                    phone_number=event["phone_number"],
                    created=event["at"],
                    updated=event["at"],
                    fields=dict(event["fields"]),
                )
                self.numbers[number.sid] = self._owned[number.phone_number] = number
                payer = self.accounts[self.accounts[number.account_sid].owner_sid]
                payer.balance -= Decimal(event["charged"])
            case "number_updated":
                number = self.numbers[event["sid"]]
                number.fields |= _without_rivals(event["fields"])
                number.updated = event["at"]
            case "number_released":
                del self._owned[self.numbers.pop(event["sid"]).phone_number]


def price_in(country: str) -> Decimal:
    """Answer what a local number costs a month, in US dollars."""
    return _PRICES.get(country, _PRICE)


def _settable(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "PhoneNumber"}


def _without_rivals(fields: Mapping[str, str]) -> dict[str, str]:
    """Set a trunk and an application as the API does: the one removes the other."""
    rivals = {"TrunkSid": "VoiceApplicationSid", "VoiceApplicationSid": "TrunkSid"}
    removed = {rivals[name]: "" for name, value in fields.items() if name in rivals and value}
    return {**fields, **removed}


def _check(fields: Mapping[str, str]) -> None:
    if len(fields.get("FriendlyName", "")) > _LONGEST_NAME:
        raise refusal(400, 21450, "FriendlyName is longer than 64 characters")
    url = fields.get("VoiceUrl", "")
    if url and not url.startswith(("http://", "https://")):
        raise refusal(400, 21402, f"VoiceUrl is not valid: {url}")


def _sid(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex}"
