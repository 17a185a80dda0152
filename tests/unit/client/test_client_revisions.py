"""Reading your own writes: later calls send the revision of a change as `min_revision`."""

from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from localdial.v1 import directory_pb2, number_inventory_pb2
from localdial.v1.call_routing_pb2 import (
    BatchResolveOutboundCallerIdsRequest,
    BatchResolveOutboundCallerIdsResponse,
    BatchResolveOutboundCallerIdsResult,
    ResolveOutboundCallerIdRequest,
    ResolveOutboundCallerIdResponse,
)
from localdial.v1.directory_pb2 import (
    GetOrganizationRequest,
    GetOrganizationResponse,
    Organization,
    SetUserRequest,
    SetUserResponse,
    User,
)
from localdial_client import FailedPrecondition
from localdial_client._revisions import Revisions
from tests.support.fake_server import FakeServer, fails

from .conftest import Api, Connect

CHANGES = [
    method
    for file in (directory_pb2, number_inventory_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if method.input_type.name.removesuffix("Request").startswith(
        ("Set", "Delete", "BatchSet", "Purchase", "Import", "Map", "Unmap")
    )
]
SET = SetUserRequest(user=User(organization_id="acme", user_id="ann"))
NOT_REACHED = ErrorInfo(domain="localdial", reason="REVISION_NOT_REACHED")


def leg(organization_id: str = "acme", **fields: Any) -> ResolveOutboundCallerIdRequest:
    return ResolveOutboundCallerIdRequest(organization_id=organization_id, user_id="ann", **fields)


def batch(*legs: ResolveOutboundCallerIdRequest) -> BatchResolveOutboundCallerIdsRequest:
    return BatchResolveOutboundCallerIdsRequest(requests=legs)


def of_acme(request: Message) -> Message:
    """Make a request about the organization acme."""
    holder: Any = request
    for field in request.DESCRIPTOR.fields:
        if field.name in {"organization", "user"}:
            holder = getattr(request, field.name)
    holder.organization_id = "acme"
    return request


async def changed(server: FakeServer, api: Api, revision: int) -> None:
    server.answers(SetUserResponse(revision=revision))
    await api.call("directory.set_user", SET)


async def carried(server: FakeServer, api: Api, request: ResolveOutboundCallerIdRequest) -> int:
    """Resolve, and return the `min_revision` that the server received."""
    await api.call("call_routing.resolve_outbound_caller_id", request)
    revision: int = server.received[-1].request.min_revision
    return revision


@pytest.mark.asyncio
@pytest.mark.parametrize("method", CHANGES, ids=[method.name for method in CHANGES])
async def test_the_revision_of_every_change_is_sent_with_later_calls(
    server: FakeServer, api: Api, method: Any
) -> None:
    request = of_acme(GetMessageClass(method.input_type)())
    server.answers(GetMessageClass(method.output_type)(revision=7))
    service = "directory" if method.containing_service.name == "Directory" else "number_inventory"
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method.name)
    await api.call(f"{service}.{words.removeprefix('_')}", request)
    before = leg()
    assert await carried(server, api, before) == 7
    assert before == leg()
    assert await carried(server, api, leg("zenith")) == 0


def test_every_change_of_the_contract_is_tested() -> None:
    assert len(CHANGES) == sum(
        "revision" in method.output_type.fields_by_name
        for file in (directory_pb2, number_inventory_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    )


@pytest.mark.asyncio
async def test_only_revisions_of_changes_by_this_client_are_sent(server: FakeServer, api: Api) -> None:
    server.answers(
        GetOrganizationResponse(organization=Organization(organization_id="acme", revision=9)),
        ResolveOutboundCallerIdResponse(revision=9),
    )
    await api.call("directory.get_organization", GetOrganizationRequest(organization_id="acme"))
    assert await carried(server, api, leg()) == 0
    assert await carried(server, api, leg()) == 0


@pytest.mark.asyncio
async def test_the_newest_revision_is_sent_unless_the_caller_sets_one(server: FakeServer, api: Api) -> None:
    await changed(server, api, 7)
    await changed(server, api, 5)
    assert await carried(server, api, leg()) == 7
    assert await carried(server, api, leg(min_revision=3)) == 3
    assert await carried(server, api, leg(validate_only=True)) == 7


@pytest.mark.asyncio
async def test_each_leg_of_a_batch_sends_the_revision_of_its_organization(
    server: FakeServer, api: Api
) -> None:
    await changed(server, api, 7)
    legs = batch(leg(call_id="1"), leg("zenith", call_id="2"), leg(call_id="3", min_revision=9))
    await api.call("call_routing.batch_resolve_outbound_caller_ids", legs)
    assert [each.min_revision for each in server.received[-1].request.requests] == [7, 0, 9]
    assert legs == batch(leg(call_id="1"), leg("zenith", call_id="2"), leg(call_id="3", min_revision=9))


@pytest.mark.asyncio
async def test_reading_your_own_writes_can_be_turned_off(
    server: FakeServer, address: str, connect: Connect
) -> None:
    api = connect(address, read_your_writes=False)
    await changed(server, api, 7)
    assert await carried(server, api, leg()) == 0


@pytest.mark.asyncio
async def test_a_revision_that_was_not_reached_is_forgotten(server: FakeServer, api: Api) -> None:
    await changed(server, api, 7)
    server.answers(fails(grpc.StatusCode.FAILED_PRECONDITION, "restored", NOT_REACHED))
    with pytest.raises(FailedPrecondition, match="REVISION_NOT_REACHED"):
        await carried(server, api, leg())
    assert await carried(server, api, leg()) == 0


@pytest.mark.asyncio
async def test_a_batch_forgets_the_revision_of_a_leg_that_did_not_reach_it(
    server: FakeServer, api: Api
) -> None:
    await changed(server, api, 7)
    detail = AnyMessage()
    detail.Pack(NOT_REACHED)
    fine = BatchResolveOutboundCallerIdsResult(response=ResolveOutboundCallerIdResponse())
    failed = BatchResolveOutboundCallerIdsResult(status=Status(code=9, details=[detail]))
    server.answers(BatchResolveOutboundCallerIdsResponse(results=[fine, failed]))
    legs = batch(leg("zenith"), leg())
    await api.call("call_routing.batch_resolve_outbound_caller_ids", legs)
    assert await carried(server, api, leg()) == 0


@pytest.mark.asyncio
async def test_an_unreached_revision_of_the_caller_erases_nothing(server: FakeServer, api: Api) -> None:
    await changed(server, api, 7)
    server.answers(fails(grpc.StatusCode.FAILED_PRECONDITION, "too new", NOT_REACHED))
    with pytest.raises(FailedPrecondition):
        await carried(server, api, leg(min_revision=9))
    assert await carried(server, api, leg()) == 7
    server.answers(fails(grpc.StatusCode.FAILED_PRECONDITION, "restored", NOT_REACHED))
    with pytest.raises(FailedPrecondition):
        await carried(server, api, leg(min_revision=3))
    assert await carried(server, api, leg()) == 0


def test_the_least_recently_used_organization_is_forgotten() -> None:
    revisions = Revisions(limit=2)
    for organization in "a", "b":
        revisions.learn(SetUserRequest(user=User(organization_id=organization)), SetUserResponse(revision=1))
    assert revisions.with_min_revision(leg("a")).min_revision == 1
    revisions.learn(SetUserRequest(user=User(organization_id="c")), SetUserResponse(revision=1))
    assert [revisions.with_min_revision(leg(organization)).min_revision for organization in "abc"] == [
        1,
        0,
        1,
    ]
