"""Comparing the inventory with the carrier: settle what is open, report what differs.

Numbers that are held elsewhere are left alone: our carrier knows nothing about them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.lookup import require_organization
from localdial_server.app.numbers.carrier_accounts import account_of, to_service_error
from localdial_server.app.numbers.pending_order import is_order
from localdial_server.app.numbers.settle import Settled, Sweep
from localdial_server.app.numbers.usable import obstacle
from localdial_server.app.ports.carrier import (
    AccountNotSetUp,
    CallRoute,
    CarrierError,
    Carriers,
    CarrierUnavailable,
    NumberNotOwned,
    OwnedNumber,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import NumberQuery, Reader, Store
from localdial_server.domain.errors import (
    NumberLostVoice,
    NumberNotAtCarrier,
    OrderNotLookedUp,
    PurchasePending,
    ServiceError,
)
from localdial_server.domain.model import Number, NumberState
from localdial_server.domain.number_life_cycle import release_error

# How many numbers or organizations one transaction reads.
_PAGE = 1000

# How many numbers are looked up at the carrier at once.
_CONCURRENT_LOOK_UPS = 8

_by_number = attrgetter("phone_number")


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """The monthly cost of `number_count` numbers, in millionths of the currency unit (ISO 4217).

    An empty `currency_code` counts the numbers whose price is not known.
    """

    currency_code: str
    micros: int
    number_count: int


@dataclass(frozen=True, slots=True)
class Drifted:
    """An active number whose calls do not reach us, what is set for them, and why that was not repaired.

    `takes_calls` is False if it takes no voice calls any more, whatever is set. `error` is None if no
    repair was tried.
    """

    number: Number
    call_route: CallRoute
    takes_calls: bool = True
    error: PublicError | None = None

    @property
    def phone_number(self) -> str:
        """The number, in E.164."""
        return self.number.phone_number


@dataclass(frozen=True, slots=True)
class Report:
    """The numbers that were settled, are still open, or differ; each list by phone number.

    `adopted`, `abandoned` and `released` were settled by this call. `missing` are active numbers that
    the account does not own. No organization has the account's `strays` and `unusable` numbers, and none can
    import the latter. `drifted` are active numbers whose calls do not reach us, and `configured` those that
    this call repaired. `callback_warning` is why drift cannot be detected: no setting says where calls to the
    numbers go; empty if one does. `costs` are by currency.
    """

    adopted: Sequence[Number]
    abandoned: Sequence[Number]
    released: Sequence[Number]
    still_open: Sequence[NumberFailure]
    missing: Sequence[Number]
    strays: Sequence[OwnedNumber]
    unusable: Sequence[OwnedNumber]
    drifted: Sequence[Drifted]
    configured: Sequence[Number]
    callback_warning: str
    costs: Sequence[MonthlyCost]


class Reconciling:
    """Compares the inventory of one organization, or of all, with the carrier."""

    def __init__(self, store: Store, carriers: Carriers, sweep: Sweep, clock: Clock) -> None:
        self._store = store
        self._carriers = carriers
        self._sweep = sweep
        self._clock = clock

    async def reconcile(self, organization_id: str | None, *, configure: bool = False) -> Report:
        """Settle the open numbers of the organization, or of all (None), and report.

        With `configure`, also have the carrier send the calls to drifted numbers to us. Only a report on
        all organizations has strays and unusable numbers. Raises `OrganizationNotFound`,
        `CarrierRefused` and `CarrierNotAvailable`.
        """
        settled = await self._sweep.settle(
            await self._store.read(
                "reconcile.list_open", lambda reader: _open_numbers(reader, organization_id)
            )
        )
        # A number that is bought or released meanwhile must not be reported as missing or as a stray.
        # So the inventory is read before the carrier for missing numbers, and after it for strays.
        numbers = await self._active(organization_id)
        elsewhere = self._elsewhere(numbers, organization_id)
        here = [number for number in numbers if number.phone_number not in elsewhere]
        try:
            owned = await self._owned(organization_id, here)
            missing = [number for number in here if number.phone_number not in owned[number.carrier_account]]
            missing = await self._still_missing(missing)
            unused = await self._unused(owned) if organization_id is None else []
            drifted = self._drifted(here, owned)
            configured: list[Number] = []
            if configure:
                configured, drifted = await self._configured(drifted, owned)
            costs = await self._costs([*here, *_kept(settled)])
        except (CarrierUnavailable, Refused) as error:
            raise to_service_error(error, organization_id) from error
        still_open = list(elsewhere.values())
        still_open += [
            NumberFailure(one.before.phone_number, PublicError.of(_why_open(one)))
            for one in settled
            if one.after is not None and one.after.state.is_open
        ]
        return Report(
            adopted=_ended(settled, NumberState.ACTIVE),
            abandoned=sorted((one.before for one in settled if one.after is None), key=_by_number),
            released=_ended(settled, NumberState.RELEASED),
            still_open=sorted(still_open, key=_by_number),
            missing=missing,
            strays=[number for number in unused if not obstacle(number)],
            unusable=[number for number in unused if obstacle(number)],
            drifted=drifted,
            configured=configured,
            callback_warning=next(filter(None, (one.callback_warning for one in self._carriers.all())), ""),
            costs=costs,
        )

    def _drifted(
        self, numbers: Iterable[Number], owned: Mapping[str, Mapping[str, OwnedNumber]]
    ) -> list[Drifted]:
        """Return the numbers whose calls do not go where our settings say, by phone number."""
        found: list[Drifted] = []
        for number in numbers:
            wanted = account_of(self._carriers, number).call_route.in_effect
            at_carrier = owned[number.carrier_account].get(number.phone_number)
            if at_carrier is None:
                continue
            # If the settings have no route, there is nothing to compare with.
            is_elsewhere = wanted not in (CallRoute(), at_carrier.call_route.in_effect)
            if is_elsewhere or not at_carrier.takes_calls:
                found.append(Drifted(number, at_carrier.call_route, at_carrier.takes_calls))
        return found

    async def _configured(
        self, drifted: Sequence[Drifted], owned: Mapping[str, Mapping[str, OwnedNumber]]
    ) -> tuple[list[Number], list[Drifted]]:
        """Have the carrier send these numbers' calls to us; return the repaired numbers and the others."""
        limit = asyncio.Semaphore(_CONCURRENT_LOOK_UPS)

        async def configure(one: Drifted) -> Drifted | None:
            number = one.number
            if not one.takes_calls:
                return replace(one, error=PublicError.of(NumberLostVoice(number.phone_number)))
            at_carrier = owned[number.carrier_account][number.phone_number]
            async with limit:
                try:
                    await account_of(self._carriers, number).configure(at_carrier.carrier_number_id)
                except NumberNotOwned:
                    return replace(one, error=PublicError.of(NumberNotAtCarrier(number.phone_number)))
                except CarrierError as error:
                    return replace(one, error=PublicError.of(to_service_error(error, number.organization_id)))
            return None

        left = await asyncio.gather(*map(configure, drifted))
        configured = [one.number for one, failed in zip(drifted, left, strict=True) if failed is None]
        return configured, [failed for failed in left if failed is not None]

    def _elsewhere(
        self, numbers: Iterable[Number], organization_id: str | None
    ) -> Mapping[str, NumberFailure]:
        """Return, by phone number, the numbers of accounts that this server does not know."""
        # An account may hold thousands of numbers, so log each account once.
        errors: dict[tuple[str, str], PublicError] = {}
        found: dict[str, NumberFailure] = {}
        for number in numbers:
            try:
                account_of(self._carriers, number)
            except AccountNotSetUp as error:
                account = number.carrier, number.carrier_account
                if account not in errors:
                    errors[account] = PublicError.of(to_service_error(error, organization_id))
                found[number.phone_number] = NumberFailure(number.phone_number, errors[account])
        return found

    async def _active(self, organization_id: str | None) -> list[Number]:
        """Return the active numbers that are not held elsewhere, by phone number; read in pages."""
        ids = [organization_id] if organization_id is not None else await self._organization_ids()
        found: list[Number] = []
        for one in ids:
            after = ""
            while page := await self._page_of_numbers(one, after):
                found += [number for number in page if not number.is_external]
                after = page[-1].phone_number
        return sorted(found, key=_by_number)

    async def _page_of_numbers(self, organization_id: str, after: str) -> Sequence[Number]:
        query = NumberQuery(organization_id, state=NumberState.ACTIVE)
        return await self._store.read(
            "reconcile.list_numbers", lambda reader: reader.numbers(query, after, _PAGE)
        )

    async def _organization_ids(self) -> list[str]:
        ids: list[str] = []
        while page := await self._page_of_organizations(ids[-1] if ids else ""):
            ids += page
        return ids

    async def _page_of_organizations(self, after: str) -> list[str]:
        page = await self._store.read(
            "reconcile.list_organizations", lambda reader: reader.organizations(after, _PAGE)
        )
        return [organization.organization_id for organization, _ in page]

    async def _owned(
        self, organization_id: str | None, here: Iterable[Number]
    ) -> Mapping[str, Mapping[str, OwnedNumber]]:
        """Return what the accounts own: by account, then by phone number."""
        wanted = {number.carrier_account for number in here}
        accounts = [
            account
            for account in self._carriers.all()
            if organization_id is None or account.account in wanted
        ]
        listed = await asyncio.gather(*(account.list_owned() for account in accounts))
        return {
            account.account: {number.phone_number: number for number in numbers}
            for account, numbers in zip(accounts, listed, strict=True)
        }

    async def _still_missing(self, suspects: Sequence[Number]) -> list[Number]:
        limit = asyncio.Semaphore(_CONCURRENT_LOOK_UPS)

        async def is_missing(number: Number) -> bool:
            async with limit:
                carrier = account_of(self._carriers, number)
                if carrier.capabilities.may_hide(number.carrier_busy_until, self._clock.now()):
                    return False
                owned = await carrier.find_by_number(number.phone_number)
                known = await self._store.read(
                    "reconcile.get_number",
                    lambda reader: reader.number(number.organization_id, number.phone_number),
                )
            return owned is None and known is not None and known.state is NumberState.ACTIVE

        missing = await asyncio.gather(*map(is_missing, suspects))
        return [number for number, is_so in zip(suspects, missing, strict=True) if is_so]

    async def _unused(self, owned: Mapping[str, Mapping[str, OwnedNumber]]) -> list[OwnedNumber]:
        listed = [number for numbers in owned.values() for number in numbers.values()]
        owners = await self._store.read(
            "reconcile.find_owners",
            lambda reader: reader.owners_of([number.phone_number for number in listed]),
        )
        suspects = [number for number in listed if number.phone_number not in owners]
        if not suspects:
            return []
        # List again: a suspect may have been released after the first list was made.
        again = await self._owned(None, ())
        kept = {number.carrier_number_id for numbers in again.values() for number in numbers.values()}
        return sorted((one for one in suspects if one.carrier_number_id in kept), key=_by_number)

    async def _costs(self, numbers: Iterable[Number]) -> list[MonthlyCost]:
        micros: defaultdict[str, int] = defaultdict(int)
        counts: defaultdict[str, int] = defaultdict(int)
        unpriced: set[str] = set()
        for number in numbers:
            price = None
            if number.carrier_account not in unpriced:
                try:
                    price = await account_of(self._carriers, number).monthly_price(number.phone_number)
                except (CarrierUnavailable, Refused):
                    # The report is useful without prices. Do not ask this account again for every number.
                    unpriced.add(number.carrier_account)
            currency = price.currency_code if price is not None else ""
            micros[currency] += price.micros if price is not None else 0
            counts[currency] += 1
        return [MonthlyCost(currency, micros[currency], counts[currency]) for currency in sorted(counts)]


def _open_numbers(reader: Reader, organization_id: str | None) -> Sequence[Number]:
    if organization_id is not None:
        require_organization(reader, organization_id)
    return [number for number in reader.open_numbers() if organization_id in (None, number.organization_id)]


def _ended(settled: Iterable[Settled], state: NumberState) -> list[Number]:
    ended = [one.after for one in settled if one.after is not None and one.after.state is state]
    return sorted(ended, key=_by_number)


def _kept(settled: Iterable[Settled]) -> list[Number]:
    """Return the numbers of known accounts that are not released yet, and still cost money."""
    after = [one.after for one in settled if not isinstance(one.problem, AccountNotSetUp)]
    return [number for number in after if number is not None and number.state is NumberState.RELEASING]


def _why_open(one: Settled) -> ServiceError:
    if isinstance(one.problem, CarrierError):
        error = to_service_error(one.problem, one.before.organization_id, one.before.reference)
        return OrderNotLookedUp(one.before.organization_id, error) if is_order(one.before) else error
    refusal = release_error(one.after) if one.after is not None else None
    if refusal is not None:
        return refusal
    return PurchasePending(one.before.organization_id)
