"""The webhook's calls to localdial, through the Python client like those of any other caller."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from localdial.v1.call_routing_pb2 import (
    DestinationReason,
    ReportInboundCallOutcomeRequest,
    RouteInboundCallRequest,
)
from localdial.v1.directory_pb2 import GetOrganizationRequest
from localdial_client import AsyncClient, FailedPrecondition, InvalidArgument, LocaldialError, NotFound
from localdial_server.domain.callers import NumberReader
from localdial_server.domain.formats import IDENTIFIER
from localdial_server.observability.health import CALL_BACKS, DEGRADED_CALL_BACKS
from localdial_server.observability.log_limit import LimitedLog
from localdial_server.settings.errors import StartError
from localdial_server.web.webhook.call_steps import Call, CarrierFallback, Dial, DialEnded, Message

_log = LimitedLog(logging.getLogger(__name__))

# How long a step may take beyond the time that the server waits for its database: the way there and back.
_MARGIN_SECONDS: Final = 0.4

_HEALTH_SECONDS: Final = 1.0

# No caller waits for a report.
_REPORT_SECONDS: Final = 10.0

# Bypass the proxy, which is for reaching the carrier: the connection to localdial may carry
# phone numbers unencrypted.
_NO_PROXY: Final = (("grpc.enable_http_proxy", 0),)

_IDENTIFIER: Final = re.compile(IDENTIFIER.pattern)

# Errors of a misconfigured number or organization: the service works, and no fallback is needed.
_DEFINITIVE: Final = NotFound, FailedPrecondition, InvalidArgument

# The longest caller number that the contract accepts. No phone number is nearly as long.
_LONGEST_CALLER: Final = 256


@dataclass(frozen=True, slots=True)
class Server:
    """A localdial server, and how to call it, as `localdial_client.Client` takes it."""

    target: str
    """host:port, or any other gRPC target."""
    key: str | None = field(default=None, repr=False)
    tls: bool = False
    root_certificate: bytes | None = None
    client_certificate: bytes | None = None
    client_key: bytes | None = field(default=None, repr=False)

    @property
    def credentials(self) -> grpc.ChannelCredentials | None:
        """The credentials of a channel; None: the connection is not encrypted."""
        if not self.tls:
            return None
        return grpc.ssl_channel_credentials(self.root_certificate, self.client_key, self.client_certificate)


class Health(StrEnum):
    """The health of call-backs, as `/health` reports it."""

    SERVING = "SERVING"
    DEGRADED = "DEGRADED"
    """Call-backs ring the organization number: the database does not say who called last."""
    NOT_SERVING = "NOT_SERVING"


class RoutingClient:
    """Calls localdial. Its methods raise nothing: they return an answer for a failure too.

    `screening`: users have to press a key to take a call. `degraded_after`: how many seconds the server
    waits for its database. `reader` reads callers as the server does. Methods return by `until`, a time
    of the event loop.
    """

    def __init__(
        self,
        client: AsyncClient,
        health_channel: grpc.aio.Channel,
        *,
        screening: bool,
        degraded_after: float,
        reader: NumberReader,
    ) -> None:
        self._client = client
        self._health = health_pb2_grpc.HealthStub(health_channel)
        self._screening = screening
        self._step_seconds = degraded_after + _MARGIN_SECONDS
        self._reader = reader
        self._reports: set[asyncio.Task[None]] = set()

    def step_ends(self) -> float:
        """Return the time of the event loop by which a step that begins now must be answered."""
        return asyncio.get_running_loop().time() + self._step_seconds

    async def route(self, call: Call, until: float) -> Dial | Message | CarrierFallback:
        """Return the phone to ring, a message if there is none, or the fallback if localdial fails."""
        request = RouteInboundCallRequest(
            called_number=call.called_number,
            caller_number=call.caller_number[:_LONGEST_CALLER],
            call_id=call.call_sid if _IDENTIFIER.fullmatch(call.call_sid) else "",
            allow_degraded=True,
        )
        try:
            found = await self._client.call_routing.route_inbound_call(request, timeout=_seconds_until(until))
        except _DEFINITIVE as error:
            _log_failure("a call-back cannot be routed", error, call.call_sid)
            return Message(error.metadata.get("organization_id", ""))
        except LocaldialError as error:
            _log_failure("a call-back cannot be routed", error, call.call_sid)
            return CarrierFallback()
        if found.degraded:
            _log.warning("a call-back goes to the organization number", extra={"call_sid": call.call_sid})
        # The organization number may be a machine, which presses no keys.
        is_user = found.reason != DestinationReason.DESTINATION_REASON_ORGANIZATION_NUMBER
        return Dial(
            found.destination_number,
            found.organization_id,
            # The next step's URL must hold no caller's number, since proxies log URLs.
            shows_caller=found.shown_number == self._reader.caller(call.caller_number).number,
            fallback_number=found.fallback_number or None,
            screened=self._screening and is_user,
        )

    def report(self, call_sid: str, ended: DialEnded) -> None:
        """Report the outcome of the call in the background: the caller does not wait for it."""
        # A call whose identifier cannot be a `call_id` was recorded under one that this step does not know.
        if _IDENTIFIER.fullmatch(call_sid) and _IDENTIFIER.fullmatch(ended.organization_id):
            report = asyncio.create_task(self._report(call_sid, ended))
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)

    async def _report(self, call_sid: str, ended: DialEnded) -> None:
        request = ReportInboundCallOutcomeRequest(
            organization_id=ended.organization_id, call_id=call_sid, outcome=ended.outcome
        )
        try:
            await self._client.call_routing.report_inbound_call_outcome(request, timeout=_REPORT_SECONDS)
        except LocaldialError as error:
            _log_failure("the outcome of a call-back cannot be reported", error, call_sid)

    async def finish_reports(self) -> None:
        """Wait for the reports under way."""
        await asyncio.gather(*self._reports)

    async def organization_name(self, organization_id: str, call_sid: str, until: float) -> str:
        """Return the organization's display name; empty if it is unknown or localdial does not answer."""
        if not _IDENTIFIER.fullmatch(organization_id):
            return ""
        request = GetOrganizationRequest(organization_id=organization_id)
        try:
            found = await self._client.directory.get_organization(request, timeout=_seconds_until(until))
        except LocaldialError as error:
            _log_failure("an organization's name cannot be read", error, call_sid)
            return ""
        return found.organization.display_name

    async def health(self) -> Health:
        """Return the health of call-backs, according to localdial's health service."""
        by_rules, degraded = await asyncio.gather(
            self._is_serving(CALL_BACKS), self._is_serving(DEGRADED_CALL_BACKS)
        )
        return Health.SERVING if by_rules else Health.DEGRADED if degraded else Health.NOT_SERVING

    async def _is_serving(self, name: str) -> bool:
        request = health_pb2.HealthCheckRequest(service=name)
        try:
            answer = await self._health.Check(  # type: ignore[attr-defined]  # the stubs package lacks it
                request, timeout=_HEALTH_SECONDS
            )
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def connected(
    server: Server, *, screening: bool, degraded_after: float, reader: NumberReader
) -> AsyncIterator[RoutingClient]:
    """Connect to the server; the connection belongs to the running event loop.

    Raises `StartError` if it must not be called that way.
    """
    credentials = server.credentials
    try:
        unopened = AsyncClient(server.target, key=server.key, credentials=credentials, options=_NO_PROXY)
    except ValueError as error:
        raise StartError(f"the webhook cannot call {server.target}: {error}") from None
    async with (
        unopened as client,
        _channel(server.target, credentials) as channel,
    ):
        localdial = RoutingClient(
            client, channel, screening=screening, degraded_after=degraded_after, reader=reader
        )
        yield localdial
        await localdial.finish_reports()


def _channel(target: str, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
    if credentials is None:
        return grpc.aio.insecure_channel(target, _NO_PROXY)
    return grpc.aio.secure_channel(target, credentials, _NO_PROXY)


def _seconds_until(until: float) -> float:
    return max(until - asyncio.get_running_loop().time(), 0.001)


def _log_failure(what: str, error: LocaldialError, call_sid: str) -> None:
    """Log, without phone numbers, what failed and why."""
    log = _log.warning if isinstance(error, _DEFINITIVE) else _log.error
    cause = {"code": error.code.name, "reason": error.reason}
    log(what, kind=error.code.name, extra={"call_sid": call_sid, **cause})
