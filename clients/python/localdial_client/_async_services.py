"""The services of an `AsyncClient`: each RPC as an attribute, typed by the generated stub."""

import grpc.aio

from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2_grpc import DirectoryStub
from localdial.v1.number_inventory_pb2_grpc import NumberInventoryStub
from localdial_client._method import AsyncMethod, Calling


class AsyncCallRouting:
    """Decides which caller ID an outbound call shows and where a call-back goes."""

    def __init__(self, channel: grpc.aio.Channel, calling: Calling) -> None:
        """Take what calls have in common."""
        stub = CallRoutingStub(channel)
        self.resolve_outbound_caller_id = AsyncMethod(stub.ResolveOutboundCallerId, calling)
        self.batch_resolve_outbound_caller_ids = AsyncMethod(stub.BatchResolveOutboundCallerIds, calling)
        self.route_inbound_call = AsyncMethod(stub.RouteInboundCall, calling)
        self.list_outbound_calls = AsyncMethod(stub.ListOutboundCalls, calling)


class AsyncNumberInventory:
    """The local presence numbers: list, buy, import and delete them, and map area codes to them."""

    def __init__(self, channel: grpc.aio.Channel, calling: Calling, carrier: Calling) -> None:
        """Take what calls have in common; `carrier` is for those that wait for the carrier."""
        stub = NumberInventoryStub(channel)
        self.list_numbers = AsyncMethod(stub.ListNumbers, calling)
        self.get_number = AsyncMethod(stub.GetNumber, calling)
        self.search_available_numbers = AsyncMethod(stub.SearchAvailableNumbers, carrier)
        self.purchase_numbers = AsyncMethod(stub.PurchaseNumbers, carrier)
        self.import_numbers = AsyncMethod(stub.ImportNumbers, carrier)
        self.list_importable_numbers = AsyncMethod(stub.ListImportableNumbers, carrier)
        self.reconcile_numbers = AsyncMethod(stub.ReconcileNumbers, carrier)
        self.delete_numbers = AsyncMethod(stub.DeleteNumbers, carrier)
        self.map_area_codes = AsyncMethod(stub.MapAreaCodes, calling)
        self.unmap_area_codes = AsyncMethod(stub.UnmapAreaCodes, calling)


class AsyncDirectory:
    """The organizations and their users."""

    def __init__(self, channel: grpc.aio.Channel, calling: Calling) -> None:
        """Take what calls have in common."""
        stub = DirectoryStub(channel)
        self.set_organization = AsyncMethod(stub.SetOrganization, calling)
        self.get_organization = AsyncMethod(stub.GetOrganization, calling)
        self.list_organizations = AsyncMethod(stub.ListOrganizations, calling)
        self.delete_organization = AsyncMethod(stub.DeleteOrganization, calling)
        self.set_user = AsyncMethod(stub.SetUser, calling)
        self.get_user = AsyncMethod(stub.GetUser, calling)
        self.list_users = AsyncMethod(stub.ListUsers, calling)
        self.delete_user = AsyncMethod(stub.DeleteUser, calling)
        self.batch_set_users = AsyncMethod(stub.BatchSetUsers, calling)
