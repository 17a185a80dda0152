"""The services of an `AsyncClient`: one attribute per RPC, typed by the generated stub."""

import asyncio

import grpc.aio

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
from localdial_client._method import AsyncMethod, CallDefaults


class AsyncCallRouting:
    """Decides which caller ID an outbound call shows and where a call-back goes."""

    def __init__(self, channel: grpc.aio.Channel, defaults: CallDefaults[asyncio.Event]) -> None:
        """Make the methods; `defaults` apply to all calls."""
        stub = CallRoutingStub(channel)
        self.resolve_outbound_caller_id = AsyncMethod(
            stub.ResolveOutboundCallerId, ResolveOutboundCallerIdRequest, defaults
        )
        self.batch_resolve_outbound_caller_ids = AsyncMethod(
            stub.BatchResolveOutboundCallerIds, BatchResolveOutboundCallerIdsRequest, defaults
        )
        self.route_inbound_call = AsyncMethod(stub.RouteInboundCall, RouteInboundCallRequest, defaults)
        self.report_inbound_call_outcome = AsyncMethod(
            stub.ReportInboundCallOutcome, ReportInboundCallOutcomeRequest, defaults
        )
        self.list_outbound_calls = AsyncMethod(stub.ListOutboundCalls, ListOutboundCallsRequest, defaults)
        self.list_inbound_calls = AsyncMethod(stub.ListInboundCalls, ListInboundCallsRequest, defaults)
        self.explain_outbound_caller_id = AsyncMethod(
            stub.ExplainOutboundCallerId, ExplainOutboundCallerIdRequest, defaults
        )


class AsyncNumberInventory:
    """The local presence numbers: list, buy, import and delete them, and map area codes to them."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        defaults: CallDefaults[asyncio.Event],
        carrier_defaults: CallDefaults[asyncio.Event],
    ) -> None:
        """Make the methods; `carrier_defaults` apply to the calls that wait for the carrier."""
        stub = NumberInventoryStub(channel)
        self.list_numbers = AsyncMethod(stub.ListNumbers, ListNumbersRequest, defaults)
        self.get_number = AsyncMethod(stub.GetNumber, GetNumberRequest, defaults)
        self.search_available_numbers = AsyncMethod(
            stub.SearchAvailableNumbers, SearchAvailableNumbersRequest, carrier_defaults
        )
        self.purchase_numbers = AsyncMethod(stub.PurchaseNumbers, PurchaseNumbersRequest, carrier_defaults)
        self.import_numbers = AsyncMethod(stub.ImportNumbers, ImportNumbersRequest, carrier_defaults)
        self.list_importable_numbers = AsyncMethod(
            stub.ListImportableNumbers, ListImportableNumbersRequest, carrier_defaults
        )
        self.reconcile_numbers = AsyncMethod(stub.ReconcileNumbers, ReconcileNumbersRequest, carrier_defaults)
        self.delete_numbers = AsyncMethod(stub.DeleteNumbers, DeleteNumbersRequest, carrier_defaults)
        self.map_area_codes = AsyncMethod(stub.MapAreaCodes, MapAreaCodesRequest, defaults)
        self.unmap_area_codes = AsyncMethod(stub.UnmapAreaCodes, UnmapAreaCodesRequest, defaults)
        self.get_usage = AsyncMethod(stub.GetUsage, GetUsageRequest, defaults)


class AsyncDirectory:
    """The organizations and their users."""

    def __init__(self, channel: grpc.aio.Channel, defaults: CallDefaults[asyncio.Event]) -> None:
        """Make the methods; `defaults` apply to all calls."""
        stub = DirectoryStub(channel)
        self.set_organization = AsyncMethod(stub.SetOrganization, SetOrganizationRequest, defaults)
        self.get_organization = AsyncMethod(stub.GetOrganization, GetOrganizationRequest, defaults)
        self.list_organizations = AsyncMethod(stub.ListOrganizations, ListOrganizationsRequest, defaults)
        self.delete_organization = AsyncMethod(stub.DeleteOrganization, DeleteOrganizationRequest, defaults)
        self.set_user = AsyncMethod(stub.SetUser, SetUserRequest, defaults)
        self.get_user = AsyncMethod(stub.GetUser, GetUserRequest, defaults)
        self.list_users = AsyncMethod(stub.ListUsers, ListUsersRequest, defaults)
        self.delete_user = AsyncMethod(stub.DeleteUser, DeleteUserRequest, defaults)
        self.batch_set_users = AsyncMethod(stub.BatchSetUsers, BatchSetUsersRequest, defaults)


class AsyncAdministration:
    """The API keys of the server, the record of changes, its state, and who the caller is."""

    def __init__(self, channel: grpc.aio.Channel, defaults: CallDefaults[asyncio.Event]) -> None:
        """Make the methods; `defaults` apply to all calls."""
        stub = AdministrationStub(channel)
        self.create_api_key = AsyncMethod(stub.CreateApiKey, CreateApiKeyRequest, defaults)
        self.list_api_keys = AsyncMethod(stub.ListApiKeys, ListApiKeysRequest, defaults)
        self.rotate_api_key = AsyncMethod(stub.RotateApiKey, RotateApiKeyRequest, defaults)
        self.revoke_api_key = AsyncMethod(stub.RevokeApiKey, RevokeApiKeyRequest, defaults)
        self.list_audit_events = AsyncMethod(stub.ListAuditEvents, ListAuditEventsRequest, defaults)
        self.get_caller = AsyncMethod(stub.GetCaller, GetCallerRequest, defaults)
        self.get_status = AsyncMethod(stub.GetStatus, GetStatusRequest, defaults)
