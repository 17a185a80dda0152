"""Calls a server while its database or its disk fails."""

import itertools
import time
from collections.abc import Callable

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial_client import Client, Unavailable
from tests.functional.server_process import ServerProcess
from tests.support.postgres import PostgresServer
from tests.support.waiting import DEADLINE_SECONDS

# A call-back or a change must be refused within this time even on a busy machine, and long
# before a transaction would time out.
AT_ONCE_SECONDS = 8.0

NUMBER = "+13125550150"


class Caller:
    """Calls one server, without retries."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self._client = self._connect()
        self._numbers = itertools.count()

    def restart(self) -> None:
        """Start the server again after it was killed."""
        self.server.start()
        self._client = self._connect()

    def set_up(self) -> None:
        """Create the organization."""
        organization = directory.Organization(organization_id="acme", organization_number=NUMBER)
        self._client.directory.set_organization(directory.SetOrganizationRequest(organization=organization))
        self.change("ann")

    def change(self, user_id: str) -> None:
        """Set a user."""
        user = directory.User(organization_id="acme", user_id=user_id, work_phone="+13125550160")
        self._client.directory.set_user(directory.SetUserRequest(user=user))

    def resolve(self) -> calls.ResolveOutboundCallerIdResponse:
        """Resolve a call to a number that was not called before."""
        return self._client.call_routing.resolve_outbound_caller_id(_leg(next(self._numbers)))

    def resolve_many(self, count: int) -> list[calls.BatchResolveOutboundCallerIdsResult]:
        """Resolve this many calls in one batch."""
        legs = [_leg(next(self._numbers)) for _ in range(count)]
        request = calls.BatchResolveOutboundCallerIdsRequest(requests=legs)
        return list(self._client.call_routing.batch_resolve_outbound_caller_ids(request).results)

    def route(self, call_id: str) -> calls.RouteInboundCallResponse:
        """Route a call-back from the callee of that call."""
        caller = _leg(int(call_id)).callee_number
        request = calls.RouteInboundCallRequest(called_number=NUMBER, caller_number=caller)
        return self._client.call_routing.route_inbound_call(request)

    def _connect(self) -> Client:
        return Client(self.server.address, timeout=DEADLINE_SECONDS, options=[("grpc.enable_retries", 0)])


def _leg(number: int) -> calls.ResolveOutboundCallerIdRequest:
    return calls.ResolveOutboundCallerIdRequest(
        organization_id="acme",
        user_id="ann",
        callee_number=f"+1415555{number:04}",
        call_id=f"{number:04}",
    )


def recorded(postgresql: PostgresServer, url: str) -> list[str]:
    """Return the calls in the database, in the order in which they were made."""
    query = "SELECT call_id FROM outbound_calls ORDER BY call_time, call_id"
    return [call_id for (call_id,) in postgresql.execute(query, url.rpartition("/")[2])]


def is_refused(ask: Callable[[], object]) -> bool:
    """Return whether the server refuses at once, with the right error, because the database is down."""
    begun = time.monotonic()
    try:
        ask()
    except Unavailable as error:
        refusal = error
    else:
        return False
    assert refusal.reason == "STORAGE_UNAVAILABLE"
    assert refusal.retry_delay is not None
    assert time.monotonic() - begun < AT_ONCE_SECONDS
    return True


def is_serving(server: ServerProcess, service: str = "") -> bool:
    """Return whether the server says so to health checks."""
    with grpc.insecure_channel(server.address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(request, timeout=DEADLINE_SECONDS)  # type: ignore[attr-defined]  # the stubs package lacks it
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
