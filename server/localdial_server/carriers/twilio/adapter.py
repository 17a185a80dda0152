"""Twilio as a carrier: one account, and all configured accounts."""

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final, TypeVar

from typing_extensions import override

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    CallRoute,
    Capabilities,
    Carrier,
    Carriers,
    NumberNotOwned,
    OwnedNumber,
    Price,
    RefusalCause,
    Refused,
    require_valid_reference,
)
from localdial_server.carriers.twilio.account import NO_CALL_ROUTE, TwilioAccount, is_resource_id
from localdial_server.carriers.twilio.api import TwilioApi, TwilioNumber
from localdial_server.carriers.twilio.error_codes import ApiError, NotFound, RequestFailed, release_error
from localdial_server.carriers.twilio.order import order
from localdial_server.carriers.twilio.request_threads import RequestThreads
from localdial_server.domain.area_codes import area_code_of, country_of, region_of

T = TypeVar("T")

NAME: Final = "twilio"

# Twilio allows an account about 100 requests at a time.
_THREADS: Final = 16
_WAITING: Final = 256

# Twilio has been seen to answer look-ups right after a purchase with 404. It does not document
# how long that may last.
_READ_LAG_SECONDS: Final = 120.0

# A request returns up to 1000 numbers of a list.
_MAX_REQUESTS_OF_A_LIST: Final = 30

_PRICE_SECONDS: Final = 3600.0

_CALLBACK_WARNING: Final = (
    "call-backs to numbers that are bought now reach nobody, because no setting of the server says where"
    f" calls to them go: {NO_CALL_ROUTE}, and restart the server"
)
_NOT_CONFIGURED: Final = (
    "The server cannot have calls sent to it, because no setting says where calls to the numbers go:"
    f" {NO_CALL_ROUTE}, and restart the server."
)

# Twilio names a number after itself unless it is given a name: `(415) 555-0100`.
_DEFAULT_NAME: Final = re.compile(r"[0-9 ()+.-]{7,}")

_CAPABILITIES: Final = Capabilities(asynchronous_orders=False, read_lag_seconds=_READ_LAG_SECONDS)


class TwilioCarrier(Carrier):
    """One account or subaccount, created by `TwilioCarriers`."""

    def __init__(self, account: TwilioAccount, sid: str, requests: RequestThreads, prices: "_Prices") -> None:
        self._account_sid = sid
        self._settings = account.numbers
        self._requests = requests
        self._prices = prices

    @property
    @override
    def name(self) -> str:
        return NAME

    @property
    @override
    def account(self) -> str:
        return self._account_sid

    @property
    @override
    def capabilities(self) -> Capabilities:
        return _CAPABILITIES

    @property
    @override
    def call_route(self) -> CallRoute:
        return self._settings.call_route

    @property
    @override
    def callback_warning(self) -> str:
        return "" if self.call_route.in_effect != CallRoute() else _CALLBACK_WARNING

    @override
    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        country, region = country_of(area_code), region_of(area_code) or ""
        if country is None or limit < 1:
            return []
        found = await self._requests.look(
            lambda api: api.search(self._account_sid, country, area_code, limit)
        )
        return [replace(number, region=number.region or region) for number in found]

    @override
    async def order(self, phone_number: str, reference: str, timeout: float) -> OwnedNumber:
        require_valid_reference(reference)

        def change(api: TwilioApi) -> OwnedNumber:
            return _number(order(api, self._account_sid, phone_number, reference, self._settings))

        return await self._requests.change((self._account_sid, phone_number), change, timeout)

    @override
    async def find_by_reference(self, reference: str) -> OwnedNumber | None:
        return await self._requests.look(
            lambda api: _found(api.find_by_friendly_name(self._account_sid, reference))
        )

    @override
    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        return await self._requests.look(
            lambda api: _found(api.find_by_phone_number(self._account_sid, phone_number))
        )

    @override
    async def list_owned(self) -> Sequence[OwnedNumber]:
        owned = await self._requests.look(
            lambda api: api.list_numbers(self._account_sid), requests=_MAX_REQUESTS_OF_A_LIST
        )
        # If a number is bought meanwhile, another one can appear on two pages.
        numbers = {each.phone_number: each for each in owned}
        return [_number(numbers[phone_number]) for phone_number in sorted(numbers)]

    @override
    async def configure(self, carrier_number_id: str) -> OwnedNumber:
        if self.callback_warning:
            raise Refused(RefusalCause.INVALID, _NOT_CONFIGURED)
        if not is_resource_id(carrier_number_id):
            raise NumberNotOwned("the identifier cannot be one of the carrier's")

        def change(api: TwilioApi) -> OwnedNumber:
            try:
                return _number(api.set_up(self._account_sid, carrier_number_id, self._settings))
            except NotFound as error:
                raise NumberNotOwned("the account does not own the number") from error

        return await self._requests.change((self._account_sid, carrier_number_id), change)

    @override
    async def release(self, carrier_number_id: str) -> bool:
        if not is_resource_id(carrier_number_id):
            return False

        def change(api: TwilioApi) -> bool:
            try:
                return api.release(self._account_sid, carrier_number_id)
            except ApiError as error:
                has_emergency_address = False
                if error.status == HTTPStatus.BAD_REQUEST:
                    with contextlib.suppress(RequestFailed):
                        has_emergency_address = api.has_emergency_address(
                            self._account_sid, carrier_number_id
                        )
                raise release_error(error, has_emergency_address=has_emergency_address) from error

        return await self._requests.change((self._account_sid, carrier_number_id), change)

    @override
    async def monthly_price(self, phone_number: str) -> Price | None:
        country = country_of(area_code_of(phone_number) or "")
        return await self._prices.of(country) if country else None

    async def look(self, look: Callable[[TwilioApi], T]) -> T:
        """Return what `look` returns; raise the errors of a look-up. For `localdial doctor`."""
        return await self._requests.look(look)


class TwilioCarriers(Carriers):
    """The main account, and the subaccounts that some organizations buy in.

    Use it from one event loop only. All accounts share one pool of threads, which `close` ends.
    """

    def __init__(self, account: TwilioAccount, *, threads: int = _THREADS, waiting: int = _WAITING) -> None:
        requests = RequestThreads(account, threads=threads, waiting=waiting)
        prices = _Prices(requests)
        self.threads = requests.threads
        sids = dict.fromkeys([account.account_sid, *account.subaccounts.values()])
        self._accounts = {sid: TwilioCarrier(account, sid, requests, prices) for sid in sids}
        self._main = self._accounts[account.account_sid]
        self._subaccounts = {
            organization_id: self._accounts[sid] for organization_id, sid in account.subaccounts.items()
        }

    @property
    @override
    def name(self) -> str:
        return NAME

    @override
    def for_organization(self, organization_id: str) -> TwilioCarrier:
        return self._subaccounts.get(organization_id, self._main)

    @override
    def is_shared(self, organization_id: str) -> bool:
        # Every organization without a subaccount buys in the main account.
        account = self.for_organization(organization_id)
        return account is self._main or list(self._subaccounts.values()).count(account) > 1

    @override
    def by_account(self, account: str) -> TwilioCarrier | None:
        return self._accounts.get(account)

    @override
    def all(self) -> Sequence[TwilioCarrier]:
        return list(self._accounts.values())

    def close(self) -> None:
        """Refuse further requests. Running requests finish on their own."""
        self.threads.close()


class _Prices:
    """The monthly prices of local numbers, each fetched at most once an hour."""

    def __init__(self, requests: RequestThreads) -> None:
        self._requests = requests
        self._cache: dict[str, tuple[float, Price | None]] = {}

    async def of(self, country: str) -> Price | None:
        """Return the price in a country (ISO 3166), or None if it is unknown."""
        cached = self._cache.get(country)
        if cached is None or time.monotonic() > cached[0]:
            price = await self._requests.look(lambda api: api.local_price(country))
            cached = self._cache[country] = (time.monotonic() + _PRICE_SECONDS, price)
        return cached[1]


def _found(owned: TwilioNumber | None) -> OwnedNumber | None:
    return _number(owned) if owned is not None else None


def _number(owned: TwilioNumber) -> OwnedNumber:
    # Twilio shows the town of a number only while it is on sale.
    return OwnedNumber(
        phone_number=owned.phone_number,
        carrier_number_id=owned.sid,
        reference="" if _has_default_name(owned) else owned.friendly_name,
        region=region_of(area_code_of(owned.phone_number) or "") or "",
        takes_calls=owned.takes_calls,
        call_route=owned.call_route,
    )


def _has_default_name(owned: TwilioNumber) -> bool:
    name = owned.friendly_name
    return bool(_DEFAULT_NAME.fullmatch(name)) and owned.phone_number.endswith(re.sub("[^0-9]", "", name))
