"""Run one of protoc's built-in generators as a buf plugin.

buf calls a plugin over stdin and stdout, but the generators built into the protoc
of grpcio-tools are selected by its flags. This script adapts one to the other:
`python3 protoc_builtin.py python` is a plugin.
"""

import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from grpc_tools import protoc


def main(generator: str) -> int:
    """Run the generator on the request on stdin, print its response, and return the exit status."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "image.binpb")
        image.write_bytes(descriptor_pb2.FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        status: int = protoc.main(
            ["protoc", f"--descriptor_set_in={image}", f"--{generator}_out={out}", *request.file_to_generate]
        )
        if status:
            return status
        for path in sorted(out.rglob("*.py")):
            response.file.add(name=path.relative_to(out).as_posix(), content=path.read_text("utf-8"))
    sys.stdout.buffer.write(response.SerializeToString())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
