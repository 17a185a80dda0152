"""An organization's numbers: list them, search for more, and map area codes to them."""

from collections.abc import Sequence

from localdial_server.app.lookup import require_number, require_organization
from localdial_server.app.numbers.carrier_accounts import to_service_error
from localdial_server.app.numbers.geographic import NOT_GEOGRAPHIC, require_geographic
from localdial_server.app.ports.carrier import AvailableNumber, Carriers, CarrierUnavailable, Refused
from localdial_server.app.ports.store import NumberQuery, Reader, Store, Transaction
from localdial_server.domain.area_codes import area_code_of, is_geographic_area_code
from localdial_server.domain.errors import FieldViolation, InvalidFields
from localdial_server.domain.model import Number
from localdial_server.domain.number_life_cycle import require_active


class Inventory:
    """The use cases of the NumberInventory service, except for buying, importing and deleting."""

    def __init__(self, store: Store, carriers: Carriers) -> None:
        self._store = store
        self._carriers = carriers

    async def list_numbers(self, query: NumberQuery, after: str, limit: int) -> tuple[Sequence[Number], int]:
        """Return up to `limit` matching numbers after the number `after`, by number, and how many match.

        Raises `OrganizationNotFound`.
        """

        def work(reader: Reader) -> tuple[Sequence[Number], int]:
            require_organization(reader, query.organization_id)
            return reader.numbers(query, after, limit), reader.count_numbers(query)

        return await self._store.read("inventory.list_numbers", work)

    async def get_number(self, organization_id: str, phone_number: str) -> Number:
        """Return the number. Raises `OrganizationNotFound` or `NumberNotFound`."""
        return await self._store.read(
            "inventory.get_number", lambda reader: require_number(reader, organization_id, phone_number)
        )

    async def search_available(
        self, organization_id: str, area_code: str, limit: int
    ) -> Sequence[AvailableNumber]:
        """Return up to `limit` numbers that the carrier sells in the area code; none if it has no stock.

        Raises `InvalidFields`, `OrganizationNotFound`, `CarrierRefused` and `CarrierNotAvailable`.
        """
        require_geographic(area_code)
        await self._store.read(
            "inventory.search_available", lambda reader: require_organization(reader, organization_id)
        )
        try:
            return await self._carriers.for_organization(organization_id).search(area_code, limit)
        except (CarrierUnavailable, Refused) as error:
            raise to_service_error(error, organization_id) from error

    def callback_warning(self, organization_id: str) -> str:
        """Return why call-backs to numbers that the organization buys now reach nobody, else nothing."""
        return self._carriers.for_organization(organization_id).callback_warning

    async def map_area_codes(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str]
    ) -> tuple[Number, int]:
        """Map the area codes to the number; return the number and the organization's revision.

        Codes that are mapped already stay so. Raises `InvalidFields` for a code that does not exist, is
        not geographic or is the number's own; `OrganizationNotFound`, `NumberNotFound` and
        `NumberNotActive`.
        """
        own = area_code_of(phone_number)
        violations = []
        for index, area_code in enumerate(area_codes):
            if not is_geographic_area_code(area_code):
                violations.append(FieldViolation(f"area_codes[{index}]", NOT_GEOGRAPHIC))
            elif area_code == own:
                problem = "is the number's own area code; it needs no mapping"
                violations.append(FieldViolation(f"area_codes[{index}]", problem))
        if violations:
            raise InvalidFields(violations)

        def work(transaction: Transaction) -> tuple[Number, int]:
            require_active(require_number(transaction, organization_id, phone_number))
            if transaction.add_mappings(organization_id, phone_number, area_codes):
                transaction.bump_revision(organization_id)
            number = require_number(transaction, organization_id, phone_number)
            return number, transaction.revision(organization_id)

        return await self._store.write("inventory.map_area_codes", work, serialize_on=organization_id)

    async def unmap_area_codes(
        self, organization_id: str, phone_number: str, area_codes: Sequence[str]
    ) -> tuple[Number, int]:
        """Unmap the area codes from the number; return the number and the organization's revision.

        Codes that are not mapped are ignored. Raises `OrganizationNotFound` and `NumberNotFound`.
        """

        def work(transaction: Transaction) -> tuple[Number, int]:
            require_number(transaction, organization_id, phone_number)
            if transaction.delete_mappings(organization_id, phone_number, area_codes):
                transaction.bump_revision(organization_id)
            number = require_number(transaction, organization_id, phone_number)
            return number, transaction.revision(organization_id)

        return await self._store.write("inventory.unmap_area_codes", work, serialize_on=organization_id)
