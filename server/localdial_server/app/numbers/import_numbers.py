"""Importing numbers that the carrier account owns already."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from localdial_server.app.failures import NumberFailure, PublicError
from localdial_server.app.lookup import require_organization
from localdial_server.app.numbers.carrier_accounts import account_of, to_service_error
from localdial_server.app.numbers.pending_order import (
    PendingOrders,
    is_import,
    new_import,
    open_pending_order,
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

    async def importable(self, organization_id: str) -> Sequence[OwnedNumber]:
        """Return the numbers of the organization's account that no organization here uses, by phone number.

        Raises `OrganizationNotFound`, `CarrierRefused` and `CarrierNotAvailable`.
        """
        await self._store.read(
            "import.check_organization", lambda reader: require_organization(reader, organization_id)
        )
        try:
            owned = await self._carriers.for_organization(organization_id).list_owned()
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
        # Ask the carrier before claiming: a slow carrier must not keep another organization's number
        # claimed. Ask again after claiming, because a number may have been released in between.
        found = work.usable(await _found(carrier, work.wanted), work.wanted)
        orders = {
            phone_number: new_import(organization_id, phone_number, carrier, self._clock.now())
            for phone_number in found
        }
        await self._store.write("import.claim", lambda transaction: work.claim(transaction, orders))
        try:
            found = work.usable(await _found(carrier, work.claimed), work.claimed)
            if configure:
                found = await _configured(carrier, found)
        except (CarrierError, ServiceError):
            # Abandon only orders that this import opened: an earlier one may still be running.
            opened = [order for order in work.claimed.values() if order in orders.values()]
            await asyncio.gather(*map(self._orders.abandon, opened))
            raise
        for phone_number, order in work.claimed.items():
            if phone_number in found:
                await self._orders.adopt(order, found[phone_number])
            else:
                await self._orders.abandon(order)
        # Read the outcome, because another import or the sweep may have ended an order first.
        revision = await self._store.read("import.read_back", work.read_back)
        if configure:
            # Configure the numbers that were imported before, too: an interrupted import may have left
            # their calls going elsewhere.
            earlier = [number for one, number in work.numbers.items() if one not in found]
            await self._configure_all(work, earlier)
        return ImportAnswer(
            tuple(work.numbers[one] for one in phone_numbers if one in work.numbers),
            tuple(
                NumberFailure(one, PublicError.of(work.failures[one]))
                for one in phone_numbers
                if one in work.failures
            ),
            revision,
        )

    async def _configure_all(self, work: "_Import", numbers: Sequence[Number]) -> None:
        asked = await asyncio.gather(*map(self._configure, numbers), return_exceptions=True)
        phone_numbers = [number.phone_number for number in numbers]
        work.usable(_by_number(phone_numbers, asked), phone_numbers)

    async def _configure(self, number: Number) -> OwnedNumber:
        return await account_of(self._carriers, number).configure(number.carrier_number_id)


async def _found(carrier: Carrier, phone_numbers: Collection[str]) -> dict[str, OwnedNumber]:
    """Return the numbers that the account owns, by phone number."""
    if len(phone_numbers) > _MOST_LOOK_UPS:
        return {number.phone_number: number for number in await carrier.list_owned()}
    asked = await asyncio.gather(*map(carrier.find_by_number, phone_numbers), return_exceptions=True)
    return _by_number(phone_numbers, asked)


async def _configured(carrier: Carrier, found: Mapping[str, OwnedNumber]) -> dict[str, OwnedNumber]:
    """Configure the numbers at the carrier; return those that the account still owns."""
    asked = await asyncio.gather(
        *(carrier.configure(number.carrier_number_id) for number in found.values()),
        return_exceptions=True,
    )
    return _by_number(found, asked)


def _by_number(
    phone_numbers: Collection[str], answers: Sequence[OwnedNumber | BaseException | None]
) -> dict[str, OwnedNumber]:
    """Return the owned numbers by phone number. Raises the first error other than `NumberNotOwned`."""
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, NumberNotOwned):
            raise answer
    return {
        phone_number: answer
        for phone_number, answer in zip(phone_numbers, answers, strict=True)
        if isinstance(answer, OwnedNumber)
    }


class _Import:
    """The numbers of one import, each in one of the collections.

    `wanted` are to be looked up at the carrier; `claimed` have a pending order; `numbers` are in the
    inventory; `failures` cannot be imported.
    """

    def __init__(self, organization_id: str) -> None:
        self._organization_id = organization_id
        self.wanted: list[str] = []
        self.claimed: dict[str, Number] = {}
        self.numbers: dict[str, Number] = {}
        self.failures: dict[str, ServiceError] = {}

    def sort(self, reader: Reader, phone_numbers: Sequence[str]) -> None:
        """Sort the numbers into `numbers`, `failures` and `wanted`, by their state in the database."""
        require_organization(reader, self._organization_id)
        # Start over: a unit of work may run more than once.
        self.wanted, self.numbers, self.failures = [], {}, {}
        for phone_number in phone_numbers:
            known = reader.number(self._organization_id, phone_number)
            if known is not None and known.is_external:
                self.failures[phone_number] = NumberHeldElsewhere(phone_number)
            elif known is not None and known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            elif known is not None and not is_import(known):
                self.failures[phone_number] = NumberNotActive(phone_number, known.state.value)
            elif reader.owner_of(phone_number) not in (None, self._organization_id):
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

    def read_back(self, reader: Reader) -> int:
        """Sort the claimed numbers into `numbers` and `failures`; return the organization's revision."""
        for phone_number in self.claimed:
            known = reader.number(self._organization_id, phone_number)
            if known is not None and known.is_external:
                self.failures[phone_number] = NumberHeldElsewhere(phone_number)
            elif known is not None and known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
                self.failures.pop(phone_number, None)
            else:
                self.failures.setdefault(phone_number, NumberNotAtCarrier(phone_number))
        return reader.revision(self._organization_id)

    def claim(self, transaction: Transaction, orders: Mapping[str, Number]) -> None:
        """Open the pending orders, or continue those that an earlier import left open."""
        require_organization(transaction, self._organization_id)
        # Start over: a unit of work may run more than once.
        self.claimed = {}
        for phone_number in orders:
            self.numbers.pop(phone_number, None)
            self.failures.pop(phone_number, None)
        for phone_number, order in orders.items():
            known = transaction.number(self._organization_id, phone_number)
            if known is not None and is_import(known):
                self.claimed[phone_number] = known
            elif known is None and open_pending_order(transaction, order):
                self.claimed[phone_number] = order
            elif known is None:
                self.failures[phone_number] = NumberInUse(phone_number)
            elif known.is_external:
                self.failures[phone_number] = NumberHeldElsewhere(phone_number)
            elif known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            else:
                self.failures[phone_number] = NumberNotActive(phone_number, known.state.value)
