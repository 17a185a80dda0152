"""The services of a `Client`: each RPC as an attribute, typed by the generated stub."""

import grpc

from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2_grpc import DirectoryStub
from localdial.v1.number_inventory_pb2_grpc import NumberInventoryStub
from localdial_client._method import Method


class CallRouting:
    """Decides which caller ID an outbound call shows and where a call-back goes."""

    def __init__(self, channel: grpc.Channel, timeout: float) -> None:
        """Take the default deadline, in seconds."""
        stub = CallRoutingStub(channel)
        self.resolve_outbound_caller_id = Method(stub.ResolveOutboundCallerId, timeout)
        self.batch_resolve_outbound_caller_ids = Method(stub.BatchResolveOutboundCallerIds, timeout)
        self.route_inbound_call = Method(stub.RouteInboundCall, timeout)
        self.list_outbound_calls = Method(stub.ListOutboundCalls, timeout)


class NumberInventory:
    """The local presence numbers: list, buy, import and delete them, and map area codes to them."""

    def __init__(self, channel: grpc.Channel, timeout: float, carrier_timeout: float) -> None:
        """Take the default deadlines, in seconds; `carrier_timeout` for what waits for the carrier."""
        stub = NumberInventoryStub(channel)
        self.list_numbers = Method(stub.ListNumbers, timeout)
        self.get_number = Method(stub.GetNumber, timeout)
        self.search_available_numbers = Method(stub.SearchAvailableNumbers, carrier_timeout)
        self.purchase_numbers = Method(stub.PurchaseNumbers, carrier_timeout)
        self.import_numbers = Method(stub.ImportNumbers, carrier_timeout)
        self.delete_numbers = Method(stub.DeleteNumbers, carrier_timeout)
        self.map_area_codes = Method(stub.MapAreaCodes, timeout)
        self.unmap_area_codes = Method(stub.UnmapAreaCodes, timeout)


class Directory:
    """The organizations and their users."""

    def __init__(self, channel: grpc.Channel, timeout: float) -> None:
        """Take the default deadline, in seconds."""
        stub = DirectoryStub(channel)
        self.set_organization = Method(stub.SetOrganization, timeout)
        self.get_organization = Method(stub.GetOrganization, timeout)
        self.list_organizations = Method(stub.ListOrganizations, timeout)
        self.delete_organization = Method(stub.DeleteOrganization, timeout)
        self.set_user = Method(stub.SetUser, timeout)
        self.get_user = Method(stub.GetUser, timeout)
        self.list_users = Method(stub.ListUsers, timeout)
        self.delete_user = Method(stub.DeleteUser, timeout)
        self.batch_set_users = Method(stub.BatchSetUsers, timeout)
