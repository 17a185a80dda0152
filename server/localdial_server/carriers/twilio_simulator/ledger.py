"""The ledger of the simulated provider: its accounts, the numbers they own, and what they paid.

The ledger is event-sourced: every change is an event that is written to the journal before it takes
effect, and replaying the events yields the state. Not thread-safe.
"""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from localdial_server.carriers.simulator.stock import area_code_in_stock, monthly_price
from localdial_server.carriers.twilio_simulator.error_responses import INVALID_CODE, RequestRefused, not_found
from localdial_server.carriers.twilio_simulator.journal import Event, Journal
from localdial_server.domain.area_codes import country_of
from localdial_server.domain.possible_numbers import is_possible

ACTIVE: Final = "active"
FULL: Final = "Full"
TRIAL: Final = "Trial"
SUSPENDED: Final = "suspended"

# Twilio's own "magic" numbers for its test credentials.
_NEVER_AVAILABLE: Final = "+15005550000"
_NEVER_VALID: Final = "+15005550001"

_LONGEST_NAME: Final = 64

# Setting one of these fields to a value clears the other.
_EXCLUDES: Final[Mapping[str, str]] = {"TrunkSid": "VoiceApplicationSid", "VoiceApplicationSid": "TrunkSid"}


@dataclass(slots=True)
class Account:
    """An account, or a subaccount, whose `owner_sid` is the SID of its parent.

    `secrets` maps a user name (the account's SID, or an API key's) to its password. `status` and
    `type` are spelled as in the API; `balance` is in US dollars, and `created` in seconds since the
    epoch.
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
class IncomingPhoneNumber:
    """A number (E.164) that an account owns.

    `fields` are those that a client set, by the API's names, such as `FriendlyName`. Times are in
    seconds since the epoch. A number that does not take calls is for text messages only.
    """

    sid: str
    account_sid: str
    phone_number: str
    created: float
    updated: float
    fields: dict[str, str] = field(default_factory=dict)
    takes_calls: bool = True


class Ledger:
    """The accounts and their numbers. Methods raise `RequestRefused` as the API would.

    `file` is the journal's; without one, nothing survives the process. `lag_seconds` is how long the API
    hides a number that was just bought. `clock` returns seconds since the epoch. Raises `OSError`,
    and `ValueError`, `KeyError`, `TypeError` or `ArithmeticError` if the file is not a journal.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        lag_seconds: float = 0.0,
        clock: Callable[[], float] = time.time,
        new_sid: Callable[[str], str] = lambda prefix: f"{prefix}{uuid.uuid4().hex}",
    ) -> None:
        self.journal = Journal(file)
        self._clock = clock
        self._new_sid = new_sid
        self._lag_seconds = lag_seconds
        self.accounts: dict[str, Account] = {}
        self.numbers: dict[str, IncomingPhoneNumber] = {}
        self._by_phone_number: dict[str, IncomingPhoneNumber] = {}
        for event in self.journal.events:
            self._apply(event)

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
        """Open the account unless it exists; return it. `keys` are API keys: SID and secret."""
        if sid not in self.accounts:
            self._record(
                "account_opened",
                account_sid=sid,
                owner_sid=owner_sid or sid,
                secrets={sid: token, **(keys or {})},
                type=account_type,
                balance=str(balance),
            )
        return self.accounts[sid]

    def change_account(self, sid: str, changes: Mapping[str, str]) -> Account:
        """Set the account's `status`, `type` or `balance`; return the account."""
        account = self.account(sid)
        self._record("account_changed", account_sid=sid, changes=dict(changes))
        return account

    def account(self, sid: str) -> Account:
        """Return the account with the SID."""
        account = self.accounts.get(sid)
        if account is None:
            raise not_found(f"/2010-04-01/Accounts/{sid}.json")
        return account

    def authenticated(self, username: str, password: str) -> Account | None:
        """Return the account whose credentials these are, or None if they are wrong."""
        return next(
            (each for each in self.accounts.values() if each.secrets.get(username) == password and password),
            None,
        )

    def require_active(self, account: Account) -> None:
        """Raise `RequestRefused` if the account or its parent is suspended or closed."""
        payer = self.accounts[account.owner_sid]
        if account.status != ACTIVE or payer.status != ACTIVE:
            raise RequestRefused(403, 20005, "Account not active")

    def buy(
        self, account: Account, fields: Mapping[str, str], *, takes_calls: bool = True
    ) -> IncomingPhoneNumber:
        """Buy the number that `fields` names; a number that the account owns is only updated."""
        self.require_active(account)
        phone_number = fields.get("PhoneNumber", "")
        if not phone_number:
            raise RequestRefused(400, 21458, "No PhoneNumber: this simulator does not sell by AreaCode")
        if phone_number == _NEVER_VALID or not is_possible(phone_number):
            raise RequestRefused(400, 21421, f"{phone_number} is not a valid phone number")
        _require_valid(fields)
        owned = self._by_phone_number.get(phone_number)
        if owned is not None and owned.account_sid == account.sid:
            # As at Twilio, the response is that of a purchase, but nothing is charged and the fields change.
            return self.update(account, owned.sid, fields)
        if owned is not None or phone_number == _NEVER_AVAILABLE:
            raise RequestRefused(400, 21422, f"{phone_number} is not available")
        area_code = area_code_in_stock(phone_number)
        if area_code is None:
            raise RequestRefused(400, 21421, f"{phone_number} is not a number that is sold here")
        price = monthly_price(country_of(area_code))
        self._charge(account, price, phone_number, fields, takes_calls=takes_calls)
        return self._by_phone_number[phone_number]

    def grant(
        self, account: Account, phone_number: str, friendly_name: str = "", *, takes_calls: bool = True
    ) -> IncomingPhoneNumber:
        """Give the account a number, or a short code, for free unless an account owns it; return it."""
        if phone_number not in self._by_phone_number:
            self._record(
                "number_put_in",
                account_sid=account.sid,
                sid=self._new_sid("PN"),
                phone_number=phone_number,
                fields={"FriendlyName": friendly_name} if friendly_name else {},
                charged="0",
                takes_calls=takes_calls,
            )
        return self._by_phone_number[phone_number]

    def update(self, account: Account, sid: str, fields: Mapping[str, str]) -> IncomingPhoneNumber:
        """Set fields of a number that the account owns; return the number."""
        self.require_active(account)
        number = self._owned(account, sid)
        _require_valid(fields)
        self._record(
            "number_updated",
            account_sid=account.sid,
            sid=sid,
            phone_number=number.phone_number,
            fields=_settable(fields),
        )
        return number

    def release(self, account: Account, sid: str) -> None:
        """Put a number that the account owns back on sale, unless it has an emergency address."""
        self.require_active(account)
        number = self._owned(account, sid)
        if number.fields.get("EmergencyAddressSid"):
            raise RequestRefused(400, INVALID_CODE, "Remove the number's emergency address first")
        self._record("number_released", account_sid=account.sid, sid=sid, phone_number=number.phone_number)

    def shown_number(self, account: Account, sid: str) -> IncomingPhoneNumber:
        """Return a number that the account owns and whose read lag is over."""
        self.require_active(account)
        number = self._owned(account, sid)
        if not self._is_shown(number):
            raise _no_such_number(account, sid)
        return number

    def shown_numbers(self, account: Account) -> Sequence[IncomingPhoneNumber]:
        """Return the account's numbers whose read lag is over, the oldest first."""
        self.require_active(account)
        return [
            number
            for number in self.numbers.values()
            if number.account_sid == account.sid and self._is_shown(number)
        ]

    def is_owned(self, phone_number: str) -> bool:
        """Return whether any account owns the number."""
        return phone_number in self._by_phone_number

    def _owned(self, account: Account, sid: str) -> IncomingPhoneNumber:
        number = self.numbers.get(sid)
        if number is None or number.account_sid != account.sid:
            raise _no_such_number(account, sid)
        return number

    def _is_shown(self, number: IncomingPhoneNumber) -> bool:
        return self._clock() >= number.created + self._lag_seconds

    def _charge(
        self,
        account: Account,
        price: Decimal,
        phone_number: str,
        fields: Mapping[str, str],
        *,
        takes_calls: bool,
    ) -> None:
        if account.type == TRIAL and any(n.account_sid == account.sid for n in self.numbers.values()):
            raise RequestRefused(400, 21404, "Trial accounts are limited to one number")
        payer = self.accounts[account.owner_sid]
        if payer.balance < price:
            # As at Twilio, an account that cannot pay is suspended, and its subaccounts with it.
            self.change_account(payer.sid, {"status": SUSPENDED})
            raise RequestRefused(403, 20005, "Account not active")
        self._record(
            "number_bought",
            account_sid=account.sid,
            sid=self._new_sid("PN"),
            phone_number=phone_number,
            fields=_settable(fields),
            charged=str(price),
            takes_calls=takes_calls,
        )

    def _record(self, event: str, **details: Any) -> None:
        entry = {"event": event, "at": self._clock(), **details}
        self.journal.append(entry)
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
                number = IncomingPhoneNumber(
                    sid=event["sid"],
                    account_sid=event["account_sid"],
                    phone_number=event["phone_number"],
                    created=event["at"],
                    updated=event["at"],
                    fields=dict(event["fields"]),
                    # Older journals have only numbers that take calls.
                    takes_calls=event.get("takes_calls", True),
                )
                self.numbers[number.sid] = self._by_phone_number[number.phone_number] = number
                payer = self.accounts[self.accounts[number.account_sid].owner_sid]
                payer.balance -= Decimal(event["charged"])
            case "number_updated":
                number = self.numbers[event["sid"]]
                number.fields |= event["fields"] | _cleared_by(event["fields"])
                number.updated = event["at"]
            case "number_released":
                del self._by_phone_number[self.numbers.pop(event["sid"]).phone_number]


def _no_such_number(account: Account, sid: str) -> RequestRefused:
    return not_found(f"/2010-04-01/Accounts/{account.sid}/IncomingPhoneNumbers/{sid}.json")


def _cleared_by(fields: Mapping[str, str]) -> dict[str, str]:
    return {_EXCLUDES[name]: "" for name, value in fields.items() if name in _EXCLUDES and value}


def _settable(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "PhoneNumber"}


def _require_valid(fields: Mapping[str, str]) -> None:
    if len(fields.get("FriendlyName", "")) > _LONGEST_NAME:
        raise RequestRefused(400, 21450, "FriendlyName is longer than 64 characters")
    url = fields.get("VoiceUrl", "")
    if url and not url.startswith(("http://", "https://")):
        raise RequestRefused(400, 21402, f"VoiceUrl is not valid: {url}")
