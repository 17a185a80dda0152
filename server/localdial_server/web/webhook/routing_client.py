"""The webhook's calls to localdial, through the Python client like those of any other caller."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from localdial.v1.call_routing_pb2 import DestinationReason, RouteInboundCallRequest
from localdial.v1.directory_pb2 import GetOrganizationRequest
from localdial_client import AsyncClient, FailedPrecondition, InvalidArgument, LocaldialError, NotFound
from localdial_server.domain.formats import IDENTIFIER
from localdial_server.web.webhook.call_steps import Call, Dial, Message

_log = logging.getLogger(__name__)

# The caller waits, and Twilio gives up after 15 s. A step makes at most one call of each kind.
_ROUTE_SECONDS: Final = 4.0
_NAME_SECONDS: Final = 3.0
_HEALTH_SECONDS: Final = 2.0

# Bypass the proxy, which is for reaching the carrier: the connection to localdial carries
# phone numbers unencrypted.
_NO_PROXY: Final = (("grpc.enable_http_proxy", 0),)

_IDENTIFIER: Final = re.compile(IDENTIFIER.pattern)

# The longest caller number that the contract accepts. No phone number is nearly as long.
_LONGEST_CALLER: Final = 256


class RoutingClient:
    """Calls localdial. No method raises, because the caller must hear something in any case.

    `screening`: users have to press a key to take a call.
    """

    def __init__(self, client: AsyncClient, health_channel: grpc.aio.Channel, *, screening: bool) -> None:
        self._client = client
        self._health = health_pb2_grpc.HealthStub(health_channel)
        self._screening = screening

    async def route(self, call: Call) -> Dial | Message:
        """Return the phone to ring, or a message if there is none or localdial does not answer."""
        request = RouteInboundCallRequest(
            called_number=call.called_number,
            caller_number=call.caller_number[:_LONGEST_CALLER],
            call_id=call.call_sid if _IDENTIFIER.fullmatch(call.call_sid) else "",
        )
        try:
            found = await self._client.call_routing.route_inbound_call(request, timeout=_ROUTE_SECONDS)
        except LocaldialError as error:
            _log_failure("a call-back cannot be routed", error, call.call_sid)
            return Message(error.metadata.get("organization_id", ""))
        # The organization number may be a machine, which presses no keys.
        is_user = found.reason == DestinationReason.DESTINATION_REASON_LAST_CALLER
        return Dial(
            found.destination_number,
            found.organization_id,
            # The next step's URL must hold no caller's number, since proxies log URLs.
            shows_caller=found.shown_number == call.caller_number,
            fallback_number=found.fallback_number or None,
            screened=self._screening and is_user,
        )

    async def organization_name(self, organization_id: str, call_sid: str) -> str:
        """Return the organization's display name; empty if it is unknown or localdial does not answer."""
        if not _IDENTIFIER.fullmatch(organization_id):
            return ""
        request = GetOrganizationRequest(organization_id=organization_id)
        try:
            found = await self._client.directory.get_organization(request, timeout=_NAME_SECONDS)
        except LocaldialError as error:
            _log_failure("an organization's name cannot be read", error, call_sid)
            return ""
        return found.organization.display_name

    async def is_serving(self) -> bool:
        """Return whether localdial is serving, according to its health service."""
        request = health_pb2.HealthCheckRequest()
        try:
            answer = await self._health.Check(  # type: ignore[attr-defined]  # the stubs package lacks it
                request, timeout=_HEALTH_SECONDS
            )
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def connected(server: str, *, screening: bool) -> AsyncIterator[RoutingClient]:
    """Connect to the server at `server`, host:port; the connection belongs to the running event loop."""
    async with (
        AsyncClient(server, options=_NO_PROXY) as client,
        grpc.aio.insecure_channel(server, _NO_PROXY) as channel,
    ):
        yield RoutingClient(client, channel, screening=screening)


def _log_failure(what: str, error: LocaldialError, call_sid: str) -> None:
    """Log, without phone numbers, what failed and why."""
    # A misconfigured number or organization is not a fault of the service.
    misconfigured = NotFound, FailedPrecondition, InvalidArgument
    level = logging.WARNING if isinstance(error, misconfigured) else logging.ERROR
    cause = {"code": error.code.name, "reason": error.reason}
    _log.log(level, what, extra={"call_sid": call_sid, **cause})
