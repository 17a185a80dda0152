"""An organization's numbers: looking at them, mapping area codes, importing."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from localdial_server.app.area_codes import require_geographic
from localdial_server.app.carrier import AvailableNumber, Carrier, CarrierUnavailable, OwnedNumber
from localdial_server.app.changes import Changes, require_number, require_organization
from localdial_server.app.clock import Clock
from localdial_server.app.intents import Intents, is_import, new_import_reference, open_intent
from localdial_server.app.store import NumberQuery, Reader, Store, Transaction
from localdial_server.domain.area_codes import area_code_of
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    LocaldialError,
    NumberInUse,
    NumberNotActive,
    NumberNotAtCarrier,
)
from localdial_server.domain.life_cycle import require_active
from localdial_server.domain.model import Number, NumberState


@dataclass(frozen=True, slots=True)
class NumberFailure:
    """A number of a request that could not be served, and why."""

    phone_number: str
    error: LocaldialError


@dataclass(frozen=True, slots=True)
class ImportAnswer:
    """What became of the numbers of an import, in the order of the request."""

    numbers: tuple[Number, ...]
    failures: tuple[NumberFailure, ...]
    revision: int


class Inventory:
    """The use cases of the NumberInventory service, but for buying and deleting."""

    def __init__(self, store: Store, changes: Changes, carrier: Carrier, clock: Clock) -> None:
        self._store = store
        self._changes = changes
        self._carrier = carrier
        self._clock = clock
        self._intents = Intents(changes)

    async def list_numbers(self, query: NumberQuery, after: str, limit: int) -> tuple[Sequence[Number], int]:
        """Answer numbers by phone number, and how many match."""

        def work(reader: Reader) -> tuple[Sequence[Number], int]:
            require_organization(reader, query.organization_id)
            return reader.numbers(query, after, limit), reader.count_numbers(query)

        return await self._store.read(work)

    async def get_number(self, organization_id: str, phone_number: str) -> Number:
        """Answer the number or raise ``OrganizationNotFound`` or ``NumberNotFound``."""
        return await self._store.read(lambda reader: require_number(reader, organization_id, phone_number))

    async def search_available(
        self, organization_id: str, area_code: str, limit: int
    ) -> Sequence[AvailableNumber]:
        """Answer what the carrier has to sell in the area code."""
        await require_geographic({"area_code": area_code})
        await self._store.read(lambda reader: require_organization(reader, organization_id))
        try:
            return await self._carrier.search(area_code, limit)
        except CarrierUnavailable as error:
            raise CarrierNotAvailable from error

    async def map_area_codes(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str]
    ) -> tuple[Number, int]:
        """Map the area codes to the number; answer it and the revision.

        Raises ``InvalidFields`` for a code that does not exist, is not geographic
        or is the number's own; ``OrganizationNotFound``, ``NumberNotFound`` and
        ``NumberNotActive``.
        """
        own = area_code_of(phone_number)
        await require_geographic(
            {f"area_codes[{index}]": area_code for index, area_code in enumerate(area_codes)},
            lambda area_code: (
                "is the number's own area code; it needs no mapping" if area_code == own else None
            ),
        )

        def work(transaction: Transaction) -> Number:
            require_active(require_number(transaction, organization_id, phone_number))
            if transaction.add_mappings(organization_id, phone_number, area_codes):
                transaction.bump_revision(organization_id)
            return require_number(transaction, organization_id, phone_number)

        return await self._changes.run(organization_id, work)

    async def unmap_area_codes(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str]
    ) -> tuple[Number, int]:
        """End the mappings of the area codes to the number; answer it and the revision."""

        def work(transaction: Transaction) -> Number:
            require_number(transaction, organization_id, phone_number)
            if transaction.delete_mappings(organization_id, phone_number, area_codes):
                transaction.bump_revision(organization_id)
            return require_number(transaction, organization_id, phone_number)

        return await self._changes.run(organization_id, work)

    async def import_numbers(self, organization_id: str, phone_numbers: Sequence[str]) -> ImportAnswer:
        """Take numbers into the inventory that the carrier account owns already.

        Raises ``OrganizationNotFound`` and ``CarrierNotAvailable``.
        """
        work = _Import(organization_id)
        await self._store.read(lambda reader: work.sort(reader, phone_numbers))
        # Asked for before they are claimed, so that a slow carrier keeps no number
        # from its owner, and again after: it may have been released in between.
        found = await self._owned(work.wanted)
        work.leave_out_unless_owned(found)
        intents = {phone_number: self._import_intent(organization_id, phone_number) for phone_number in found}
        await self._changes.step(lambda transaction: work.claim(transaction, intents))
        try:
            found = await self._owned(work.claimed)
        except CarrierNotAvailable:
            await asyncio.gather(*map(self._intents.drop, work.claimed.values()))
            raise
        for phone_number, intent in work.claimed.items():
            if phone_number in found:
                await self._intents.adopt(intent, found[phone_number])
            else:
                await self._intents.drop(intent)
        # Read back, since another import or the sweep may have ended an intent first.
        revision = await self._store.read(work.read_back)
        return ImportAnswer(
            tuple(work.numbers[one] for one in phone_numbers if one in work.numbers),
            tuple(NumberFailure(one, work.failures[one]) for one in phone_numbers if one in work.failures),
            revision,
        )

    async def _owned(self, phone_numbers: Collection[str]) -> dict[str, OwnedNumber]:
        """Ask the carrier for all of the numbers; answer those that it has."""
        asked = await asyncio.gather(
            *map(self._carrier.find_by_number, phone_numbers), return_exceptions=True
        )
        found: dict[str, OwnedNumber] = {}
        for phone_number, owned in zip(phone_numbers, asked, strict=True):
            if isinstance(owned, CarrierUnavailable):
                raise CarrierNotAvailable from owned
            if isinstance(owned, BaseException):
                raise owned
            if owned is not None:
                found[phone_number] = owned
        return found

    def _import_intent(self, organization_id: str, phone_number: str) -> Number:
        return Number(
            organization_id=organization_id,
            phone_number=phone_number,
            area_code=area_code_of(phone_number),
            state=NumberState.PURCHASING,
            carrier=self._carrier.name,
            reference=new_import_reference(),
            purchase_time=self._clock.now(),
        )


class _Import:
    """The numbers of one import: what is wanted, claimed, done and wrong."""

    def __init__(self, organization_id: str) -> None:
        self._organization_id = organization_id
        self.wanted: list[str] = []
        self.claimed: dict[str, Number] = {}
        self.numbers: dict[str, Number] = {}
        self.failures: dict[str, LocaldialError] = {}

    def sort(self, reader: Reader, phone_numbers: Sequence[str]) -> None:
        """Tell what is there already or cannot be had from what to ask the carrier for."""
        require_organization(reader, self._organization_id)
        # It may be run again from the start.
        self.wanted, self.numbers, self.failures = [], {}, {}
        for phone_number in phone_numbers:
            known = reader.number(self._organization_id, phone_number)
            if known is not None and known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            elif known is not None and not is_import(known):
                self.failures[phone_number] = NumberNotActive(phone_number, known.state.value)
            elif reader.owner_of(phone_number) not in (None, self._organization_id):
                self.failures[phone_number] = NumberInUse(phone_number)
            else:
                self.wanted.append(phone_number)

    def leave_out_unless_owned(self, found: Collection[str]) -> None:
        """Note what the carrier does not have."""
        for phone_number in self.wanted:
            if phone_number not in found:
                self.failures[phone_number] = NumberNotAtCarrier(phone_number)

    def read_back(self, reader: Reader) -> int:
        """Note what became of the claimed numbers; answer the organization's revision."""
        for phone_number in self.claimed:
            known = reader.number(self._organization_id, phone_number)
            if known is not None and known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            else:
                self.failures[phone_number] = NumberNotAtCarrier(phone_number)
        return reader.revision(self._organization_id)

    def claim(self, transaction: Transaction, intents: Mapping[str, Number]) -> None:
        """Open the intents, or take up those that an import before this one left."""
        require_organization(transaction, self._organization_id)
        # A transaction may be run again from the start.
        self.claimed = {}
        for phone_number in intents:
            self.numbers.pop(phone_number, None)
            self.failures.pop(phone_number, None)
        for phone_number, intent in intents.items():
            known = transaction.number(self._organization_id, phone_number)
            if known is not None and is_import(known):
                self.claimed[phone_number] = known
            elif known is None and open_intent(transaction, intent):
                self.claimed[phone_number] = intent
            elif known is None:
                self.failures[phone_number] = NumberInUse(phone_number)
            elif known.state is NumberState.ACTIVE:
                self.numbers[phone_number] = known
            else:
                self.failures[phone_number] = NumberNotActive(phone_number, known.state.value)
