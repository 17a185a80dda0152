"""The services of a `Client`: one attribute per RPC, typed by the generated stub."""

import threading

import grpc

from localdial.v1.administration_pb2 import (
    CreateApiKeyRequest,
    GetCallerRequest,
    GetStatusRequest,
    ListApiKeysRequest,
    ListAuditEventsRequest,
    RevokeApiKeyRequest,
    RotateApiKeyRequest,
)
from localdial.v1.administration_pb2_grpc import AdministrationStub
from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ExplainOutboundCallerIdRequest,
    ListInboundCallsRequest,
    ListOutboundCallsRequest,
    ReportInboundCallOutcomeRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2 import (
    BatchSetUsersRequest,
    DeleteOrganizationRequest,
    DeleteUserRequest,
    GetOrganizationRequest,
    GetUserRequest,
    ListOrganizationsRequest,
    ListUsersRequest,
    SetOrganizationRequest,
    SetUserRequest,
)
from localdial.v1.directory_pb2_grpc import DirectoryStub
from localdial.v1.number_inventory_pb2 import (
    DeleteNumbersRequest,
    GetNumberRequest,
    GetUsageRequest,
    ImportNumbersRequest,
    ListImportableNumbersRequest,
    ListNumbersRequest,
    MapAreaCodesRequest,
    PurchaseNumbersRequest,
    ReconcileNumbersRequest,
    SearchAvailableNumbersRequest,
    UnmapAreaCodesRequest,
)
from localdial.v1.number_inventory_pb2_grpc import NumberInventoryStub
from localdial_client._method import CallDefaults, Method


class CallRouting:
    """Decides which caller ID an outbound call shows and where a call-back goes."""

    def __init__(self, channel: grpc.Channel, defaults: CallDefaults[threading.Event]) -> None:
        """Make the methods; `defaults` apply to all calls."""
        stub = CallRoutingStub(channel)
        self.resolve_outbound_caller_id = Method(
            stub.ResolveOutboundCallerId, ResolveOutboundCallerIdRequest, defaults
        )
        self.batch_resolve_outbound_caller_ids = Method(
            stub.BatchResolveOutboundCallerIds, BatchResolveOutboundCallerIdsRequest, defaults
        )
        self.route_inbound_call = Method(stub.RouteInboundCall, RouteInboundCallRequest, defaults)
        self.report_inbound_call_outcome = Method(
            stub.ReportInboundCallOutcome, ReportInboundCallOutcomeRequest, defaults
        )
        self.list_outbound_calls = Method(stub.ListOutboundCalls, ListOutboundCallsRequest, defaults)
        self.list_inbound_calls = Method(stub.ListInboundCalls, ListInboundCallsRequest, defaults)
        self.explain_outbound_caller_id = Method(
            stub.ExplainOutboundCallerId, ExplainOutboundCallerIdRequest, defaults
        )


class NumberInventory:
    """The local presence numbers: list, buy, import and delete them, and map area codes to them."""

    def __init__(
        self,
        channel: grpc.Channel,
        defaults: CallDefaults[threading.Event],
        carrier_defaults: CallDefaults[threading.Event],
    ) -> None:
        """Make the methods; `carrier_defaults` apply to the calls that wait for the carrier."""
        stub = NumberInventoryStub(channel)
        self.list_numbers = Method(stub.ListNumbers, ListNumbersRequest, defaults)
        self.get_number = Method(stub.GetNumber, GetNumberRequest, defaults)
        self.search_available_numbers = Method(
            stub.SearchAvailableNumbers, SearchAvailableNumbersRequest, carrier_defaults
        )
        self.purchase_numbers = Method(stub.PurchaseNumbers, PurchaseNumbersRequest, carrier_defaults)
        self.import_numbers = Method(stub.ImportNumbers, ImportNumbersRequest, carrier_defaults)
        self.list_importable_numbers = Method(
            stub.ListImportableNumbers, ListImportableNumbersRequest, carrier_defaults
        )
        self.reconcile_numbers = Method(stub.ReconcileNumbers, ReconcileNumbersRequest, carrier_defaults)
        self.delete_numbers = Method(stub.DeleteNumbers, DeleteNumbersRequest, carrier_defaults)
        self.map_area_codes = Method(stub.MapAreaCodes, MapAreaCodesRequest, defaults)
        self.unmap_area_codes = Method(stub.UnmapAreaCodes, UnmapAreaCodesRequest, defaults)
        self.get_usage = Method(stub.GetUsage, GetUsageRequest, defaults)


class Directory:
    """The organizations and their users."""

    def __init__(self, channel: grpc.Channel, defaults: CallDefaults[threading.Event]) -> None:
        """Make the methods; `defaults` apply to all calls."""
        stub = DirectoryStub(channel)
        self.set_organization = Method(stub.SetOrganization, SetOrganizationRequest, defaults)
        self.get_organization = Method(stub.GetOrganization, GetOrganizationRequest, defaults)
        self.list_organizations = Method(stub.ListOrganizations, ListOrganizationsRequest, defaults)
        self.delete_organization = Method(stub.DeleteOrganization, DeleteOrganizationRequest, defaults)
        self.set_user = Method(stub.SetUser, SetUserRequest, defaults)
        self.get_user = Method(stub.GetUser, GetUserRequest, defaults)
        self.list_users = Method(stub.ListUsers, ListUsersRequest, defaults)
        self.delete_user = Method(stub.DeleteUser, DeleteUserRequest, defaults)
        self.batch_set_users = Method(stub.BatchSetUsers, BatchSetUsersRequest, defaults)


class Administration:
    """The API keys of the server, the record of changes, its state, and who the caller is."""

    def __init__(self, channel: grpc.Channel, defaults: CallDefaults[threading.Event]) -> None:
        """Make the methods; `defaults` apply to all calls."""
        stub = AdministrationStub(channel)
        self.create_api_key = Method(stub.CreateApiKey, CreateApiKeyRequest, defaults)
        self.list_api_keys = Method(stub.ListApiKeys, ListApiKeysRequest, defaults)
        self.rotate_api_key = Method(stub.RotateApiKey, RotateApiKeyRequest, defaults)
        self.revoke_api_key = Method(stub.RevokeApiKey, RevokeApiKeyRequest, defaults)
        self.list_audit_events = Method(stub.ListAuditEvents, ListAuditEventsRequest, defaults)
        self.get_caller = Method(stub.GetCaller, GetCallerRequest, defaults)
        self.get_status = Method(stub.GetStatus, GetStatusRequest, defaults)
