"""The NumberInventory service."""

from localdial.v1 import number_inventory_pb2 as pb
from localdial.v1 import number_pb2
from localdial_server.app.deleting import Deleting
from localdial_server.app.inventory import Inventory
from localdial_server.app.purchasing import Purchasing
from localdial_server.app.store import NumberQuery
from localdial_server.rpc.encoding import number_message, number_state
from localdial_server.rpc.errors import status_of, status_with
from localdial_server.rpc.paging import Page

_DEFAULT_SEARCH_LIMIT = 20


class NumberInventoryServicer:
    """Decodes, calls the use case, encodes."""

    def __init__(self, inventory: Inventory, purchasing: Purchasing, deleting: Deleting) -> None:
        self._inventory = inventory
        self._purchasing = purchasing
        self._deleting = deleting

    async def list_numbers(self, request: pb.ListNumbersRequest) -> pb.ListNumbersResponse:
        """Serve ListNumbers."""
        page = Page(request, ("",))
        query = NumberQuery(request.organization_id, request.area_code or None, number_state(request.state))
        found, total = await self._inventory.list_numbers(query, *page.cursor, page.limit)
        numbers, token = page.cut(found, lambda number: (number.phone_number,))
        return pb.ListNumbersResponse(
            numbers=map(number_message, numbers), next_page_token=token, total_size=total
        )

    async def get_number(self, request: pb.GetNumberRequest) -> pb.GetNumberResponse:
        """Serve GetNumber."""
        found = await self._inventory.get_number(request.organization_id, request.phone_number)
        return pb.GetNumberResponse(number=number_message(found))

    async def search_available_numbers(
        self, request: pb.SearchAvailableNumbersRequest
    ) -> pb.SearchAvailableNumbersResponse:
        """Serve SearchAvailableNumbers."""
        limit = request.limit if request.HasField("limit") else _DEFAULT_SEARCH_LIMIT
        found = await self._inventory.search_available(request.organization_id, request.area_code, limit)
        return pb.SearchAvailableNumbersResponse(
            available=[
                number_pb2.AvailableNumber(
                    phone_number=offer.phone_number, locality=offer.locality, region=offer.region
                )
                for offer in found
            ]
        )

    async def purchase_numbers(self, request: pb.PurchaseNumbersRequest) -> pb.PurchaseNumbersResponse:
        """Serve PurchaseNumbers."""
        answer = await self._purchasing.purchase(
            request.organization_id,
            request.area_code,
            request.quantity if request.HasField("quantity") else 1,
            request.request_id,
        )
        return pb.PurchaseNumbersResponse(
            numbers=map(number_message, answer.numbers),
            unfilled_count=answer.unfilled_count,
            revision=answer.revision,
        )

    async def import_numbers(self, request: pb.ImportNumbersRequest) -> pb.ImportNumbersResponse:
        """Serve ImportNumbers."""
        answer = await self._inventory.import_numbers(request.organization_id, list(request.phone_numbers))
        return pb.ImportNumbersResponse(
            numbers=map(number_message, answer.numbers),
            failures=[
                number_pb2.NumberFailure(phone_number=failure.phone_number, status=status_of(failure.error))
                for failure in answer.failures
            ],
            revision=answer.revision,
        )

    async def delete_numbers(self, request: pb.DeleteNumbersRequest) -> pb.DeleteNumbersResponse:
        """Serve DeleteNumbers."""
        answer = await self._deleting.delete(
            request.organization_id, list(request.phone_numbers), request.request_id
        )
        return pb.DeleteNumbersResponse(
            deleted=map(number_message, answer.deleted),
            failures=[
                number_pb2.NumberFailure(
                    phone_number=kept.phone_number,
                    status=status_with(kept.reason, kept.message, kept.metadata),
                )
                for kept in answer.failures
            ],
            revision=answer.revision,
        )

    async def map_area_codes(self, request: pb.MapAreaCodesRequest) -> pb.MapAreaCodesResponse:
        """Serve MapAreaCodes."""
        number, revision = await self._inventory.map_area_codes(
            request.organization_id, request.phone_number, list(request.area_codes)
        )
        return pb.MapAreaCodesResponse(number=number_message(number), revision=revision)

    async def unmap_area_codes(self, request: pb.UnmapAreaCodesRequest) -> pb.UnmapAreaCodesResponse:
        """Serve UnmapAreaCodes."""
        number, revision = await self._inventory.unmap_area_codes(
            request.organization_id, request.phone_number, list(request.area_codes)
        )
        return pb.UnmapAreaCodesResponse(number=number_message(number), revision=revision)
