"""Read your own writes: a client's later calls see its changes, whichever server answers."""

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
    ExplainOutboundCallerIdRequest,
    ResolveOutboundCallerIdRequest,
)
from localdial_client.errors import LocaldialError, from_status

RequestT = TypeVar("RequestT", bound=Message)

# A call to decide, or to explain.
_Leg = ResolveOutboundCallerIdRequest | ExplainOutboundCallerIdRequest

# This is more than one client changes in the seconds until every server has seen the changes.
_LIMIT: Final = 10_000
_NOT_REACHED: Final = "REVISION_NOT_REACHED"


def _organization_in(request: Descriptor) -> Callable[[Any], str]:
    """Return a function that reads the organization of such a request, or of the resource that it sets."""
    if "organization_id" in request.fields_by_name:
        return lambda message: str(message.organization_id)
    (resource,) = (
        field.name
        for field in request.fields
        if field.message_type is not None and "organization_id" in field.message_type.fields_by_name
    )
    return lambda message: str(getattr(message, resource).organization_id)


# The requests that change an organization, which are those whose response has its revision.
_ORGANIZATION_OF_CHANGE: Final[dict[str, Callable[[Any], str]]] = {
    method.input_type.full_name: _organization_in(method.input_type)
    for file in (directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if "revision" in method.output_type.fields_by_name
}


class Revisions:
    """The newest revision of each organization that a change by this client returned. Thread-safe."""

    def __init__(self, *, enabled: bool = True, limit: int = _LIMIT) -> None:
        """Remember the `limit` most recently used organizations, or none unless `enabled`."""
        self._limit = limit if enabled else 0
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def with_min_revision(self, request: RequestT) -> RequestT:
        """Return the request with `min_revision` set on every leg that has none, as far as it is known.

        Returns a copy, or the request itself if there is nothing to set. Never changes the request.
        """
        if all(self._min_revision(leg) == leg.min_revision for leg in _legs(request)):
            return request
        copy = type(request)()
        copy.CopyFrom(request)
        for leg in _legs(copy):
            leg.min_revision = self._min_revision(leg)
        return copy

    def learn(self, sent: Message, response: Any) -> None:
        """Remember or forget revisions, by the response to the request `sent`."""
        organization_of = _ORGANIZATION_OF_CHANGE.get(sent.DESCRIPTOR.full_name)
        if organization_of is not None:
            self._remember(organization_of(sent), response.revision)
        elif isinstance(response, BatchResolveOutboundCallerIdsResponse):
            for leg, result in zip(_legs(sent), response.results, strict=False):
                if result.HasField("status") and from_status(result.status).reason == _NOT_REACHED:
                    self._forget(leg)

    def learn_failure(self, sent: Message, error: LocaldialError) -> None:
        """Forget the revisions that the error of the request `sent` refutes."""
        if error.reason == _NOT_REACHED:
            for leg in _legs(sent):
                self._forget(leg)

    def _min_revision(self, leg: _Leg) -> int:
        if leg.min_revision:
            return leg.min_revision
        with self._lock:
            newest = self._newest.get(leg.organization_id, 0)
            if newest:
                self._newest.move_to_end(leg.organization_id)
            return newest

    def _remember(self, organization_id: str, revision: int) -> None:
        with self._lock:
            # Concurrent calls may return in any order.
            self._newest[organization_id] = max(revision, self._newest.get(organization_id, 0))
            self._newest.move_to_end(organization_id)
            while len(self._newest) > self._limit:
                self._newest.popitem(last=False)

    def _forget(self, leg: _Leg) -> None:
        """Forget a revision that the organization no longer has, because its database was restored.

        If the leg asked for a newer one than is remembered, the remembered one may still be right.
        """
        with self._lock:
            if self._newest.get(leg.organization_id, 0) >= leg.min_revision:
                self._newest.pop(leg.organization_id, None)


def _legs(request: Message) -> Iterator[_Leg]:
    if isinstance(request, _Leg):
        yield request
    elif isinstance(request, BatchResolveOutboundCallerIdsRequest):
        yield from request.requests
