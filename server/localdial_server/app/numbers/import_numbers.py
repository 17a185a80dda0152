"""Importing numbers that the carrier account owns already."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.lookup import require_organization
from localdial_server.app.numbers.account_lists import AccountLists
from localdial_server.app.numbers.carrier_accounts import account_of, to_service_error
from localdial_server.app.numbers.pending_order import (
    PendingOrders,
    is_import,
    new_import,
    open_pending_orders,
)
from localdial_server.app.numbers.usable import obstacle
from localdial_server.app.ports.carrier import (
    Carrier,
    CarrierError,
    Carriers,
    CarrierUnavailable,
    NumberNotOwned,
    OwnedNumber,
    Refused,
)
from localdial_server.app.ports.clock import Clock
from localdial_server.app.ports.store import Reader, Store, Transaction
from localdial_server.domain.errors import (
    NumberHeldElsewhere,
    NumberInUse,
    NumberNotActive,
    NumberNotAtCarrier,
    NumberWithoutVoice,
    ServiceError,
)
from localdial_server.domain.model import Number, NumberState

# Above this, listing the account takes fewer requests than looking up each number: a page of a list has
# up to 1000.
_MOST_LOOK_UPS = 10

# How many numbers one transaction claims or adopts. Calls are recorded between two transactions.
_PER_TRANSACTION = 25

# How many numbers of one request are configured at once.
_CONCURRENT_CHANGES = 8


@dataclass(frozen=True, slots=True)
class ImportAnswer:
    """The numbers that are in the inventory now and those that are not, each in the order of the request.

    `revision` is the organization's after the import. `notice` is what the import means for how calls
    are signed; empty for numbers of the carrier account.
    """

    numbers: tuple[Number, ...]
    failures: tuple[NumberFailure, ...]
    revision: int
    notice: str = ""


class Importing:
    """Imports numbers, and lists the numbers that can be imported."""

    def __init__(self, store: Store, carriers: Carriers, clock: Clock, orders: PendingOrders) -> None:
        self._store = store
        self._carriers = carriers
        self._clock = clock
        self._orders = orders
        self._lists = AccountLists(clock)

    def shares_account(self, organization_id: str) -> bool:
        """Return whether other organizations buy in the organization's account, or may come to."""
        return self._carriers.is_shared(organization_id)

    async def importable(self, organization_id: str, *, continued: bool = False) -> Sequence[OwnedNumber]:
        """Return the numbers of the organization's account that no organization here uses, by phone number.

        `continued`: the caller has the first page, so a list of the last minute is used. Raises
        `OrganizationNotFound`, `CarrierRefused` and `CarrierNotAvailable`.
        """
        await self._store.read(
            "import.check_organization", lambda reader: require_organization(reader, organization_id)
        )
        try:
            carrier = self._carriers.for_organization(organization_id)
            owned = await (self._lists.recent(carrier) if continued else self._lists.new(carrier))
        except (CarrierUnavailable, Refused) as error:
            raise to_service_error(error, organization_id) from error
        phone_numbers = [number.phone_number for number in owned]
        owners = await self._store.read("import.find_owners", lambda reader: reader.owners_of(phone_numbers))
        return [number for number in owned if number.phone_number not in owners and not obstacle(number)]

    async def import_numbers(
        self, organization_id: str, phone_numbers: Sequence[str], *, configure: bool = False
    ) -> ImportAnswer:
        """Import the numbers; with `configure`, also have the carrier send their calls to us.

        Raises `OrganizationNotFound`, `CarrierRefused` and `CarrierNotAvailable`.
        """
        try:
            return await self._import(organization_id, phone_numbers, configure=configure)
        except CarrierError as error:
            raise to_service_error(error, organization_id) from error

    async def _import(
        self, organization_id: str, phone_numbers: Sequence[str], *, configure: bool
    ) -> ImportAnswer:
        carrier = self._carriers.for_organization(organization_id)
        work = _Import(organization_id)
        await self._store.read("import.sort", lambda reader: work.sort(reader, phone_numbers))
        await self._claim(work, carrier)
        found = await self._confirmed(work, carrier, configure=configure)
        for part in _parts([order for one, order in work.claimed.items() if one in found]):
            await self._orders.adopt_all([(order, found[order.phone_number]) for order in part])
        for one, order in work.claimed.items():
            if one not in found and (one not in work.refused or order in work.opened):
                await self._orders.abandon(order)
        # Read the outcome, because another import or the sweep may have ended an order first.
        revision = await self._store.read("import.read_back", work.read_back)
        if configure:
            # Configure the numbers that were imported before, too: an interrupted import may have left
            # their calls going elsewhere.
            earlier = {one: number for one, number in work.numbers.items() if one not in found}
            await _configured(work, earlier, lambda one: self._configure(earlier[one]))
        if work.refused and not work.numbers:
            raise next(iter(work.refused.values()))
        return work.answer(phone_numbers, revision)

    async def _claim(self, work: "_Import", carrier: Carrier) -> None:
        """Claim the wanted numbers that the account owns, each with a pending order."""
        # Ask the carrier before claiming: a slow carrier must not keep another organization's number
        # claimed.
        found = work.usable(await self._seen(carrier, work.wanted), work.wanted)
        now = self._clock.now()
        work.opened = [new_import(work.organization_id, one, carrier, now) for one in found]
        for part in _parts(work.opened):
            await self._store.write("import.claim", functools.partial(work.claim, part))

    async def _confirmed(
        self, work: "_Import", carrier: Carrier, *, configure: bool
    ) -> Mapping[str, OwnedNumber]:
        """Return the claimed numbers that the account still owns; if asked to, those that it configured."""
        try:
            # A number may have been released before it was claimed.
            found = work.usable(await self._owned(carrier, work.claimed), work.claimed)
        except (CarrierError, ServiceError):
            # Abandon only orders that this import opened: an earlier one may still be running.
            for order in work.opened:
                if order in work.claimed.values():
                    await self._orders.abandon(order)
            raise
        if not configure:
            return found
        return await _configured(work, found, lambda one: carrier.configure(found[one].carrier_number_id))

    async def _seen(self, carrier: Carrier, phone_numbers: Collection[str]) -> Mapping[str, OwnedNumber]:
        """Return the numbers that the account owns, or owned a minute ago at most, by phone number."""
        known = self._lists.known(carrier)
        return known if known.keys() >= set(phone_numbers) else await self._owned(carrier, phone_numbers)

    async def _owned(self, carrier: Carrier, phone_numbers: Collection[str]) -> Mapping[str, OwnedNumber]:
        """Return the numbers that the account owns now, by phone number."""
        if len(phone_numbers) > _MOST_LOOK_UPS:
            return {number.phone_number: number for number in await self._lists.new(carrier)}
        answers = await asyncio.gather(*map(carrier.find_by_number, phone_numbers), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return {number.phone_number: number for number in answers if isinstance(number, OwnedNumber)}

    async def _configure(self, number: Number) -> OwnedNumber:
        return await account_of(self._carriers, number).configure(number.carrier_number_id)


async def _configured(
    work: "_Import", phone_numbers: Iterable[str], configure: Callable[[str], Awaitable[OwnedNumber]]
) -> Mapping[str, OwnedNumber]:
    """Have the carrier send the calls to the numbers to us; return those that it does, fail the others."""
    limit = asyncio.Semaphore(_CONCURRENT_CHANGES)
    configured: dict[str, OwnedNumber] = {}

    async def configure_one(phone_number: str) -> None:
        async with limit:
            try:
                configured[phone_number] = await configure(phone_number)
            except NumberNotOwned:
                return
            except CarrierError as error:
                work.refuse(phone_number, error)

    asked = list(phone_numbers)
    await asyncio.gather(*map(configure_one, asked))
    return work.usable(configured, [one for one in asked if one not in work.refused])


def _parts(orders: Sequence[Number]) -> Iterator[Sequence[Number]]:
    for begin in range(0, len(orders), _PER_TRANSACTION):
        yield orders[begin : begin + _PER_TRANSACTION]


class _Import:
    """The numbers of one import, each in one of the collections.

    `wanted` are to be looked up at the carrier; `claimed` have a pending order; `numbers` are in the
    inventory; `failures` cannot be imported; `refused` are those that the carrier did not configure.
    `opened` are the orders that this import opens unless earlier ones are open.
    """

    def __init__(self, organization_id: str) -> None:
        self.organization_id = organization_id
        self.opened: Sequence[Number] = ()
        self.wanted: list[str] = []
        self.claimed: dict[str, Number] = {}
        self.numbers: dict[str, Number] = {}
        self.failures: dict[str, ServiceError] = {}
        self.refused: dict[str, CarrierError] = {}

    def sort(self, reader: Reader, phone_numbers: Sequence[str]) -> None:
        """Sort the numbers into `numbers`, `failures` and `wanted`, by their state in the database."""
        require_organization(reader, self.organization_id)
        # Start over: a unit of work may run more than once.
        self.wanted, self.numbers, self.failures = [], {}, {}
        for phone_number in phone_numbers:
            known = reader.number(self.organization_id, phone_number)
            if known is not None and known.is_external:
                self.failures[phone_number] = NumberHeldElsewhere(phone_number)
            elif known is not None and known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            elif known is not None and not is_import(known):
                self.failures[phone_number] = NumberNotActive(phone_number, known.state.value)
            elif reader.owner_of(phone_number) not in (None, self.organization_id):
                self.failures[phone_number] = NumberInUse(phone_number)
            else:
                self.wanted.append(phone_number)

    def usable(
        self, owned: Mapping[str, OwnedNumber], phone_numbers: Iterable[str]
    ) -> Mapping[str, OwnedNumber]:
        """Return those of `phone_numbers` that the account owns and that take calls; fail the others."""
        usable = {}
        for phone_number in phone_numbers:
            number = owned.get(phone_number)
            if number is not None and number.takes_calls:
                usable[phone_number] = number
                continue
            self.numbers.pop(phone_number, None)
            self.failures[phone_number] = (
                NumberNotAtCarrier(phone_number) if number is None else NumberWithoutVoice(phone_number)
            )
        return usable

    def refuse(self, phone_number: str, error: CarrierError) -> None:
        """Record that the carrier did not configure the number."""
        self.numbers.pop(phone_number, None)
        self.refused[phone_number] = error

    def answer(self, phone_numbers: Sequence[str], revision: int) -> ImportAnswer:
        """Return the answer to the request for these numbers, at this revision of the organization."""
        for phone_number, error in self.refused.items():
            self.failures[phone_number] = to_service_error(error, self.organization_id)
        return ImportAnswer(
            tuple(self.numbers[one] for one in phone_numbers if one in self.numbers),
            tuple(
                NumberFailure(one, PublicError.of(self.failures[one]))
                for one in phone_numbers
                if one in self.failures
            ),
            revision,
        )

    def read_back(self, reader: Reader) -> int:
        """Sort the claimed numbers into `numbers` and `failures`; return the organization's revision."""
        for phone_number in self.claimed:
            known = reader.number(self.organization_id, phone_number)
            if known is not None and known.is_external:
                self.failures[phone_number] = NumberHeldElsewhere(phone_number)
            elif known is not None and known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
                self.failures.pop(phone_number, None)
            else:
                self.failures.setdefault(phone_number, NumberNotAtCarrier(phone_number))
        return reader.revision(self.organization_id)

    def claim(self, orders: Sequence[Number], transaction: Transaction) -> None:
        """Open the pending orders, or continue those that an earlier import left open."""
        require_organization(transaction, self.organization_id)
        for order in orders:
            phone_number = order.phone_number
            # Start over: a unit of work may run more than once.
            for sorted_before in self.claimed, self.numbers, self.failures:
                sorted_before.pop(phone_number, None)
            known = transaction.number(self.organization_id, phone_number)
            if known is not None and is_import(known):
                self.claimed[phone_number] = known
            elif known is None and open_pending_orders(transaction, [order]):
                self.claimed[phone_number] = order
            elif known is None:
                self.failures[phone_number] = NumberInUse(phone_number)
            elif known.is_external:
                self.failures[phone_number] = NumberHeldElsewhere(phone_number)
            elif known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            else:
                self.failures[phone_number] = NumberNotActive(phone_number, known.state.value)
