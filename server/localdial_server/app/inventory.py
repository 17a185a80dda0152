"""An organization's numbers: looking at them, mapping area codes, importing."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localdial_server.app.carrier import AvailableNumber, Carrier, CarrierUnavailable, OwnedNumber
from localdial_server.app.changes import Changes, require_number, require_organization
from localdial_server.app.clock import Clock
from localdial_server.app.intents import Intents, open_intent
from localdial_server.app.store import NumberQuery, Reader, Store, Transaction
from localdial_server.domain.area_codes import area_code_of, is_geographic_area_code
from localdial_server.domain.errors import (
    CarrierNotAvailable,
    FieldViolation,
    InvalidFields,
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
        require_geographic({"area_code": area_code})
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
        require_geographic(
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
        intents, failures, numbers = await self._begin_import(organization_id, phone_numbers)
        found = await asyncio.gather(
            *(self._carrier.find_by_number(phone_number) for phone_number in intents),
            # Each intent is ended, whatever becomes of another.
            return_exceptions=True,
        )
        problem = next((one for one in found if isinstance(one, BaseException)), None)
        for intent, owned in zip(intents.values(), found, strict=True):
            adopted = None
            if problem is None and isinstance(owned, OwnedNumber):
                adopted = await self._intents.adopt(intent, owned)
            else:
                await self._intents.drop(intent)
            if adopted is not None:
                numbers[intent.phone_number] = adopted
            else:
                failures[intent.phone_number] = NumberNotAtCarrier(intent.phone_number)
        if isinstance(problem, CarrierUnavailable):
            raise CarrierNotAvailable from problem
        if problem is not None:
            raise problem
        revision = await self._store.read(lambda reader: reader.revision(organization_id))
        return ImportAnswer(
            tuple(numbers[one] for one in phone_numbers if one in numbers),
            tuple(NumberFailure(one, failures[one]) for one in phone_numbers if one in failures),
            revision,
        )

    async def _begin_import(
        self, organization_id: str, phone_numbers: Sequence[str]
    ) -> tuple[dict[str, Number], dict[str, LocaldialError], dict[str, Number]]:
        """Claim the numbers; answer the intents, what is wrong, and what is there already."""

        def work(
            transaction: Transaction,
        ) -> tuple[dict[str, Number], dict[str, LocaldialError], dict[str, Number]]:
            require_organization(transaction, organization_id)
            intents: dict[str, Number] = {}
            failures: dict[str, LocaldialError] = {}
            numbers: dict[str, Number] = {}
            for phone_number in phone_numbers:
                known = transaction.number(organization_id, phone_number)
                intent = self._import_intent(organization_id, phone_number)
                if known is not None and known.state is NumberState.ACTIVE:
                    numbers[phone_number] = known
                elif known is not None:
                    failures[phone_number] = NumberNotActive(phone_number, known.state.value)
                elif open_intent(transaction, intent):
                    intents[phone_number] = intent
                else:
                    failures[phone_number] = NumberInUse(phone_number)
            return intents, failures, numbers

        begun, _ = await self._changes.run(organization_id, work)
        return begun

    def _import_intent(self, organization_id: str, phone_number: str) -> Number:
        return Number(
            organization_id=organization_id,
            phone_number=phone_number,
            area_code=area_code_of(phone_number),
            state=NumberState.PURCHASING,
            carrier=self._carrier.name,
            # No order carries it, so what a crash leaves of an import is dropped.
            reference=f"import-{uuid.uuid4()}",
            purchase_time=self._clock.now(),
        )


def require_geographic(
    area_codes: dict[str, str], also: Callable[[str], str | None] = lambda _: None
) -> None:
    """Raise ``InvalidFields`` naming every field whose area code cannot be local.

    ``also`` may find something else wrong with a code, and says what.
    """
    violations = []
    for field, area_code in area_codes.items():
        if not is_geographic_area_code(area_code):
            problem: str | None = (
                "must be an area code that exists and belongs to a place; toll-free, premium and mobile "
                "codes are not local anywhere"
            )
        else:
            problem = also(area_code)
        if problem is not None:
            violations.append(FieldViolation(field, problem))
    if violations:
        raise InvalidFields(violations)
