"""What the webhook asks localdial, through the Python client as anybody else would."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from localdial.v1.call_routing_pb2 import DestinationReason, RouteInboundCallRequest
from localdial.v1.directory_pb2 import GetOrganizationRequest
from localdial_client import AsyncClient, FailedPrecondition, InvalidArgument, LocaldialError, NotFound
from localdial_server.web.webhook.flow import Call, Organization

_log = logging.getLogger(__name__)

# A caller waits, and Twilio gives up after 15 s. A step asks two questions at most.
_ROUTE_SECONDS: Final = 4.0
_ORGANIZATION_SECONDS: Final = 3.0
_HEALTH_SECONDS: Final = 2.0

# A proxy that is set for the way to the carrier is none for the way to localdial: the
# phone numbers are not encrypted on it.
_DIRECTLY: Final = (("grpc.enable_http_proxy", 0),)

# What the contract takes. Whatever is longer is no number, and what its beginning is
# does not matter.
_LONGEST_CALLER_NUMBER: Final = 256
_LONGEST_CALL_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Destination:
    """Where localdial sends a call-back. ``is_user``: it is a user's work phone."""

    organization_id: str
    number: str
    is_user: bool


@dataclass(frozen=True, slots=True)
class Nowhere:
    """localdial sends the call-back nowhere, or did not say where in time.

    ``organization_id`` is that of the called number; empty if it is not known.
    """

    organization_id: str = ""


class Localdial:
    """The questions. None of them raises: a caller has to be told something in any case."""

    def __init__(self, client: AsyncClient, health_channel: grpc.aio.Channel) -> None:
        self._client = client
        self._health = health_pb2_grpc.HealthStub(health_channel)

    async def destination(self, call: Call) -> Destination | Nowhere:
        """Ask where a call-back goes."""
        request = RouteInboundCallRequest(
            called_number=call.called_number,
            caller_number=call.caller_number[:_LONGEST_CALLER_NUMBER],
            call_id=call.call_sid if _is_identifier(call.call_sid) else "",
        )
        try:
            found = await self._client.call_routing.route_inbound_call(request, timeout=_ROUTE_SECONDS)
        except LocaldialError as error:
            _tell(error, call.call_sid)
            return Nowhere(error.metadata.get("organization_id", ""))
        return Destination(
            found.organization_id,
            found.destination_number,
            found.reason == DestinationReason.DESTINATION_REASON_LAST_CALLER,
        )

    async def organization(self, organization_id: str, call_sid: str) -> Organization | None:
        """Ask for an organization; None: there is none, or no answer in time."""
        if not _is_identifier(organization_id):
            return None
        request = GetOrganizationRequest(organization_id=organization_id)
        try:
            found = await self._client.directory.get_organization(request, timeout=_ORGANIZATION_SECONDS)
        except LocaldialError as error:
            _tell(error, call_sid)
            return None
        organization = found.organization
        return Organization(
            organization.organization_id, organization.display_name, organization.organization_number
        )

    async def is_serving(self) -> bool:
        """Ask whether localdial serves."""
        request = health_pb2.HealthCheckRequest()
        try:
            answer = await self._health.Check(  # type: ignore[attr-defined]  # the stubs package lacks it
                request, timeout=_HEALTH_SECONDS
            )
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def connected(server: str) -> AsyncIterator[Localdial]:
    """Connect with the localdial at ``server``; the connection belongs to the running event loop."""
    async with (
        AsyncClient(server, options=_DIRECTLY) as client,
        grpc.aio.insecure_channel(server, _DIRECTLY) as channel,
    ):
        yield Localdial(client, channel)


def _is_identifier(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_CALL_ID and all("!" <= character <= "~" for character in text)


def _tell(error: LocaldialError, call_sid: str) -> None:
    """Log why a caller is told that the call cannot be connected, without phone numbers."""
    # What is set up wrong is not a fault of the service.
    set_up = NotFound, FailedPrecondition, InvalidArgument
    level = logging.WARNING if isinstance(error, set_up) else logging.ERROR
    cause = {"code": error.code.name, "reason": error.reason}
    _log.log(level, "a call-back cannot be routed", extra={"call_sid": call_sid, **cause})
