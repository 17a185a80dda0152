"""Both clients have every method of the contract, with its types, and page through lists."""

import importlib
import pkgutil
import re
from typing import Any, assert_type

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import localdial.v1
from localdial.v1.call_routing_pb2 import ResolveOutboundCallerIdRequest, ResolveOutboundCallerIdResponse
from localdial.v1.directory_pb2 import (
    DeleteOrganizationRequest,
    DeleteUserRequest,
    ListUsersRequest,
    ListUsersResponse,
    User,
)
from localdial.v1.number_inventory_pb2 import ListNumbersRequest, ListNumbersResponse
from localdial_client import AsyncClient, Client, NotFound, async_pages, pages
from tests.support.fake_server import FakeServer, fails

from .conftest import Api, AsyncApi, SyncApi

DEFAULT_SECONDS = 5
CARRIER_SECONDS = 60
WAIT_FOR_THE_CARRIER = {
    "SearchAvailableNumbers",
    "PurchaseNumbers",
    "ImportNumbers",
    "ListImportableNumbers",
    "ReconcileNumbers",
    "DeleteNumbers",
}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def contract() -> list[ServiceDescriptor]:
    """Return every service of the generated code, so that a new one cannot be forgotten."""
    files = [
        importlib.import_module(f"localdial.v1.{module.name}")
        for module in pkgutil.iter_modules(localdial.v1.__path__)
        if module.name.endswith("_pb2")
    ]
    return [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]


RPCS = [method for service in contract() for method in service.methods]


@pytest.mark.asyncio
@pytest.mark.parametrize("rpc", RPCS, ids=[rpc.full_name for rpc in RPCS])
async def test_every_rpc_has_a_method(server: FakeServer, api: Api, rpc: MethodDescriptor) -> None:
    service = rpc.containing_service
    request: Message = GetMessageClass(rpc.input_type)()
    answer = await api.call(f"{snake_case(service.name)}.{snake_case(rpc.name)}", request)
    assert answer.DESCRIPTOR is rpc.output_type
    received = server.received[0]
    assert received.path == f"/{service.full_name}/{rpc.name}"
    default = CARRIER_SECONDS if rpc.name in WAIT_FOR_THE_CARRIER else DEFAULT_SECONDS
    assert received.seconds_left == pytest.approx(default, abs=2)


@pytest.mark.asyncio
async def test_a_service_has_no_attributes_besides_its_rpcs(api: Api) -> None:
    assert isinstance(api, SyncApi | AsyncApi)
    assert len(RPCS) > 0
    services = {name: value for name, value in vars(api.client).items() if not name.startswith("_")}
    assert {(name, method) for name, service in services.items() for method in vars(service)} == {
        (snake_case(rpc.containing_service.name), snake_case(rpc.name)) for rpc in RPCS
    }


def test_the_methods_of_the_client_are_typed(server: FakeServer, address: str) -> None:
    """mypy checks the annotations, and pytest checks the values."""
    server.answers(ResolveOutboundCallerIdResponse(caller_id="+14155550199"))
    request = ResolveOutboundCallerIdRequest(
        organization_id="acme", user_id="ann", callee_number="+14155550100"
    )
    with Client(address) as client:
        answer = client.call_routing.resolve_outbound_caller_id(request, timeout=2)
        assert_type(answer, ResolveOutboundCallerIdResponse)
        for page in pages(client.number_inventory.list_numbers, ListNumbersRequest()):
            assert_type(page, ListNumbersResponse)
    assert answer.caller_id == "+14155550199"


@pytest.mark.asyncio
async def test_the_methods_of_the_async_client_are_typed(server: FakeServer, address: str) -> None:
    server.answers(ResolveOutboundCallerIdResponse(caller_id="+14155550199"))
    request = ResolveOutboundCallerIdRequest(
        organization_id="acme", user_id="ann", callee_number="+14155550100"
    )
    async with AsyncClient(address) as client:
        answer = await client.call_routing.resolve_outbound_caller_id(request, timeout=2)
        assert_type(answer, ResolveOutboundCallerIdResponse)
        async for page in async_pages(client.number_inventory.list_numbers, ListNumbersRequest()):
            assert_type(page, ListNumbersResponse)
    assert answer.caller_id == "+14155550199"


def page_of(user_id: str, next_page_token: str) -> ListUsersResponse:
    return ListUsersResponse(users=[User(user_id=user_id)], next_page_token=next_page_token)


@pytest.mark.asyncio
async def test_pages_follow_the_page_tokens(server: FakeServer, api: Api) -> None:
    answers = [page_of("ann", "two"), page_of("bob", "three"), page_of("cy", "")]
    server.answers(*answers)
    request = ListUsersRequest(organization_id="acme", page_size=1)
    assert await api.pages("directory.list_users", request) == answers
    assert [each.request for each in server.received] == [
        ListUsersRequest(organization_id="acme", page_size=1, page_token=token)
        for token in ("", "two", "three")
    ]
    assert request == ListUsersRequest(organization_id="acme", page_size=1)


@pytest.mark.asyncio
async def test_pages_start_where_the_request_says(server: FakeServer, api: Api) -> None:
    answers = [page_of("bob", "three"), page_of("cy", "")]
    server.answers(*answers)
    request = ListUsersRequest(page_token="two")
    assert await api.pages("directory.list_users", request) == answers
    assert [each.request.page_token for each in server.received] == ["two", "three"]
    assert request.page_token == "two"


@pytest.mark.asyncio
async def test_an_error_while_fetching_a_page_is_raised(server: FakeServer, api: Api) -> None:
    server.answers(page_of("ann", "two"), fails(grpc.StatusCode.NOT_FOUND))
    with pytest.raises(NotFound):
        await api.pages("directory.list_users", ListUsersRequest())
    assert [each.request.page_token for each in server.received] == ["", "two"]


def test_pages_are_fetched_one_at_a_time_with_their_options(server: FakeServer, address: str) -> None:
    server.answers(page_of("ann", "two"), page_of("bob", ""))
    with Client(address) as client:
        found = pages(
            client.directory.list_users, ListUsersRequest(), timeout=2, metadata=[("x-team", "crm")]
        )
        assert not server.received
        next(found)
        assert len(server.received) == 1
        assert [page.users[0].user_id for page in found] == ["bob"]
    assert [each.metadata["x-team"] for each in server.received] == ["crm", "crm"]
    assert all(each.seconds_left < DEFAULT_SECONDS - 2 for each in server.received)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("request_", "given"),
    [
        (DeleteUserRequest(organization_id="victim", user_id="ann"), "DeleteUserRequest"),
        ({"organization_id": "victim"}, "dict"),
        (None, "None"),
        ("victim", "str"),
        (DeleteOrganizationRequest, "GeneratedProtocolMessageType|MessageMeta"),
    ],
)
async def test_a_request_of_another_type_is_refused_and_not_sent(
    server: FakeServer, api: Api, request_: Any, given: str
) -> None:
    """gRPC would send its bytes, and delete the organization whose user was to be deleted."""
    with pytest.raises(TypeError, match=f"of the type DeleteOrganizationRequest, not ({given})"):
        await api.call("directory.delete_organization", request_)
    assert server.received == []
