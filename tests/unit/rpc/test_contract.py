"""The server's copy of the contract, and how requests are checked by it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from localdial.v1 import (
    administration_pb2,
    call_routing_pb2,
    directory_pb2,
    errors_pb2,
    number_inventory_pb2,
    number_pb2,
)
from localdial_server.domain.errors import InvalidFields
from localdial_server.rpc.administration import AdministrationServicer
from localdial_server.rpc.call_routing import CallRoutingServicer
from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract, MalformedRequest, parse
from localdial_server.rpc.directory import DirectoryServicer
from localdial_server.rpc.handlers import snake_case
from localdial_server.rpc.number_inventory import NumberInventoryServicer

CONTRACT = Contract()
SERVICERS = {
    "Administration": AdministrationServicer,
    "CallRouting": CallRoutingServicer,
    "Directory": DirectoryServicer,
    "NumberInventory": NumberInventoryServicer,
}


def methods() -> list[MethodDescriptor]:
    return [method for service in SERVICES for method in CONTRACT.service(service).methods]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_every_method_of_the_contract_is_served(method: MethodDescriptor) -> None:
    servicer = SERVICERS[method.containing_service.name]
    assert callable(getattr(servicer, snake_case(method.name)))


def test_every_service_of_the_contract_is_served() -> None:
    modules = (
        administration_pb2,
        call_routing_pb2,
        directory_pb2,
        errors_pb2,
        number_inventory_pb2,
        number_pb2,
    )
    assert sorted(SERVICES) == sorted(
        name for module in modules for name in module.DESCRIPTOR.services_by_name
    )


@pytest.mark.parametrize(
    "module", [call_routing_pb2, directory_pb2, errors_pb2, number_inventory_pb2, number_pb2]
)
def test_the_servers_copy_and_the_clients_stubs_are_the_same_contract(module: Any) -> None:
    # They differ only in the field rules, which the stubs do not have.
    stub = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(stub)
    ours = descriptor_pb2.FileDescriptorProto()
    CONTRACT._pool.FindFileByName(stub.name).CopyToProto(ours)
    for file in stub, ours:
        file.ClearField("dependency")
        for message in file.message_type:
            for field in message.field:
                field.ClearField("options")
    assert stub == ours


def string_fields(method: MethodDescriptor) -> Iterator[FieldDescriptor]:
    seen = set()
    waiting = [method.input_type]
    while waiting:
        message = waiting.pop()
        if message.full_name in seen or not message.full_name.startswith(PACKAGE):
            continue
        seen.add(message.full_name)
        for field in message.fields:
            if field.type == FieldDescriptor.TYPE_STRING:
                yield field
            elif field.message_type is not None:
                waiting.append(field.message_type)


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.name)
def test_every_text_field_of_a_request_has_a_maximum_length(method: MethodDescriptor) -> None:
    # The database's columns have one, and a request must fail before it gets there.
    for field in string_fields(method):
        assert field.containing_type is not None
        message = CONTRACT.message_class(field.containing_type.full_name)()
        endless = "1" * 5000
        if field.is_repeated:
            getattr(message, field.name).append(endless)
        else:
            setattr(message, field.name, endless)
        with pytest.raises(InvalidFields) as caught:
            CONTRACT.check(message)
        assert field.name in {v.field.split("[")[0].split(".")[0] for v in caught.value.violations}


def test_bytes_that_are_not_a_message_are_refused() -> None:
    request_class = CONTRACT.request_class("CallRouting", "RouteInboundCall")
    with pytest.raises(MalformedRequest, match=r"localdial\.v1\.RouteInboundCallRequest"):
        parse(request_class, b"\xff\xff\xff")


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("BatchSetUsersRequest", "users"),
        ("DeleteNumbersRequest", "phone_numbers"),
        ("ImportNumbersRequest", "phone_numbers"),
        ("MapAreaCodesRequest", "area_codes"),
        ("UnmapAreaCodesRequest", "area_codes"),
        ("BatchResolveOutboundCallerIdsRequest", "requests"),
    ],
)
def test_the_items_of_a_list_that_is_too_long_are_not_validated(message: str, field: str) -> None:
    # Every other call would wait while the validator checks them.
    request = CONTRACT.message_class(f"{PACKAGE}.{message}")()
    # Each of these is two bytes on the wire, so millions fit into a request.
    items = getattr(request, field)
    for _ in range(5000):
        items.add() if hasattr(items, "add") else items.append("")
    with pytest.raises(InvalidFields) as caught:
        CONTRACT.check(request)
    assert [violation.field for violation in caught.value.violations] == [field]


def long_requests() -> list[Message]:
    users: Any = CONTRACT.request_class("Directory", "BatchSetUsers")
    numbers: Any = CONTRACT.request_class("NumberInventory", "ImportNumbers")
    good = users(organization_id="acme")
    mixed = users()
    for index in range(45):
        good.users.add(organization_id="acme", user_id=f"user{index}")
        mixed.users.add(organization_id="acme" if index % 3 else "", user_id="a b", caller_id="+4155")
        mixed.users[index].display_name = "Ann" if index % 7 else "\x01"
    twice = [f"+1415555{number:04}" for number in range(100, 150)] * 2
    return [
        good,
        mixed,
        users(organization_id="acme", users=mixed.users[:1]),
        numbers(organization_id="acme", phone_numbers=[f"415555{number:04}" for number in range(100)]),
        numbers(organization_id="acme", phone_numbers=twice),
    ]


@pytest.mark.parametrize("request_", long_requests())
async def test_a_request_that_is_checked_in_slices_has_the_same_violations(request_: Message) -> None:
    def violations_of(raised: InvalidFields) -> Any:
        return raised.violations, raised.message, raised.metadata

    whole = sliced = None
    try:
        CONTRACT.check(request_)
    except InvalidFields as error:
        whole = violations_of(error)
    try:
        await CONTRACT.check_in_slices(request_, CONTRACT.long_list(type(request_)) or "")
    except InvalidFields as error:
        sliced = violations_of(error)
    assert sliced == whole


async def test_others_are_served_while_a_long_request_is_checked() -> None:
    request: Any = CONTRACT.request_class("Directory", "BatchSetUsers")()
    for _ in range(1000):
        request.users.add(user_id="a b", caller_id="415 555 0100", work_phone="4155550100")
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.create_task(count_turns())
    with pytest.raises(InvalidFields):
        await CONTRACT.check_in_slices(request, "users")
    others.cancel()
    # At least one for each 50 items that are wrong, on any machine.
    assert turns >= 20


@pytest.mark.parametrize(
    ("service", "method", "field"),
    [
        ("Directory", "BatchSetUsers", "users"),
        ("NumberInventory", "ImportNumbers", "phone_numbers"),
        ("NumberInventory", "DeleteNumbers", None),
        # Its servicer checks each leg.
        ("CallRouting", "BatchResolveOutboundCallerIds", None),
    ],
)
def test_long_lists_are_known(service: str, method: str, field: str | None) -> None:
    assert CONTRACT.long_list(CONTRACT.request_class(service, method)) == field


async def test_the_event_loop_turns_while_the_first_invalid_request_loads_the_validator() -> None:
    contract = Contract()
    request_class = contract.request_class("CallRouting", "RouteInboundCall")
    checked = asyncio.create_task(contract.check_whole(request_class()))
    turns = 0
    while not checked.done():
        await asyncio.sleep(0)
        turns += 1
    assert isinstance(checked.exception(), InvalidFields)
    assert turns > 2
