"""Reflection that answers with the contract's comments.

``grpcurl describe`` shows them where a server has them, but generated Python code
keeps none, so ``scripts/generate`` puts them beside this module. And Python's
descriptor pool does not find a method by its name, which ``describe`` asks for too.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Self

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, SourceCodeInfo
from grpc.aio import Server
from grpc_reflection.v1alpha import reflection


def enable_reflection(names: Sequence[str], server: Server) -> None:
    """Let the server describe these services, and reflection itself."""
    pool: Any = CommentedPool()
    reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server, pool)


class CommentedFile:
    """A file of the pool, as far as reflection uses it."""

    def __init__(self, file: FileDescriptor, comments: Mapping[str, SourceCodeInfo]) -> None:
        """Take the comments of all files, by their names."""
        self.name = file.name
        self._file = file
        self._comments = comments

    @property
    def dependencies(self) -> list[Self]:
        """The files that this one needs."""
        return [type(self)(file, self._comments) for file in self._file.dependencies]

    def CopyToProto(self, proto: FileDescriptorProto) -> None:  # noqa: N802 - protobuf's name
        """Fill in the file with its comments."""
        self._file.CopyToProto(proto)
        if self.name in self._comments:
            proto.source_code_info.CopyFrom(self._comments[self.name])


class CommentedPool:
    """The default descriptor pool, as far as reflection uses it."""

    def __init__(self) -> None:
        image = resources.files("localdial_server.rpc").joinpath("comments.binpb").read_bytes()
        self._pool = descriptor_pool.Default()
        files = FileDescriptorSet.FromString(image).file
        self._comments = {file.name: file.source_code_info for file in files}

    def FindFileByName(self, name: str) -> CommentedFile:  # noqa: N802 - protobuf's name
        """Answer a file. Raises ``KeyError`` if there is none."""
        return self._commented(self._pool.FindFileByName(name))

    def FindFileContainingSymbol(self, symbol: str) -> CommentedFile:  # noqa: N802 - protobuf's name
        """Answer the file of a message, enum, service or method. Raises ``KeyError`` if there is none."""
        try:
            return self._commented(self._pool.FindFileContainingSymbol(symbol))
        except KeyError:
            name, _, method = symbol.rpartition(".")
            service = self._pool.FindServiceByName(name)
            if method not in service.methods_by_name:
                raise
            return self._commented(service.file)

    def __getattr__(self, name: str) -> Any:
        """Leave the rest, which is about extensions, to the pool."""
        return getattr(self._pool, name)

    def _commented(self, file: FileDescriptor) -> CommentedFile:
        return CommentedFile(file, self._comments)
