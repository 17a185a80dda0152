"""Server reflection with the contract's comments.

`grpcurl describe` shows the comments that the server sends. Generated Python code has none, so
`scripts/generate` puts them beside this module. Python's descriptor pool also does not find
methods by name, which `describe` asks for.
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
    """Let the server describe the services of these names, and reflection itself."""
    pool: Any = CommentedPool()
    reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server, pool)


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
    """The default descriptor pool, as far as reflection uses it."""

    def __init__(self) -> None:
        image = resources.files("localdial_server.rpc").joinpath("comments.binpb").read_bytes()
        self._pool = descriptor_pool.Default()
        files = FileDescriptorSet.FromString(image).file
        self._comments = {file.name: file.source_code_info for file in files}

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
