"""Server reflection, v1 and v1alpha, with the contract's comments.

`grpcurl describe` shows the comments that the server sends. Generated Python code has none, so
`scripts/generate` puts them beside this module. Python's descriptor pool also does not find
methods by name, which `describe` asks for.

`grpcio-reflection` has v1alpha only. v1 has the same messages in another package.
"""

import functools
from collections.abc import Mapping, Sequence
from importlib import import_module, resources
from typing import Any, Protocol, Self

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, SourceCodeInfo
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from localdial_server.rpc.contract import PACKAGE

_ALPHA = "grpc.reflection.v1alpha"
_V1 = "grpc.reflection.v1"
_SERVICE = "ServerReflection"
_METHOD = "ServerReflectionInfo"


class Registry(Protocol):
    """A server to add handlers to."""

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Serve the methods of these handlers."""


def enable_reflection(names: Sequence[str], server: Registry) -> None:
    """Let the server describe the services of these names, and reflection itself."""
    pool: Any = CommentedPool()
    versions = [f"{package}.{_SERVICE}" for package in (_V1, _ALPHA)]
    servicer = reflection.aio.ReflectionServicer([*names, *versions], pool)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {_METHOD: handler}) for service in versions]
    )


class CommentedFile:
    """A file of the pool, as far as reflection uses it."""

    def __init__(self, file: FileDescriptor, comments: Mapping[str, SourceCodeInfo]) -> None:
        """`comments` has the comments of all files, by file name."""
        self.name = file.name
        self._file = file
        self._comments = comments

    @property
    def dependencies(self) -> list[Self]:
        """The files that this file imports."""
        return [type(self)(file, self._comments) for file in self._file.dependencies]

    def CopyToProto(self, proto: FileDescriptorProto) -> None:  # noqa: N802 - protobuf's name
        """Copy the file, with its comments, into `proto`."""
        self._file.CopyToProto(proto)
        if self.name in self._comments:
            proto.source_code_info.CopyFrom(self._comments[self.name])


class CommentedPool:
    """The types that the server describes, with the methods of a descriptor pool that reflection uses.

    They are the whole contract, the details of its errors, and gRPC's services for health and reflection. The
    messages are described as clients know them, without the options that apply the rules to their fields.
    """

    # Both are made for the first caller that asks, in 3 ms: they take 1.4 MB.
    @functools.cached_property
    def _comments(self) -> Mapping[str, SourceCodeInfo]:
        return {file.name: file.source_code_info for file in _image("comments.binpb")}

    @functools.cached_property
    def _pool(self) -> Any:
        pool = descriptor_pool.DescriptorPool()
        names: set[str] = set()

        def add(file: Any) -> None:
            for dependency in file.dependencies:
                add(dependency)
            pool.AddSerializedFile(file.serialized_pb)
            names.add(file.name)

        contract = _image("contract.binpb")
        for file in (
            *(_generated(file.name) for file in contract if file.package == PACKAGE and not file.extension),
            error_details_pb2.DESCRIPTOR,
            health_pb2.DESCRIPTOR,
            reflection_pb2.DESCRIPTOR,
        ):
            add(file)
        # The rules and what they extend, for which there is no generated code.
        for proto in (*contract, _reflection_v1()):
            if proto.name not in names:
                pool.Add(proto)
        return pool

    def FindFileByName(self, name: str) -> CommentedFile:  # noqa: N802 - protobuf's name
        """Return a file. Raises `KeyError` if there is none."""
        return self._commented(self._pool.FindFileByName(name))

    def FindFileContainingSymbol(self, symbol: str) -> CommentedFile:  # noqa: N802 - protobuf's name
        """Return the file of a message, enum, service or method. Raises `KeyError` if there is none."""
        try:
            return self._commented(self._pool.FindFileContainingSymbol(symbol))
        except KeyError:
            name, _, method = symbol.rpartition(".")
            service = self._pool.FindServiceByName(name)
            if method not in service.methods_by_name:
                raise
            return self._commented(service.file)

    def __getattr__(self, name: str) -> Any:
        """Return the pool's own attribute, for everything else: methods about extensions."""
        return getattr(self._pool, name)

    def _commented(self, file: FileDescriptor) -> CommentedFile:
        return CommentedFile(file, self._comments)


def _image(name: str) -> Sequence[FileDescriptorProto]:
    image = resources.files("localdial_server.rpc").joinpath(name).read_bytes()
    return FileDescriptorSet.FromString(image).file


def _generated(name: str) -> FileDescriptor:
    """Return a file of the contract as it was generated for clients, without the field rules."""
    module = import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    file: FileDescriptor = module.DESCRIPTOR
    return file


def _reflection_v1() -> FileDescriptorProto:
    """Return the file of v1: that of v1alpha in another package."""
    alpha: bytes = reflection_pb2.DESCRIPTOR.serialized_pb
    proto = FileDescriptorProto.FromString(alpha)
    proto.name = "grpc/reflection/v1/reflection.proto"
    proto.package = _V1
    for field in (field for message in proto.message_type for field in message.field if field.type_name):
        field.type_name = _in_v1(field.type_name)
    for method in (method for service in proto.service for method in service.method):
        method.input_type, method.output_type = _in_v1(method.input_type), _in_v1(method.output_type)
    return proto


def _in_v1(type_name: str) -> str:
    return type_name.replace(f".{_ALPHA}.", f".{_V1}.")
