"""Which role may call which method, written down a second time, and a request of each method."""

from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from localdial_server.domain.principals import Principal, Role
from localdial_server.rpc.contract import SERVICES, Contract

CONTRACT: Final = Contract()
OWN, FOREIGN = "acme", "rival"

# A letter for each role that may call the method for its own organization: dialer, viewer, manager, gateway,
# admin. Gateways and admins may call it for every organization; nobody else may.
EXPECTED: Final = {
    "Administration.CreateApiKey": "a",
    "Administration.ListApiKeys": "a",
    "Administration.RotateApiKey": "a",
    "Administration.RevokeApiKey": "a",
    "Administration.ListAuditEvents": "ma",
    "Administration.GetCaller": "dvmga",
    "Administration.GetStatus": "vma",
    "CallRouting.ResolveOutboundCallerId": "da",
    "CallRouting.BatchResolveOutboundCallerIds": "da",
    "CallRouting.RouteInboundCall": "dga",
    "CallRouting.ReportInboundCallOutcome": "dga",
    "CallRouting.ListOutboundCalls": "dvma",
    "CallRouting.ListInboundCalls": "dvma",
    "CallRouting.ExplainOutboundCallerId": "dvma",
    "Directory.SetOrganization": "ma",
    "Directory.GetOrganization": "vmga",
    "Directory.ListOrganizations": "a",
    "Directory.DeleteOrganization": "ma",
    "Directory.SetUser": "ma",
    "Directory.GetUser": "vma",
    "Directory.ListUsers": "vma",
    "Directory.DeleteUser": "ma",
    "Directory.BatchSetUsers": "ma",
    "NumberInventory.ListNumbers": "vma",
    "NumberInventory.GetNumber": "vma",
    "NumberInventory.SearchAvailableNumbers": "vma",
    "NumberInventory.PurchaseNumbers": "ma",
    "NumberInventory.ImportNumbers": "ma",
    "NumberInventory.ListImportableNumbers": "ma",
    "NumberInventory.ReconcileNumbers": "ma",
    "NumberInventory.DeleteNumbers": "ma",
    "NumberInventory.MapAreaCodes": "ma",
    "NumberInventory.UnmapAreaCodes": "ma",
    "NumberInventory.GetUsage": "vma",
}

# The called number says which organization is meant, and the use case finds only the principal's.
ROUTE = "CallRouting.RouteInboundCall"
# The methods whose requests name no organization.
FOR_NO_ORGANIZATION = frozenset({ROUTE, "Administration.GetCaller"})


def is_expected(name: str, role: Role) -> bool:
    """Return whether the role may call the method for its own organization."""
    return role.value[0] in EXPECTED[name]


def methods() -> dict[str, MethodDescriptor]:
    """Return the methods of the contract by their names, such as `Directory.SetUser`."""
    return {
        f"{service}.{method.name}": method
        for service in SERVICES
        for method in CONTRACT.service(service).methods
    }


def principal(role: Role) -> Principal:
    """Return a principal of the own organization, or of all if the role has none."""
    return Principal("test", role, OWN if role.has_organization else None)


def request_for(name: str, organization_id: str) -> Message:
    """Return a request about the organization, wherever the method's requests name it."""
    service, method = name.split(".")
    request: Any = CONTRACT.request_class(service, method)()
    if name == "CallRouting.BatchResolveOutboundCallerIds":
        request.requests.add(organization_id=OWN)
        request.requests.add(organization_id=organization_id)
    elif name in {"Directory.SetOrganization", "Directory.SetUser"}:
        nested = request.organization if name == "Directory.SetOrganization" else request.user
        nested.organization_id = organization_id
    elif "organization_id" in request.DESCRIPTOR.fields_by_name:
        request.organization_id = organization_id
    return request  # type: ignore[no-any-return]
