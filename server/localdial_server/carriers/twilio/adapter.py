"""Twilio as a carrier: the port's calls, of one account and of all that are set up."""

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from localdial_server.app.ports.carrier import (
    AvailableNumber,
    Capabilities,
    NumberNotOwned,
    OwnedNumber,
    Price,
    RefusalCause,
    Refused,
)
from localdial_server.carriers.twilio.account import TwilioAccount, is_resource_id
from localdial_server.carriers.twilio.api import Owned, TwilioApi
from localdial_server.carriers.twilio.calls import Calls
from localdial_server.carriers.twilio.error_codes import NO_STOCK, Failure
from localdial_server.carriers.twilio.order import order
from localdial_server.carriers.twilio.prices import PriceList, Prices
from localdial_server.carriers.twilio.search import on_sale, query
from localdial_server.carriers.twilio.threads import Threads
from localdial_server.domain.area_codes import area_code_of, country_of, region_of

T = TypeVar("T")

NAME: Final = "twilio"

# Twilio lets an account have about 100 requests under way.
_THREADS: Final = 16
_WAITING: Final = 256

# A look-up right after a purchase has been seen to answer 404. How long that may
# last nobody says; a number counts as not bought only after this.
_READ_LAG_SECONDS: Final = 120.0

# All the pages of a list, of 1000 numbers each.
_REQUESTS_OF_A_LIST: Final = 30

_REFERENCE: Final = re.compile(r"[!-~]{1,64}")
# Unless it is given a name, a number is named after itself: `(415) 555-0100`.
_OWN_NAME: Final = re.compile(r"[0-9 ()+.-]{7,}")

_CAPABILITIES: Final = Capabilities(asynchronous_orders=False, read_lag_seconds=_READ_LAG_SECONDS)


class TwilioCarrier:
    """One account (or subaccount) as a ``Carrier``; made by ``TwilioCarriers``."""

    def __init__(self, account: TwilioAccount, account_sid: str, calls: Calls, prices: Prices) -> None:
        self._account_sid = account_sid
        self._settings = account.numbers
        self._calls = calls
        self._prices = prices

    @property
    def name(self) -> str:
        """Answer ``twilio``."""
        return NAME

    @property
    def account(self) -> str:
        """Answer the account's SID."""
        return self._account_sid

    @property
    def capabilities(self) -> Capabilities:
        """Tell that orders are filled at once, and look-ups may lag behind."""
        return _CAPABILITIES

    async def search(self, area_code: str, limit: int) -> Sequence[AvailableNumber]:
        """Search the local numbers of the area code's country."""
        wanted = query(area_code, limit)
        if wanted is None:
            return []

        def look(api: TwilioApi) -> Sequence[AvailableNumber]:
            try:
                offers = api.search(
                    self._account_sid,
                    wanted.country,
                    area_code=wanted.area_code,
                    contains=wanted.contains,
                    limit=wanted.limit,
                )
            except Failure as failure:
                if failure.code in NO_STOCK:
                    return []
                if failure.is_not_found:
                    # A country that nothing is sold in, or an account that is none.
                    api.probe(self._account_sid)
                    return []
                raise
            return list(on_sale(offers, area_code))[:limit]

        return await self._calls.look(look)

    async def order(
        self,
        phone_number: str,
        reference: str,
        timeout: float,  # noqa: ASYNC109 (the port's: the outcome is unknown then, not cancelled)
    ) -> OwnedNumber:
        """Look the number up, and buy it unless the account owns it."""
        if not _REFERENCE.fullmatch(reference):
            raise Refused(
                RefusalCause.INVALID, "The order's reference must be 1 to 64 visible ASCII characters."
            )

        def change(api: TwilioApi) -> OwnedNumber:
            return _number(order(api, self._account_sid, phone_number, reference, self._settings))

        return await self._calls.change((self._account_sid, phone_number), change, timeout)

    async def find_by_reference(self, reference: str) -> OwnedNumber | None:
        """Look for the number with the reference as its friendly name."""
        return await self._calls.look(lambda api: _found(api.owned_with_name(self._account_sid, reference)))

    async def find_by_number(self, phone_number: str) -> OwnedNumber | None:
        """Look for the number."""
        return await self._calls.look(
            lambda api: _found(api.owned_with_number(self._account_sid, phone_number))
        )

    async def list_owned(self) -> Sequence[OwnedNumber]:
        """Read all pages of what the account owns."""
        owned = await self._calls.look(
            lambda api: api.all_owned(self._account_sid), requests=_REQUESTS_OF_A_LIST
        )
        # A number that is bought in the middle may turn up on two pages.
        numbers = {each.phone_number: each for each in owned}
        return [_number(numbers[phone_number]) for phone_number in sorted(numbers)]

    async def configure(self, carrier_number_id: str, reference: str) -> OwnedNumber:
        """Name the number, and send its calls where the settings say."""
        if not is_resource_id(carrier_number_id):
            raise NumberNotOwned("there is no number with such an identifier")

        def change(api: TwilioApi) -> OwnedNumber:
            try:
                return _number(api.set_up(self._account_sid, carrier_number_id, reference, self._settings))
            except Failure as failure:
                if failure.is_not_found:
                    raise NumberNotOwned("the account does not own the number") from failure
                raise

        return await self._calls.change((self._account_sid, carrier_number_id), change)

    async def release(self, carrier_number_id: str) -> bool:
        """Delete the number; one that is not found is gone, unless it was bought just now."""
        if not is_resource_id(carrier_number_id):
            return False
        return await self._calls.change(
            (self._account_sid, carrier_number_id),
            lambda api: api.release(self._account_sid, carrier_number_id),
        )

    async def monthly_price(self, phone_number: str) -> Price | None:
        """Answer what a local number costs in the number's country, as the account pays it."""
        country = country_of(area_code_of(phone_number) or "")
        return await self._prices.of(country) if country else None

    async def look(self, look: Callable[[TwilioApi], T]) -> T:
        """Answer some other look at the API, with the errors of a look-up."""
        return await self._calls.look(look)


class TwilioCarriers:
    """The accounts at Twilio: one for all, and those of their own that some organizations have.

    For one event loop. All share the threads, which end with ``close``.
    """

    def __init__(self, account: TwilioAccount, *, threads: int = _THREADS, waiting: int = _WAITING) -> None:
        self._calls = Calls(account, threads=threads, waiting=waiting)
        prices = Prices(self._ask_prices)
        sids = dict.fromkeys([account.account_sid, *account.subaccounts.values()])
        self._accounts = {sid: TwilioCarrier(account, sid, self._calls, prices) for sid in sids}
        self._for_all = self._accounts[account.account_sid]
        self._of_organization = {
            organization_id: self._accounts[sid] for organization_id, sid in account.subaccounts.items()
        }

    @property
    def name(self) -> str:
        """Answer ``twilio``."""
        return NAME

    def for_organization(self, organization_id: str) -> TwilioCarrier:
        """Answer the organization's own account if it has one, else the one for all."""
        return self._of_organization.get(organization_id, self._for_all)

    def by_account(self, account: str) -> TwilioCarrier | None:
        """Answer the account with the SID if the settings name it."""
        return self._accounts.get(account)

    def all(self) -> Sequence[TwilioCarrier]:
        """Answer the account for all, then the others."""
        return list(self._accounts.values())

    @property
    def threads(self) -> Threads[TwilioApi]:
        """The threads that the calls are made in."""
        return self._calls.threads

    def close(self) -> None:
        """Make no more calls; those under way end by themselves."""
        self._calls.threads.close()

    async def _ask_prices(self, country: str) -> PriceList | None:
        return await self._calls.look(lambda api: api.prices(country))


def _found(owned: Owned | None) -> OwnedNumber | None:
    return _number(owned) if owned is not None else None


def _number(owned: Owned) -> OwnedNumber:
    # The town of a number is known while it is on sale, and not after.
    return OwnedNumber(
        phone_number=owned.phone_number,
        carrier_number_id=owned.sid,
        reference="" if _is_own_name(owned) else owned.friendly_name,
        region=region_of(area_code_of(owned.phone_number) or "") or "",
    )


def _is_own_name(owned: Owned) -> bool:
    name = owned.friendly_name
    return bool(_OWN_NAME.fullmatch(name)) and owned.phone_number.endswith(re.sub("[^0-9]", "", name))
