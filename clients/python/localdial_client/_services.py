"""The services of a `Client`: each RPC as an attribute, typed by the generated stub."""

import grpc

from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2_grpc import DirectoryStub
from localdial.v1.number_inventory_pb2_grpc import NumberInventoryStub
from localdial_client._method import Calling, Method


class CallRouting:
    """Decides which caller ID an outbound call shows and where a call-back goes."""

    def __init__(self, channel: grpc.Channel, calling: Calling) -> None:
        """Take what calls have in common."""
        stub = CallRoutingStub(channel)
        self.resolve_outbound_caller_id = Method(stub.ResolveOutboundCallerId, calling)
        self.batch_resolve_outbound_caller_ids = Method(stub.BatchResolveOutboundCallerIds, calling)
        self.route_inbound_call = Method(stub.RouteInboundCall, calling)
        self.list_outbound_calls = Method(stub.ListOutboundCalls, calling)


class NumberInventory:
    """The local presence numbers: list, buy, import and delete them, and map area codes to them."""

    def __init__(self, channel: grpc.Channel, calling: Calling, carrier: Calling) -> None:
        """Take what calls have in common; `carrier` is for those that wait for the carrier."""
        stub = NumberInventoryStub(channel)
        self.list_numbers = Method(stub.ListNumbers, calling)
        self.get_number = Method(stub.GetNumber, calling)
        self.search_available_numbers = Method(stub.SearchAvailableNumbers, carrier)
        self.purchase_numbers = Method(stub.PurchaseNumbers, carrier)
        self.import_numbers = Method(stub.ImportNumbers, carrier)
        self.list_importable_numbers = Method(stub.ListImportableNumbers, carrier)
        self.reconcile_numbers = Method(stub.ReconcileNumbers, carrier)
        self.delete_numbers = Method(stub.DeleteNumbers, carrier)
        self.map_area_codes = Method(stub.MapAreaCodes, calling)
        self.unmap_area_codes = Method(stub.UnmapAreaCodes, calling)


class Directory:
    """The organizations and their users."""

    def __init__(self, channel: grpc.Channel, calling: Calling) -> None:
        """Take what calls have in common."""
        stub = DirectoryStub(channel)
        self.set_organization = Method(stub.SetOrganization, calling)
        self.get_organization = Method(stub.GetOrganization, calling)
        self.list_organizations = Method(stub.ListOrganizations, calling)
        self.delete_organization = Method(stub.DeleteOrganization, calling)
        self.set_user = Method(stub.SetUser, calling)
        self.get_user = Method(stub.GetUser, calling)
        self.list_users = Method(stub.ListUsers, calling)
        self.delete_user = Method(stub.DeleteUser, calling)
        self.batch_set_users = Method(stub.BatchSetUsers, calling)
