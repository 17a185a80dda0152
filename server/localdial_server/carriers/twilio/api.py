"""The calls of Twilio's API that localdial makes, through the library, in one thread."""

import datetime as dt
import email.utils
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from twilio.base import values
from twilio.rest import Client
from twilio.rest.api.v2010.account import AccountContext
from twilio.rest.api.v2010.account.available_phone_number_country.local import LocalInstance
from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance

from localdial_server.carriers.twilio.account import NumberSettings, TwilioAccount, is_resource_id
from localdial_server.carriers.twilio.error_codes import Failure, NoAnswer
from localdial_server.carriers.twilio.http_client import CarrierHttp

# The filters are exact, and a number is owned once: a second page is for those
# who have given many numbers the same name.
_FOUND_PAGE: Final = 50

# Not empty: the library would take the process's environment in its place, and
# with it another account, or another host.
_NO_ENVIRONMENT: Final = {"TWILIO_REGION": ""}


@dataclass(frozen=True, slots=True)
class Owned:
    """A number of an account, as the API shows it."""

    sid: str
    phone_number: str
    friendly_name: str
    created: dt.datetime | None
    voice_application_sid: str
    trunk_sid: str


class TwilioApi:
    """The account's API. Not safe across threads.

    Every method raises ``Failure``, ``NotSent`` and ``NoAnswer``, and ends within
    what ``until`` was told.
    """

    def __init__(self, account: TwilioAccount) -> None:
        self._page_size = account.page_size
        self._http = CarrierHttp(account.base_url, account.timeout)
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
        """Have the next calls end by the deadline (of ``time.monotonic``)."""
        self._http.deadline = deadline
        return self

    def search(
        self, account_sid: str, country: str, *, area_code: str = "", contains: str = "", limit: int
    ) -> Sequence[LocalInstance]:
        """Answer numbers on sale that take calls: ``area_code`` in the NANP, ``contains`` elsewhere."""
        numbers = self._account(account_sid).available_phone_numbers(country).local
        return numbers.list(
            area_code=int(area_code) if area_code else values.unset,
            contains=contains or values.unset,
            voice_enabled=True,
            limit=limit,
            page_size=min(limit, self._page_size),
        )

    def owned_with_number(self, account_sid: str, phone_number: str) -> Owned | None:
        """Answer the number if the account owns it."""
        found = self._account(account_sid).incoming_phone_numbers.stream(
            phone_number=phone_number, page_size=_FOUND_PAGE
        )
        return next((owned for owned in _owned(found) if owned.phone_number == phone_number), None)

    def owned_with_name(self, account_sid: str, friendly_name: str) -> Owned | None:
        """Answer the number of exactly this name if the account owns one."""
        found = self._account(account_sid).incoming_phone_numbers.stream(
            friendly_name=friendly_name, page_size=_FOUND_PAGE
        )
        return next((owned for owned in _owned(found) if owned.friendly_name == friendly_name), None)

    def all_owned(self, account_sid: str) -> Sequence[Owned]:
        """Answer every number that the account owns."""
        numbers = self._account(account_sid).incoming_phone_numbers
        return list(_owned(numbers.stream(page_size=self._page_size)))

    def probe(self, account_sid: str) -> None:
        """Ask for something that every account has an answer to, and every key may ask for."""
        self._account(account_sid).incoming_phone_numbers.list(limit=1)

    def buy(self, account_sid: str, phone_number: str, name: str, settings: NumberSettings) -> Owned:
        """Buy the number, or, where the account owns it already, set it up: the answers are the same."""
        created = self._account(account_sid).incoming_phone_numbers.create(
            phone_number=phone_number,
            friendly_name=name,
            **_voice(settings),
            **_papers(settings, phone_number),
        )
        return _owned_number(created)

    def set_up(self, account_sid: str, number_sid: str, name: str, settings: NumberSettings) -> Owned:
        """Name the number and send its calls where they are to go."""
        number = self._account(account_sid).incoming_phone_numbers(number_sid)
        # A number keeps the address and the papers it was bought with.
        updated = _owned_number(number.update(friendly_name=name, **_voice(settings)))
        if settings.voice_url and (updated.voice_application_sid or updated.trunk_sid):
            # Either goes before the URL, and only an empty one removes it. Twilio's
            # description of the API has no empty ones, its explanations do.
            updated = _owned_number(number.update(voice_application_sid="", trunk_sid=""))
        return updated

    def rename(self, account_sid: str, number_sid: str, name: str) -> None:
        """Give the number a name and leave the rest."""
        self._account(account_sid).incoming_phone_numbers(number_sid).update(friendly_name=name)

    def release(self, account_sid: str, number_sid: str) -> bool:
        """Give the number back; answer whether the account knew it."""
        try:
            self._account(account_sid).incoming_phone_numbers(number_sid).delete()
        except Failure as failure:
            if not failure.is_not_found:
                raise
            # A wrong address and an account that is closed say so as well, and there the
            # number goes on costing money.
            self.probe(account_sid)
            return False
        return True

    def prices(self, country: str) -> tuple[str, Sequence[dict[str, Any]]] | None:
        """Answer the currency and the prices of each kind of number; None where there are none."""
        try:
            found = self._client.pricing.v1.phone_numbers.countries(country).fetch()
        except Failure as failure:
            if failure.is_not_found:
                return None
            raise
        prices: Any = found.phone_number_prices
        return (found.price_unit or "").upper(), prices or ()

    def account(self, account_sid: str) -> tuple[str, str]:
        """Answer the account's status (``active``) and type (``Full``)."""
        found = self._account(account_sid).fetch()
        return str(found.status or ""), str(found.type or "")

    def balance(self, account_sid: str) -> tuple[str, str]:
        """Answer what money is left, and its currency."""
        # A list with one method: the API has no other way to it.
        found = self._account(account_sid).balance.fetch()
        return found.balance or "", found.currency or ""

    def application(self, account_sid: str, sid: str) -> str | None:
        """Answer the voice URL of a TwiML application, empty without one; None if there is no such thing."""
        try:
            found = self._account(account_sid).applications(sid).fetch()
        except Failure as failure:
            if failure.is_not_found:
                return None
            raise
        return found.voice_url or ""

    @property
    def answered_at(self) -> dt.datetime | None:
        """The carrier's own time of its last answer, None if it does not tell."""
        return _time(self._http.answered_at)

    def _account(self, account_sid: str) -> AccountContext:
        return self._client.api.v2010.accounts(account_sid)


def _voice(settings: NumberSettings) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if settings.voice_url:
        given |= {"voice_url": settings.voice_url, "voice_method": "POST"}
    if settings.voice_application_sid:
        given["voice_application_sid"] = settings.voice_application_sid
    if settings.trunk_sid:
        given["trunk_sid"] = settings.trunk_sid
    return given


def _papers(settings: NumberSettings, phone_number: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if settings.address_sid:
        given["address_sid"] = settings.address_sid
    if settings.bundle_sid and not phone_number.startswith("+1"):
        given["bundle_sid"] = settings.bundle_sid
    return given


def _owned(found: Iterator[IncomingPhoneNumberInstance]) -> Iterator[Owned]:
    return (_owned_number(each) for each in found)


def _owned_number(found: IncomingPhoneNumberInstance) -> Owned:
    # An identifier that no path can be made of could never be given back.
    if not (found.sid and is_resource_id(found.sid) and found.phone_number):
        raise NoAnswer("the carrier's answer names no number")
    return Owned(
        sid=found.sid,
        phone_number=found.phone_number,
        friendly_name=found.friendly_name or "",
        created=found.date_created,
        voice_application_sid=found.voice_application_sid or "",
        trunk_sid=found.trunk_sid or "",
    )


def _time(header: str) -> dt.datetime | None:
    try:
        return email.utils.parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
