"""Reflection with the contract's comments."""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from localdial.v1 import call_routing_pb2, directory_pb2, number_inventory_pb2
from localdial_server.rpc.contract import PACKAGE
from localdial_server.rpc.reflection import CommentedFile, CommentedPool

POOL = CommentedPool()
METHODS = [
    method
    for module in (call_routing_pb2, directory_pb2, number_inventory_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
CONTRACT = FileDescriptorSet.FromString(
    resources.files("localdial_server.rpc").joinpath("contract.binpb").read_bytes()
)


def types(within: str, messages: Any, enums: Any) -> Iterator[str]:
    yield from (f"{within}.{enum.name}" for enum in enums)
    yield from (f"{within}.{value.name}" for enum in enums for value in enum.value)
    message: DescriptorProto
    for message in messages:
        name = f"{within}.{message.name}"
        yield name
        yield from (f"{name}.{field.name}" for field in message.field)
        yield from types(name, message.nested_type, message.enum_type)


TYPES = [
    name
    for file in CONTRACT.file
    if file.package == PACKAGE
    for name in types(PACKAGE, file.message_type, file.enum_type)
]
RULES = [
    f"{PACKAGE}.{rule.name}" for file in CONTRACT.file if file.package == PACKAGE for rule in file.extension
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


def test_every_type_of_the_contract_is_described() -> None:
    assert {"localdial.v1.ErrorReason", "localdial.v1.User.user_id"} < set(TYPES)
    for name in TYPES:
        assert described(POOL.FindFileContainingSymbol(name)).package == PACKAGE


def test_every_rule_that_comments_name_is_described_with_its_comment() -> None:
    assert "localdial.v1.is_phone_number" in RULES
    for index, name in enumerate(RULES):
        proto = described(POOL.FindFileContainingSymbol(name))
        assert proto.extension[index].name == name.rpartition(".")[2]
        assert comment(proto, 7, index)


def test_a_rule_is_found_by_its_number() -> None:
    extended = POOL.FindMessageTypeByName("buf.validate.StringRules")
    found = {rule.number: rule.full_name for rule in POOL.FindAllExtensions(extended)}
    assert found[64005] == "localdial.v1.is_phone_number"
    assert set(RULES) == set(found.values())


def test_reasons_of_errors_have_their_comments() -> None:
    proto = described(POOL.FindFileContainingSymbol("localdial.v1.ErrorReason"))
    assert comment(proto, 5, 0).startswith(" Why a call failed.")


@pytest.mark.parametrize(
    "name",
    [
        "google.rpc.ErrorInfo",
        "google.rpc.BadRequest",
        "google.rpc.RetryInfo",
        "google.protobuf.Timestamp",
        "google.protobuf.Duration",
        "google.protobuf.FieldOptions",
        "buf.validate.FieldRules",
        "buf.validate.field",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ],
)
def test_what_is_served_beside_the_contract_is_described(name: str) -> None:
    assert described(POOL.FindFileContainingSymbol(name)).package == name.rpartition(".")[0]


def test_every_file_can_be_built_from_what_it_imports() -> None:
    files = {*(file.name for file in CONTRACT.file), "grpc/reflection/v1/reflection.proto"}
    for name in files:
        pool = DescriptorPool()
        build(POOL.FindFileByName(name), pool)
        assert pool.FindFileByName(name).name == name


def build(file: CommentedFile, pool: DescriptorPool) -> None:
    for needed in file.dependencies:
        build(needed, pool)
    pool.Add(described(file))


def test_v1_differs_from_v1alpha_only_in_its_package() -> None:
    alpha = described(POOL.FindFileContainingSymbol("grpc.reflection.v1alpha.ServerReflection"))
    v1 = described(POOL.FindFileContainingSymbol("grpc.reflection.v1.ServerReflection"))
    v1.name = alpha.name
    assert str(v1).replace("v1alpha", "v1") == str(alpha).replace("v1alpha", "v1")
    assert "grpc.reflection.v1alpha" not in str(v1).replace("io.grpc", "")


@pytest.mark.parametrize(
    "name", ["localdial.v1.Nothing", "localdial.v1.CallRouting.Nothing", "Nothing", "", "a.b.c"]
)
def test_an_unknown_name_is_not_found(name: str) -> None:
    with pytest.raises(KeyError):
        POOL.FindFileContainingSymbol(name)
