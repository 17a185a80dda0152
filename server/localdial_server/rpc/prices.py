"""What each call costs the server, and out of which capacity it is served."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from google.protobuf.descriptor import MethodDescriptor


class Work(StrEnum):
    """Kinds of work. Each has a capacity of its own, so that none can take the server from the others."""

    CALLS = "calls"
    """What a phone call waits for."""
    BATCHES = "batches"
    """Many items at once; the loop is let go between slices of them."""
    RECORDS = "records"
    """Reads and changes of the database."""
    CARRIER = "carrier"
    """What waits for the carrier, for seconds perhaps."""


@dataclass(frozen=True, slots=True)
class Price:
    """The cost of one call, in units of one resolve: 0.1 ms of the server's time under load, 0.4 ms alone.

    `each` is the cost of an item of the list that is the request's first field, beside `once`.
    """

    work: Work
    once: int
    each: float = 0.0


_CALL: Final = Price(Work.CALLS, 1)
_CALL_BACK: Final = Price(Work.CALLS, 5)
_READ: Final = Price(Work.RECORDS, 2)
_LIST: Final = Price(Work.RECORDS, 5)
_EXPLANATION: Final = Price(Work.RECORDS, 10)
_CHANGE: Final = Price(Work.RECORDS, 4)
_CARRIER: Final = Price(Work.CARRIER, 5)

PRICES: Final[Mapping[str, Price]] = {
    "Administration.CreateApiKey": _CHANGE,
    "Administration.ListApiKeys": _LIST,
    "Administration.RotateApiKey": _CHANGE,
    "Administration.RevokeApiKey": _CHANGE,
    "Administration.ListAuditEvents": _LIST,
    "Administration.GetCaller": _READ,
    "Administration.GetStatus": _LIST,
    "CallRouting.ResolveOutboundCallerId": _CALL,
    "CallRouting.BatchResolveOutboundCallerIds": Price(Work.BATCHES, 1, each=1),
    "CallRouting.RouteInboundCall": _CALL_BACK,
    "CallRouting.ReportInboundCallOutcome": _CALL,
    "CallRouting.ListOutboundCalls": _LIST,
    "CallRouting.ListInboundCalls": _LIST,
    "CallRouting.ExplainOutboundCallerId": _EXPLANATION,
    "Directory.SetOrganization": _CHANGE,
    "Directory.GetOrganization": _READ,
    "Directory.ListOrganizations": _LIST,
    "Directory.DeleteOrganization": _CHANGE,
    "Directory.SetUser": _CHANGE,
    "Directory.GetUser": _READ,
    "Directory.ListUsers": _LIST,
    "Directory.DeleteUser": _CHANGE,
    "Directory.BatchSetUsers": Price(Work.BATCHES, 4, each=0.3),
    "NumberInventory.ListNumbers": _LIST,
    "NumberInventory.GetNumber": _READ,
    "NumberInventory.SearchAvailableNumbers": _CARRIER,
    "NumberInventory.PurchaseNumbers": Price(Work.CARRIER, 10),
    "NumberInventory.ImportNumbers": Price(Work.CARRIER, 10),
    "NumberInventory.ListImportableNumbers": _CARRIER,
    "NumberInventory.ReconcileNumbers": Price(Work.CARRIER, 60),
    "NumberInventory.DeleteNumbers": Price(Work.CARRIER, 10),
    "NumberInventory.MapAreaCodes": _CHANGE,
    "NumberInventory.UnmapAreaCodes": _CHANGE,
    "NumberInventory.GetUsage": Price(Work.RECORDS, 20),
}
"""The price of each method; those that reviews measured are in docs/security.md."""


def price_of(method: MethodDescriptor) -> Price:
    """Return the method's price. Raises `KeyError` if `PRICES` lacks it."""
    return PRICES[f"{method.containing_service.name}.{method.name}"]
