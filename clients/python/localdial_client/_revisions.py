"""Reading one's own writes: what a client changed, its later calls know, on whichever server."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from localdial.v1 import directory_pb2, number_inventory_pb2
from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    BatchResolveOutboundCallerIdsResponse,
    ResolveOutboundCallerIdRequest,
)
from localdial_client.errors import LocaldialError, from_status

RequestT = TypeVar("RequestT", bound=Message)

# More organizations than one client changes in the seconds that it takes until all servers know.
_LIMIT: Final = 10_000
_NOT_REACHED: Final = "REVISION_NOT_REACHED"


def _organization_in(request: Descriptor) -> Callable[[Any], str]:
    """Say where a request has its organization: in itself, or in the resource that it sets."""
    if "organization_id" in request.fields_by_name:
        return lambda message: str(message.organization_id)
    (resource,) = (
        field.name
        for field in request.fields
        if field.message_type is not None and "organization_id" in field.message_type.fields_by_name
    )
    return lambda message: str(getattr(message, resource).organization_id)


# The changes: what is answered with the organization's revision.
_ORGANIZATION_OF_CHANGE: Final[dict[str, Callable[[Any], str]]] = {
    method.input_type.full_name: _organization_in(method.input_type)
    for file in (directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if "revision" in method.output_type.fields_by_name
}


class Revisions:
    """The newest revision of each organization that this client was answered by a change. Thread-safe."""

    def __init__(self, *, enabled: bool = True, limit: int = _LIMIT) -> None:
        """Remember so many organizations, those used last; none unless enabled."""
        self._limit = limit if enabled else 0
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def carry(self, request: RequestT) -> RequestT:
        """Set `min_revision` of every leg to resolve that has none to what is remembered.

        Returns a copy, or the request itself where nothing is to set. The request is never changed.
        """
        if all(self._wanted(leg) == leg.min_revision for leg in _legs(request)):
            return request
        copy = type(request)()
        copy.CopyFrom(request)
        for leg in _legs(copy):
            leg.min_revision = self._wanted(leg)
        return copy

    def answered(self, request: Message, response: Any) -> None:
        """Learn from what the request, as it was sent, was answered."""
        organization_of = _ORGANIZATION_OF_CHANGE.get(request.DESCRIPTOR.full_name)
        if organization_of is not None:
            self._remember(organization_of(request), response.revision)
        elif isinstance(response, BatchResolveOutboundCallerIdsResponse):
            for leg, result in zip(_legs(request), response.results, strict=False):
                if result.HasField("status") and from_status(result.status).reason == _NOT_REACHED:
                    self._forget(leg)

    def failed(self, request: Message, error: LocaldialError) -> None:
        """Learn from the error of the request, as it was sent."""
        if error.reason == _NOT_REACHED:
            for leg in _legs(request):
                self._forget(leg)

    def _wanted(self, leg: ResolveOutboundCallerIdRequest) -> int:
        if leg.min_revision:
            return leg.min_revision
        with self._lock:
            newest = self._newest.get(leg.organization_id, 0)
            if newest:
                self._newest.move_to_end(leg.organization_id)
            return newest

    def _remember(self, organization_id: str, revision: int) -> None:
        with self._lock:
            # Answers of calls at the same time may come in any order.
            self._newest[organization_id] = max(revision, self._newest.get(organization_id, 0))
            self._newest.move_to_end(organization_id)
            while len(self._newest) > self._limit:
                self._newest.popitem(last=False)

    def _forget(self, leg: ResolveOutboundCallerIdRequest) -> None:
        """Forget what the organization never reached: its database was restored to before the change.

        What the leg asked for itself may have been newer, and says nothing of what is remembered.
        """
        with self._lock:
            if self._newest.get(leg.organization_id, 0) >= leg.min_revision:
                self._newest.pop(leg.organization_id, None)


def _legs(request: Message) -> Iterator[ResolveOutboundCallerIdRequest]:
    if isinstance(request, ResolveOutboundCallerIdRequest):
        yield request
    elif isinstance(request, BatchResolveOutboundCallerIdsRequest):
        yield from request.requests
