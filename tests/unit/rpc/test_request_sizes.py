"""How large requests may be: as large as any that the rules allow, and not much larger."""

from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    ResolveOutboundCallerIdRequest,
)
from localdial.v1.directory_pb2 import BatchSetUsersRequest, SetUserRequest, User
from localdial.v1.number_inventory_pb2 import ImportNumbersRequest
from localdial_server.domain.errors import FieldViolation, InvalidFields
from localdial_server.rpc.contract import SERVICES, Contract, parse
from localdial_server.rpc.request_sizes import (
    RequestBounds,
    RequestTooLarge,
    max_request_bytes,
    transport_limit_bytes,
)

CONTRACT = Contract()

LONGEST_ID = "i" * 128
LEG = ResolveOutboundCallerIdRequest(
    organization_id=LONGEST_ID,
    user_id=LONGEST_ID,
    callee_number="+14155550123",
    call_id=LONGEST_ID,
    validate_only=True,
    min_revision=2**63 - 1,
)
# Letters of four bytes each.
LARGEST_USER = User(
    organization_id=LONGEST_ID,
    user_id=LONGEST_ID,
    display_name="\U00020000" * 200,
    caller_id="+14155550123",
    work_phone="+14155550123",
)


def users(count: int) -> BatchSetUsersRequest:
    request = BatchSetUsersRequest(organization_id=LONGEST_ID)
    for number in range(count):
        user = request.users.add()
        user.CopyFrom(LARGEST_USER)
        user.user_id = f"{number:0>128}"
    return request


@pytest.mark.parametrize(
    ("method", "request_", "limit"),
    [
        (
            "BatchResolveOutboundCallerIds",
            BatchResolveOutboundCallerIdsRequest(requests=[LEG] * 500),
            278_528,
        ),
        ("BatchSetUsers", users(1000), 1_343_488),
        ("SetUser", SetUserRequest(user=LARGEST_USER), 16_384),
        (
            "ImportNumbers",
            ImportNumbersRequest(
                organization_id=LONGEST_ID, phone_numbers=[f"+1415555{i:04}" for i in range(1000)]
            ),
            32_768,
        ),
    ],
)
def test_the_largest_valid_request_is_accepted(method: str, request_: Message, limit: int) -> None:
    descriptor = next(
        found
        for name in SERVICES
        if (found := CONTRACT.service(name).methods_by_name.get(method)) is not None
    )
    raw = request_.SerializeToString()
    CONTRACT.check(parse(CONTRACT.request_class(descriptor.containing_service.name, method), raw))
    assert max_request_bytes(CONTRACT, descriptor.input_type) == limit
    bounds = RequestBounds(CONTRACT, descriptor.input_type)
    bounds.require_size(raw)
    bounds.require_items(raw)
    with pytest.raises(RequestTooLarge, match=f"accepts {limit}"):
        bounds.require_size(bytes(limit + 1))


def test_a_request_without_fields_may_be_written_as_json_or_come_from_a_newer_client() -> None:
    assert max_request_bytes(CONTRACT, Empty.DESCRIPTOR) >= 1000


def test_the_transport_accepts_a_quarter_more_than_any_method() -> None:
    requests = [method.input_type for name in SERVICES for method in CONTRACT.service(name).methods]
    most = max(max_request_bytes(CONTRACT, request) for request in requests)
    assert transport_limit_bytes(CONTRACT) == 1.25 * most


@pytest.mark.parametrize(
    ("most", "request_"), [(500, BatchResolveOutboundCallerIdsRequest), (1000, BatchSetUsersRequest)]
)
def test_too_many_items_are_refused_before_they_are_parsed(most: int, request_: type[Message]) -> None:
    descriptor: Any = CONTRACT.message_class(request_.DESCRIPTOR.full_name).DESCRIPTOR
    (items,) = (field for field in descriptor.fields if field.is_repeated)
    empty = bytes([items.number << 3 | 2, 0])
    bounds = RequestBounds(CONTRACT, descriptor)
    bounds.require_items(empty * most)
    with pytest.raises(InvalidFields) as raised:
        bounds.require_items(empty * (most + 1))
    assert list(raised.value.violations) == [FieldViolation(items.name, f"must have at most {most} items")]
