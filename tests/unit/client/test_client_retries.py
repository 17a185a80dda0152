"""Which calls are retried, and that a retry is the same call."""

import asyncio
import contextlib
import time
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ReportInboundCallOutcomeRequest,
    ResolveOutboundCallerIdRequest,
    RouteInboundCallRequest,
)
from localdial.v1.directory_pb2 import BatchSetUsersRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import DeleteNumbersRequest, PurchaseNumbersRequest
from localdial_client import AsyncClient, DeadlineExceeded, LocaldialError, Unavailable, with_ids
from tests.support.fake_server import HANG_SECONDS, Answer, FakeServer, Hang, fails

from .conftest import Api, Connect

REPEATED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED
UNAVAILABLE = fails(grpc.StatusCode.UNAVAILABLE, "restarting")
MAX_ATTEMPTS = 5
LEG = ResolveOutboundCallerIdRequest(organization_id="acme", user_id="ann", callee_number="+14155550100")

# Each method that needs an identifier to be safe to repeat, with a request that lacks it.
NAMED_CALLS = [
    ("number_inventory.purchase_numbers", PurchaseNumbersRequest(organization_id="acme", area_code="415")),
    ("number_inventory.delete_numbers", DeleteNumbersRequest(phone_numbers=["+14155550100"])),
    ("call_routing.resolve_outbound_caller_id", LEG),
    ("call_routing.route_inbound_call", RouteInboundCallRequest(called_number="+14155550100")),
    (
        "call_routing.batch_resolve_outbound_caller_ids",
        BatchResolveOutboundCallerIdsRequest(requests=[LEG, LEG, LEG]),
    ),
]


def identifiers(request: Any) -> list[str]:
    """Return the identifiers of a request of `NAMED_CALLS`."""
    if isinstance(request, BatchResolveOutboundCallerIdsRequest):
        return [leg.call_id for leg in request.requests]
    return [request.call_id if hasattr(request, "call_id") else request.request_id]


def copy_of(request: Message) -> Message:
    return type(request).FromString(request.SerializeToString())


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "request_"), NAMED_CALLS, ids=[path for path, _ in NAMED_CALLS])
async def test_a_retry_has_the_same_identifiers(
    server: FakeServer, api: Api, path: str, request_: Message
) -> None:
    before = copy_of(request_)
    server.answers(UNAVAILABLE, UNAVAILABLE)
    await api.call(path, request_)
    first, *repeats = (each.request for each in server.received)
    assert repeats == [first, first]
    sent = identifiers(first)
    assert [str(uuid.UUID(each)) for each in sent] == sent
    assert len(set(sent)) == len(sent)
    assert request_ == before

    await api.call(path, request_)
    assert not set(identifiers(server.received[-1].request)) & set(sent)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("number_inventory.purchase_numbers", PurchaseNumbersRequest(request_id="mine")),
        ("call_routing.resolve_outbound_caller_id", ResolveOutboundCallerIdRequest(call_id="mine")),
        ("call_routing.resolve_outbound_caller_id", ResolveOutboundCallerIdRequest(validate_only=True)),
        ("call_routing.route_inbound_call", RouteInboundCallRequest(call_id="mine")),
        ("call_routing.report_inbound_call_outcome", ReportInboundCallOutcomeRequest(organization_id="acme")),
        ("directory.set_user", SetUserRequest(user=User(user_id="ann"))),
    ],
)
async def test_a_request_that_needs_no_identifier_is_sent_unchanged(
    server: FakeServer, api: Api, path: str, request_: Message
) -> None:
    await api.call(path, request_)
    assert server.received[0].request == request_


def test_each_leg_of_a_batch_gets_its_own_identifier() -> None:
    batch = BatchResolveOutboundCallerIdsRequest(
        requests=[
            LEG,
            ResolveOutboundCallerIdRequest(call_id="mine"),
            ResolveOutboundCallerIdRequest(validate_only=True),
        ]
    )
    fresh, mine, unrecorded = identifiers(with_ids(batch))
    assert (uuid.UUID(fresh).version, mine, unrecorded) == (7, "mine", "")
    assert identifiers(batch) == ["", "mine", ""]


def test_identifiers_of_the_caller_are_kept() -> None:
    named = with_ids(PurchaseNumbersRequest(area_code="415"))
    assert named.request_id
    assert with_ids(named) is named


@pytest.mark.parametrize("request_", [{"area_code": "415"}, None, PurchaseNumbersRequest])
def test_identifiers_are_filled_into_messages_only(request_: Any) -> None:
    """A dict would be returned without the identifier that makes it safe to repeat."""
    with pytest.raises(TypeError, match="must be of the type Message, not"):
        with_ids(request_)


@pytest.mark.asyncio
async def test_a_call_fails_after_its_last_retry(server: FakeServer, api: Api) -> None:
    server.answers(*[UNAVAILABLE] * (MAX_ATTEMPTS + 1))
    with pytest.raises(Unavailable, match=f"restarting, {MAX_ATTEMPTS} attempts$"):
        await api.call("directory.set_user", SetUserRequest())
    assert len(server.received) == MAX_ATTEMPTS


@pytest.mark.asyncio
async def test_a_call_that_runs_out_of_time_says_why_its_last_attempt_failed(
    server: FakeServer, api: Api
) -> None:
    server.answers(UNAVAILABLE, fails(grpc.StatusCode.CANCELLED, "cut off"), Hang())
    with pytest.raises(DeadlineExceeded, match=r"^DEADLINE_EXCEEDED: .*; .*: cut off, 3 attempts$"):
        await api.call("directory.set_user", SetUserRequest(), timeout=1)


@pytest.mark.asyncio
async def test_the_message_of_an_error_of_the_service_is_not_changed(server: FakeServer, api: Api) -> None:
    stopping = fails(
        grpc.StatusCode.UNAVAILABLE, "stopping", ErrorInfo(domain="localdial", reason="SHUTTING_DOWN")
    )
    server.answers(*[stopping] * MAX_ATTEMPTS)
    with pytest.raises(Unavailable) as caught:
        await api.call("directory.set_user", SetUserRequest())
    assert caught.value.message == "stopping"
    assert len(server.received) == MAX_ATTEMPTS


@pytest.mark.asyncio
async def test_options_of_the_channel_turn_retries_off(
    server: FakeServer, address: str, connect: Connect
) -> None:
    for options in [("grpc.enable_retries", 0)], [("grpc.service_config", "{}")]:
        server.received.clear()
        server.answers(UNAVAILABLE)
        with pytest.raises(Unavailable, match=f"^UNAVAILABLE: {address}: restarting, 1 attempt$"):
            await connect(address, options=options).call("directory.set_user", SetUserRequest())
        assert len(server.received) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("code", REPEATED)
async def test_a_call_that_the_server_cancels_is_retried(
    server: FakeServer, api: Api, code: grpc.StatusCode
) -> None:
    server.answers(fails(code), fails(code))
    await api.call("directory.set_user", SetUserRequest())
    assert len(server.received) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("again", [0, 1], ids=["first attempt", "repeat"])
async def test_a_call_that_its_caller_cancels_is_not_retried(
    server: FakeServer, address: str, again: int
) -> None:
    """CANCELLED is retried only when the server sends it."""
    hang = Hang()
    server.answers(*[fails(grpc.StatusCode.CANCELLED)] * again, hang)
    async with AsyncClient(address) as client:
        call = asyncio.create_task(client.directory.set_user(SetUserRequest(), timeout=HANG_SECONDS))
        assert await asyncio.to_thread(hang.started.wait, HANG_SECONDS)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(hang.ended.wait, HANG_SECONDS)
        # Longer than all four pauses between attempts together.
        await asyncio.sleep(2)
        assert len(server.received) == 1 + again


def refusal(reason: str, delay_ms: int | None = None) -> Answer:
    details: list[Message] = [ErrorInfo(domain="localdial", reason=reason)]
    if delay_ms is not None:
        delay = Duration()
        delay.FromMilliseconds(delay_ms)
        details.append(RetryInfo(retry_delay=delay))
    return fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "refused", *details)


@pytest.mark.asyncio
async def test_a_call_that_an_overloaded_server_refuses_is_repeated_after_the_delay(
    server: FakeServer, api: Api
) -> None:
    server.answers(refusal("OVERLOADED", 300), refusal("OVERLOADED"))
    begun = time.monotonic()
    await api.call("number_inventory.purchase_numbers", PurchaseNumbersRequest(request_id="mine"))
    assert time.monotonic() - begun > 0.35
    assert [received.request.request_id for received in server.received] == ["mine"] * 3


@pytest.mark.asyncio
async def test_an_overload_is_reported_if_the_delay_exceeds_the_time_left(
    server: FakeServer, api: Api
) -> None:
    server.answers(refusal("OVERLOADED", 60_000))
    with pytest.raises(LocaldialError) as caught:
        await api.call("directory.set_user", SetUserRequest())
    assert (caught.value.reason, caught.value.retry_delay) == ("OVERLOADED", 60)
    assert len(server.received) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("reason", ["NUMBER_LIMIT_REACHED", "PURCHASE_LIMIT_REACHED", "REQUEST_TOO_LARGE"])
async def test_a_limit_is_not_tried_again(server: FakeServer, api: Api, reason: str) -> None:
    server.answers(refusal(reason, 10))
    with pytest.raises(LocaldialError) as caught:
        await api.call("number_inventory.purchase_numbers", PurchaseNumbersRequest())
    assert caught.value.reason == reason
    assert len(server.received) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "code",
    [code for code in grpc.StatusCode if code not in {grpc.StatusCode.OK, *REPEATED}],
)
async def test_no_other_status_is_retried(server: FakeServer, api: Api, code: grpc.StatusCode) -> None:
    server.answers(fails(code))
    with pytest.raises(LocaldialError) as caught:
        await api.call("directory.set_user", SetUserRequest())
    assert caught.value.code is code
    assert len(server.received) == 1


@pytest.mark.asyncio
async def test_the_largest_request_is_retried(server: FakeServer, api: Api) -> None:
    users = [
        User(organization_id="o" * 128, user_id=f"{n:0128}", display_name="\u00e9" * 200) for n in range(1000)
    ]
    server.answers(UNAVAILABLE)
    await api.call("directory.batch_set_users", BatchSetUsersRequest(users=users))
    first, repeat = (each.request for each in server.received)
    assert first == repeat
    assert len(repeat.users) == len(users)


@pytest.mark.asyncio
async def test_retrying_stops_while_a_service_is_down_and_resumes_when_it_is_up(
    server: FakeServer, address: str
) -> None:
    async with AsyncClient(address) as client:

        async def attempts() -> int:
            """Make one more call and return how many attempts reached the server."""
            before = len(server.received)
            with contextlib.suppress(Unavailable):
                await client.directory.set_user(SetUserRequest())
            return len(server.received) - before

        server.answers(*[UNAVAILABLE] * 1000)
        await asyncio.gather(*(attempts() for _ in range(100)))
        assert await attempts() == 1
        server.forget_answers()
        for _ in range(150):
            assert await attempts() == 1
        server.answers(UNAVAILABLE)
        assert await attempts() == 1 + 1


@pytest.mark.asyncio
async def test_a_retry_goes_to_another_server(connect: Connect) -> None:
    servers = [FakeServer(), FakeServer()]
    try:
        ports = [server.start().rpartition(":")[2] for server in servers]
        api = connect("ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports))
        for _ in range(1000):
            await api.call("directory.set_user", SetUserRequest())
            if all(server.received for server in servers):
                break
        ill, well = servers
        ill.received.clear()
        well.received.clear()
        ill.answers(*[UNAVAILABLE] * MAX_ATTEMPTS)
        calls = 2
        for _ in range(calls):
            await api.call("directory.set_user", SetUserRequest())
        # Both calls were answered. They also take turns, so one or both reached the failing server first.
        assert len(well.received) == calls
        assert 1 <= len(ill.received) <= calls
    finally:
        for server in servers:
            server.stop()
