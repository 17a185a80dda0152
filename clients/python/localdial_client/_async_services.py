"""The services of an `AsyncClient`: each RPC as an attribute, typed by the generated stub."""

import grpc.aio

from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2_grpc import DirectoryStub
from localdial.v1.number_inventory_pb2_grpc import NumberInventoryStub
from localdial_client._method import AsyncMethod


class AsyncCallRouting:
    """Decides which caller ID an outbound call shows and where a call-back goes."""

    def __init__(self, channel: grpc.aio.Channel, timeout: float) -> None:
        """Take the default deadline, in seconds."""
        stub = CallRoutingStub(channel)
        self.resolve_outbound_caller_id = AsyncMethod(stub.ResolveOutboundCallerId, timeout)
        self.batch_resolve_outbound_caller_ids = AsyncMethod(stub.BatchResolveOutboundCallerIds, timeout)
        self.route_inbound_call = AsyncMethod(stub.RouteInboundCall, timeout)
        self.list_outbound_calls = AsyncMethod(stub.ListOutboundCalls, timeout)


class AsyncNumberInventory:
    """The local presence numbers: list, buy, import and delete them, and map area codes to them."""

    def __init__(self, channel: grpc.aio.Channel, timeout: float, carrier_timeout: float) -> None:
        """Take the default deadlines, in seconds; `carrier_timeout` for what waits for the carrier."""
        stub = NumberInventoryStub(channel)
        self.list_numbers = AsyncMethod(stub.ListNumbers, timeout)
        self.get_number = AsyncMethod(stub.GetNumber, timeout)
        self.search_available_numbers = AsyncMethod(stub.SearchAvailableNumbers, carrier_timeout)
        self.purchase_numbers = AsyncMethod(stub.PurchaseNumbers, carrier_timeout)
        self.import_numbers = AsyncMethod(stub.ImportNumbers, carrier_timeout)
        self.delete_numbers = AsyncMethod(stub.DeleteNumbers, carrier_timeout)
        self.map_area_codes = AsyncMethod(stub.MapAreaCodes, timeout)
        self.unmap_area_codes = AsyncMethod(stub.UnmapAreaCodes, timeout)


class AsyncDirectory:
    """The organizations and their users."""

    def __init__(self, channel: grpc.aio.Channel, timeout: float) -> None:
        """Take the default deadline, in seconds."""
        stub = DirectoryStub(channel)
        self.set_organization = AsyncMethod(stub.SetOrganization, timeout)
        self.get_organization = AsyncMethod(stub.GetOrganization, timeout)
        self.list_organizations = AsyncMethod(stub.ListOrganizations, timeout)
        self.delete_organization = AsyncMethod(stub.DeleteOrganization, timeout)
        self.set_user = AsyncMethod(stub.SetUser, timeout)
        self.get_user = AsyncMethod(stub.GetUser, timeout)
        self.list_users = AsyncMethod(stub.ListUsers, timeout)
        self.delete_user = AsyncMethod(stub.DeleteUser, timeout)
        self.batch_set_users = AsyncMethod(stub.BatchSetUsers, timeout)
