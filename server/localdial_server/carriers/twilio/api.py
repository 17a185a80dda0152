"""The requests that localdial makes to Twilio's API, through Twilio's library."""

import datetime as dt
import email.utils
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from twilio.base import values
from twilio.rest import Client
from twilio.rest.api.v2010.account import AccountContext
from twilio.rest.api.v2010.account.incoming_phone_number import (
    IncomingPhoneNumberInstance,
    IncomingPhoneNumberList,
)

from localdial_server.app.ports.carrier import AvailableNumber, CallRoute, Price
from localdial_server.carriers.twilio.account import (
    LARGEST_PAGE,
    NumberSettings,
    TwilioAccount,
    is_resource_id,
)
from localdial_server.carriers.twilio.error_codes import NO_STOCK, ApiError, NoResponse, NotFound
from localdial_server.carriers.twilio.http_client import TwilioHttpClient
from localdial_server.domain.area_codes import area_code_of

# A filter finds few numbers; a second page is only for accounts with many numbers of one name.
_FILTERED_PAGE: Final = 50

# The countries where Twilio searches by area code. Elsewhere it does not, not even in the rest of the NANP.
_SEARCHED_BY_AREA_CODE: Final = frozenset({"US", "CA"})

# A pattern also finds numbers of longer area codes (`+492` matches `+49201`).
_SURPLUS: Final = 5

# The most characters that the database stores. Twilio's own regions have two letters.
_LONGEST_LOCALITY: Final = 200
_LONGEST_REGION: Final = 16

_MICROS: Final = 1_000_000

# Must not be empty: the library would read the process's environment instead, which may name another
# account or host.
_NO_ENVIRONMENT: Final = {"TWILIO_REGION": ""}


@dataclass(frozen=True, slots=True)
class TwilioNumber:
    """A number (E.164, or a short code) that an account owns. A value that the API omits is empty or None.

    `takes_calls` is False only if the API says that the number has no voice.
    """

    sid: str
    phone_number: str
    friendly_name: str
    created: dt.datetime | None
    takes_calls: bool
    call_route: CallRoute


class TwilioApi:
    """The API, with the credentials of one account. Not safe across threads.

    Accounts and numbers are named by their SIDs. Every method raises `RequestFailed` and ends by the
    deadline that `until` sets.
    """

    def __init__(self, account: TwilioAccount) -> None:
        self._page_size = account.page_size
        self._http = TwilioHttpClient(account.base_url, account.timeout)
        self._client = Client(
            account.username,
            account.password,
            account.account_sid,
            http_client=self._http,
            environment=_NO_ENVIRONMENT,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def until(self, deadline: float) -> "TwilioApi":
        """Set the deadline of the next requests (seconds of `time.monotonic`); return the API."""
        self._http.deadline = deadline
        return self

    def search(self, account_sid: str, country: str, area_code: str, limit: int) -> list[AvailableNumber]:
        """Return at most `limit` different numbers on sale in the area code that can receive calls."""
        by_area_code = country in _SEARCHED_BY_AREA_CODE
        # A pattern with a plus matches the beginning of a number.
        pattern = area_code if area_code.startswith("+") else f"+1{area_code}"
        wanted = min(limit if by_area_code else limit * _SURPLUS, LARGEST_PAGE)
        on_sale = self._account(account_sid).available_phone_numbers(country).local
        try:
            offers = on_sale.list(
                area_code=int(area_code) if by_area_code else values.unset,
                contains=values.unset if by_area_code else pattern,
                voice_enabled=True,
                limit=wanted,
                page_size=min(wanted, self._page_size),
            )
        except ApiError as error:
            if error.code in NO_STOCK:
                return []
            if not isinstance(error, NotFound):
                raise
            # Twilio sells nothing in the country, unless the account does not exist: then the probe raises.
            self.probe(account_sid)
            return []
        numbers = {
            number: AvailableNumber(
                number,
                (offer.locality or "")[:_LONGEST_LOCALITY],
                (offer.region or "")[:_LONGEST_REGION],
            )
            for offer in offers
            if area_code_of(number := offer.phone_number or "") == area_code
            and _takes_calls(offer.capabilities)
        }
        return list(numbers.values())[:limit]

    def find_by_phone_number(self, account_sid: str, phone_number: str) -> TwilioNumber | None:
        """Return the number if the account owns it, else None."""
        found = self._numbers(account_sid).stream(phone_number=phone_number, page_size=_FILTERED_PAGE)
        return next((number for number in map(_number, found) if number.phone_number == phone_number), None)

    def find_by_friendly_name(self, account_sid: str, name: str) -> TwilioNumber | None:
        """Return the account's number with exactly this name, else None."""
        found = self._numbers(account_sid).stream(friendly_name=name, page_size=_FILTERED_PAGE)
        return next((number for number in map(_number, found) if number.friendly_name == name), None)

    def list_numbers(self, account_sid: str) -> Sequence[TwilioNumber]:
        """Return every number that the account owns, the newest first.

        A number bought during the listing may be missing, or make another one appear twice.
        """
        return list(map(_number, self._numbers(account_sid).stream(page_size=self._page_size)))

    def probe(self, account_sid: str) -> None:
        """Make a request that succeeds for every active account, and with every kind of API key."""
        self._numbers(account_sid).list(limit=1)

    def buy(self, account_sid: str, phone_number: str, name: str, settings: NumberSettings) -> TwilioNumber:
        """Buy the number and set it up; return it. A number that the account owns is only set up."""
        created = self._numbers(account_sid).create(
            phone_number=phone_number,
            friendly_name=name,
            **_voice_fields(settings),
            **_regulatory_fields(settings, phone_number),
        )
        return _number(created)

    def set_up(self, account_sid: str, number_sid: str, settings: NumberSettings) -> TwilioNumber:
        """Route the number's calls; return it."""
        number = self._account(account_sid).incoming_phone_numbers(number_sid)
        # A number keeps its name, and the address and the bundle that it was bought with.
        updated = number.update(**_voice_fields(settings))
        if settings.voice_url and (updated.voice_application_sid or updated.trunk_sid):
            # Both take precedence over the URL. An empty value removes them: Twilio's guides say so,
            # though its API description does not allow it.
            updated = number.update(voice_application_sid="", trunk_sid="")
        return _number(updated)

    def rename(self, account_sid: str, number_sid: str, name: str) -> None:
        """Name the number, and change nothing else."""
        self._account(account_sid).incoming_phone_numbers(number_sid).update(friendly_name=name)

    def release(self, account_sid: str, number_sid: str) -> bool:
        """Release the number; return whether the account owned it."""
        try:
            self._account(account_sid).incoming_phone_numbers(number_sid).delete()
        except NotFound:
            # A wrong base URL or a closed account also gives a 404, and then the number still costs money.
            self.probe(account_sid)
            return False
        return True

    def has_emergency_address(self, account_sid: str, number_sid: str) -> bool:
        """Return whether an emergency address is registered for the number."""
        found = self._account(account_sid).incoming_phone_numbers(number_sid).fetch()
        return bool(found.emergency_address_sid)

    def local_price(self, country: str) -> Price | None:
        """Return the monthly price of a local number in the country (ISO 3166), or None if it is unknown."""
        try:
            found = self._client.pricing.v1.phone_numbers.countries(country).fetch()
        except NotFound:
            return None
        kinds: Any = found.phone_number_prices or ()
        kind: Any = next((each for each in kinds if str(each.get("number_type", "")).lower() == "local"), {})
        try:
            amount = Decimal(str(kind.get("current_price") or kind.get("base_price")))
        except InvalidOperation:
            return None
        return Price((found.price_unit or "").upper(), int(amount * _MICROS)) if amount.is_finite() else None

    def account(self, account_sid: str) -> tuple[str, str]:
        """Return the account's status (`active`) and type (`Full`)."""
        found = self._account(account_sid).fetch()
        return str(found.status or ""), str(found.type or "")

    def balance(self, account_sid: str) -> tuple[str, str]:
        """Return the account's balance, a decimal number, and its currency (ISO 4217); empty if unknown."""
        found = self._account(account_sid).balance.fetch()
        return found.balance or "", found.currency or ""

    def application(self, account_sid: str, sid: str) -> str | None:
        """Return the voice URL of a TwiML application, empty if it has none; None if it does not exist."""
        try:
            found = self._account(account_sid).applications(sid).fetch()
        except NotFound:
            return None
        return found.voice_url or ""

    @property
    def last_response_at(self) -> dt.datetime | None:
        """The time of the last response by the carrier's clock, or None if it had no date."""
        date = self._http.last_date
        try:
            return email.utils.parsedate_to_datetime(date) if date else None
        except ValueError:
            return None

    def _account(self, account_sid: str) -> AccountContext:
        return self._client.api.v2010.accounts(account_sid)

    def _numbers(self, account_sid: str) -> IncomingPhoneNumberList:
        return self._account(account_sid).incoming_phone_numbers


def _voice_fields(settings: NumberSettings) -> dict[str, Any]:
    return _not_empty(
        voice_url=settings.voice_url,
        voice_method="POST" if settings.voice_url else "",
        voice_application_sid=settings.voice_application_sid,
        trunk_sid=settings.trunk_sid,
    )


def _regulatory_fields(settings: NumberSettings, phone_number: str) -> dict[str, Any]:
    bundle_sid = "" if phone_number.startswith("+1") else settings.bundle_sid
    return _not_empty(address_sid=settings.address_sid, bundle_sid=bundle_sid)


def _not_empty(**fields: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _takes_calls(capabilities: object) -> bool:
    # Trust a carrier that lists no capabilities.
    if not isinstance(capabilities, dict):
        return True
    return bool({name.lower(): value for name, value in capabilities.items()}.get("voice", True))


def _number(found: IncomingPhoneNumberInstance) -> TwilioNumber:
    # A number whose SID cannot be part of a path could never be released.
    if not (found.sid and is_resource_id(found.sid) and found.phone_number):
        raise NoResponse("the carrier's response names no number")
    return TwilioNumber(
        sid=found.sid,
        phone_number=found.phone_number,
        friendly_name=found.friendly_name or "",
        created=found.date_created,
        takes_calls=_takes_calls(found.capabilities),
        call_route=CallRoute(
            found.voice_url or "",
            (found.voice_method or "POST").upper() if found.voice_url else "",
            found.voice_application_sid or "",
            found.trunk_sid or "",
        ),
    )
