"""A server that has more calls than it can serve, and one with rate limits."""

import contextlib
from collections.abc import Callable
from typing import Any

import grpc
from google.rpc.status_pb2 import Status

from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest
from localdial.v1.call_routing_pb2_grpc import CallRoutingStub
from localdial.v1.directory_pb2 import Organization, SetOrganizationRequest, SetUserRequest, User
from localdial_client import Client, LocaldialError, from_status
from tests.drills import metrics
from tests.functional.server_process import ServerProcess
from tests.support import http2

Start = Callable[..., ServerProcess]

# More calls than either front lets wait, even if it answers hundreds of them meanwhile.
CONNECTIONS, STREAMS = 25, 100


def add_organization(address: str, organization_id: str) -> None:
    with Client(address) as client:
        organization = Organization(organization_id=organization_id)
        client.directory.set_organization(SetOrganizationRequest(organization=organization))
        user = User(organization_id=organization_id, user_id="ann", caller_id="+12125550142")
        client.directory.set_user(SetUserRequest(user=user))


def leg(organization_id: str) -> ResolveOutboundCallerIdRequest:
    return ResolveOutboundCallerIdRequest(
        organization_id=organization_id, user_id="ann", callee_number="+14155550123"
    )


def resolve(address: str, organization_id: str, count: int) -> list[grpc.RpcError | None]:
    """Make calls one after the other without retries; return the error of each."""
    errors: list[grpc.RpcError | None] = []
    with grpc.insecure_channel(address, [("grpc.enable_retries", 0)]) as channel:
        for _ in range(count):
            try:
                CallRoutingStub(channel).ResolveOutboundCallerId(leg(organization_id), timeout=20)
                errors.append(None)
            except grpc.RpcError as error:
                errors.append(error)
    return errors


def decoded(error: Any) -> LocaldialError:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    return from_status(Status.FromString(details))


def test_one_organization_is_served_beside_a_flood_of_another_which_is_refused(start_server: Start) -> None:
    server = start_server(LOCALDIAL_METRICS_LISTEN="127.0.0.1:0")
    for organization_id in "flood", "victim":
        add_organization(server.address, organization_id)
    resolve(server.address, "flood", 1)
    resolve(server.address, "victim", 1)
    body = leg("flood").SerializeToString()
    calls = b"".join(http2.call(2 * number + 1, body) for number in range(STREAMS))
    with contextlib.ExitStack() as stack:
        flood = [stack.enter_context(http2.Connection(server.address)) for _ in range(CONNECTIONS)]
        for connection in flood:
            connection.greet()
        for connection in flood:
            connection.send(calls)
        assert resolve(server.address, "victim", 20) == [None] * 20
    assert metrics.read(server.log)['localdial_admission_refused_total{cause="calls"}'] > 0
    refusals = [line for line in server.logged() if "refused" in str(line["event"])]
    assert len(refusals) == 1
    assert refusals[0]["organization_id"] == "flood"


def test_an_organization_over_its_rate_limit_is_told_when_to_try_again(start_server: Start) -> None:
    server = start_server(
        LOCALDIAL_ORGANIZATION_LIMITS='{"acme": {"rate_units_per_second": 0.01, "rate_burst_units": 20}}'
    )
    for organization_id in "acme", "other":
        add_organization(server.address, organization_id)
    # The first call of an organization that is not in memory yet is not charged.
    errors = resolve(server.address, "acme", 30)

    assert resolve(server.address, "other", 30) == [None] * 30
    assert [error is None for error in errors] == sorted((error is None for error in errors), reverse=True)
    refusal = decoded(errors[-1])
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refusal.reason == "OVERLOADED"
    assert refusal.metadata == {"organization_id": "acme"}
    assert refusal.retry_delay is not None
    assert 0 < refusal.retry_delay <= 130
