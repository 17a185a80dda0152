"""Who may call what: the roles of each method, and the organizations that a request is about."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from localdial_server.domain.errors import Reason, ServiceError
from localdial_server.domain.model import EXTERNAL
from localdial_server.domain.principals import Principal, Role

_DIALER, _VIEWER, _MANAGER, _GATEWAY = Role.DIALER, Role.VIEWER, Role.MANAGER, Role.GATEWAY
_ONLY_ADMINS: Final[frozenset[Role]] = frozenset()
_READERS: Final = frozenset({_VIEWER, _MANAGER})
_MANAGERS: Final = frozenset({_MANAGER})
_ALL: Final = frozenset(Role)

ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "Administration.CreateApiKey": _ONLY_ADMINS,
    "Administration.ListApiKeys": _ONLY_ADMINS,
    "Administration.RotateApiKey": _ONLY_ADMINS,
    "Administration.RevokeApiKey": _ONLY_ADMINS,
    "Administration.ListAuditEvents": _MANAGERS,
    "Administration.GetCaller": _ALL,
    "Administration.GetStatus": _READERS,
    "CallRouting.ResolveOutboundCallerId": frozenset({_DIALER}),
    "CallRouting.BatchResolveOutboundCallerIds": frozenset({_DIALER}),
    "CallRouting.RouteInboundCall": frozenset({_DIALER, _GATEWAY}),
    "CallRouting.ReportInboundCallOutcome": frozenset({_DIALER, _GATEWAY}),
    "CallRouting.ListOutboundCalls": frozenset({_DIALER, *_READERS}),
    "CallRouting.ListInboundCalls": frozenset({_DIALER, *_READERS}),
    "CallRouting.ExplainOutboundCallerId": frozenset({_DIALER, *_READERS}),
    "Directory.SetOrganization": _MANAGERS,
    "Directory.GetOrganization": frozenset({*_READERS, _GATEWAY}),
    "Directory.ListOrganizations": _ONLY_ADMINS,
    "Directory.DeleteOrganization": _MANAGERS,
    "Directory.SetUser": _MANAGERS,
    "Directory.GetUser": _READERS,
    "Directory.ListUsers": _READERS,
    "Directory.DeleteUser": _MANAGERS,
    "Directory.BatchSetUsers": _MANAGERS,
    "NumberInventory.ListNumbers": _READERS,
    "NumberInventory.GetNumber": _READERS,
    "NumberInventory.SearchAvailableNumbers": _READERS,
    "NumberInventory.PurchaseNumbers": _MANAGERS,
    "NumberInventory.ImportNumbers": _MANAGERS,
    "NumberInventory.ListImportableNumbers": _MANAGERS,
    "NumberInventory.ReconcileNumbers": _MANAGERS,
    "NumberInventory.DeleteNumbers": _MANAGERS,
    "NumberInventory.MapAreaCodes": _MANAGERS,
    "NumberInventory.UnmapAreaCodes": _MANAGERS,
    "NumberInventory.GetUsage": _READERS,
}
"""The roles that may call each method, besides admins, who may call them all."""

# Methods that show or take any number of the organization's carrier account.
_OF_THE_ACCOUNT: Final = frozenset({"NumberInventory.ImportNumbers", "NumberInventory.ListImportableNumbers"})


class PermissionDenied(ServiceError, reason=Reason.PERMISSION_DENIED):
    """The principal may not call the method, or not for this organization."""

    def __init__(self, principal: Principal) -> None:
        super().__init__(
            f"the role {principal.role} may not call this method, or not for this organization; use another "
            "credential",
            role=principal.role,
        )


class MethodAccess:
    """Who may call one method. Raises `KeyError` when it is built for a method that `ROLES` lacks."""

    def __init__(self, method: MethodDescriptor, shares_account: Callable[[str], bool]) -> None:
        """`shares_account`: whether an organization's carrier account is also that of others."""
        name = f"{method.containing_service.name}.{method.name}"
        self._shares_account = shares_account if name in _OF_THE_ACCOUNT else None
        self._roles = ROLES[name] | {Role.ADMIN}
        self._organizations = _ORGANIZATIONS.get(name, _organization_of(method))

    def require(self, principal: Principal, request: Message) -> None:
        """Raise `PermissionDenied` unless the principal may send the request.

        This reads nothing but the request, so the answer does not depend on what exists.
        """
        if principal.role not in self._roles:
            raise PermissionDenied(principal)
        own = principal.organization_id
        if own is None:
            return
        if any(each != own for each in self._organizations(request)):
            raise PermissionDenied(principal)
        if self._shares_account is not None and (
            self._shares_account(own) or getattr(request, "carrier", "") == EXTERNAL
        ):
            # An import of an external number is not checked at any carrier.
            raise PermissionDenied(principal)


# Returns the organizations that a request is about.
_Organizations = Callable[[Any], Iterable[str]]

# Methods whose requests are about other organizations than that of their field `organization_id`.
_ORGANIZATIONS: Final[Mapping[str, _Organizations]] = {
    "Administration.GetCaller": lambda _request: (),
    "CallRouting.BatchResolveOutboundCallerIds": lambda request: {
        leg.organization_id for leg in request.requests
    },
    # The called number says which organization; the use case finds only those of the principal.
    "CallRouting.RouteInboundCall": lambda _request: (),
    "Directory.SetOrganization": lambda request: (request.organization.organization_id,),
    "Directory.SetUser": lambda request: (request.user.organization_id,),
}


def _organization_of(method: MethodDescriptor) -> _Organizations:
    """Return how to find the organization of the method's requests, which is required for all but admins."""
    if "organization_id" in method.input_type.fields_by_name:
        return lambda request: (request.organization_id,)
    return lambda _request: ("",)
