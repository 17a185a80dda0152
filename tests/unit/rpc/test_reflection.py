"""Reflection with the contract's comments."""

from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from localdial.v1 import call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_server.rpc.reflection import CommentedFile, CommentedPool

POOL = CommentedPool()
METHODS = [
    method
    for module in (call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def described(file: CommentedFile) -> FileDescriptorProto:
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    return proto


def comment(proto: FileDescriptorProto, *path: int) -> str:
    (found,) = (each for each in proto.source_code_info.location if list(each.path) == list(path))
    return found.leading_comments


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_is_found_by_name_with_its_comment(method: Any) -> None:
    proto = described(POOL.FindFileContainingSymbol(method.full_name))
    service = [each.name for each in proto.service].index(method.containing_service.name)
    assert comment(proto, 6, service, 2, method.index).startswith(" ")
    assert proto.service[service].method[method.index].name == method.name


def test_a_message_and_its_fields_have_their_comments() -> None:
    proto = described(POOL.FindFileContainingSymbol("localdial.v1.LocalPresenceNumber"))
    message = [each.name for each in proto.message_type].index("LocalPresenceNumber")
    assert comment(proto, 4, message) == " A local presence number of an organization.\n"
    assert comment(proto, 4, message, 2, 1).startswith(" Output only. The number in E.164.")


def test_the_files_that_a_file_imports_have_their_comments_too() -> None:
    inventory = POOL.FindFileByName("localdial/v1/number_inventory.proto")
    needed = {file.name: file for file in inventory.dependencies}
    assert described(needed["localdial/v1/number.proto"]).source_code_info.location
    assert not described(needed["google/rpc/status.proto"]).HasField("source_code_info")


@pytest.mark.parametrize(
    "name", ["localdial.v1.Nothing", "localdial.v1.CallRouting.Nothing", "Nothing", "", "a.b.c"]
)
def test_an_unknown_name_is_not_found(name: str) -> None:
    with pytest.raises(KeyError):
        POOL.FindFileContainingSymbol(name)
