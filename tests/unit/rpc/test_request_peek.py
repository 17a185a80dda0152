import random
import time
from typing import Any

import pytest
from google.protobuf.message import Message

from localdial.v1 import call_routing_pb2 as calls
from localdial.v1 import directory_pb2 as directory
from localdial_server.rpc.contract import SERVICES, Contract
from localdial_server.rpc.request_peek import RequestPeek

LEG = calls.ResolveOutboundCallerIdRequest(
    organization_id="acme", user_id="ann", callee_number="+14155550123"
)
USER = directory.User(organization_id="acme", user_id="ann")


def peek(request: Message) -> RequestPeek:
    descriptor: Any = request.DESCRIPTOR
    return RequestPeek(descriptor)


@pytest.mark.parametrize(
    "request_",
    [
        LEG,
        calls.BatchResolveOutboundCallerIdsRequest(requests=[LEG, LEG]),
        directory.SetUserRequest(user=USER),
        directory.BatchSetUsersRequest(organization_id="acme", users=[USER]),
    ],
)
def test_the_organization_is_read_without_parsing(request_: Message) -> None:
    assert peek(request_).organization(request_.SerializeToString()) == "acme"


def test_the_organization_is_found_behind_other_fields() -> None:
    organization = b"\x0a\x04acme"
    other = LEG.SerializeToString().replace(organization, b"")

    assert peek(LEG).organization(other + organization) == "acme"


def test_a_request_about_no_organization_has_none() -> None:
    request = calls.RouteInboundCallRequest(called_number="+14155550123")

    assert not peek(request).organization(request.SerializeToString())


def test_items_are_counted_up_to_a_limit() -> None:
    batch = calls.BatchResolveOutboundCallerIdsRequest(requests=[LEG] * 7)
    users = directory.BatchSetUsersRequest(organization_id="acme", users=[USER] * 5)

    assert peek(batch).item_count(batch.SerializeToString(), 1_000) == 7
    assert peek(batch).item_count(batch.SerializeToString(), 3) == 3
    assert peek(users).item_count(users.SerializeToString(), 1_000) == 5


def test_short_and_long_items_are_counted_alike_up_to_where_the_bytes_end() -> None:
    long = calls.ResolveOutboundCallerIdRequest(organization_id="a" * 200)
    batch = calls.BatchResolveOutboundCallerIdsRequest(requests=[LEG, LEG, long, LEG, long, LEG])
    raw = batch.SerializeToString()

    ends = [
        calls.BatchResolveOutboundCallerIdsRequest(requests=batch.requests[:n]).ByteSize() for n in range(7)
    ]
    for length in range(len(raw) + 1):
        complete = sum(end <= length for end in ends) - 1
        assert peek(batch).item_count(raw[:length], 1_000) == complete
        assert peek(batch).item_count(raw[:length], 4) == min(complete, 4)


def test_hostile_bytes_raise_nothing_and_take_no_time() -> None:
    contract = Contract()
    types = [method.input_type for name in SERVICES for method in contract.service(name).methods]
    dice = random.Random(12)
    bodies = [dice.randbytes(dice.randrange(64)) for _ in range(2_000)]
    bodies += [b"\x0a\x00" * 2_000_000, b"\xff" * 4_000_000, b"\x0a\xff\xff\xff\xff\x0f", b"\x08" * 1_000_000]

    begun = time.process_time()
    for number, body in enumerate(bodies):
        one = RequestPeek(types[number % len(types)])
        assert isinstance(one.organization(body), str)
        assert one.item_count(body, 1_000) <= 1_000

    assert time.process_time() - begun < 5
