from pathlib import Path

import google.rpc.status_pb2
import pytest

THIRD_PARTY = Path(__file__).parents[2] / "third_party" / "proto" / "google" / "rpc"
PACKAGE = Path(google.rpc.status_pb2.__file__).parent


@pytest.mark.parametrize("name", ["status.proto", "error_details.proto"])
def test_the_copied_proto_files_equal_those_of_the_package(name: str) -> None:
    assert (THIRD_PARTY / name).read_bytes() == (PACKAGE / name).read_bytes()
